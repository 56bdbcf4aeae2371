//! Real Maelstrom's recorded results for kafka, against ours on the same histories.

use crate::recorded::{Case, cases};
use crate::script::json;
use host_check::validity::Checks;
use serde_json::{Map, Value as Json};

/// Where Jepsen's checker gave up with an error, and which errors its definitions find.
const CHECKER_THREW: [(&str, &[&str]); 2] = [
    (
        "kafka/phantom",
        &[
            "duplicate",
            "inconsistent-offsets",
            "int-poll-skip",
            "no-writer-of-value",
            "nonmonotonic-poll",
        ],
    ),
    ("kafka/tail-hidden", &["unseen"]),
];

fn kafka_cases() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| case.workload == "kafka");
    cases
}

#[test]
fn every_recorded_field_is_ours() {
    let mut table = format!(
        "{:<22} {:<9} {:<6} {:<14} error types (ours; recorded are the same unless Jepsen threw)\n",
        "case", "recorded", "ours", "fields"
    );
    let mut differences = Vec::new();
    let cases = kafka_cases();
    for case in &cases {
        let ours = json(&case.check(Checks::Maelstrom));
        let (same, found) = compare(case, &ours);
        let types = ours["workload"]["error-types"].as_array().unwrap();
        let types: Vec<&str> = types.iter().map(|it| it.as_str().unwrap()).collect();
        table.push_str(&format!(
            "{:<22} {:<9} {:<6} {:<14} {}\n",
            case.name.trim_start_matches("kafka/"),
            case.options["valid"].to_string().replace('"', ""),
            ours["valid?"].to_string(),
            format!("{same} of {} same", same + found.len()),
            types.join(" ")
        ));
        differences.extend(found);
    }
    println!("{table}");
    assert_eq!(differences, Vec::<String>::new(), "\n{table}");
    assert_eq!(cases.len(), 15);
}

/// How many fields of the two results are equal, and each that is not. Errors are compared to the
/// last operation.
fn compare(case: &Case, ours: &Json) -> (usize, Vec<String>) {
    let (recorded, ours) = (fields(&json(&case.results)), fields(ours));
    let threw = CHECKER_THREW.iter().find(|(name, _)| *name == case.name);
    if let Some((_, definite)) = threw {
        let verdicts =
            |of: &Map<String, Json>| [of["valid?"].clone(), of["workload valid?"].clone()];
        let unknown = Json::from("unknown");
        assert_eq!(verdicts(&recorded), [unknown.clone(), unknown]);
        assert_eq!(verdicts(&ours), [Json::from(false), Json::from(false)]);
        assert_eq!(ours["workload error-types"], Json::from(definite.to_vec()));
    }
    let mut same = 0;
    let mut differences = Vec::new();
    let keys: std::collections::BTreeSet<&String> = recorded.keys().chain(ours.keys()).collect();
    for key in keys {
        if threw.is_some() && (key == "valid?" || key.starts_with("workload")) {
            continue;
        }
        if recorded.get(key) == ours.get(key) {
            same += 1;
        } else {
            differences.push(format!(
                "{} {key}:\n  {:?}\n  {:?}",
                case.name,
                recorded.get(key),
                ours.get(key)
            ));
        }
    }
    (same, differences)
}

/// The fields of a result, those of the workload and of its kinds of errors one by one.
fn fields(result: &Json) -> Map<String, Json> {
    let mut fields = Map::new();
    for (key, value) in result.as_object().unwrap() {
        match key.as_str() {
            "perf" | "timeline" => {}
            "workload" => {
                for (key, value) in value.as_object().unwrap() {
                    let Some(errs) = value.get("errs") else {
                        fields.insert(format!("workload {key}"), value.clone());
                        continue;
                    };
                    let count = value["count"].clone();
                    fields.insert(format!("workload {key} count"), count);
                    fields.insert(format!("workload {key} errs"), errs.clone());
                }
            }
            _ => {
                fields.insert(key.clone(), value.clone());
            }
        }
    }
    fields
}

#[test]
fn the_message_that_made_jepsen_throw_is_among_those_nobody_sent() {
    let case = Case::named("kafka/phantom");
    let thrown = case.results.get("workload").and_then(|it| it.get("error"));
    let thrown = json(thrown.and_then(|it| it.get("data")).unwrap());
    assert_eq!(thrown["type"], "no-writer-of-value");
    let ours = json(&case.check(Checks::Maelstrom));
    let errs = ours["workload"]["no-writer-of-value"]["errs"]
        .as_array()
        .unwrap();
    let is_thrown =
        |err: &&Json| (&err["key"], &err["value"]) == (&thrown["key"], &thrown["value"]);
    assert_eq!(errs.iter().filter(is_thrown).count(), 1);
}

/// What strict checking adds to each recorded run: nothing to those that are right. In the history
/// of commit-ahead nothing is wrong: every process began polling at the beginning of the log or
/// near it, so that the committed offsets were too high has had no effect.
const STRICTLY: [(&str, &[(&str, u64)]); 6] = [
    (
        "int-nonmono",
        &[("skipped-after-pause", 2), ("started-too-late", 4)],
    ),
    (
        "lost-write",
        &[
            ("never-caught-up", 4),
            ("skipped-after-pause", 3),
            ("started-too-late", 5),
        ],
    ),
    (
        "nonmono-send",
        &[("skipped-after-pause", 1), ("went-back-after-pause", 1)],
    ),
    ("phantom", &[("went-back-after-pause", 33)]),
    (
        "shifted-offsets",
        &[("skipped-after-pause", 1), ("started-too-late", 3)],
    ),
    ("tail-hidden", &[("never-caught-up", 4)]),
];

#[test]
fn strict_checking_judges_the_recorded_runs_alike() {
    for case in kafka_cases() {
        let (maelstrom, strict) = (case.check(Checks::Maelstrom), case.check(Checks::Strict));
        assert_eq!(strict.valid, maelstrom.valid, "{}", case.name);
        let counts = json(&strict)["workload"]["maelstrom-missed-counts"].clone();
        let name = case.name.trim_start_matches("kafka/");
        let expected = STRICTLY.iter().find(|(of, _)| *of == name);
        let expected: Option<Map<String, Json>> = expected.map(|(_, counts)| {
            let counts = counts.iter();
            counts
                .map(|&(what, count)| (what.to_owned(), count.into()))
                .collect()
        });
        assert_eq!(counts, expected.map_or(Json::Null, Json::Object), "{name}");
    }
}
