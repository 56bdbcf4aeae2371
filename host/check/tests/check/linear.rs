//! For every way of not being linearizable the smallest history that has it, and a near miss that
//! has not; budgets; and what is no history of the object at all.

use crate::script::{history, json};
use expect_test::expect;
use host_check::history::{History, Kind, Op, Process};
use host_check::linear::{Budget, Budgets, Linearizable, ModelName, Spent, check_model, lin_kv};
use host_check::validity::{Checks, Validity};
use host_check::value::Value;
use host_check::workload::{CheckOptions, Workload, check};
use std::time::Duration;

fn judge(model: ModelName, checks: Checks, script: &str) -> Linearizable {
    check_model(&history(script), model, checks, &Budgets::default()).unwrap()
}

/// What is wrong, in words: by both rules, which agree.
fn wrong(model: ModelName, script: &str) -> Option<String> {
    let explanation = |checks| {
        let result = judge(model, checks, script);
        let explanation = result.failure.map(|failure| failure.explanation);
        assert_eq!(result.valid, Validity::from(explanation.is_none()));
        assert!(result.missed.is_empty());
        explanation
    };
    let wrong = explanation(Checks::Strict);
    assert_eq!(explanation(Checks::Maelstrom), wrong);
    wrong
}

fn assert_wrong(model: ModelName, script: &str, explanation: &str) {
    assert_eq!(wrong(model, script).as_deref(), Some(explanation));
}

fn assert_right(model: ModelName, script: &str) {
    assert_eq!(wrong(model, script), None);
}

use ModelName::{CasRegister, Mutex, Register};

#[test]
fn nothing_is_linearizable() {
    assert_right(Register, "");
    assert_right(CasRegister, "0 invoke write 1");
    assert_right(Mutex, "0 invoke acquire nil");
}

#[test]
fn a_read_must_not_be_stale() {
    let stale = "
        0 invoke write 1
        0 ok write 1
        0 invoke write 2
        0 ok write 2
        1 invoke read nil
        1 ok read 1
    ";
    for model in [Register, CasRegister] {
        assert_wrong(
            model,
            stale,
            "read of 1 by process 1 (op 5, ok at 5.000 s) is impossible: the register can only be 2 there",
        );
    }
    let concurrent_with_the_write = "
        0 invoke write 1
        0 ok write 1
        0 invoke write 2
        1 invoke read nil
        1 ok read 1
        0 ok write 2
    ";
    assert_right(Register, concurrent_with_the_write);
}

#[test]
fn reads_must_not_go_back() {
    let new_then_old = "
        0 invoke write 1
        0 ok write 1
        0 invoke write 2
        1 invoke read nil
        1 ok read 2
        1 invoke read nil
        1 ok read 1
        0 ok write 2
    ";
    assert_wrong(
        Register,
        new_then_old,
        "read of 1 by process 1 (op 6, ok at 6.000 s) is impossible: the register can only be 2 there",
    );
    let overlapping = "
        0 invoke write 1
        0 ok write 1
        0 invoke write 2
        1 invoke read nil
        2 invoke read nil
        1 ok read 2
        2 ok read 1
        0 ok write 2
    ";
    assert_right(Register, overlapping);
}

#[test]
fn an_acknowledged_write_must_not_be_lost() {
    let lost = "
        0 invoke write 1
        0 ok write 1
        1 invoke cas [1 2]
        0 invoke write 3
        0 ok write 3
        1 ok cas [1 2]
        0 invoke read nil
        0 ok read 1
    ";
    assert_wrong(
        CasRegister,
        lost,
        "read of 1 by process 0 (op 7, ok at 7.000 s) is impossible: the register can only be 3 there",
    );
    assert_right(CasRegister, &lost.replace("0 ok read 1", "0 ok read 3"));
}

