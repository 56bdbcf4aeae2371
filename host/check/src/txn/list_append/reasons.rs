//! Why appends and reads put one transaction before another, in words.

use crate::txn::explain::{Explain, Named, Reason};
use crate::txn::graph::Labels;
use crate::txn::parse::{KeyId, Mop, TxnId, WriteId};

use super::lists::ElementId;
use super::versions::Versions;

impl Versions<'_, '_, '_> {
    /// What a read by this transaction ends with: the last element, or `None` for no element.
    fn read_ends(&self, txn: TxnId) -> impl Iterator<Item = (KeyId, Option<ElementId>)> + '_ {
        self.lists.mops(txn).filter_map(|(mop, list)| match mop {
            Mop::Read { key, .. } => Some((
                key,
                list.and_then(|list| self.lists.elements(list).last().copied()),
            )),
            Mop::Write { .. } => None,
        })
    }

    fn writes(&self, txn: TxnId) -> impl Iterator<Item = WriteId> + '_ {
        let mops = self.lists.txns.mops(txn).iter();
        mops.filter_map(|mop| match *mop {
            Mop::Write { write, .. } => Some(write),
            Mop::Read { .. } => None,
        })
    }

    fn next_to(&self, write: WriteId) -> &'static str {
        if self.was_read(write) {
            "right after it"
        } else {
            "later, since nobody read it yet"
        }
    }
}

impl Explain for Versions<'_, '_, '_> {
    fn reason(&self, a: Named<'_>, b: Named<'_>, label: Labels) -> Option<Reason> {
        let lists = self.lists;
        let of = |key: KeyId, words: String| Reason {
            key: lists.txns.key(key).clone(),
            words,
            unless: None,
        };
        if label == Labels::WR {
            let (key, element) = self.read_ends(b.id).find_map(|(key, last)| {
                let element = last?;
                (lists.writer(element) == Some(a.id)).then_some((key, element))
            })?;
            return Some(of(
                key,
                format!(
                    "{} appended {} to key {} and {} read it",
                    a.name,
                    lists.value(element),
                    lists.txns.key(key),
                    b.name
                ),
            ));
        }
        self.writes(b.id).find_map(|write| {
            let key = lists.txns.write(write).key;
            let before = self.before(write);
            let (name, value) = (lists.txns.key(key), lists.value(write));
            let shown = before.map(|element| lists.value(element));
            let words = if label == Labels::WW {
                let element = before.filter(|&it| lists.writer(it) == Some(a.id))?;
                format!(
                    "{} appended {} to key {name} and {} appended {value} {}",
                    a.name,
                    lists.value(element),
                    b.name,
                    self.next_to(write)
                )
            } else {
                self.read_ends(a.id).find(|&read| read == (key, before))?;
                match shown {
                    Some(shown) => format!(
                        "{} read key {name} with {shown} last and {} appended {value} {}",
                        a.name,
                        b.name,
                        self.next_to(write)
                    ),
                    None => format!(
                        "{} read key {name} without elements and {} appended {value}, the first or \
                         a later one",
                        a.name, b.name
                    ),
                }
            };
            Some(of(key, words))
        })
    }
}
