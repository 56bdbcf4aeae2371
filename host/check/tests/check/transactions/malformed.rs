//! What is no transaction is an error that says which operation, never a verdict.

use host_check::history::read;
use host_check::validity::Checks;
use host_check::workload::{CheckOptions, Workload, check};

fn error(workload: Workload, asked: &str, answer: &str) -> String {
    let text = format!(
        "{{:index 6, :time 0, :type :invoke, :process 0, :f :txn, :value {asked}}}
         {{:index 7, :time 0, :type :ok, :process 0, :f :txn, :value {answer}}}"
    );
    let history = read(text.as_bytes()).unwrap();
    let mut errors = Vec::new();
    for checks in [Checks::Strict, Checks::Maelstrom] {
        let options = CheckOptions {
            checks,
            ..CheckOptions::default()
        };
        errors.push(
            check(workload, &history, None, &options)
                .unwrap_err()
                .to_string(),
        );
    }
    assert_eq!(errors[0], errors[1]);
    errors.remove(0)
}

#[test]
fn values_that_are_no_transactions() {
    let asked = "op 6 (txn, process 0, 0.000 s)";
    let cases = [
        ("nil", "expected a list of micro-operations, found nil"),
        ("{}", "expected a list of micro-operations, found a map"),
        (
            "[1 2]",
            "expected a micro-operation [:r key value] or [:append key value], found an integer",
        ),
        (
            "[:r 1 nil]",
            "expected a micro-operation [:r key value] or [:append key value], found a keyword",
        ),
        (
            "[[:r 1]]",
            "expected a micro-operation [:r key value] or [:append key value], found [:r 1]",
        ),
        (
            "[[:r 1 nil nil]]",
            "expected a micro-operation [:r key value] or [:append key value], found [:r 1 nil nil]",
        ),
        (
            "[[1 2 3]]",
            "expected a micro-operation [:r key value] or [:append key value], found [1 2 3]",
        ),
        (
            "[[:w 1 1]]",
            "expected a micro-operation [:r key value] or [:append key value], found [:w 1 1]",
        ),
        (
            "[[:append 1 nil]]",
            "expected a value to write, found [:append 1 nil]",
        ),
        (
            "[[:append 1 1] [:append 1 1]]",
            "expected each value to be written to a key once, found 1 written to 1 again, \
             after op 6 (txn, process 0, 0.000 s)",
        ),
    ];
    for (value, expected) in cases {
        let found = error(Workload::TxnListAppend, value, "[]");
        assert_eq!(found, format!("{asked}: {expected}"));
    }
    assert_eq!(
        error(Workload::TxnRwRegister, "[[:append 1 1]]", "[]"),
        format!(
            "{asked}: expected a micro-operation [:r key value] or [:w key value], \
             found [:append 1 1]"
        )
    );
}

#[test]
fn answers_that_are_no_transactions() {
    let answered = "op 7 (txn, process 0, 0.000 s)";
    assert_eq!(
        error(Workload::TxnListAppend, "[[:r 1 nil]]", "[[:r 1 5]]"),
        format!("{answered}: expected a read to show a list or nil, found 5")
    );
    assert_eq!(
        error(Workload::TxnListAppend, "[[:r 1 nil]]", "7"),
        format!("{answered}: expected a list of micro-operations, found an integer")
    );
}