#[test]
fn a_cas_must_find_what_it_was_to_replace() {
    let mismatch = "
        0 invoke write 1
        0 ok write 1
        1 invoke cas [2 3]
        1 ok cas [2 3]
    ";
    assert_wrong(
        CasRegister,
        mismatch,
        "cas from 2 to 3 by process 1 (op 3, ok at 3.000 s) is impossible: the register can only be 1 there",
    );
    assert_right(CasRegister, &mismatch.replace("ok cas", "fail cas"));
    assert_right(CasRegister, &mismatch.replace("ok cas", "info cas"));
    let without_a_change = mismatch.replace("[2 3]", "[2 2]");
    assert_wrong(
        CasRegister,
        &without_a_change,
        "cas from 2 to 2 by process 1 (op 3, ok at 3.000 s) is impossible: the register can only be 1 there",
    );
}

#[test]
fn only_one_of_two_equal_cas_can_succeed() {
    let both = "
        0 invoke write 1
        0 ok write 1
        1 invoke cas [1 2]
        2 invoke cas [1 2]
        1 ok cas [1 2]
        2 ok cas [1 2]
    ";
    assert_wrong(
        CasRegister,
        both,
        "cas from 1 to 2 by process 2 (op 5, ok at 5.000 s) is impossible: the register can only be 2 there",
    );
    assert_right(CasRegister, &both.replace("2 ok cas", "2 fail cas"));
    assert_right(CasRegister, &both.replace("2 ok cas", "2 info cas"));
}

#[test]
fn nobody_reads_what_nobody_wrote() {
    let phantom = "
        0 invoke write 1
        1 invoke read nil
        1 ok read 7
        0 ok write 1
    ";
    assert_wrong(
        Register,
        phantom,
        "read of 7 by process 1 (op 2, ok at 2.000 s) is impossible: the register can only be nil or 1 there",
    );
    let refused = "
        0 invoke write 7
        0 fail write 7
        1 invoke read nil
        1 ok read 7
    ";
    assert_wrong(
        Register,
        refused,
        "read of 7 by process 1 (op 3, ok at 3.000 s) is impossible: the register can only be nil there",
    );
    assert_right(Register, &refused.replace("fail", "info"));
    let not_yet = "
        1 invoke read nil
        1 ok read 7
        0 invoke write 7
        0 ok write 7
    ";
    assert_wrong(
        Register,
        not_yet,
        "read of 7 by process 1 (op 1, ok at 1.000 s) is impossible: the register can only be nil there",
    );
}

#[test]
fn a_crashed_write_takes_effect_once_or_never() {
    let seen_then_unseen = "
        0 invoke write 1
        0 ok write 1
        1 invoke write 2
        1 info write 2
        2 invoke read nil
        2 ok read 2
        2 invoke read nil
        2 ok read 1
    ";
    assert_wrong(
        Register,
        seen_then_unseen,
        "read of 1 by process 2 (op 7, ok at 7.000 s) is impossible: the register can only be 2 there",
    );
    let unseen_then_seen = seen_then_unseen
        .replace("ok read 2", "ok read x")
        .replace("ok read 1", "ok read 2")
        .replace("ok read x", "ok read 1");
    assert_right(Register, &unseen_then_seen);
    let seen_again_after_another = format!(
        "{unseen_then_seen}
        0 invoke write 3
        0 ok write 3
        2 invoke read nil
        2 ok read 2"
    );
    assert_wrong(
        Register,
        &seen_again_after_another,
        "read of 2 by process 2 (op 11, ok at 11.000 s) is impossible: the register can only be 3 there",
    );
    let late = seen_again_after_another.replacen("2 ok read 2", "2 ok read 1", 1);
    assert_right(Register, &late);
    let twice = format!("3 invoke write 2\n{seen_again_after_another}");
    assert_right(Register, &twice);
}

#[test]
fn a_crashed_read_tells_nothing() {
    assert_right(
        Register,
        "
        0 invoke write 1
        0 ok write 1
        1 invoke read nil
        1 info read nil
        2 invoke read nil
        ",
    );
}

