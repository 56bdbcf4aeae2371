//! Real Maelstrom's verdicts on recorded histories, under seven models each, against ours.

use std::collections::BTreeSet;

use crate::recorded::{Case, cases};
use crate::script::json;
use host_check::history::History;
use host_check::txn::anomaly::Anomaly;
use host_check::txn::model::Model;
use host_check::txn::{Transactions, list_append, rw_register};
use host_check::validity::{Checks, Validity};
use host_check::value::Value;
use serde_json::Value as Json;

/// Where the recorded verdict is unknown since Elle ran out of time or gave up with an error: ours
/// is definite.
///
/// - Nobody wrote what the reads of `garbage` show.
/// - Of `lost-write` under read-uncommitted, Elle's search timed out; a G0 is the only cycle that
///   this model forbids, and the ww edges have no cycle.
const ONLY_OURS_IS_DEFINITE: [(&str, &str, Validity); 2] = [
    (
        "txn-list-append/garbage",
        "strict-serializable",
        Validity::False,
    ),
    (
        "txn-list-append/lost-write",
        "read-uncommitted",
        Validity::True,
    ),
];

/// Anomalies that we report and Elle does not, on histories of which it reports others; the reasons
/// as Elle's source has them.
///
/// - Of `lost-update` it reports the same G-single-item under serializable, and dependencies do not
///   depend on the model: with real-time edges its walk comes upon another cycle first, whose edges
///   it then explains otherwise, and it looks no further.
/// - Of `lost-write` it knows that a G0-realtime exists (`strong-PL-1-cycle-exists`), and its search
///   timed out before it had one.
const ONLY_OURS: [(&str, &str, &str); 2] = [
    (
        "txn-list-append/lost-update",
        "strict-serializable",
        "G-single-item",
    ),
    (
        "txn-list-append/lost-write",
        "strict-serializable",
        "G0-realtime",
    ),
];

/// Anomalies that Elle reports and we do not, since a worse one that we report implies them. Elle
/// leaves out what is implied as well, but not where its search for the worse one timed out (it
/// then reports any cycle) or came upon a cycle that it explained otherwise.
const IMPLIED: [(&str, &str, &[&str]); 10] = [
    (
        "txn-list-append/g1b",
        "strict-serializable",
        &["G-nonadjacent-item-realtime", "G-single-item-realtime"],
    ),
    (
        "txn-list-append/g1b",
        "strong-session-serializable",
        &["G-nonadjacent-item-process"],
    ),
    (
        "txn-list-append/lost-update",
        "strict-serializable",
        &["G-nonadjacent-item", "G-single-item-realtime"],
    ),
    (
        "txn-list-append/lost-update",
        "strong-session-serializable",
        &["G-nonadjacent-item"],
    ),
    (
        "txn-list-append/lost-write",
        "strict-serializable",
        &[
            "G-nonadjacent-item-realtime",
            "G1c-realtime",
            "strong-PL-1-cycle-exists",
        ],
    ),
    (
        "txn-list-append/lost-write",
        "strong-session-serializable",
        &["G-nonadjacent-item-process", "G1c-process"],
    ),
    (
        "txn-list-append/no-isolation",
        "strict-serializable",
        &["G-nonadjacent-item-realtime", "G-single-item-realtime"],
    ),
    (
        "txn-list-append/stale-read-only",
        "strict-serializable",
        &["G-nonadjacent-item-realtime"],
    ),
    (
        "txn-rw-register/local",
        "strict-serializable",
        &["G2-item-realtime"],
    ),
    (
        "txn-rw-register/lww-partition",
        "strict-serializable",
        &["G-nonadjacent-item-realtime"],
    ),
];

/// The seven models under which the histories were judged.
const MODELS: [&str; 7] = [
    "read-uncommitted",
    "read-committed",
    "repeatable-read",
    "snapshot-isolation",
    "serializable",
    "strong-session-serializable",
    "strict-serializable",
];

fn judge(case: &Case, history: &History, model: &str, checks: Checks) -> Transactions {
    let models: [Model; 1] = [model.parse().unwrap()];
    match case.workload.as_str() {
        "txn-list-append" => list_append(history, &models, checks).unwrap(),
        _ => rw_register(history, &models, checks).unwrap(),
    }
}

/// A recorded verdict, or ours in the same form.
#[derive(Debug, PartialEq)]
struct Verdict {
    valid: Validity,
    anomalies: BTreeSet<String>,
    not: BTreeSet<String>,
    also_not: BTreeSet<String>,
}

impl Verdict {
    fn recorded(verdict: &Json) -> Self {
        let names = |key: &str| -> BTreeSet<String> {
            let names = verdict[key].as_array().into_iter().flatten();
            names
                .map(|name| name.as_str().unwrap().to_owned())
                .collect()
        };
        let mut anomalies = names("anomalies");
        anomalies.remove("cycle-search-timeout");
        Self {
            valid: match &verdict["valid"] {
                Json::Bool(valid) => Validity::from(*valid),
                _ => Validity::Unknown,
            },
            anomalies,
            not: names("not"),
            also_not: names("also_not"),
        }
    }

    fn ours(result: &Transactions) -> Self {
        let names = |models: &[Model]| {
            models
                .iter()
                .map(|model| model.result_name().to_owned())
                .collect()
        };
        Self {
            valid: result.valid,
            anomalies: result.anomaly_types.iter().map(|it| it.name()).collect(),
            not: names(&result.not),
            also_not: names(&result.also_not),
        }
    }
}

