//! Histories of transactions written by hand: each transaction a text such as `ok [[:r 1 nil]]`,
//! with what became of it and what it did.

use host_check::edn;
use host_check::history::{History, Kind, Op, Process};
use host_check::txn::model::Model;
use host_check::txn::{Transactions, list_append, rw_register};
use host_check::validity::{Checks, Validity};
use host_check::value::Value;

/// All at the same time, each by a process of its own.
pub(crate) fn concurrent(txns: &[&str]) -> History {
    rounds(&[txns])
}

/// One after the other, each by a process of its own.
pub(crate) fn sequential(txns: &[&str]) -> History {
    let rounds: Vec<Vec<&str>> = (0..txns.len())
        .map(|at| {
            let mut round = vec![""; at];
            round.push(txns[at]);
            round
        })
        .collect();
    self::rounds(&rounds.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Round by round: the transactions of a round are concurrent, and the `n`th of each is by process
/// `n`.
pub(crate) fn rounds(rounds: &[&[&str]]) -> History {
    let mut ops: Vec<Op> = Vec::new();
    let mut push = |process: usize, kind: Kind, value: Value| {
        ops.push(Op {
            index: ops.len() as u64,
            time_ns: ops.len() as i64 * 1_000_000_000,
            kind,
            process: Process::Client(process as i64),
            f: "txn".into(),
            value,
            error: None,
            extra: Vec::new(),
        });
    };
    for round in rounds {
        let txns: Vec<(usize, Kind, Value)> = round
            .iter()
            .enumerate()
            .filter(|(_, txn)| !txn.is_empty())
            .map(|(process, txn)| {
                let (kind, value) = txn.split_once(' ').unwrap();
                let kind = kind.parse::<Kind>().unwrap();
                (process, kind, edn::read(value.as_bytes()).unwrap())
            })
            .collect();
        for (process, _, value) in &txns {
            push(*process, Kind::Invoke, asked(value));
        }
        for (process, kind, value) in txns {
            let value = if kind == Kind::Ok {
                value
            } else {
                asked(&value)
            };
            push(process, kind, value);
        }
    }
    History::new(ops).unwrap()
}

/// Each with the instants of its invocation and its completion, by a process of its own. At one
/// instant, completions come first.
pub(crate) fn spanning(txns: &[(i64, i64, &str)]) -> History {
    let mut events: Vec<(i64, bool, usize)> = Vec::new();
    for (at, &(begin, end, _)) in txns.iter().enumerate() {
        events.extend([(begin, true, at), (end, false, at)]);
    }
    events.sort_unstable();
    let ops = events
        .iter()
        .enumerate()
        .map(|(index, &(time_ns, begins, at))| {
            let value = edn::read(txns[at].2.as_bytes()).unwrap();
            let (kind, value) = if begins {
                (Kind::Invoke, asked(&value))
            } else {
                (Kind::Ok, value)
            };
            Op {
                index: index as u64,
                time_ns,
                kind,
                process: Process::Client(at as i64),
                f: "txn".into(),
                value,
                error: None,
                extra: Vec::new(),
            }
        });
    History::new(ops.collect()).unwrap()
}

/// The transaction before it has read anything.
fn asked(txn: &Value) -> Value {
    let mops = txn.items().unwrap().into_iter().map(|mop| {
        let mut parts = mop.items().unwrap();
        if parts[0].as_name() == Some("r") {
            parts[2] = Value::Nil;
        }
        Value::from(parts)
    });
    Value::from(mops.collect::<Vec<_>>())
}

/// A verdict as a text: `ok`, or the anomalies under the model.
pub(crate) fn verdict(result: &Transactions) -> String {
    let names: Vec<String> = result.anomaly_types.iter().map(|it| it.name()).collect();
    match result.valid {
        Validity::True => "ok".to_owned(),
        Validity::False => {
            let wrong = names
                .into_iter()
                .filter(|name| name != "empty-transaction-graph");
            wrong.collect::<Vec<_>>().join(" ")
        }
        Validity::Unknown => format!("unknown: {}", names.join(" ")),
    }
}

/// Strict verdicts on lists.
pub(crate) fn lists(history: &History, model: &str) -> String {
    let model: Model = model.parse().unwrap();
    verdict(&list_append(history, &[model], Checks::Strict).unwrap())
}

/// Strict verdicts on registers.
pub(crate) fn registers(history: &History, model: &str) -> String {
    let model: Model = model.parse().unwrap();
    verdict(&rw_register(history, &[model], Checks::Strict).unwrap())
}

/// Verdicts on registers by Maelstrom's rules.
pub(crate) fn maelstroms_registers(history: &History, model: &str) -> String {
    let model: Model = model.parse().unwrap();
    verdict(&rw_register(history, &[model], Checks::Maelstrom).unwrap())
}

/// Verdicts on lists by Maelstrom's rules.
pub(crate) fn maelstroms_lists(history: &History, model: &str) -> String {
    let model: Model = model.parse().unwrap();
    verdict(&list_append(history, &[model], Checks::Maelstrom).unwrap())
}
