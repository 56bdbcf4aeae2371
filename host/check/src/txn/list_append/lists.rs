//! The lists that were read, each kept once, their elements numbered.

use std::collections::HashMap;
use std::ops::Range;

use crate::history::Kind;
use crate::txn::parse::{KeyId, Mop, TxnId, Txns, WriteId, count};
use crate::unexpected::UnexpectedOperation;
use crate::value::Value;
use crate::value::Vector;

/// The number of an element of a key: that of its append, or one beyond those of all appends for
/// what nobody appended.
pub(super) type ElementId = u32;

/// A list read at least once; not the empty one.
pub(super) struct List<'h> {
    pub(super) key: KeyId,
    pub(super) value: &'h Value,
    elements: Range<usize>,
}

/// One read of an acknowledged transaction.
#[derive(Clone, Copy)]
pub(super) struct Read {
    pub(super) txn: TxnId,
    pub(super) key: KeyId,
    /// The list; `None` for the empty one.
    pub(super) list: Option<u32>,
}

pub(super) struct Lists<'t, 'h> {
    pub(super) txns: &'t Txns<'h>,
    lists: Vec<List<'h>>,
    elements: Vec<ElementId>,
    /// What nobody appended.
    unwritten: Vec<Value>,
    /// In the order of the transactions.
    pub(super) reads: Vec<Read>,
    /// For each micro-operation, the list that it read.
    read_by: Vec<Option<u32>>,
}

/// What is known while lists are being gathered.
struct Gathered<'h> {
    ids: HashMap<(KeyId, &'h Value), u32>,
    unwritten: HashMap<(KeyId, Value), ElementId>,
    /// For each key, its longest list.
    longest: Vec<Option<u32>>,
}

impl<'t, 'h> Lists<'t, 'h> {
    /// Gathers what the acknowledged transactions read.
    ///
    /// # Errors
    /// A read of what is no list.
    pub(super) fn of(txns: &'t Txns<'h>) -> Result<Self, UnexpectedOperation> {
        let mut lists = Self {
            txns,
            lists: Vec::new(),
            elements: Vec::new(),
            unwritten: Vec::new(),
            reads: Vec::new(),
            read_by: vec![None; txns.mop_count()],
        };
        let mut gathered = Gathered {
            ids: HashMap::new(),
            unwritten: HashMap::new(),
            longest: vec![None; txns.keys.len()],
        };
        for txn in txns.oks() {
            for (place, mop) in txns.places(txn).zip(txns.mops(txn)) {
                let Mop::Read { key, value } = *mop else {
                    continue;
                };
                let list = match value {
                    Value::Nil => None,
                    Value::Vector(vector) if vector.is_empty() => None,
                    Value::Vector(vector) => Some(lists.intern(key, value, vector, &mut gathered)),
                    _ => {
                        return Err(UnexpectedOperation::new(
                            txns.op(txn),
                            format!("expected a read to show a list or nil, found {value}"),
                        ));
                    }
                };
                lists.reads.push(Read { txn, key, list });
                lists.read_by[place] = list;
            }
        }
        Ok(lists)
    }

    fn intern(
        &mut self,
        key: KeyId,
        value: &'h Value,
        vector: &Vector,
        gathered: &mut Gathered<'h>,
    ) -> u32 {
        if let Some(&id) = gathered.ids.get(&(key, value)) {
            return id;
        }
        let start = self.elements.len();
        // Most lists go on from the longest one so far: no need to look all elements up again.
        let longest = gathered.longest[key as usize];
        let known = longest.map_or(0, |id| self.length_if_prefix(id, vector));
        if let Some(longest) = longest.filter(|_| known > 0) {
            let same = self.list(longest).elements.clone();
            self.elements.extend_from_within(same);
        }
        for element in (known..vector.len()).filter_map(|at| vector.get(at)) {
            let id = self.txns.find(key, &element).unwrap_or_else(|| {
                let next = count(self.txns.writes.len() + self.unwritten.len());
                *gathered
                    .unwritten
                    .entry((key, element.into_owned()))
                    .or_insert_with_key(|(_, element)| {
                        self.unwritten.push(element.clone());
                        next
                    })
            });
            self.elements.push(id);
        }
        let id = count(self.lists.len());
        self.lists.push(List {
            key,
            value,
            elements: start..self.elements.len(),
        });
        gathered.ids.insert((key, value), id);
        if longest.is_none_or(|longest| self.elements(longest).len() < vector.len()) {
            gathered.longest[key as usize] = Some(id);
        }
        id
    }

    /// How long a list is, if it is of integers and a prefix of `vector`; else 0.
    fn length_if_prefix(&self, list: u32, vector: &Vector) -> usize {
        let Value::Vector(shorter) = self.list(list).value else {
            return 0;
        };
        match (shorter.as_ints(), vector.as_ints()) {
            (Some(shorter), Some(ints)) if ints.starts_with(shorter) => shorter.len(),
            _ => 0,
        }
    }

    /// Every list that was read, with its number, in the order of the first reads.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, &List<'h>)> {
        (0..).zip(&self.lists)
    }

    pub(super) fn list(&self, id: u32) -> &List<'h> {
        &self.lists[id as usize]
    }

    pub(super) fn elements(&self, id: u32) -> &[ElementId] {
        &self.elements[self.list(id).elements.clone()]
    }

    /// A transaction's micro-operations, reads with the lists that they show.
    pub(super) fn mops(&self, txn: TxnId) -> impl Iterator<Item = (Mop<'h>, Option<u32>)> {
        let shown = self.read_by[self.txns.places(txn)].iter().copied();
        self.txns.mops(txn).iter().copied().zip(shown)
    }

    pub(super) fn element_count(&self) -> usize {
        self.txns.writes.len() + self.unwritten.len()
    }

    /// The append of an element, unless nobody appended it.
    pub(super) fn write(&self, element: ElementId) -> Option<WriteId> {
        ((element as usize) < self.txns.writes.len()).then_some(element)
    }

    /// The transaction that appended an element.
    pub(super) fn writer(&self, element: ElementId) -> Option<TxnId> {
        self.write(element).map(|write| self.txns.write(write).txn)
    }

    /// The transaction that appended an element, unless it failed.
    pub(super) fn possible_writer(&self, element: ElementId) -> Option<TxnId> {
        self.writer(element)
            .filter(|&txn| self.txns.txn(txn).kind != Kind::Fail)
    }

    pub(super) fn value(&self, element: ElementId) -> &Value {
        match self.write(element) {
            Some(write) => self.txns.write(write).value,
            None => &self.unwritten[element as usize - self.txns.writes.len()],
        }
    }
}