/// Whether what we report implies an anomaly of this name.
fn is_implied(name: &str, ours: &Transactions) -> bool {
    let mut implied = ours
        .anomaly_types
        .iter()
        .flat_map(|anomaly| anomaly.closure());
    let mut broken = ours.not.iter().chain(&ours.also_not);
    implied.any(|anomaly| anomaly.name() == name)
        || broken.any(|&model| Anomaly::CycleExists(model).name() == name)
}

/// How our verdict compares, or what is wrong with it.
fn compared(case: &Case, history: &History, model: &str) -> Result<&'static str, String> {
    let ours = judge(case, history, model, Checks::Maelstrom);
    let found = Verdict::ours(&ours);
    let of = |it: &(&str, &str)| *it == (&*case.name, model);
    if let Some(&(.., valid)) = ONLY_OURS_IS_DEFINITE.iter().find(|it| of(&(it.0, it.1))) {
        return (found.valid == valid)
            .then_some("definite, recorded as unknown")
            .ok_or(format!("{found:?}"));
    }
    let mut recorded = Verdict::recorded(&case.options["models"][model]);
    let mut comment = "same";
    if let Some((.., names)) = IMPLIED.iter().find(|it| of(&(it.0, it.1))) {
        comment = "same, but for what is implied";
        for &name in *names {
            if !is_implied(name, &ours) || !recorded.anomalies.remove(name) {
                return Err(format!("{name} is not implied by {found:?}"));
            }
        }
    }
    for (.., name) in ONLY_OURS.iter().filter(|it| of(&(it.0, it.1))) {
        comment = "same, and one that Elle missed";
        recorded.anomalies.insert((*name).to_owned());
    }
    (found == recorded)
        .then_some(comment)
        .ok_or(format!("ours {found:?}\nrecorded {recorded:?}"))
}

#[test]
fn every_recorded_verdict_is_ours_under_every_model() {
    let mut table = String::new();
    let mut wrongs = Vec::new();
    for case in cases().iter().filter(|case| case.is_of_transactions()) {
        let history = case.history();
        for model in MODELS {
            if case.options["models"].is_null() && model != "strict-serializable" {
                continue;
            }
            let comment = compared(case, &history, model).unwrap_or_else(|wrong| {
                wrongs.push(format!("{} {model}: {wrong}", case.name));
                "DIFFERENT"
            });
            table.push_str(&format!("{:<32} {model:<28} {comment}\n", case.name));
        }
    }
    println!("{table}");
    assert_eq!(wrongs, Vec::<String>::new(), "\n{table}");
    assert_eq!(table.lines().count(), 25 * 7 + 1);
}

#[test]
fn the_rest_of_the_recorded_results_is_ours() {
    // Of one run no result was recorded.
    let recorded = cases()
        .into_iter()
        .filter(|case| case.results != Value::Nil);
    for case in recorded.filter(Case::is_of_transactions) {
        let (theirs, ours) = (json(&case.results), json(&case.check(Checks::Maelstrom)));
        if case.name == "txn-list-append/garbage" {
            // Elle's error took the whole result with it.
            assert_eq!(
                (&theirs["valid?"], &ours["valid?"]),
                (&"unknown".into(), &false.into())
            );
            continue;
        }
        for key in ["stats", "availability", "exceptions", "net"] {
            assert_eq!(ours[key], theirs[key], "{} {key}", case.name);
        }
        assert_eq!(ours["valid?"], theirs["valid?"], "{}", case.name);
        let verdict = |result: &Json| result["workload"]["valid?"].clone();
        assert_eq!(verdict(&ours), verdict(&theirs), "{}", case.name);
    }
}

/// Runs that Maelstrom judged too kindly under some models.
const TOO_KIND: [(&str, &str, &str); 3] = [
    (
        "txn-rw-register/garbage",
        "read-uncommitted",
        "unwritten-read",
    ),
    (
        "txn-rw-register/garbage",
        "read-committed",
        "unwritten-read",
    ),
    (
        "txn-rw-register/garbage",
        "repeatable-read",
        "unwritten-read",
    ),
];

#[test]
fn strict_checking_finds_what_maelstrom_let_pass_and_nothing_else() {
    let mut found = Vec::new();
    for case in cases().iter().filter(|case| case.is_of_transactions()) {
        let history = case.history();
        for model in MODELS {
            let strict = judge(case, &history, model, Checks::Strict);
            let maelstrom = judge(case, &history, model, Checks::Maelstrom);
            if strict.valid != maelstrom.valid {
                let missed: Vec<String> = strict.missed.iter().map(|it| it.name()).collect();
                found.push((case.name.clone(), model, missed.join(" ")));
            }
        }
    }
    let found: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|(case, model, missed)| (&**case, *model, &**missed))
        .collect();
    assert_eq!(found, TOO_KIND);
}

#[test]
fn every_reported_cycle_is_explained() {
    for case in cases().iter().filter(|case| case.is_of_transactions()) {
        let history = case.history();
        for checks in [Checks::Strict, Checks::Maelstrom] {
            let result = judge(case, &history, "strict-serializable", checks);
            for (name, cases) in &result.anomalies {
                for cycle in cases.iter().filter(|it| !it.steps.is_empty()) {
                    assert_eq!(cycle.steps.len(), cycle.txns.len());
                    for step in &cycle.steps {
                        let is_data = ["ww", "wr", "rw"].contains(&step.kind);
                        assert_eq!(step.key.is_some(), is_data, "{} {name}", case.name);
                    }
                }
            }
        }
    }
}
