//! How results about linearizability read: whole outputs.

use crate::recorded::Case;
use crate::script::history;
use expect_test::expect;
use host_check::linear::{Budgets, ModelName, check_model};
use host_check::text::{render_linearizable, render_text};
use host_check::validity::Checks;
use host_check::workload::{CheckOptions, Workload, check};

#[test]
fn a_key_that_is_not_linearizable() {
    expect![[r#"
        lin-kv: INVALID

        - key 0: cas from 2 to 1 by process 3 (op 145, ok at 1.785 s) is impossible: the register can only be 3 there

        keys          1: 0 linearizable, 1 not, 0 unknown
        key 0
          before      50 operations, the last of them op 143 (write, process 3, 1.745 s) of 3
          open        op 144 (cas, process 3, 1.784 s) of [2 1]
          possible    3 (done: none; not done: op 144)
        operations    306: 230 ok, 76 fail, 0 info; 75.16 % of invocations ok
          cas         97: 22 ok, 75 fail, 0 info
          read        150: 149 ok, 1 fail, 0 info
          write       59: 59 ok, 0 fail, 0 info
        messages      780 sent, 780 received; 2.55 an operation, 0.53 of them between servers
        errors        3 × 20 key-does-not-exist "no key" (cas)
                      1 × 20 key-does-not-exist "no key" (read)
                      72 × 22 precondition-failed "have 0" (cas)

        Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
    "#]].assert_eq(&render_text(
        &Case::named("lin-kv/lost-write").check(Checks::Strict),
    ));
}

#[test]
fn keys_that_are() {
    expect![[r#"
        lin-kv: valid

        keys          1: 1 linearizable, 0 not, 0 unknown
        operations    318: 231 ok, 85 fail, 2 info; 72.64 % of invocations ok
          cas         106: 23 ok, 82 fail, 1 info
          read        153: 150 ok, 3 fail, 0 info
          write       59: 58 ok, 0 fail, 1 info
        messages      840 sent, 835 received; 2.64 an operation, 0.64 of them between servers

        Everything looks good! ヽ(‘ー`)ノ
    "#]]
    .assert_eq(&render_text(
        &Case::named("lin-kv/valid-partition").check(Checks::Strict),
    ));
}

#[test]
fn a_read_of_nil_that_maelstrom_lets_pass() {
    let history = history(
        "
        0 invoke write [1 5]
        0 ok write [1 5]
        1 invoke cas [1 [5 6]]
        1 ok cas [1 [5 6]]
        0 invoke read [1 nil]
        0 ok read [1 nil]
        ",
    );
    expect![[r#"
        lin-kv: INVALID

        Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's alone:
        - op 5 (process 0, 5.000 s) is impossible, unless reads of nil may mean anything; key: 1

        keys          1: 0 linearizable, 1 not, 0 unknown
        key 1
          before      2 operations, the last of them op 3 (cas, process 1, 3.000 s) of [5 6]
          open        op 4 (read, process 0, 4.000 s) of nil
          possible    6 (done: none; not done: op 4)
        operations    3: 3 ok, 0 fail, 0 info; 100.00 % of invocations ok
          cas         1: 1 ok, 0 fail, 0 info
          read        1: 1 ok, 0 fail, 0 info
          write       1: 1 ok, 0 fail, 0 info

        Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
    "#]]
    .assert_eq(&render_text(
        &check(Workload::LinKv, &history, None, &CheckOptions::default()).unwrap(),
    ));
}

#[test]
fn a_mutex_with_crashed_operations() {
    let history = history(
        "
        0 invoke acquire nil
        0 ok acquire nil
        1 invoke release nil
        1 info release nil
        2 invoke acquire nil
        3 invoke acquire nil
        4 invoke acquire nil
        3 ok acquire nil
        2 ok acquire nil
        ",
    );
    let result = check_model(
        &history,
        ModelName::Mutex,
        Checks::Strict,
        &Budgets::default(),
    );
    expect![[r#"
        mutex: NOT LINEARIZABLE

        - acquire by process 2 (op 8, ok at 8.000 s) is impossible: the mutex can only be locked there

          before      2 operations, the last of them op 7 (acquire, process 3, 7.000 s)
          open        op 4 (acquire, process 2, 4.000 s)
          crashed     op 2 (release, process 1, 2.000 s)
                      op 6 (acquire, process 4, 6.000 s)
          possible    locked (done: op 2; not done: op 4)
        operations    3 ok, 2 that may have taken place

        Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
    "#]].assert_eq(&render_linearizable(ModelName::Mutex, &result.unwrap()));
}

#[test]
fn a_search_that_was_too_expensive() {
    let mut script = String::new();
    for process in 0..20 {
        script.push_str(&format!("{process} invoke write {process}\n"));
    }
    for reader in 0..20 {
        script.push_str(&format!("99 invoke read nil\n99 ok read {reader}\n"));
    }
    script.push_str("98 invoke read nil\n98 ok read 3\n");
    let budgets = Budgets {
        steps: 10,
        ..Budgets::default()
    };
    let history = history(&script);
    let result = check_model(&history, ModelName::Register, Checks::Strict, &budgets);
    expect![[r#"
        register: unknown

        - unknown: the budget of 10 steps was spent; 0 of 21 completed operations were linearized

        operations    21 ok, 20 that may have taken place

        Errors occurred during analysis, but no anomalies found. ಠ~ಠ
    "#]]
    .assert_eq(&render_linearizable(ModelName::Register, &result.unwrap()));
}
