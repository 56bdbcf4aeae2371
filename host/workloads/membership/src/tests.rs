use guest_sdk::workload::testing::{TestHistory, TestRun};

use super::*;

const OPTIONS: Options = Options {
    detect_ms: 10_000,
    alone_ms: 20_000,
    settle_ms: 5_000,
};

/// A list that a node gives at that second: it lacks `lacks`.
fn list(second: u64, node: &str, lacks: &str) -> Record<Operation, View> {
    let node = node.to_owned();
    answered(second, Operation::Members { node }, lacks)
}

fn at_last(second: u64, node: &str, lacks: &str) -> Record<Operation, View> {
    let node = node.to_owned();
    answered(second, Operation::MembersAtLast { node }, lacks)
}

/// What took 10 ms.
fn answered(second: u64, operation: Operation, lacks: &str) -> Record<Operation, View> {
    let invoked = Duration::from_secs(second);
    Record {
        index: second,
        process: 0,
        worker: 0,
        invoked,
        completed: Some(invoked + Duration::from_millis(10)),
        operation,
        end: End::Ok(View {
            lacks: lacks.to_owned(),
            invented: String::new(),
        }),
    }
}

fn unanswered(record: Record<Operation, View>) -> Record<Operation, View> {
    Record {
        end: End::Failed,
        ..record
    }
}

/// Faults at half past these seconds.
fn faults(faults: &[(u64, &str, Value)]) -> Vec<Fault> {
    let fault = |(second, f, value): &(u64, &str, Value)| Fault {
        index: 1000 + second,
        at: Duration::from_millis(second * 1000 + 500),
        f: (*f).to_owned(),
        value: value.clone(),
    };
    faults.iter().map(fault).collect()
}

fn killed(node: &str) -> Value {
    json!({node: "killed"})
}

/// The findings as the host gets them.
fn found(history: &[Record<Operation, View>], faults: &[Fault]) -> Findings {
    Membership::check(&History {
        faults: faults.to_vec(),
        options: OPTIONS,
        ..history.to_vec().into()
    })
}

/// These problems, each with its operations, and these figures.
fn findings(problems: &[(&str, &str, &[u64])], figures: &[(&str, f64)]) -> Findings {
    let mut findings = Findings::default();
    for (name, text, ops) in problems {
        findings.problem(name, *text, ops);
    }
    for (name, value) in figures {
        findings.figure(name, *value);
    }
    findings
}

const ALL_IS_WELL: [(&str, f64); 3] = [
    ("complete-lists", 1.0),
    ("detections", 0.0),
    ("false-suspicions", 0.0),
];

#[test]
fn a_node_that_is_down_has_to_be_detected_in_time_by_those_who_were_up() {
    let kill = faults(&[(2, "kill", killed("n1"))]);
    let in_time = [list(1, "n0", ""), list(12, "n0", ""), list(13, "n0", "n1")];
    // From 2.5 s to 13.01 s.
    let detected = [
        ("complete-lists", 1.0),
        ("detection-max-ms", 10_510.0),
        ("detection-median-ms", 10_510.0),
        ("detections", 1.0),
        ("false-suspicions", 0.0),
    ];
    assert_eq!(found(&in_time, &kill), findings(&[], &detected));
    let late = [list(13, "n0", ""), list(14, "n0", "")];
    let text = "n0 lists n1, which has been down for 10.5 s";
    assert_eq!(
        found(&late, &kill),
        findings(&[("undetected", text, &[1002, 13])], &ALL_IS_WELL)
    );
}

#[test]
fn a_node_that_comes_back_or_is_not_down_all_the_time_of_an_operation_may_be_listed() {
    let back = faults(&[
        (2, "kill", killed("n1")),
        (20, "start", json!({"n1": "started"})),
    ]);
    assert_eq!(
        found(&[list(21, "n0", "")], &back),
        findings(&[], &ALL_IS_WELL)
    );
    let mut long = list(20, "n0", "");
    long.completed = Some(Duration::from_secs(21));
    assert_eq!(found(&[long], &back), findings(&[], &ALL_IS_WELL));
}

