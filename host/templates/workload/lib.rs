//! A counter that clients add to and read.

use guest_sdk::workload::prelude::*;

#[cfg(test)]
mod tests;

/// What clients do: a function, and its argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
pub enum Operation {
    Add(i64),
    Read,
}

/// The bodies of their requests: `{"type":"add","delta":3}`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Add { delta: i64 },
    Read {},
}

/// The options, with their defaults: `--option largest=100`.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    largest: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { largest: 5 }
    }
}

/// The clients of a run.
#[derive(Serialize, Deserialize)]
pub struct Counter {
    largest: u64,
}

impl Workload for Counter {
    const NAME: &'static str = "{{name}}";
    const ABOUT: &'static str = "A counter that clients add to and read.";
    const OPERATIONS: &'static [OperationKind] = &[changes("add"), reads("read")];
    const MESSAGES: &'static [&'static str] = &[
        "add {delta: integer} -> add_ok {}",
        "read {} -> read_ok {value: integer}",
    ];
    const HELP: &'static [(&'static str, &'static str)] =
        &[("largest", "The most that is added at once")];

    type Options = Options;
    type Operation = Operation;
    /// What a read completes with; nothing for an add.
    type Outcome = Option<i64>;
    type Request = Request;
    type Answer = ();
    type Specification = Self;

    fn new(_cluster: &Cluster, options: Options) -> Result<Self, String> {
        match options.largest {
            0 => Err("largest is at least 1".to_owned()),
            largest => Ok(Counter { largest }),
        }
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        Next::Invoke(match turn.draws.chance(500) {
            true => Operation::Add(1 + turn.draws.below(self.largest) as i64),
            false => Operation::Read,
        })
    }

    fn begin(&mut self, _worker: usize, operation: &Operation) -> Step<Self> {
        match *operation {
            Operation::Add(delta) => Step::call(Request::Add { delta }).completes(None),
            Operation::Read => Step::call(Request::Read {}).completes_with("value"),
        }
    }
}

/// What a counter does if operations come one at a time.
impl Specification<Self> for Counter {
    type State = i64;

    fn apply(sum: &mut i64, operation: &Operation) -> Option<i64> {
        match operation {
            Operation::Add(delta) => {
                *sum += delta;
                None
            }
            Operation::Read => Some(*sum),
        }
    }
}

guest_sdk::export_workload!(Counter);
