//! The checkers: any history has a verdict or is refused, and verdicts agree with each other.

use crate::check::history::{self, History, read_edn, write_edn};
use crate::check::linear::{Budgets, ModelName, check_model};
use crate::check::misfit::Misfit;
use crate::check::text::{render_linearizable, render_text};
use crate::check::txn::model::Model;
use crate::check::validity::{Checks, Validity};
use crate::check::workload::{CheckResult, Options, Workload, check_within};

/// Enough for what a few kilobytes can hold; the rest is unknown.
const BUDGETS: Budgets = Budgets {
    steps: 10_000,
    configs: 1 << 10,
    time: None,
};

/// A history in either notation, judged as one of each workload and as one of each object.
///
/// # Panics
/// If a checker does; if a history is judged otherwise once it has been written and read again;
/// if what is wrong by Maelstrom's rules is strictly right; or if transactions break a weak
/// model and keep a stronger one.
pub fn judge(text: &[u8]) {
    let Ok(history) = history::read(text) else {
        return;
    };
    let written = write_edn(&history);
    let again = read_edn(written.as_bytes());
    let again = again.unwrap_or_else(|error| panic!("{error}:\n{written}"));
    for workload in Workload::ALL {
        judge_workload(&history, &again, workload);
    }
    for model in ModelName::ALL {
        judge_object(&history, model);
    }
}

fn judge_workload(history: &History, again: &History, workload: Workload) {
    let judged = |history: &History, checks, model| {
        let options = Options {
            checks,
            consistency_models: vec![model],
            ..Options::default()
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
    assert_stricter(maelstrom.valid, strict.valid, workload.name());
    if let Workload::TxnListAppend | Workload::TxnRwRegister = workload {
        let weak = judged(history, Checks::Strict, Model::ReadCommitted);
        let weak = weak.expect("what can be judged does not depend on the models");
        assert_stricter(weak.valid, strict.valid, workload.name());
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

/// What fails the lenient rules passes no stricter ones. A budget may run out under either.
fn assert_stricter(lenient: Validity, strict: Validity, of: &str) {
    assert!(
        lenient != Validity::False || strict != Validity::True,
        "{of}: false by the lenient rules, true by the strict ones"
    );
}

/// A result in both its forms, or why there is none.
fn shown(result: &Result<CheckResult, Misfit>) -> (String, String) {
    match result {
        Ok(result) => {
            let json = serde_json::to_string(result).expect("a result is JSON");
            (json, render_text(result))
        }
        Err(misfit) => (misfit.to_string(), String::new()),
    }
}
