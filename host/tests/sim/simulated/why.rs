//! A run that fails says why: what clients got instead of answers, and what nodes warned of.

use expect_test::{Expect, expect};
use host_check::text::{render_problems, render_text};
use host_check::validity::{Checks, Validity};
use host_check::workload::Workload;
use host_sim::RunOptions;
use host_trial::TrialResult;
use test_support::probe::{HELLO, probe};
use test_support::with_placeholders;

use crate::simulated::runs::{module, options, run, stopped, trial};
use crate::simulated::scripted::{Step, guest};

/// A node that sends `bodies` to clients from `c2` on, one for each request. Each client asks once:
/// after an answer that it cannot use, another goes on.
fn answering(first: usize, bodies: &[&str]) -> Vec<u8> {
    let send = |(at, body): (usize, &&str)| {
        format!(
            r#"{{"send":{{"src":"n0","dest":"c{}","body":{body}}}}}"#,
            first + at
        )
    };
    let sends: Vec<String> = bodies.iter().enumerate().map(send).collect();
    guest(&sends.iter().map(|send| Step::Say(send)).collect::<Vec<_>>())
}

/// The same, first with an answer to the topology.
fn broadcasting(bodies: &[&str]) -> Vec<u8> {
    let all = [&[r#"{"type":"topology_ok","in_reply_to":1}"#], bodies].concat();
    answering(1, &all)
}

fn told(wasm: &[u8], workload: Workload) -> TrialResult {
    run(&module(wasm), workload, &options(1, 2), 1).0
}

/// What is wrong with a run of two seconds.
#[track_caller]
fn check(wasm: &[u8], workload: Workload, expected: &Expect) {
    let report = told(wasm, workload);
    let result = report.result.as_ref().unwrap();
    assert_ne!(result.valid, Validity::True);
    expected.assert_eq(&render_problems(result));
}

#[test]
fn an_answer_with_a_wrong_field_is_told_first_and_once() {
    let values = r#"{"type":"read_ok","in_reply_to":1,"values":[11,12,13,14,15,16,17,18,19,20,21,22,23,24]}"#;
    let wasm = broadcasting(&[values; 12]);
    let report = told(&wasm, Workload::Broadcast);
    expect![[r#"
        broadcast: INVALID

        - n0 answered read with {"type":"read_ok","values":[…]}: unknown field "values"; expected "messages" (6 times)
        - n0 answered broadcast with {"type":"read_ok","values":[…]}: its type is "read_ok"; expected "broadcast_ok" (6 times)
        - no broadcast succeeded, of 6
        - no read succeeded, of 6

        elements      6 added: 0 stable (0 of them stale), 0 lost, 6 never read
        operations    12: 0 ok, 0 fail, 12 info; 0.00 % of invocations ok
          broadcast   6: 0 ok, 0 fail, 6 info
          read        6: 0 ok, 0 fail, 6 info
        messages      28 sent, 28 received; 2.33 an operation, 0.00 of them between servers

        [INVALID]
    "#]].assert_eq(&with_placeholders(&render_text(
        report.result.as_ref().unwrap(),
    )));
}

#[test]
fn an_answer_that_does_not_say_to_what_is_told() {
    let echo = r#"{"type":"echo_ok","echo":"Please echo 68"}"#;
    check(
        &answering(2, &[echo; 12]),
        Workload::Echo,
        &expect![[
            r#"- no echo succeeded, of 1: n0 got echo from c2 at 0 s and did not answer within 5 s; it sent {"type":"echo_ok","echo":"Please echo 68"}, which has no "in_reply_to": expected "in_reply_to":1, the request's msg_id"#
        ]],
    );
    let other = r#"{"type":"echo_ok","in_reply_to":7,"echo":"Please echo 68"}"#;
    check(
        &answering(2, &[other; 12]),
        Workload::Echo,
        &expect![[
            r#"- no echo succeeded, of 1: n0 got echo from c2 at 0 s and did not answer within 5 s; it sent {"type":"echo_ok","in_reply_to":7,"echo":"Please echo 68"}: expected "in_reply_to":1, the request's msg_id"#
        ]],
    );
}

#[test]
fn a_line_without_its_end_is_told() {
    let wasm = probe(&format!(
        "(loop $again (drop (call $read (i32.const 1000)))
           (call $say (i32.const 3100) (i32.const {})) (br $again))",
        HELLO.len()
    ));
    let report = told(&wasm, Workload::Echo);
    expect![[r#"at 10 s, node n0: it did not answer init within 10 s; it wrote {"src":"n1","dest":"c1","body":{"type":"hello"}} without a newline at the end: a message is sent when its line ends"#]].assert_eq(&stopped(&report));
}

#[test]
fn errors_for_everything_are_the_cause() {
    let crash = r#"{"type":"error","in_reply_to":1,"code":13,"text":"oops in handler"}"#;
    check(
        &answering(2, &[crash; 12]),
        Workload::Echo,
        &expect![[
            r#"- unknown: no echo succeeded, of 11: too few to know whether one should have; 11 × error 13 crash "oops in handler""#
        ]],
    );
    let text = r#"{"type":"error","in_reply_to":1,"code":"13"}"#;
    check(
        &answering(2, &[text; 12]),
        Workload::GCounter,
        &expect![[r#"
            - n0 answered read with {"type":"error","code":"13"}: it is no error: invalid type: string "13", expected an error code, a non-negative integer (10 times)
            - n0 answered add with {"type":"error","code":"13"}: it is no error: invalid type: string "13", expected an error code, a non-negative integer (2 times)
            - no add succeeded, of 2
            - no read succeeded, of 10
            - unknown: there is no final read to judge"#]],
    );
}

#[test]
fn a_refused_echo_is_not_one_that_came_back_wrong() {
    // The client that is refused goes on.
    let bodies: Vec<String> = (1..20)
        .map(|n| match n % 3 {
            0 => format!(r#"{{"type":"error","in_reply_to":{n},"code":10,"text":"no echo"}}"#),
            _ => format!(r#"{{"type":"echo_ok","in_reply_to":{n},"echo":"Please echo 1"}}"#),
        })
        .map(|body| format!(r#"{{"send":{{"src":"n0","dest":"c2","body":{body}}}}}"#))
        .collect();
    let wasm = guest(&bodies.iter().map(|it| Step::Say(it)).collect::<Vec<_>>());
    check(
        &wasm,
        Workload::Echo,
        &expect![[r#"
        - op 1: sent "Please echo 68", got back {:type "echo_ok", :in_reply_to 1, :echo "Please echo 1"}
        - op 3: sent "Please echo 43", got back {:type "echo_ok", :in_reply_to 2, :echo "Please echo 1"}
        - op 7: sent "Please echo 120", got back {:type "echo_ok", :in_reply_to 4, :echo "Please echo 1"}
        - op 9: sent "Please echo 6", got back {:type "echo_ok", :in_reply_to 5, :echo "Please echo 1"}
        - op 13: sent "Please echo 3", got back {:type "echo_ok", :in_reply_to 7, :echo "Please echo 1"}
        - op 15: sent "Please echo 87", got back {:type "echo_ok", :in_reply_to 8, :echo "Please echo 1"}
        - op 19: sent "Please echo 70", got back {:type "echo_ok", :in_reply_to 10, :echo "Please echo 1"}
        - op 21: sent "Please echo 95", got back {:type "echo_ok", :in_reply_to 11, :echo "Please echo 1"}
        - 3 × an echo was answered with error 10 not-supported "no echo", the first in op 5"#]],
    );
}

#[test]
fn a_node_that_does_not_answer_is_named_with_who_asked_and_when() {
    let crowd = RunOptions {
        concurrency: 4,
        ..options(2, 6)
    };
    let silent = module(&test_support::bytes("echo-mutants"));
    let options = RunOptions {
        guest_args: ["--bug", "deaf"].map(str::to_owned).to_vec(),
        ..crowd
    };
    let (report, _) = run(&silent, Workload::Echo, &options, 1);
    expect!["- no echo succeeded, of 8: n0 got echo from c4 at 0 s and did not answer within 5 s"]
        .assert_eq(&render_problems(report.result.as_ref().unwrap()));
}

#[test]
fn a_setup_that_is_answered_wrongly_is_told_like_operations() {
    let report = told(
        &answering(1, &[r#"{"type":"init_ok","in_reply_to":1}"#]),
        Workload::Broadcast,
    );
    expect![[r#"at 0 s, node n0: it answered topology with {"type":"init_ok","in_reply_to":1}: its type is "init_ok"; expected "topology_ok""#]].assert_eq(&stopped(&report));
}

#[test]
fn an_invalid_run_says_what_nodes_warned_of() {
    let warn = r#"{"log":{"level":"warn","text":"unknown message type gosip"}}"#;
    let wasm = guest(&[Step::Say(warn); 12]);
    check(
        &wasm,
        Workload::Echo,
        &expect![[r#"
        - no echo succeeded, of 1: n0 got echo from c2 at 0 s and did not answer within 5 s
        - n0 logged a warning at 0 s: unknown message type gosip"#]],
    );
    let mut steps = [Step::Say(warn); 3].to_vec();
    steps.push(Step::Trap);
    let (report, _) = run(&module(&guest(&steps)), Workload::Echo, &options(1, 30), 1);
    let text = report.stop_in_words().unwrap();
    expect![[r#"
        The run could not go on: at 15 s, node n0: the guest failed in handle: trap: wasm `unreachable` instruction executed
          in: handle
          event: message {"src":"c5","dest":"n0","body":{"echo":"Please echo 120","type":"echo","msg_id":1}}
          [NOTHING DONE]
        Until then, nodes logged 3 warnings, the first on n0 at 0 s: unknown message type gosip"#]].assert_eq(&with_placeholders(&text));
}

#[test]
fn what_only_strict_rules_find_passes_under_maelstroms() {
    let ids = (1..20).map(|n| {
        let more = if n == 1 { r#","more":1"# } else { "" };
        format!(
            r#"{{"send":{{"src":"n0","dest":"c2","body":{{"type":"generate_ok","in_reply_to":{n},"id":{n}{more}}}}}}}"#
        )
    });
    let ids: Vec<String> = ids.collect();
    let generating = module(&guest(
        &ids.iter().map(|it| Step::Say(it)).collect::<Vec<_>>(),
    ));
    let judged = |checks| {
        let mut trial = trial(&generating, Workload::UniqueIds, &options(1, 2));
        trial.scenario.checks.checks = checks;
        trial.run(1, Vec::new())
    };
    let strict = judged(Checks::Strict);
    assert_eq!(strict.valid(), Validity::False);
    expect![[r#"
        Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's alone:
        - n0 answered generate with {"type":"generate_ok","id":1,"more":1}: unknown field "more"; expected only the field "id""#]].assert_eq(&render_problems(strict.result.as_ref().unwrap()));
    let maelstrom = judged(Checks::Maelstrom);
    assert_eq!(maelstrom.valid(), Validity::True);
    expect![[r#"
        unique-ids: valid

        ids           10 given of 11 asked for, 0 duplicated; from 2 to 11
        operations    11: 10 ok, 0 fail, 1 info; 90.91 % of invocations ok
        messages      24 sent, 24 received; 2.18 an operation, 0.00 of them between servers
        malformed     n0 answered generate with {"type":"generate_ok","id":1,"more":1}: unknown field "more"; expected only the field "id"

        [VALID]
    "#]].assert_eq(&with_placeholders(&render_text(
        maelstrom.result.as_ref().unwrap(),
    )));
}
