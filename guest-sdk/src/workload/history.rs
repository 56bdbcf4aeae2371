//! The history of a run, and what is wrong with it.

use std::collections::HashMap;
use std::ops::Deref;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Workload;
use host_protocol::data;
use host_protocol::workload::{Checked, Problem};

/// An operation of a history, from its invocation to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<Operation, Outcome> {
    /// The index of its invocation.
    pub index: u64,
    /// The process that invoked it.
    pub process: i64,
    /// The worker that the process was.
    pub worker: usize,
    /// When it was invoked, since the beginning of the run.
    pub invoked: Duration,
    /// When it ended, if it did.
    pub completed: Option<Duration>,
    /// What it is.
    pub operation: Operation,
    /// How it ended.
    pub end: End<Outcome>,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<Outcome> {
    /// It took place, and completed with this.
    Ok(Outcome),
    /// It did not take place.
    Failed,
    /// Nobody knows whether it took place.
    Unknown,
}

impl<Operation, Outcome> Record<Operation, Outcome> {
    /// What it completed with, if it succeeded.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.end {
            End::Ok(outcome) => Some(outcome),
            End::Failed | End::Unknown => None,
        }
    }

    /// Whether it may have taken place.
    pub fn may_count(&self) -> bool {
        !matches!(self.end, End::Failed)
    }
}

/// The whole history of a run, which is to be judged. It is the list of its operations.
pub struct History<W: Workload> {
    /// The operations, in the order in which they were invoked.
    pub records: Vec<Record<W::Operation, W::Outcome>>,
    /// What the nemesis did: for promises that hold only without some faults.
    pub faults: Vec<Fault>,
    /// The options of the run; of a history from elsewhere those that `host check` was given.
    pub options: W::Options,
    /// How many nodes there were; none if that is not known, of a history from elsewhere.
    pub nodes: Option<usize>,
}

impl<W: Workload> Deref for History<W> {
    type Target = [Record<W::Operation, W::Outcome>];

    fn deref(&self) -> &Self::Target {
        &self.records
    }
}

/// One of these operations, without faults and with the default options, for tests.
impl<W: Workload> From<Vec<Record<W::Operation, W::Outcome>>> for History<W> {
    fn from(records: Vec<Record<W::Operation, W::Outcome>>) -> Self {
        History {
            records,
            faults: Vec::new(),
            options: W::Options::default(),
            nodes: None,
        }
    }
}

/// What the nemesis has done: a fault has begun, or has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The index of the operation that says so.
    pub index: u64,
    /// When, since the beginning of the run.
    pub at: Duration,
    /// The operation: `kill` and `start`, `start-partition` and `stop-partition`. The tables of faults in
    /// `docs/simulator.md` have all.
    pub f: String,
    /// What was done: `{"n1": "killed"}` for what befalls nodes, `["isolated", {"n1": ["n2"]}]` for links.
    pub value: Value,
}

impl Fault {
    /// The names of the nodes that it has befallen, or that it lets go; none if it is one of links.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        let nodes = self.value.as_object().into_iter();
        nodes.flat_map(|nodes| nodes.keys().map(String::as_str))
    }
}

/// What a check finds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings(pub(super) Checked);

impl Findings {
    /// Adds something that is wrong: its name, a few words joined by hyphens; a sentence that says what happened;
    /// and the indices of the operations that show it.
    pub fn problem(&mut self, name: &str, text: impl Into<String>, ops: &[u64]) {
        self.0.problems.push(Problem {
            name: name.to_owned(),
            text: text.into(),
            ops: ops.to_vec(),
        });
    }

    /// Adds a figure of the run.
    pub fn figure(&mut self, name: &str, value: f64) {
        self.0.figures.insert(name.to_owned(), value);
    }

    /// Says why it is not known whether the history is right.
    pub fn unknown(&mut self, why: impl Into<String>) {
        self.0.unknown = Some(why.into());
    }

    /// The names of what is wrong.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let problems = self.0.problems.iter();
        problems.map(|problem| problem.name.as_str()).collect()
    }
}

/// An operation as the history has it: its invocation or its completion.
#[derive(Deserialize)]
struct Op<'a> {
    #[serde(default)]
    index: u64,
    #[serde(default)]
    time: u64,
    #[serde(rename = "type")]
    kind: String,
    process: Value,
    f: String,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

