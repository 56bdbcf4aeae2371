//! What keys hold, and what operations do to it.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

/// `["r", key, null]`, `["append", key, element]`, `["w", key, value]`.
pub(crate) type Mop = (String, i64, Held);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Held {
    Nothing,
    One(i64),
    List(Vec<i64>),
}

impl Held {
    /// Adds something that nobody has written.
    pub(crate) fn invent(&mut self) {
        match self {
            Held::Nothing => {}
            Held::One(value) => *value += 1000,
            Held::List(list) => list.push(1000),
        }
    }
}

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct State(BTreeMap<i64, Held>);

impl State {
    pub(crate) fn get(&self, key: i64) -> Held {
        self.0.get(&key).cloned().unwrap_or(Held::Nothing)
    }

    /// Executes the operations and returns them with what they have read.
    pub(crate) fn execute(&mut self, mops: Vec<Mop>) -> Vec<Mop> {
        mops.into_iter().map(|mop| self.apply(mop, 1)).collect()
    }

    /// The same, but appends twice.
    pub(crate) fn execute_twice(&mut self, mops: Vec<Mop>) -> Vec<Mop> {
        mops.into_iter().map(|mop| self.apply(mop, 2)).collect()
    }

    fn apply(&mut self, (f, key, value): Mop, times: usize) -> Mop {
        let held = self.0.entry(key).or_insert(Held::Nothing);
        match (&*f, &value) {
            ("append", Held::One(element)) => {
                let mut list = match std::mem::replace(held, Held::Nothing) {
                    Held::List(list) => list,
                    Held::One(_) | Held::Nothing => Vec::new(),
                };
                list.extend(std::iter::repeat_n(*element, times));
                *held = Held::List(list);
                (f, key, value)
            }
            ("w", _) => {
                *held = value.clone();
                (f, key, value)
            }
            _ => (f, key, held.clone()),
        }
    }
}
