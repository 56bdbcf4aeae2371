//! Pairing of invocations with completions, and the errors that prevent it.

use std::collections::HashMap;
use std::fmt;

use super::op::{Kind, Op, Process};

/// For each position of a history, the position of the other half of that operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs {
    partner: Vec<u32>,
}

/// No partner. No history is so long: [`Pairs::of`] refuses it.
const NONE: u32 = u32::MAX;

impl Pairs {
    /// Pairs operations, checking that they can be a history: indices rise, and each completion
    /// follows its own invocation. Times may fall, as those of several clocks do: the order of
    /// operations is the order they are in. What the nemesis does is not paired, since
    /// Jepsen logs both its halves as `info`.
    ///
    /// # Errors
    /// The first operation for which this is not so.
    pub fn of(ops: &[Op]) -> Result<Self, Broken> {
        if ops.len() >= NONE as usize {
            return Err(Broken {
                at: NONE as usize,
                what: format!("expected fewer than {NONE} operations"),
            });
        }
        let mut partner = vec![NONE; ops.len()];
        let mut open: HashMap<i64, usize> = HashMap::new();
        for (at, op) in ops.iter().enumerate() {
            if let Some(before) = at.checked_sub(1) {
                in_order(at, &ops[before], op)?;
            }
            let Process::Client(process) = op.process else {
                continue;
            };
            if op.kind == Kind::Invoke {
                if let Some(first) = open.insert(process, at) {
                    let first = &ops[first];
                    return Err(Broken::new(
                        at,
                        format_args!(
                            "expected process {process} to complete {first} first, \
                             found it invoking op {}",
                            op.index
                        ),
                    ));
                }
                continue;
            }
            let Some(invocation) = open.remove(&process) else {
                return Err(Broken::new(
                    at,
                    format_args!(
                        "expected an invocation before the {} of {op}, found none open",
                        op.kind.name()
                    ),
                ));
            };
            if ops[invocation].f != op.f {
                let invoked = &ops[invocation];
                return Err(Broken::new(
                    at,
                    format_args!(
                        "expected {op} to complete a {}, found that {invoked} is open",
                        op.f
                    ),
                ));
            }
            (partner[at], partner[invocation]) = (position(invocation), position(at));
        }
        Ok(Self { partner })
    }

    /// The position of the completion of the invocation at `at`, or of the invocation of the
    /// completion at `at`. An invocation may have none.
    #[must_use]
    pub fn partner(&self, at: usize) -> Option<usize> {
        self.partner
            .get(at)
            .filter(|&&partner| partner != NONE)
            .map(|&partner| partner as usize)
    }
}

/// A position is below [`NONE`]: [`Pairs::of`] starts with that.
#[expect(clippy::cast_possible_truncation)]
fn position(at: usize) -> u32 {
    at as u32
}

fn in_order(at: usize, before: &Op, op: &Op) -> Result<(), Broken> {
    if op.index <= before.index {
        return Err(Broken::new(
            at,
            format_args!(
                "expected an index above {}, found {}",
                before.index, op.index
            ),
        ));
    }
    Ok(())
}

/// Why operations are not a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct Broken {
    /// The position of the first operation that cannot be there.
    pub at: usize,
    /// What was expected, and what was found.
    pub what: String,
}

impl Broken {
    fn new(at: usize, what: fmt::Arguments<'_>) -> Self {
        Self {
            at,
            what: what.to_string(),
        }
    }
}
