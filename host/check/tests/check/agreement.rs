//! Real Maelstrom's recorded results, against ours on the same histories.

use crate::recorded::{Case, cases};
use crate::script::json;
use host_check::validity::{Checks, Validity};
use serde_json::{Map, Value as Json};

/// Where Jepsen's checker gave up with an error, and the definition decides: ids that are equal
/// maps are duplicates.
const CHECKER_THREW: [&str; 1] = ["unique-ids/dup-map"];

/// What our results have and Maelstrom's do not.
const OURS_ALONE: [&str; 1] = ["visible-latencies"];

#[test]
fn every_recorded_figure_is_ours() {
    let mut table = String::new();
    let mut differences = Vec::new();
    for case in cases().iter().filter(|case| is_compared(case)) {
        let ours = case.check(Checks::Maelstrom);
        let found = differences_of(case, &json(&ours));
        let verdict = if CHECKER_THREW.contains(&case.name.as_str()) {
            "definite (Jepsen's checker threw)"
        } else {
            "same"
        };
        let recorded = case.options["valid"].to_string();
        let line = if found.is_empty() {
            verdict
        } else {
            "DIFFERENT"
        };
        table.push_str(&format!(
            "{:<36} recorded {recorded:<10} ours {:<8} {line}\n",
            case.name,
            format!("{:?}", ours.valid)
        ));
        differences.extend(found);
    }
    println!("{table}");
    assert_eq!(differences, Vec::<String>::new(), "\n{table}");
    assert_eq!(table.lines().count(), 56);
}

/// Kafka's results have lists of examples and are compared in `kafka::agreement`, those of
/// transactions, under seven models, in `transactions::recorded`.
fn is_compared(case: &Case) -> bool {
    case.is_judged() && !case.is_of_transactions() && case.workload != "kafka"
}

/// Each field of the recorded result that ours does not have or has otherwise, and each of ours
/// that is not there.
fn differences_of(case: &Case, ours: &Json) -> Vec<String> {
    let mut recorded = json(&case.results);
    let recorded = recorded.as_object_mut().unwrap();
    recorded.remove("perf");
    recorded.remove("timeline");
    let mut ours = ours.as_object().unwrap().clone();
    let workload = ours["workload"].as_object_mut().unwrap();
    for ours_alone in OURS_ALONE {
        workload.remove(ours_alone);
    }
    if case.workload == "lin-kv" {
        // What Knossos tells of a key has another shape: the module linear_recorded compares it.
        for workload in [workload, recorded["workload"].as_object_mut().unwrap()] {
            workload.retain(|field, _| field == "valid?" || field == "failures");
        }
    }
    if CHECKER_THREW.contains(&case.name.as_str()) {
        assert_eq!(
            (&recorded["valid?"], &recorded["workload"]["valid?"]),
            (&"unknown".into(), &"unknown".into())
        );
        assert_eq!(
            (&ours["valid?"], &ours["workload"]["valid?"]),
            (&false.into(), &false.into())
        );
        for judged in ["valid?", "workload"] {
            recorded.remove(judged);
            ours.remove(judged);
        }
    } else if case.workload == "echo" {
        // Jepsen lists the errors in the order of a hash map.
        sort_errors(recorded);
        sort_errors(&mut ours);
    }
    let keys = recorded
        .keys()
        .chain(ours.keys())
        .collect::<std::collections::BTreeSet<_>>();
    let differs = keys
        .into_iter()
        .filter(|key| recorded.get(*key) != ours.get(*key));
    differs
        .map(|key| {
            format!(
                "{} {key}:\n  {:?}\n  {:?}",
                case.name,
                recorded.get(key),
                ours.get(key)
            )
        })
        .collect()
}

fn sort_errors(result: &mut Map<String, Json>) {
    result["workload"]["errors"]
        .as_array_mut()
        .unwrap()
        .sort_by_key(ToString::to_string);
}

/// Runs that Maelstrom judged too kindly, and what strict checking says of each.
const TOO_KIND: [(&str, &str); 8] = [
    ("broadcast/amnesia", "op 244 final-read-lacks 30"),
    ("broadcast/deaf-node-2", "op 206 final-read-lacks 32"),
    ("broadcast/deaf-node-2b", "op 191 final-read-lacks 29"),
    ("broadcast/phantom", "op 3 never-added 1"),
    ("broadcast/reads-dup", "op 3 duplicates 1"),
    ("echo/missing-key", "op 11 malformed-reply 0"),
    ("g-set/amnesia", "op 247 final-read-lacks 36"),
    ("pn-counter/error-applied", "op 381 refused-yet-counted 1"),
];

#[test]
fn strict_checking_finds_what_maelstrom_let_pass_and_nothing_else() {
    let mut wrongs = Vec::new();
    for case in cases().iter().filter(|case| is_compared(case)) {
        let strict = case.check(Checks::Strict);
        let maelstrom = case.check(Checks::Maelstrom);
        let expected = TOO_KIND
            .iter()
            .find(|(name, _)| *name == case.name)
            .map(|(_, complaint)| *complaint);
        let complaint = first_complaint(&json(&strict));
        match expected {
            Some(expected)
                if (maelstrom.valid, strict.valid, complaint.as_deref())
                    == (Validity::True, Validity::False, Some(expected)) => {}
            None if strict.valid == maelstrom.valid => {}
            _ => wrongs.push(format!(
                "{}: {:?} is now {:?}, {complaint:?}",
                case.name, maelstrom.valid, strict.valid
            )),
        }
    }
    assert_eq!(wrongs, Vec::<String>::new());
}

/// The first thing a result says Maelstrom missed.
fn first_complaint(result: &Json) -> Option<String> {
    let first = ["workload", "exceptions"]
        .into_iter()
        .find_map(|part| result[part]["maelstrom-missed"].get(0))?;
    Some(format!(
        "op {} {} {}",
        first["op"],
        first["what"].as_str()?,
        first["count"]
    ))
}