#[test]
fn whoever_was_down_or_cut_off_itself_may_take_longer() {
    let one_after_the_other = faults(&[
        (2, "kill", killed("n1")),
        (3, "pause", json!({"n0": "paused"})),
        (4, "resume", json!({"n0": "resumed"})),
    ]);
    let of_n0 = found(&[list(24, "n0", "")], &one_after_the_other);
    assert_eq!(of_n0, findings(&[], &ALL_IS_WELL));
    let of_n2 = found(&[list(15, "n2", "")], &one_after_the_other);
    let text = "n2 lists n1, which has been down for 12.5 s";
    assert_eq!(
        of_n2,
        findings(&[("undetected", text, &[1002, 15])], &ALL_IS_WELL)
    );
    let of_n0 = found(&[list(25, "n0", "")], &one_after_the_other);
    assert_eq!(of_n0.names(), ["undetected"]);

    let lossy = faults(&[
        (2, "kill", killed("n1")),
        (3, "start-loss", json!(["lost-permille", 200])),
    ]);
    assert_eq!(
        found(&[list(22, "n0", "")], &lossy).names(),
        Vec::<&str>::new()
    );
    assert_eq!(found(&[list(23, "n0", "")], &lossy).names(), ["undetected"]);
}

#[test]
fn old_news_may_come_with_a_node_that_returns() {
    let returns = faults(&[
        (2, "kill", killed("n1")),
        (3, "start-stall", json!({"n2": "paused"})),
        (11, "stop-stall", json!({"n2": "resumed"})),
    ]);
    let history = [list(13, "n0", "n1"), list(21, "n0", "")];
    assert_eq!(found(&history, &returns).names(), Vec::<&str>::new());
    assert_eq!(
        found(&[list(22, "n0", "")], &returns).names(),
        ["undetected"]
    );
}

#[test]
fn a_kill_ends_a_pause_and_nodes_without_power_are_down_too() {
    let history = [list(30, "n0", ""), list(31, "n0", "n1")];
    let paused_and_killed = faults(&[
        (2, "pause", json!({"n1": "paused"})),
        (3, "power-off", json!({"n1": "powered-off"})),
        (4, "pause", json!({"n1": "paused"})),
        (5, "power-on", json!({"n1": "started"})),
    ]);
    // n1 is up again: nobody resumes it.
    let found_up = found(&history, &paused_and_killed);
    let text = "n0 does not list n1, which is up, and nothing has happened for long";
    let figures = [
        ("complete-lists", 0.5),
        ("detections", 0.0),
        ("false-suspicions", 1.0),
    ];
    assert_eq!(
        found_up,
        findings(&[("false-suspicion", text, &[31])], &figures)
    );
    let down = found(&history, &paused_and_killed[..3]);
    let figures = [
        ("complete-lists", 1.0),
        ("detection-max-ms", 28_510.0),
        ("detection-median-ms", 28_510.0),
        ("detections", 1.0),
        ("false-suspicions", 0.0),
    ];
    let text = "n0 lists n1, which has been down for 27.5 s";
    assert_eq!(
        down,
        findings(&[("undetected", text, &[1002, 30])], &figures)
    );
}

#[test]
fn a_suspicion_is_wrong_when_nothing_explains_it() {
    let history = [list(8, "n0", "n2"), list(9, "n1", "n0 n2")];
    let text = |of| format!("{of}, which is up, and nothing has happened for long");
    let (of_n2, of_n0) = (text("n0 does not list n2"), text("n1 does not list n0"));
    let problems: [(&str, &str, &[u64]); 2] = [
        ("false-suspicion", &of_n2, &[8]),
        ("false-suspicion", &of_n0, &[9]),
    ];
    let figures = [
        ("complete-lists", 0.0),
        ("detections", 0.0),
        ("false-suspicions", 3.0),
    ];
    assert_eq!(found(&history, &[]), findings(&problems, &figures));
    // While others stay down, too.
    let kill = faults(&[(2, "kill", killed("n3"))]);
    assert_eq!(found(&history, &kill), findings(&problems, &figures));
    // Until five seconds have passed.
    for (start, stop) in [
        ("start-partition", "stop-partition"),
        ("swap", "stop-swap"),
        ("start-clock-skew", "stop-clock-skew"),
    ] {
        let excused = faults(&[(1, start, json!(null)), (4, stop, json!(null))]);
        assert_eq!(
            found(&history, &excused),
            findings(&[], &figures),
            "{start}"
        );
        let over = faults(&[(1, start, json!(null)), (2, stop, json!(null))]);
        assert_eq!(
            found(&history, &over),
            findings(&problems, &figures),
            "{start}"
        );
    }
    let back = faults(&[
        (1, "wipe", json!({"n2": "wiped"})),
        (4, "start-wiped", json!({"n2": "started"})),
    ]);
    assert_eq!(found(&history, &back), findings(&[], &figures));
}

