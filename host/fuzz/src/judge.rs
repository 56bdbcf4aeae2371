//! The checkers: any history gets a verdict or is refused, and verdicts are consistent.

use host_check::history::{History, Op, read_edn, read_op, write_edn};
use host_check::kafka::ErrorType;
use host_check::linear::{Budgets, ModelName, check_model};
use host_check::text::{render_linearizable, render_text};
use host_check::txn::anomaly::Anomaly;
use host_check::txn::model::Model;
use host_check::unexpected::UnexpectedOperation;
use host_check::validity::{Checks, Validity};
use host_check::workload::{CheckOptions, CheckResult, Workload, WorkloadResult, check_within};

/// Enough for a few kilobytes; larger histories get the verdict unknown.
const BUDGETS: Budgets = Budgets {
    steps: 10_000,
    configs: 1 << 10,
    time: None,
};

/// Fuzzes the checkers with `text`, a history with one operation per line. It is judged as a
/// history of every workload and of every object.
///
/// # Panics
/// If a checker panics; if a history gets another verdict after it is written and read again;
/// if a history is invalid by Maelstrom's rules and valid by the strict ones; or if transactions
/// violate a weak model and satisfy a stronger one.
pub fn judge(text: &[u8]) {
    let history = history_of(text);
    let written = write_edn(&history);
    let again = read_edn(written.as_bytes());
    let again = again.unwrap_or_else(|error| panic!("{error}:\n{written}"));
    for &workload in Workload::ALL {
        judge_workload(&history, &again, workload);
    }
    for &model in ModelName::ALL {
        judge_object(&history, model);
    }
}

/// The operations of `text`, numbered, without those that make the history ill-formed. So most
/// mutations of a history are histories.
fn history_of(text: &[u8]) -> History {
    let lines = text.split(|byte| *byte == b'\n');
    let mut ops: Vec<Op> = lines.filter_map(|line| read_op(line).ok()).collect();
    let mut time_ns = i64::MIN;
    for (index, op) in (0..).zip(&mut ops) {
        time_ns = time_ns.max(op.time_ns);
        (op.index, op.time_ns) = (index, time_ns);
    }
    loop {
        match History::new(ops.clone()) {
            Ok(history) => return history,
            Err(broken) => drop(ops.remove(broken.at)),
        }
    }
}

fn judge_workload(history: &History, again: &History, workload: Workload) {
    let judged = |history: &History, checks, model| {
        let options = CheckOptions {
            checks,
            consistency_models: vec![model],
            ..CheckOptions::default()
        };
        check_within(workload, history, None, &options, &BUDGETS)
    };
    let strict = judged(history, Checks::Strict, Model::StrictSerializable);
    let maelstrom = judged(history, Checks::Maelstrom, Model::StrictSerializable);
    let repeated = judged(again, Checks::Strict, Model::StrictSerializable);
    assert_eq!(shown(&repeated), shown(&strict), "{workload}");
    let (Ok(strict), Ok(maelstrom)) = (strict, maelstrom) else {
        return;
    };
    if !is_too_little(&maelstrom.workload) {
        assert_stricter(maelstrom.valid, strict.valid, workload.name());
    }
    if let Workload::TxnListAppend | Workload::TxnRwRegister = workload {
        let weak = judged(history, Checks::Strict, Model::ReadCommitted);
        let weak = weak.expect("whether a history can be judged does not depend on the models");
        assert_stricter(weak.valid, strict.valid, workload.name());
    }
}

/// Whether the only anomaly is that Elle finds no two transactions that depend on each other.
/// Maelstrom calls that an error; the strict rules may find other relations.
fn is_too_little(result: &WorkloadResult) -> bool {
    match result {
        WorkloadResult::Transactions(txns) => {
            txns.anomaly_types == [Anomaly::EmptyTransactionGraph]
        }
        WorkloadResult::Kafka(kafka) => kafka.bad_error_types == [ErrorType::EmptyTransactionGraph],
        _ => false,
    }
}

fn judge_object(history: &History, model: ModelName) {
    let judged = |checks| check_model(history, model, checks, &BUDGETS);
    let (Ok(strict), Ok(maelstrom)) = (judged(Checks::Strict), judged(Checks::Maelstrom)) else {
        return;
    };
    assert!(!render_linearizable(model, &strict).is_empty());
    assert_stricter(maelstrom.valid, strict.valid, model.name());
}

/// Asserts that a history that the lenient rules find invalid is not valid by the strict ones.
/// Either verdict may be unknown, if a budget runs out.
fn assert_stricter(lenient: Validity, strict: Validity, of: &str) {
    assert!(
        lenient != Validity::False || strict != Validity::True,
        "{of}: false by the lenient rules, true by the strict ones"
    );
}

/// The result as JSON and as text, or why there is none.
fn shown(result: &Result<CheckResult, UnexpectedOperation>) -> (String, String) {
    match result {
        Ok(result) => {
            let json = serde_json::to_string(result).expect("a result is JSON");
            (json, render_text(result))
        }
        Err(error) => (error.to_string(), String::new()),
    }
}