/// A history: the operations of clients, and what the nemesis has done.
pub(super) type Records<Operation, Outcome> = (Vec<Record<Operation, Outcome>>, Vec<Fault>);

/// Reads a history: pairs invocations with completions.
///
/// # Panics
/// If it is none of this workload: the host has checked that.
pub(super) fn records<Operation, Outcome>(json: &str, workers: usize) -> Records<Operation, Outcome>
where
    Operation: DeserializeOwned,
    Outcome: DeserializeOwned,
{
    let ops: Vec<Op<'_>> =
        data::from_str(json).unwrap_or_else(|why| panic!("this is no history: {why}"));
    let workers = i64::try_from(workers.max(1)).unwrap_or(i64::MAX);
    let mut records: Vec<Record<Operation, Outcome>> = Vec::new();
    let mut faults = Vec::new();
    let mut open: HashMap<i64, usize> = HashMap::new();
    let mut asked: Option<String> = None;
    for op in ops {
        let value = op.value.map_or("null", RawValue::get);
        let Some(process) = op.process.as_i64() else {
            // The nemesis has two operations for each thing it does: what it is asked for, and what it did.
            asked = match asked {
                Some(f) if f == op.f => {
                    faults.push(Fault {
                        index: op.index,
                        at: Duration::from_nanos(op.time),
                        f,
                        value: read(value),
                    });
                    None
                }
                _ => Some(op.f),
            };
            continue;
        };
        if op.kind == "invoke" {
            open.insert(process, records.len());
            records.push(Record {
                index: op.index,
                process,
                worker: usize::try_from(process.rem_euclid(workers)).unwrap_or(0),
                invoked: Duration::from_nanos(op.time),
                completed: None,
                operation: operation(&op.f, value),
                end: End::Unknown,
            });
        } else if let Some(at) = open.remove(&process) {
            let record = &mut records[at];
            record.completed = Some(Duration::from_nanos(op.time));
            record.end = match op.kind.as_str() {
                "ok" => End::Ok(read(value)),
                "fail" => End::Failed,
                _ => End::Unknown,
            };
        }
    }
    (records, faults)
}

/// The operation with this function and this argument.
fn operation<Operation: DeserializeOwned>(f: &str, value: &str) -> Operation {
    read(&format!("{{\"f\":{},\"value\":{value}}}", Value::from(f)))
}

/// Reads what the host sent.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a str) -> T {
    data::from_str(json).unwrap_or_else(|why| panic!("{json} is none of this workload: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_nemesis_did_stands_beside_the_operations() {
        let history = json!([
            {"index": 0, "time": 5, "type": "info", "process": "nemesis", "f": "kill", "value": "one"},
            {"index": 1, "time": 5, "type": "info", "process": "nemesis", "f": "kill", "value": {"n1": "killed"}},
            {"index": 2, "time": 6, "type": "invoke", "process": 4, "f": "read", "value": null},
            {"index": 3, "time": 7, "type": "info", "process": "nemesis", "f": "start-loss", "value": null},
            {"index": 4, "time": 8, "type": "ok", "process": 4, "f": "read", "value": 3},
            {"index": 5, "time": 9, "type": "info", "process": "nemesis", "f": "start-loss", "value": ["lost-permille", 50]},
            {"index": 6, "time": 9, "type": "info", "process": "nemesis", "f": "start", "value": "all"},
        ]);
        let (records, faults) = records::<Value, Value>(&history.to_string(), 3);
        let read = Record {
            index: 2,
            process: 4,
            worker: 1,
            invoked: Duration::from_nanos(6),
            completed: Some(Duration::from_nanos(8)),
            operation: json!({"f": "read", "value": null}),
            end: End::Ok(json!(3)),
        };
        assert_eq!(records, [read]);
        let fault = |index, at, f: &str, value| Fault {
            index,
            at: Duration::from_nanos(at),
            f: f.to_owned(),
            value,
        };
        let expected = [
            fault(1, 5, "kill", json!({"n1": "killed"})),
            fault(5, 9, "start-loss", json!(["lost-permille", 50])),
        ];
        assert_eq!(faults, expected);
        let nodes = |fault: &Fault| fault.nodes().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            faults.iter().map(nodes).collect::<Vec<_>>(),
            [vec!["n1".to_owned()], vec![]]
        );
    }
}
