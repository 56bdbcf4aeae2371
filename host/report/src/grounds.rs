//! The operations that a verdict rests on: a page shows them beside it.

use serde::Serialize;

use super::figures::{Operation, process, value};
use host_check::evidence::{Absent, Anomaly, Evidence};
use host_check::history::{History, Kind, Op};
use host_protocol::text::excerpt;

/// The most anomalies that a page shows with their operations.
const ANOMALIES_MAX: usize = 24;

/// The most operations of what did not happen.
const FAILURES_MAX: usize = 8;

/// The longest value, in characters.
const VALUE_CHARS_MAX: usize = 300;

/// An anomaly and the operations that it rests on.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Grounds {
    name: String,
    operations: Vec<Ground>,
}

/// What an operation has to do with the anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Role {
    /// With it, the anomaly is there.
    Shows,
    /// It contradicts the one that shows the anomaly.
    Against,
    /// It did not succeed.
    Failed,
}

/// An operation: times are in nanoseconds, values are text.
#[derive(Debug, PartialEq, Serialize)]
struct Ground {
    role: Role,
    /// The index of the invocation.
    index: u64,
    completed: Option<u64>,
    process: i64,
    f: String,
    begun: i64,
    took: Option<i64>,
    end: u8,
    asked: String,
    answered: Option<String>,
}

/// What the anomalies of a run rest on, the gravest anomaly first.
pub(super) fn grounds(anomalies: &[Anomaly], history: &History) -> Vec<Grounds> {
    let shown = anomalies.iter().take(ANOMALIES_MAX);
    shown.map(|anomaly| of(anomaly, history)).collect()
}

fn of(anomaly: &Anomaly, history: &History) -> Grounds {
    let ground = |role, at| Ground::of(role, at, history);
    let operations = match &anomaly.evidence {
        Evidence::Operations(it) => {
            let against = it.against.iter().map(|at| ground(Role::Against, *at));
            let shows = ground(Role::Shows, it.shown_by);
            std::iter::once(shows).chain(against).collect()
        }
        Evidence::History => Vec::new(),
        Evidence::Absence(absent) => failures(absent, history)
            .map(|at| ground(Role::Failed, at))
            .take(FAILURES_MAX)
            .collect(),
    };
    Grounds {
        name: anomaly.name.to_string(),
        operations,
    }
}

/// The positions of the operations that are missed among those that succeeded.
fn failures<'a>(absent: &'a Absent, history: &'a History) -> impl Iterator<Item = usize> + 'a {
    let is_meant = |op: &Op| match absent {
        Absent::Successes(f) => *op.f == **f,
        Absent::Availability => true,
    };
    let is_failure = |at: usize, op: &Op| match op.kind {
        Kind::Ok => false,
        Kind::Fail | Kind::Info => true,
        Kind::Invoke => history.pairs().partner(at).is_none(),
    };
    let all = history.client_ops();
    all.filter(move |(at, op)| is_meant(op) && is_failure(*at, op))
        .map(|(at, _)| at)
}

impl Ground {
    /// Of the operation at a position of the history, be it invocation or completion.
    fn of(role: Role, at: usize, history: &History) -> Self {
        let ops = history.ops();
        let partner = history.pairs().partner(at).map(|at| &ops[at]);
        let operation = match (ops[at].kind, partner) {
            (Kind::Invoke, completed) => Operation {
                invoked: &ops[at],
                completed,
            },
            (_, invoked) => Operation {
                invoked: invoked.unwrap_or(&ops[at]),
                completed: Some(&ops[at]),
            },
        };
        let short = |op: &Op| excerpt(&value(op), VALUE_CHARS_MAX).into_owned();
        let Operation { invoked, completed } = operation;
        Ground {
            role,
            index: invoked.index,
            completed: completed.map(|op| op.index),
            process: process(invoked),
            f: invoked.f.to_string(),
            begun: invoked.time_ns,
            took: operation.latency_ns(),
            end: operation.end() as u8,
            asked: short(invoked),
            answered: completed.map(short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_check::anomalies::AnomalyName;
    use host_check::evidence::Contradiction;
    use host_check::history::read;
    use serde_json::json;

    #[test]
    fn an_anomaly_names_what_shows_it_what_it_contradicts_and_what_is_missing() {
        let history = read(
            br#"{:type :invoke, :f :generate, :value nil, :process 0, :time 0, :index 0}
{:type :invoke, :f :generate, :value nil, :process 1, :time 1, :index 1}
{:type :ok, :f :generate, :value 7, :process 0, :time 3, :index 2}
{:type :ok, :f :generate, :value 7, :process 1, :time 4, :index 3}
{:type :invoke, :f :generate, :value nil, :process 0, :time 5, :index 4}
{:type :info, :f :generate, :value nil, :process 0, :time 8, :error :net-timeout, :index 5}
{:type :invoke, :f :generate, :value nil, :process 1, :time 9, :index 6}
"#,
        )
        .unwrap();
        let anomaly = |evidence| Anomaly {
            name: AnomalyName("it".to_owned()),
            evidence,
        };
        let anomalies = [
            anomaly(Evidence::Operations(Contradiction {
                shown_by: 3,
                against: vec![2],
                keys: Vec::new(),
            })),
            anomaly(Evidence::History),
            anomaly(Evidence::Absence(Absent::Availability)),
        ];
        let found = serde_json::to_value(grounds(&anomalies, &history)).unwrap();
        let operation = |role: &str,
                         [index, process]: [u64; 2],
                         completed,
                         begun,
                         took,
                         end,
                         answered| {
            json!({"role": role, "index": index, "completed": completed, "process": process, "f": "generate", "begun": begun,
                   "took": took, "end": end, "asked": "nil", "answered": answered})
        };
        let [none, three] = [None, Some(3)];
        assert_eq!(
            found,
            json!([
                {"name": "it", "operations": [
                    operation("shows", [1, 1], Some(3), 1, three, 0, Some("7")),
                    operation("against", [0, 0], Some(2), 0, three, 0, Some("7")),
                ]},
                {"name": "it", "operations": []},
                {"name": "it", "operations": [
                    operation("failed", [4, 0], Some(5), 5, three, 2, Some("nil :net-timeout")),
                    operation("failed", [6, 1], None, 9, none, 3, None),
                ]},
            ])
        );
    }
}
