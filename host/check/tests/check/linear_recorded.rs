//! Real Maelstrom's recorded runs of lin-kv: what Knossos found, against what we find.

use crate::recorded::{Case, cases};
use crate::script::json;
use host_check::history::{History, Process};
use host_check::linear::{Budgets, LinKv, lin_kv};
use host_check::validity::Checks;
use host_check::value::Value;

/// The verdict of each key that is not linearizable: the operation that nothing explains, the one
/// before it, and the states that were possible.
fn ours(kv: &LinKv) -> Vec<String> {
    let failures = kv.results.iter().map(|(key, result)| {
        let failure = result.linearizable.failure.as_ref().unwrap();
        let states = failure
            .configs
            .iter()
            .map(|config| config.model.to_string());
        in_words(
            key,
            failure.op.index,
            failure.previous_ok.as_ref().map(|op| op.index),
            states.collect(),
        )
    });
    failures.collect()
}

fn in_words(key: &Value, op: u64, previous_ok: Option<u64>, mut states: Vec<String>) -> String {
    states.sort();
    states.dedup();
    let previous = previous_ok.map_or("none".to_owned(), |op| op.to_string());
    format!(
        "key {key}: op {op} after op {previous}, possible {}",
        states.join(" ")
    )
}

/// The same of Knossos.
fn recorded(case: &Case) -> Vec<String> {
    let workload = case.results.get("workload").unwrap();
    let Some(Value::Map(results)) = workload.get("results") else {
        panic!("{}: no results", case.name)
    };
    let index = |op: &Value| u64::try_from(op.get("index").unwrap().as_int().unwrap()).unwrap();
    let failures = results.iter().filter_map(|(key, result)| {
        let result = result.get("linearizable").unwrap();
        let op = result.get("op")?;
        let configs = result.get("configs").unwrap().items().unwrap();
        let states = configs.iter().map(|config| {
            let Some(Value::Tagged(model)) = config.get("model") else {
                panic!("{}: no model", case.name)
            };
            model.1.get("value").unwrap().to_string()
        });
        Some(in_words(
            key,
            index(op),
            result.get("previous-ok").map(index),
            states.collect(),
        ))
    });
    failures.collect()
}

#[test]
fn every_recorded_run_is_judged_as_knossos_judged_it() {
    let mut table = String::new();
    let mut differences = Vec::new();
    let cases = cases();
    for case in cases.iter().filter(|case| case.workload == "lin-kv") {
        let workload = case.results.get("workload").unwrap();
        let theirs = recorded(case);
        for checks in [Checks::Maelstrom, Checks::Strict] {
            let kv = lin_kv(&case.history(), checks, &Budgets::default()).unwrap();
            let ours = ours(&kv);
            let same = json(&kv.valid) == json(workload.get("valid?").unwrap())
                && json(&kv.valid) == case.options["workload_valid"]
                && json(&kv.failures) == json(workload.get("failures").unwrap())
                && ours == theirs;
            let verdict = if same { "same" } else { "DIFFERENT" };
            table.push_str(&format!(
                "{:<24} {:<10} {:<6} {} {verdict}\n",
                case.name,
                format!("{checks:?}"),
                format!("{:?}", kv.valid),
                ours.join("; ")
            ));
            if !same {
                differences.push(format!("{}: {theirs:?}, ours {ours:?}", case.name));
            }
        }
    }
    println!("{table}");
    assert_eq!(differences, Vec::<String>::new(), "\n{table}");
    assert_eq!(table.lines().count(), 2 * 12);
}

/// All recorded runs as one, each with a key of its own and processes of its own.
#[test]
fn keys_are_judged_independently() {
    let cases = cases();
    let cases: Vec<&Case> = cases
        .iter()
        .filter(|case| case.workload == "lin-kv")
        .collect();
    let mut ops = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        for op in case.history().ops().iter().filter(|op| op.is_client()) {
            let value = op.value.items().unwrap().pop().unwrap();
            let Process::Client(process) = op.process else {
                continue;
            };
            let mut op = op.clone();
            op.process = Process::Client(1_000 * number as i64 + process);
            op.value = Value::from(vec![Value::from(&*case.name), value]);
            ops.push(op);
        }
    }
    ops.sort_by_key(|op| op.time_ns);
    for (index, op) in ops.iter_mut().enumerate() {
        op.index = index as u64;
    }
    let history = History::new(ops).unwrap();
    let kv = lin_kv(&history, Checks::Strict, &Budgets::default()).unwrap();
    let invalid = cases
        .iter()
        .filter(|case| case.options["workload_valid"] == false)
        .map(|case| Value::from(&*case.name));
    assert_eq!(kv.failures, invalid.collect::<Vec<_>>());
    assert_eq!(
        (kv.key_count, kv.failure_count, kv.unknown_count),
        (12, 7, 0)
    );
    let keys = kv.results.iter().map(|(key, _)| key.clone());
    assert_eq!(keys.collect::<Vec<_>>(), kv.failures);
}
