//! Transactions: requests, effects and answers.

use guest_sdk::prelude::*;

use crate::map::{BatchId, List, Lists, Map};

/// An operation as it is asked for: `["r", key, null]` or `["append", key, element]`.
pub(crate) type Mop = (F, i64, Option<i64>);

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum F {
    R,
    Append,
}

/// An operation as it is answered.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Done<'a> {
    Read(F, i64, Option<&'a List>),
    Append(F, i64, i64),
}

/// A transaction, or those of another node's batch one after the other, and who waits for the answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Txn {
    pub(crate) from: Caller,
    /// Another node's batch.
    pub(crate) batch: Option<BatchId>,
    pub(crate) mops: Vec<Mop>,
    /// What its reads saw, in their order.
    pub(crate) seen: Vec<Option<List>>,
}

impl Txn {
    pub(crate) fn new(mops: Vec<Mop>, from: Caller, batch: Option<BatchId>) -> Result<Self, Error> {
        let fits = |(f, _, element): &Mop| (*f == F::Append) == element.is_some();
        if !mops.iter().all(fits) {
            let text = "malformed txn: an append needs an element, and a read has none";
            return Err(Error::new(ErrorCode::MalformedRequest, text));
        }
        Ok(Txn {
            from,
            batch,
            mops,
            seen: Vec::new(),
        })
    }

    pub(crate) fn appends(&self) -> bool {
        self.mops.iter().any(|(f, ..)| *f == F::Append)
    }

    /// How many reads it has.
    pub(crate) fn reads(&self) -> usize {
        self.mops.iter().filter(|(f, ..)| *f == F::R).count()
    }

    /// Does it on a map with these changes, and adds its own.
    pub(crate) fn execute(&mut self, map: &Map, changed: &mut Lists) {
        self.seen.clear();
        for (_, key, element) in &self.mops {
            let Some(element) = element else {
                let list = changed.get(key).or_else(|| map.get(*key));
                self.seen.push(list.cloned());
                continue;
            };
            let list = changed.entry(*key);
            let list = list.or_insert_with(|| map.get(*key).cloned().unwrap_or_default());
            list.push(*element);
        }
    }

    /// Knows again what its reads saw, from the lengths of the lists in a map that is no older.
    pub(crate) fn recall<'a>(
        &mut self,
        map: &Map,
        seen: &mut impl Iterator<Item = &'a Option<usize>>,
    ) {
        let reads = self.mops.iter().filter(|(f, ..)| *f == F::R);
        let state = |key, length: usize| map.get(key).and_then(|list| list.get(..length));
        self.seen = reads
            .zip(seen)
            .map(|((_, key, _), length)| Some(state(*key, (*length)?)?.to_vec()))
            .collect();
    }

    /// The answer, if it is known what the reads saw.
    pub(crate) fn done(&self) -> Option<Vec<Done<'_>>> {
        let mut seen = self.seen.iter();
        let mops = self.mops.iter().map(|(f, key, element)| match element {
            Some(element) => Some(Done::Append(*f, *key, *element)),
            None => Some(Done::Read(*f, *key, seen.next()?.as_ref())),
        });
        mops.collect()
    }
}