#[test]
fn a_mutex_has_one_holder() {
    let two_holders = "
        0 invoke acquire nil
        0 ok acquire nil
        1 invoke acquire nil
        1 ok acquire nil
    ";
    assert_wrong(
        Mutex,
        two_holders,
        "acquire by process 1 (op 3, ok at 3.000 s) is impossible: the mutex can only be locked there",
    );
    let released_meanwhile = "
        0 invoke acquire nil
        0 ok acquire nil
        1 invoke acquire nil
        0 invoke release nil
        1 ok acquire nil
        0 ok release nil
    ";
    assert_right(Mutex, released_meanwhile);
    let perhaps = released_meanwhile.replace("0 ok release nil", "0 info release nil");
    assert_right(Mutex, &perhaps);
    let refused = released_meanwhile.replace("0 ok release nil", "0 fail release nil");
    assert_wrong(
        Mutex,
        &refused,
        "acquire by process 1 (op 4, ok at 4.000 s) is impossible: the mutex can only be locked there",
    );
}

#[test]
fn a_free_mutex_is_not_released() {
    let free = "
        0 invoke release nil
        0 ok release nil
    ";
    assert_wrong(
        Mutex,
        free,
        "release by process 0 (op 1, ok at 1.000 s) is impossible: the mutex can only be free there",
    );
    assert_right(Mutex, &format!("1 invoke acquire nil\n{free}"));
}

/// Knossos takes a read of nil for one whose answer is not known.
#[test]
fn a_read_of_nil_is_of_a_register_that_nobody_wrote() {
    let forgotten = "
        0 invoke write 1
        0 ok write 1
        1 invoke read nil
        1 ok read nil
    ";
    assert_eq!(
        judge(Register, Checks::Maelstrom, forgotten).valid,
        Validity::True
    );
    let strict = judge(Register, Checks::Strict, forgotten);
    assert_eq!(
        json(&strict)["explanation"],
        "read of nil by process 1 (op 3, ok at 3.000 s) is impossible: the register can only be 1 there"
    );
    assert_eq!(
        json(&strict)["maelstrom-missed"],
        serde_json::json!([
            {"what": "nil-read", "op": 3, "time": 3_000_000_000_i64, "process": 1, "count": 0, "elements": []}
        ])
    );
    assert_right(Register, "1 invoke read nil\n1 ok read nil");
    let wrong_anyway =
        forgotten.replace("ok read nil", "ok read nil\n1 invoke read nil\n1 ok read 2");
    let strict = judge(Register, Checks::Strict, &wrong_anyway);
    assert_eq!(
        (strict.valid, strict.missed.is_empty()),
        (Validity::False, true)
    );
    let keyed = forgotten
        .replace("1\n", "[5 1]\n")
        .replace("nil", "[5 nil]");
    let options = |checks| CheckOptions {
        checks,
        ..CheckOptions::default()
    };
    let judge = |checks| check(Workload::LinKv, &history(&keyed), None, &options(checks)).unwrap();
    assert_eq!(judge(Checks::Maelstrom).valid, Validity::True);
    assert_eq!(
        json(&judge(Checks::Strict).workload)["maelstrom-missed"],
        serde_json::json!([
            {"what": "nil-read", "op": 3, "time": 3_000_000_000_i64, "process": 1, "count": 1, "elements": [5]}
        ])
    );
}