#[test]
fn whoever_suspected_a_node_before_it_went_down_detects_nothing() {
    let cut = faults(&[
        (1, "start-isolate", json!(["isolated", {"n1": ["n0"]}])),
        (4, "kill", killed("n1")),
    ]);
    let history = [
        list(3, "n0", "n1"),
        list(5, "n2", ""),
        list(6, "n0", "n1"),
        list(7, "n2", "n1"),
        list(9, "n2", "n1"),
    ];
    let figures = [
        ("complete-lists", 0.8),
        ("detection-max-ms", 2_510.0),
        ("detection-median-ms", 2_510.0),
        ("detections", 1.0),
        ("false-suspicions", 1.0),
    ];
    assert_eq!(found(&history, &cut), findings(&[], &figures));
}

#[test]
fn the_last_lists_are_complete() {
    let history = [
        at_last(50, "n0", "n1"),
        at_last(51, "n1", "n2 n3"),
        unanswered(at_last(52, "n2", "")),
        at_last(53, "n0", ""),
        unanswered(at_last(54, "n1", "")),
    ];
    let suspects = |node: &str, suspected: &str| {
        format!("{node} does not list {suspected}, which is up, and nothing has happened for long")
    };
    let suspicions = [("n0", "n1"), ("n1", "n2"), ("n1", "n3")];
    let [first, second, third] = suspicions.map(|(node, it)| suspects(node, it));
    let problems: [(&str, &str, &[u64]); 5] = [
        ("false-suspicion", &first, &[50]),
        ("false-suspicion", &second, &[51]),
        ("false-suspicion", &third, &[51]),
        (
            "incomplete-at-last",
            "long after recovery n1 does not list n2 n3",
            &[51],
        ),
        (
            "incomplete-at-last",
            "long after recovery n2 does not answer",
            &[52],
        ),
    ];
    let figures = [
        ("complete-lists", 1.0 / 3.0),
        ("detections", 0.0),
        ("false-suspicions", 3.0),
    ];
    assert_eq!(found(&history, &[]), findings(&problems, &figures));
}

#[test]
fn without_an_answer_nothing_is_known() {
    let mut unknown = Findings::default();
    unknown.unknown("no node has said who is up");
    assert_eq!(found(&[unanswered(list(1, "n0", ""))], &[]), unknown);
}

/// Asks three nodes 30 times; the lists come from the test.
fn run(mut list: impl FnMut(usize) -> Value) -> TestHistory<Membership> {
    TestRun::new()
        .operations(30)
        .against(|node, _| json!({"type": "members_ok", "members": list(node)}))
}

#[test]
fn lists_in_any_order_are_right() {
    let history = run(|node| match node {
        0 => json!(["n2", "n0", "n1"]),
        _ => json!(["n1", "n0", "n2", "n0"]),
    });
    assert_eq!(history.problems(), [""; 0]);
    // Each node once more, since the last lists are complete.
    assert_eq!(history.records().len(), 30 + 3);
}

#[test]
fn names_that_no_node_has_are_told_once_a_node_and_so_is_a_list_without_its_node() {
    let history = run(|node| match node {
        0 => json!(["n0", "n00", "n1", "n2", "x", "x", "n3"]),
        1 => json!(["n0", "n2"]),
        _ => json!(["n0", "n1", "n2"]),
    });
    let mut problems = history.problems().to_vec();
    problems.sort_unstable();
    let expected = [
        "incomplete-at-last: long after recovery n1 does not list n1",
        "invented: n0 lists what is no node: n00 n3 x",
        "not-itself: n1 does not list itself",
    ];
    assert_eq!(problems, expected);
    let view = |record: &Record<Operation, View>| record.outcome().cloned();
    let mut views = history.records().iter().filter_map(view);
    assert!(views.any(|view| view.lacks == "n1" && view.invented.is_empty()));
}

#[test]
fn faults_of_a_run_reach_the_check() {
    let kill = Fault {
        index: 0,
        at: Duration::ZERO,
        f: "kill".to_owned(),
        value: killed("n1"),
    };
    let options = Options {
        detect_ms: 3,
        ..Options::default()
    };
    let run = TestRun::<Membership>::new().operations(30).options(options);
    let all = json!({"type": "members_ok", "members": ["n0", "n1", "n2"]});
    let history = run.faults(vec![kill]).against(|_, _| all.clone());
    let [problem] = history.problems() else {
        panic!("{:?}", history.problems());
    };
    assert!(
        problem.starts_with("undetected: n") && problem.contains("lists n1, which has been down"),
        "{problem}"
    );
}

#[test]
#[should_panic(expected = "--alone-ms 5000: expected at least --detect-ms, 31500")]
fn alone_nobody_finds_out_sooner() {
    let options = Options {
        alone_ms: 5000,
        ..Options::default()
    };
    TestRun::<Membership>::new()
        .options(options)
        .against(|_, _| json!(null));
}
