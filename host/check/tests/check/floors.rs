//! What must succeed when nothing hinders it, and what is too little to say so.

use std::fmt::Write;

use host_check::history::{History, read};
use host_check::validity::{Checks, Validity};
use host_check::workload::{CheckOptions, CheckResult, Workload, check};
use host_check::{Clients, anomalies};

/// Two nodes with a client each.
const CLIENTS: Clients = Clients {
    workers: 2,
    nodes: 2,
    first_node: 0,
};

/// A history in the making. Times are in tenths of a second.
#[derive(Default)]
struct Script {
    text: String,
    index: usize,
}

impl Script {
    fn line(&mut self, time_ds: usize, rest: &str) {
        let (index, time_ns) = (self.index, time_ds * 100_000_000);
        writeln!(self.text, "{{:index {index}, :time {time_ns}, {rest}}}").unwrap();
        self.index += 1;
    }

    fn fault(&mut self, time_ds: usize, f: &str) {
        self.line(
            time_ds,
            &format!(":type :info, :process :nemesis, :f :{f}, :value nil"),
        );
    }

    /// An operation that ends at once: `ok`, or with an error.
    fn op(&mut self, time_ds: usize, process: usize, f: &str, asked: &str, answer: &str) {
        let common = format!(":process {process}, :f :{f}");
        self.line(time_ds, &format!(":type :invoke, {common}, :value {asked}"));
        let completion = match answer.strip_prefix("error ") {
            Some("timeout") => {
                format!(":type :info, {common}, :value {asked}, :error :net-timeout")
            }
            Some(name) => {
                format!(":type :fail, {common}, :value {asked}, :error [:{name} \"why\"]")
            }
            None => format!(":type :ok, {common}, :value {answer}"),
        };
        self.line(time_ds, &completion);
    }

