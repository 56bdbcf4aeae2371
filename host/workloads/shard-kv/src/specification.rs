//! What is right.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::workload::prelude::*;

use crate::{Operation, ShardKv};

/// How many shards there are.
pub const SHARDS: u64 = 8;

/// One key, or the configuration.
#[derive(Debug)]
pub struct Store;

/// The state of one of them.
#[derive(Default, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nobody has touched it yet.
    #[default]
    New,
    /// The value of a key.
    Value(Vec<u64>),
    /// The groups, and which shards they have.
    Groups {
        /// The groups.
        joined: BTreeSet<u64>,
        /// Which shards were moved since the groups last changed, and where to.
        moved: BTreeMap<u64, u64>,
        /// The group of each shard, if somebody has seen that since then.
        shards: Option<Vec<u64>>,
    },
}

impl Specification<ShardKv> for Store {
    type State = State;

    fn key(operation: &Operation) -> Option<Value> {
        Some(match operation {
            Operation::Get { key }
            | Operation::GetAtLast { key }
            | Operation::Put { key, .. }
            | Operation::Append { key, .. } => json!(key),
            _ => json!("config"),
        })
    }

    fn apply(state: &mut State, operation: &Operation) -> Option<Vec<u64>> {
        match *operation {
            Operation::Get { .. } | Operation::GetAtLast { .. } => Some(state.value().clone()),
            Operation::Put { value, .. } => {
                *state.value() = vec![value];
                None
            }
            Operation::Append { value, .. } => {
                state.value().push(value);
                None
            }
            _ => state.configure(operation),
        }
    }

    /// A configuration that nobody has seen yet may be any that keeps the rules, and is known from then on.
    fn accept(
        state: &mut State,
        operation: &Operation,
        outcome: &Option<Vec<u64>>,
    ) -> Result<(), Option<Vec<u64>>> {
        let expected = Store::apply(state, operation);
        if expected == *outcome {
            return Ok(());
        }
        match (operation, state, outcome) {
            (
                Operation::Config,
                State::Groups {
                    joined,
                    moved,
                    shards: shards @ None,
                },
                Some(seen),
            ) if keeps_the_rules(seen, joined, moved) => {
                *shards = Some(seen.clone());
                Ok(())
            }
            _ => Err(expected),
        }
    }
}

impl State {
    fn value(&mut self) -> &mut Vec<u64> {
        if *self == State::New {
            *self = State::Value(Vec::new());
        }
        match self {
            State::Value(value) => value,
            _ => unreachable!("a key is not the configuration"),
        }
    }

    /// Does an operation on groups. A `config` returns the shards if they are known, and otherwise an example.
    fn configure(&mut self, operation: &Operation) -> Option<Vec<u64>> {
        if *self == State::New {
            *self = State::Groups {
                joined: BTreeSet::new(),
                moved: BTreeMap::new(),
                shards: None,
            };
        }
        let State::Groups {
            joined,
            moved,
            shards,
        } = self
        else {
            unreachable!("the configuration is no key")
        };
        match *operation {
            Operation::Move { shard, group } if joined.contains(&group) => {
                moved.insert(shard, group);
                if let Some(shards) = shards
                    && let Some(of_shard) = usize::try_from(shard)
                        .ok()
                        .and_then(|it| shards.get_mut(it))
                {
                    *of_shard = group;
                }
                None
            }
            Operation::Join { group, .. } if joined.insert(group) => {
                moved.clear();
                *shards = None;
                None
            }
            // The last one stays, or what it has would be nowhere.
            Operation::Leave { group } if joined.len() > 1 && joined.remove(&group) => {
                moved.clear();
                *shards = None;
                None
            }
            // Only groups that are there get shards, and that an error says: see the crate.
            Operation::Move { .. } => Some(Vec::new()),
            Operation::Leave { group } if joined.contains(&group) => Some(Vec::new()),
            Operation::Config => Some(shards.clone().unwrap_or_else(|| example(joined, moved))),
            _ => None,
        }
    }
}

/// Shards that keep the rules, if nothing was moved.
fn example(joined: &BTreeSet<u64>, moved: &BTreeMap<u64, u64>) -> Vec<u64> {
    let groups: Vec<u64> = joined.iter().copied().collect();
    let mut shards: Vec<u64> = groups.into_iter().cycle().take(8).collect();
    for (shard, group) in moved {
        if let Some(of_shard) = usize::try_from(*shard)
            .ok()
            .and_then(|it| shards.get_mut(it))
        {
            *of_shard = *group;
        }
    }
    shards
}

/// Whether so the shards may be spread: each has a group that is there, those that were moved are where they were moved to,
/// and if none were, no group has two more than another.
fn keeps_the_rules(shards: &[u64], joined: &BTreeSet<u64>, moved: &BTreeMap<u64, u64>) -> bool {
    if joined.is_empty() {
        return shards.is_empty();
    }
    let count = |group: &u64| shards.iter().filter(|it| *it == group).count() as u64;
    let (groups, moves) = (joined.len() as u64, moved.len() as u64);
    let (fewest, most) = (SHARDS / groups, SHARDS.div_ceil(groups));
    let is_even =
        |group: &u64| (fewest.saturating_sub(moves)..=most + moves).contains(&count(group));
    shards.len() as u64 == SHARDS
        && shards.iter().all(|group| joined.contains(group))
        && moved.iter().all(|(shard, group)| {
            usize::try_from(*shard).ok().and_then(|it| shards.get(it)) == Some(group)
        })
        && joined.iter().all(is_even)
}

/// After recovery every key can be read.
pub(crate) fn check(history: &[Record<Operation, Option<Vec<u64>>>]) -> Findings {
    let mut findings = Findings::default();
    let mut answered: BTreeMap<u64, (bool, u64)> = BTreeMap::new();
    let mut moves = 0.0;
    for record in history {
        if let Operation::GetAtLast { key } = record.operation {
            let (is_answered, op) = answered.entry(key).or_default();
            *is_answered |= record.outcome().is_some();
            *op = record.index;
        }
        let is_move = matches!(record.operation, Operation::Move { .. });
        moves += f64::from(u8::from(is_move && record.outcome().is_some()));
    }
    for (key, (_, op)) in answered.iter().filter(|(_, (is_answered, _))| !is_answered) {
        let text = format!("for ten seconds after recovery nobody could read key {key}");
        findings.problem("unreachable", text, &[*op]);
    }
    findings.figure("moves", moves);
    findings
}