#[test]
fn a_result_says_everything_about_the_moment_it_failed() {
    let result = judge(
        CasRegister,
        Checks::Strict,
        "
        0 invoke write 1
        0 ok write 1
        3 invoke cas [1 4]
        3 info cas [1 4]
        4 invoke write 9
        4 info write 9
        5 invoke write 4
        5 info write 4
        1 invoke write 2
        0 invoke read nil
        2 invoke read nil
        0 ok read 4
        2 ok read 3
        1 ok write 2
        0 invoke read nil
        0 ok read 4
        ",
    );
    expect![[r#"
        {
          "config-count": 2,
          "configs": [
            {
              "crashed-linearized": [
                2
              ],
              "linearized": [],
              "model": 4,
              "pending": [
                8,
                10
              ]
            },
            {
              "crashed-linearized": [
                6
              ],
              "linearized": [
                8
              ],
              "model": 4,
              "pending": [
                10
              ]
            }
          ],
          "crashed": [
            {
              "f": "cas",
              "index": 2,
              "process": 3,
              "time": 2000000000,
              "type": "invoke",
              "value": [
                1,
                4
              ]
            },
            {
              "f": "write",
              "index": 6,
              "process": 5,
              "time": 6000000000,
              "type": "invoke",
              "value": 4
            }
          ],
          "crashed-count": 2,
          "explanation": "read of 3 by process 2 (op 12, ok at 12.000 s) is impossible: the register can only be 2, 4 or 9 there",
          "info-count": 2,
          "linearized-count": 2,
          "ok-count": 5,
          "op": {
            "f": "read",
            "index": 12,
            "process": 2,
            "time": 12000000000,
            "type": "ok",
            "value": 3
          },
          "open": [
            {
              "f": "write",
              "index": 8,
              "process": 1,
              "time": 8000000000,
              "type": "invoke",
              "value": 2
            },
            {
              "f": "read",
              "index": 10,
              "process": 2,
              "time": 10000000000,
              "type": "invoke",
              "value": 3
            }
          ],
          "open-count": 2,
          "previous-ok": {
            "f": "read",
            "index": 11,
            "process": 0,
            "time": 11000000000,
            "type": "ok",
            "value": 4
          },
          "valid?": false
        }"#]].assert_eq(&serde_json::to_string_pretty(&json(&result)).unwrap());
}

/// Processes that all write and read at once, and see what cannot be.
fn wide(processes: i64) -> History {
    let mut ops = Vec::new();
    let mut push = |process: i64, kind: Kind, f: &str, value: Value| {
        ops.push(Op {
            index: ops.len() as u64,
            time_ns: ops.len() as i64,
            kind,
            process: Process::Client(process),
            f: f.into(),
            value,
            error: None,
            extra: Vec::new(),
        });
    };
    for process in 0..processes {
        push(process, Kind::Invoke, "write", Value::Int(process));
    }
    for reader in 0..2 * processes {
        push(100 + reader, Kind::Invoke, "read", Value::Nil);
        push(
            100 + reader,
            Kind::Ok,
            "read",
            Value::Int(reader % processes),
        );
    }
    for process in 0..processes {
        push(process, Kind::Ok, "write", Value::Int(process));
    }
    History::new(ops).unwrap()
}

#[test]
fn a_spent_budget_is_no_verdict() {
    let judge = |history: &History, steps: u64, configs: usize| {
        let budgets = Budgets {
            steps,
            configs,
            time: None,
        };
        check_model(history, Register, Checks::Strict, &budgets).unwrap()
    };
    let history = wide(40);
    let result = judge(&history, 500_000, 1 << 19);
    assert_eq!(result, judge(&history, 500_000, 1 << 19));
    assert_eq!(result.valid, Validity::Unknown);
    assert_eq!(
        result.spent,
        Some(Spent {
            budget: Budget::Steps,
            limit: 500_000,
            linearized_count: 40,
            completed_count: 120
        })
    );
    assert_eq!(
        judge(&history, 1_000_000, 4_000).spent,
        Some(Spent {
            budget: Budget::Configs,
            limit: 4_000,
            linearized_count: 40,
            completed_count: 120
        })
    );
    assert_eq!(judge(&history, 0, 0).valid, Validity::Unknown);
    // Narrow enough to try everything.
    assert_eq!(judge(&wide(8), 1_000_000, 1 << 19).valid, Validity::False);
}

/// Each step looked at every pair of crashed operations, so few steps took for ever.
#[test]
fn two_hundred_crashed_cas_over_forty_values_end() {
    let mut ops: Vec<Op> = Vec::new();
    let mut push = |process: i64, kind, f: &str, value: Value| {
        ops.push(Op {
            index: ops.len() as u64,
            time_ns: ops.len() as i64,
            kind,
            process: Process::Client(process),
            f: f.into(),
            value: Value::from(vec![Value::Int(0), value]),
            error: None,
            extra: Vec::new(),
        });
    };
    push(0, Kind::Invoke, "write", Value::Int(0));
    push(0, Kind::Ok, "write", Value::Int(0));
    let mut random = 1_u64;
    let mut any_value = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        Value::Int(i64::try_from(random % 40).unwrap())
    };
    for n in 0..200 {
        let cas = Value::from(vec![any_value(), any_value()]);
        push(1 + n, Kind::Invoke, "cas", cas.clone());
        push(1 + n, Kind::Info, "cas", cas);
    }
    for n in 0..60 {
        push(0, Kind::Invoke, "read", Value::Nil);
        push(
            0,
            Kind::Ok,
            "read",
            Value::Int(if n == 59 { 999 } else { n * 13 % 40 }),
        );
    }
    let history = History::new(ops).unwrap();
    let budgets = Budgets {
        steps: 100_000,
        ..Budgets::default()
    };
    let judged = lin_kv(&history, Checks::Strict, &budgets).unwrap();
    let spent = judged.results[0].1.linearizable.spent.unwrap();
    assert_eq!(
        (
            judged.valid,
            spent.budget,
            spent.limit,
            spent.completed_count
        ),
        (Validity::Unknown, Budget::Steps, 100_000, 61)
    );
}

#[test]
fn time_can_be_a_budget() {
    let budgets = Budgets {
        time: Some(Duration::ZERO),
        ..Budgets::default()
    };
    let result = check_model(&wide(40), Register, Checks::Strict, &budgets).unwrap();
    let spent = result.spent.unwrap();
    assert_eq!(
        (result.valid, spent.budget, spent.limit),
        (Validity::Unknown, Budget::Time, 0)
    );
}

#[test]
fn more_processes_than_a_word_has_bits() {
    let valid = |seen: i64| {
        let mut script = String::new();
        for process in 0..100 {
            script.push_str(&format!("{process} invoke write {process}\n"));
        }
        for process in 0..100 {
            script.push_str(&format!("{process} ok write {process}\n"));
        }
        script.push_str(&format!("0 invoke read nil\n0 ok read {seen}\n"));
        judge(Register, Checks::Strict, &script).valid
    };
    assert_eq!(valid(7), Validity::True);
    assert_eq!(valid(100), Validity::False);
}

/// What a worker has open: its operation, two arguments, and whether it succeeded, once it took effect.
type Open = Option<(&'static str, i64, i64, Option<bool>)>;

/// A register that works, used by processes that never rest; one in a hundred operations crashes,
/// having taken effect or not.
fn busy(count: usize, processes: i64, keys: i64) -> History {
    let mut random = 1_u64;
    let mut below = move |bound: i64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) as i64 % bound
    };
    let mut registers = vec![0; keys as usize];
    let mut open: Vec<Open> = vec![None; processes as usize];
    let mut numbers: Vec<i64> = (0..processes).collect();
    let mut ops: Vec<Op> = Vec::new();
    for key in 0..keys {
        for kind in [Kind::Invoke, Kind::Ok] {
            let (f, value) = ("write".into(), vec![key, 0].into());
            let process = Process::Client(0);
            let index = ops.len() as u64;
            ops.push(Op {
                index,
                time_ns: index as i64,
                kind,
                process,
                f,
                value,
                error: None,
                extra: Vec::new(),
            });
        }
    }
    while ops.len() < 2 * count {
        let worker = below(processes);
        let key = worker % keys;
        let register = &mut registers[key as usize];
        let at = worker as usize;
        let (kind, (f, a, b)) = match open[at] {
            None => {
                let call = match below(6) {
                    0 => ("write", below(5), 0),
                    1 | 2 => ("cas", *register, below(5)),
                    _ => ("read", 0, 0),
                };
                open[at] = Some((call.0, call.1, call.2, None));
                (Kind::Invoke, call)
            }
            Some((f, a, b, None)) => {
                let (seen, is_done) = (*register, f != "cas" || *register == a);
                match f {
                    "write" => *register = a,
                    "cas" if is_done => *register = b,
                    _ => {}
                }
                open[at] = Some((f, if f == "read" { seen } else { a }, b, Some(is_done)));
                continue;
            }
            Some((f, a, b, Some(is_done))) => {
                open[at] = None;
                let kind = match (below(100), is_done) {
                    (0, _) => Kind::Info,
                    (_, true) => Kind::Ok,
                    (_, false) => Kind::Fail,
                };
                (kind, (f, a, b))
            }
        };
        let index = ops.len() as u64;
        let value = match (f, kind) {
            ("read", Kind::Ok) | ("write", _) => vec![key, a].into(),
            ("cas", _) => vec![Value::Int(key), vec![a, b].into()].into(),
            _ => vec![Value::Int(key), Value::Nil].into(),
        };
        let process = Process::Client(numbers[at]);
        ops.push(Op {
            index,
            time_ns: index as i64,
            kind,
            process,
            f: f.into(),
            value,
            error: None,
            extra: Vec::new(),
        });
        if kind == Kind::Info {
            numbers[at] += processes;
        }
    }
    History::new(ops).unwrap()
}