    fn history(&self) -> History {
        read(self.text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{}", self.text))
    }

    fn judge(&self, workload: Workload) -> CheckResult {
        let options = CheckOptions {
            clients: Some(CLIENTS),
            ..CheckOptions::default()
        };
        check(workload, &self.history(), None, &options).unwrap()
    }

    /// The names and the words of what is wrong, and the verdict.
    fn shortfalls(&self, workload: Workload) -> (Validity, Vec<(String, String)>) {
        let result = self.judge(workload);
        let maelstrom = CheckOptions {
            checks: Checks::Maelstrom,
            ..CheckOptions::default()
        };
        let lenient = check(workload, &self.history(), None, &maelstrom).unwrap();
        assert!(lenient.shortfalls.is_empty(), "{:?}", lenient.shortfalls);
        let list = result.shortfalls.list.iter();
        let named = list.map(|it| (it.what.name().to_owned(), it.text.clone()));
        (result.valid, named.collect())
    }
}

fn names(found: &(Validity, Vec<(String, String)>)) -> Vec<&str> {
    found.1.iter().map(|(name, _)| name.as_str()).collect()
}

/// One add succeeds and is read; then `count` adds are refused, from a time on.
fn refused_adds(from_ds: usize, count: usize) -> Script {
    let mut script = Script::default();
    script.op(0, 0, "add", "7", "7");
    for number in 0..count {
        let asked = (100 + number).to_string();
        script.op(
            from_ds,
            number % 2,
            "add",
            &asked,
            "error temporarily-unavailable",
        );
    }
    script.op(from_ds, 0, "read", "nil", "[7]");
    script
}

/// Of a g-set's adds half have to succeed: 29 refused in a row have a probability of 1.9e-9, 30 of
/// 0.9e-9.
#[test]
fn in_quiet_times_errors_have_no_cause() {
    // The node serves reads, so only the kind is named.
    let found = refused_adds(50, 30).shortfalls(Workload::GSet);
    assert_eq!(
        found,
        (
            Validity::False,
            vec![(
                "seldom-succeeds".to_owned(),
                "of 30 operations add in quiet times (5 s after the beginning or 10 s after the last \
                 fault, and no fault on) none succeeded, 30 ended with the error \
                 temporarily-unavailable; without a fault an error has no cause: at least one in 2 \
                 is expected to succeed"
                    .to_owned()
            )]
        )
    );
    let right = (Validity::True, Vec::new());
    assert_eq!(refused_adds(50, 29).shortfalls(Workload::GSet), right);
    // The cluster may still start.
    assert_eq!(refused_adds(49, 300).shortfalls(Workload::GSet), right);
}

#[test]
fn faults_and_ten_seconds_after_them_are_a_cause() {
    let run = |start_ds: usize, stop_ds: Option<usize>, from_ds: usize| {
        let mut script = Script::default();
        script.op(0, 0, "add", "7", "7");
        script.fault(start_ds, "start-partition");
        if let Some(stop_ds) = stop_ds {
            script.fault(stop_ds, "stop-partition");
        }
        for number in 0..200 {
            let asked = (100 + number).to_string();
            script.op(
                from_ds,
                number % 2,
                "add",
                &asked,
                "error temporarily-unavailable",
            );
        }
        script.op(from_ds, 0, "read", "nil", "[7]");
        script.shortfalls(Workload::GSet)
    };
    assert_eq!(run(60, None, 300), (Validity::True, Vec::new()));
    assert_eq!(run(60, Some(100), 199), (Validity::True, Vec::new()));
    assert_eq!(
        names(&run(60, Some(100), 200)),
        ["seldom-succeeds", "node-never-serves"]
    );
}

/// Two clients that compare and set the same value: one in four has to succeed, 72 failures in a row
/// have a probability of 1.01e-9, and 73 of 0.76e-9.
#[test]
fn contention_is_a_cause_but_for_one_of_the_clients() {
    let run = |count: usize| {
        let mut script = Script::default();
        script.op(0, 0, "add", "1", "1");
        for number in 0..count {
            script.op(60, number % 2, "add", "1", "error precondition-failed");
        }
        script.op(60, 0, "read", "nil", "1");
        let text = std::mem::take(&mut script.text);
        script.text = text.replace(":f :read, :value nil", ":f :read, :value nil, :final? true");
        script.text = script
            .text
            .replace(":f :read, :value 1", ":f :read, :value 1, :final? true");
        script.shortfalls(Workload::PnCounter)
    };
    assert_eq!(run(72), (Validity::True, Vec::new()));
    assert_eq!(names(&run(73)), ["seldom-succeeds"]);
}

/// Half of the others' share, which is 1, so 30 refused ones are impossible; faults are no cause.
#[test]
fn a_counter_takes_either_sign() {
    let run = |refused: usize| {
        let mut script = Script::default();
        script.fault(0, "start-partition");
        for _ in 0..50 {
            script.op(1, 0, "add", "1", "1");
        }
        for number in 0..refused {
            script.op(1, number % 2, "add", "-3", "error abort");
        }
        script.line(
            1,
            ":type :invoke, :process 0, :f :read, :value nil, :final? true",
        );
        script.line(
            1,
            ":type :ok, :process 0, :f :read, :value 50, :final? true",
        );
        script.shortfalls(Workload::PnCounter)
    };
    assert_eq!(run(29), (Validity::True, Vec::new()));
    assert_eq!(
        run(30),
        (
            Validity::False,
            vec![(
                "sign-refused".to_owned(),
                "of 30 adds of a number below 0 none succeeded, 30 ended with the error abort, while \
                 of 50 other adds 50 succeeded: a counter has to take both alike"
                    .to_owned()
            )]
        )
    );
}

#[test]
fn a_node_that_answers_nothing_for_a_whole_quiet_time_is_named() {
    let run = |unanswered: usize| {
        let mut script = Script::default();
        script.op(0, 0, "generate", "nil", "1000");
        for number in 0..20 {
            let process = 1 + 2 * number;
            script.op(60 + number, 0, "generate", "nil", &number.to_string());
            if number < unanswered {
                script.op(60 + number, process, "generate", "nil", "error timeout");
            }
        }
        script.shortfalls(Workload::UniqueIds)
    };
    assert_eq!(run(4), (Validity::True, Vec::new()));
    assert_eq!(
        run(5),
        (
            Validity::False,
            vec![(
                "node-never-serves".to_owned(),
                "of 5 requests to n1 in a quiet time (5 s after the beginning or 10 s after the last \
                 fault, and no fault on) none succeeded, 5 got no answer; without a fault a node has \
                 to serve its clients"
                    .to_owned()
            )]
        )
    );
}

#[test]
fn a_key_that_was_written_exists() {
    let run = |order: [&str; 2]| {
        let mut script = Script::default();
        for what in order {
            match what {
                "write" => script.op(0, 0, "write", "[5 3]", "[5 3]"),
                _ => script.op(0, 1, "read", "[5 nil]", "error key-does-not-exist"),
            }
        }
        script.op(1, 1, "read", "[5 nil]", "[5 3]");
        script.shortfalls(Workload::LinKv)
    };
    assert_eq!(run(["read", "write"]), (Validity::True, Vec::new()));
    assert_eq!(
        run(["write", "read"]),
        (
            Validity::False,
            vec![(
                "denied-key".to_owned(),
                "op 3 (read, process 1, 0.000 s) was told that key 5 does not exist, although op 1 \
                 (write, process 0, 0.000 s) had succeeded before it began"
                    .to_owned()
            )]
        )
    );
}

/// Each compare-and-set has one chance in five: (4/5)^92 is 1.2e-9, (4/5)^93 is 0.97e-9.
#[test]
fn that_no_cas_succeeded_needs_evidence() {
    let run = |count: usize, error: &str| {
        let mut script = Script::default();
        script.op(0, 0, "write", "[5 3]", "[5 3]");
        script.op(0, 1, "read", "[5 nil]", "[5 3]");
        for _ in 0..count {
            script.op(1, 0, "cas", "[5 [1 2]]", &format!("error {error}"));
        }
        let result = script.judge(Workload::LinKv);
        let names: Vec<String> = anomalies(&result).iter().map(ToString::to_string).collect();
        (result.valid, result.has_too_few_samples(), names)
    };
    let too_few = (Validity::Unknown, true, Vec::new());
    let wrong = (Validity::False, false, vec!["no-cas-succeeded".to_owned()]);
    assert_eq!(run(1, "precondition-failed"), too_few);
    assert_eq!(run(92, "precondition-failed"), too_few);
    assert_eq!(run(93, "precondition-failed"), wrong);
    // The cluster may be electing a leader.
    assert_eq!(run(20, "temporarily-unavailable"), too_few);
    assert_eq!(run(1, "not-supported"), wrong);
}

#[test]
fn nodes_that_answer_nothing_are_wrong_once_it_is_quiet() {
    let run = |workload: Workload, op: &str, times: &[(usize, usize)]| {
        let mut script = Script::default();
        for (process, &(from_ds, to_ds)) in times.iter().enumerate() {
            let common = format!(":process {process}, {op}");
            script.line(from_ds, &format!(":type :invoke, {common}"));
            script.line(
                to_ds,
                &format!(":type :info, {common}, :error :net-timeout"),
            );
        }
        script.judge(workload).valid
    };
    let written = |times| run(Workload::LinKv, ":f :write, :value [5 3]", times);
    assert_eq!(written(&[(0, 50)]), Validity::Unknown);
    assert_eq!(written(&[(0, 49), (50, 100)]), Validity::Unknown);
    assert_eq!(written(&[(0, 50), (50, 100)]), Validity::False);
    // It needs no other node, so there is nothing to wait for.
    let echoed = |times| run(Workload::Echo, ":f :echo, :value 1", times);
    assert_eq!(echoed(&[(0, 50)]), Validity::False);
}
