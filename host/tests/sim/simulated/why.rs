//! A run that fails says why: what clients got instead of answers, and what nodes warned of.

use expect_test::{Expect, expect};
use host_check::text::{render_problems, render_text};
use host_check::validity::{Checks, Validity};
use host_check::workload::Workload;
use host_sim::RunOptions;
use host_trial::{Scenario, Trial, TrialResult};
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
    expect![[r#""#]].assert_eq(&with_placeholders(&render_text(
        report.result.as_ref().unwrap(),
    )));
}

#[test]
fn a_null_for_a_list_is_told() {
    let null = r#"{"type":"read_ok","in_reply_to":1,"messages":null}"#;
    check(
        &broadcasting(&[null; 12]),
        Workload::Broadcast,
        &expect![""],
    );
}

#[test]
fn an_answer_that_does_not_say_to_what_is_told() {
    let echo = r#"{"type":"echo_ok","echo":"Please echo 68"}"#;
    check(&answering(2, &[echo; 12]), Workload::Echo, &expect![""]);
    let other = r#"{"type":"echo_ok","in_reply_to":7,"echo":"Please echo 68"}"#;
    check(&answering(2, &[other; 12]), Workload::Echo, &expect![""]);
}

#[test]
fn a_line_without_its_end_is_told() {
    let wasm = probe(&format!(
        "(loop $again (drop (call $read (i32.const 1000)))
           (call $say (i32.const 3100) (i32.const {})) (br $again))",
        HELLO.len()
    ));
    let report = told(&wasm, Workload::Echo);
    expect![[r#""#]].assert_eq(&stopped(&report));
}

#[test]
fn errors_for_everything_are_the_cause() {
    let crash = r#"{"type":"error","in_reply_to":1,"code":13,"text":"oops in handler"}"#;
    check(&answering(2, &[crash; 12]), Workload::Echo, &expect![""]);
    let text = r#"{"type":"error","in_reply_to":1,"code":"13"}"#;
    check(&answering(2, &[text; 12]), Workload::GCounter, &expect![""]);
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
    check(&wasm, Workload::Echo, &expect![""]);
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
    expect![[r#""#]].assert_eq(&render_problems(report.result.as_ref().unwrap()));
}

#[test]
fn a_setup_that_is_answered_wrongly_is_told_like_operations() {
    let report = told(
        &answering(1, &[r#"{"type":"init_ok","in_reply_to":1}"#]),
        Workload::Broadcast,
    );
    expect![[r#""#]].assert_eq(&stopped(&report));
}

#[test]
fn an_invalid_run_says_what_nodes_warned_of() {
    let warn = r#"{"log":{"level":"warn","text":"unknown message type gosip"}}"#;
    let wasm = guest(&[Step::Say(warn); 12]);
    check(&wasm, Workload::Echo, &expect![""]);
    let mut steps = [Step::Say(warn); 3].to_vec();
    steps.push(Step::Trap);
    expect![[r#""#]].assert_eq(&with_placeholders(
        &told(&guest(&steps), Workload::Echo)
            .stop_in_words()
            .unwrap(),
    ));
}

#[test]
fn what_only_strict_rules_find_is_no_fault_to_maelstrom() {
    let ok =
        |n: usize| format!(r#"{{"type":"echo_ok","in_reply_to":{n},"echo":"Please echo 68"}}"#);
    let first = r#"{"type":"echo_ok","in_reply_to":1,"echo":"Please echo 68","more":1}"#;
    let send = |client: usize, body: &str| {
        format!(r#"{{"send":{{"src":"n0","dest":"c{client}","body":{body}}}}}"#)
    };
    let _ = ok;
    // One operation breaks the schema, and then all are right.
    let echoing = module(&guest(&[Step::Say(&send(2, first))]));
    let judged = |checks| {
        let mut trial: Trial<'_> = trial(&echoing, Workload::Echo, &options(1, 1));
        trial.scenario = Scenario {
            checks: host_check::CheckOptions {
                checks,
                ..trial.scenario.checks.clone()
            },
            ..trial.scenario.clone()
        };
        trial.run(1, Vec::new())
    };
    let strict = judged(Checks::Strict);
    expect![[r#""#]].assert_eq(&render_problems(strict.result.as_ref().unwrap()));
}