/// A step is a configuration: so many an operation, however long the history is.
#[test]
fn the_cost_is_linear_in_valid_histories() {
    for (count, processes, keys) in [(2_000, 10, 1), (20_000, 10, 1), (20_000, 40, 4)] {
        let budgets = Budgets {
            steps: 40 * count as u64,
            ..Budgets::default()
        };
        let kv = lin_kv(&busy(count, processes, keys), Checks::Strict, &budgets).unwrap();
        assert_eq!(
            (kv.valid, kv.key_count),
            (Validity::True, keys as usize),
            "{:?}",
            kv.results
        );
    }
}

#[test]
fn what_is_no_operation_of_the_object_gets_no_verdict() {
    let error = |model: ModelName, script: &str| {
        check_model(&history(script), model, Checks::Strict, &Budgets::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(Register, "0 invoke cas [1 2]"),
        "op 0 (cas, process 0, 0.000 s): expected the operations of a register (read and write), found cas"
    );
    assert_eq!(
        error(CasRegister, "0 invoke read nil\n1 invoke append 2"),
        "op 1 (append, process 1, 1.000 s): expected the operations of a register (read, write and cas), found append"
    );
    assert_eq!(
        error(Mutex, "0 invoke lock nil"),
        "op 0 (lock, process 0, 0.000 s): expected the operations of a mutex (acquire and release), found lock"
    );
    for value in ["3", "[1]", "[1 2 3]", "nil"] {
        let refused = format!("0 invoke cas {value}\n0 fail cas {value}");
        let error = error(CasRegister, &refused);
        assert!(
            error
                .starts_with("op 0 (cas, process 0, 0.000 s): expected a cas of [from to], found "),
            "{error}"
        );
    }
    assert_eq!(
        error(CasRegister, "0 invoke write 1\n0 ok write 2"),
        "op 1 (write, process 0, 1.000 s): expected the value that the write was invoked with, found 2"
    );
    let keyed = |script: &str| {
        lin_kv(&history(script), Checks::Strict, &Budgets::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        keyed("0 invoke read nil"),
        "op 0 (read, process 0, 0.000 s): expected a value of [key value], found nil"
    );
    assert_eq!(
        keyed("0 invoke read [1 nil]\n0 ok read 5"),
        "op 1 (read, process 0, 1.000 s): expected a value of [key value], found an integer"
    );
    assert_eq!(
        keyed("0 invoke write [1 2]\n0 ok write [2 2]"),
        "op 1 (write, process 0, 1.000 s): expected the key 1, found 2"
    );
    assert_eq!(
        keyed("0 invoke cas [1 2]"),
        "op 0 (cas, process 0, 0.000 s): expected a cas of [from to], found an integer"
    );
    assert_eq!(
        keyed("0 invoke acquire [1 nil]"),
        "op 0 (acquire, process 0, 0.000 s): expected the operations of a register (read, write and cas), found acquire"
    );
    assert_eq!(
        "queue".parse::<ModelName>().unwrap_err().to_string(),
        "expected a model (register, cas-register, mutex), found `queue`"
    );
    assert_eq!("cas-register".parse(), Ok(CasRegister));
}

#[test]
fn a_list_is_a_pair_too() {
    let script = "
        0 invoke write (1 5)
        0 ok write (1 5)
        0 invoke cas (1 (5 6))
        0 ok cas (1 (5 6))
        0 invoke read (1 nil)
        0 ok read (1 6)
    ";
    let kv = lin_kv(&history(script), Checks::Strict, &Budgets::default()).unwrap();
    assert_eq!((kv.valid, kv.key_count), (Validity::True, 1));
}
