//! Transactions: operations whose value is a list of micro-operations, `[[:r 5 nil] [:append 6 1]]`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::history::{History, Kind, Op, Process};
use crate::unexpected::UnexpectedOperation;
use crate::value::Value;

/// The number of a transaction: in the order of the invocations.
pub(super) type TxnId = u32;

/// The number of a key.
pub(super) type KeyId = u32;

/// The number of a write, and of what it wrote: a key and a value.
pub(super) type WriteId = u32;

/// A transaction that was begun.
#[derive(Clone, Debug)]
pub(super) struct Txn {
    /// What became of it. One without a completion is like one that crashed.
    pub(super) kind: Kind,
    /// The position of its invocation.
    pub(super) invocation: usize,
    /// The position of its completion.
    pub(super) completion: Option<usize>,
    pub(super) process: i64,
    mops: Range<usize>,
}

impl Txn {
    /// The position that stands for it: its completion.
    pub(super) fn at(&self) -> usize {
        self.completion.unwrap_or(self.invocation)
    }
}

/// A micro-operation. A read of a transaction that was not acknowledged has nothing to show.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mop<'h> {
    Read { key: KeyId, value: &'h Value },
    Write { key: KeyId, write: WriteId },
}

impl Mop<'_> {
    pub(super) fn key(&self) -> KeyId {
        match self {
            Self::Read { key, .. } | Self::Write { key, .. } => *key,
        }
    }
}

/// One write: of a value that no other write of the key has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write<'h> {
    pub(super) key: KeyId,
    pub(super) value: &'h Value,
    pub(super) txn: TxnId,
    /// Whether the same transaction writes the key again.
    pub(super) is_intermediate: bool,
}

/// All transactions of a history. Keys and written values are numbered.
pub(super) struct Txns<'h> {
    pub(super) history: &'h History,
    pub(super) keys: Vec<&'h Value>,
    pub(super) txns: Vec<Txn>,
    pub(super) writes: Vec<Write<'h>>,
    mops: Vec<Mop<'h>>,
    write_ids: HashMap<(KeyId, &'h Value), WriteId>,
    /// Those whose answer has other micro-operations than were asked for.
    pub(super) wrongly_answered: Vec<TxnId>,
}

impl<'h> Txns<'h> {
    /// Reads the transactions. `write` is what a write is called: `append`, `w`.
    ///
    /// What an acknowledged transaction did is what its completion says, as with Elle; what any
    /// other did or may have done is what was asked of it.
    ///
    /// Those that `is_left_out` holds for do not count.
    ///
    /// # Errors
    /// An operation whose value is no transaction, and a value that is written to a key twice:
    /// versions could not be told apart.
    pub(super) fn of(
        history: &'h History,
        write: &str,
        is_left_out: impl Fn(&Op) -> bool,
    ) -> Result<Self, UnexpectedOperation> {
        let mut reader = Reader {
            write,
            key_ids: HashMap::new(),
            asked: HashMap::new(),
            all: Self {
                history,
                keys: Vec::new(),
                txns: Vec::new(),
                writes: Vec::new(),
                mops: Vec::new(),
                write_ids: HashMap::new(),
                wrongly_answered: Vec::new(),
            },
        };
        for (at, op) in history.client_ops() {
            if let (Kind::Invoke, Process::Client(process)) = (op.kind, op.process)
                && !is_left_out(op)
            {
                reader.txn(at, process)?;
            }
        }
        Ok(reader.all)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = TxnId> + use<> {
        0..count(self.txns.len())
    }

    pub(super) fn txn(&self, id: TxnId) -> &Txn {
        &self.txns[id as usize]
    }

    pub(super) fn mops(&self, id: TxnId) -> &[Mop<'h>] {
        &self.mops[self.places(id)]
    }

    /// Where a transaction's micro-operations are among all [`mop_count`](Self::mop_count).
    pub(super) fn places(&self, id: TxnId) -> Range<usize> {
        self.txn(id).mops.clone()
    }

    pub(super) fn mop_count(&self) -> usize {
        self.mops.len()
    }

    pub(super) fn is_ok(&self, id: TxnId) -> bool {
        self.txn(id).kind == Kind::Ok
    }

    /// The acknowledged ones.
    pub(super) fn oks(&self) -> impl Iterator<Item = TxnId> + '_ {
        self.ids().filter(|&id| self.is_ok(id))
    }

    pub(super) fn key(&self, key: KeyId) -> &'h Value {
        self.keys[key as usize]
    }

    pub(super) fn write(&self, id: WriteId) -> &Write<'h> {
        &self.writes[id as usize]
    }

    /// The write of this value to this key.
    pub(super) fn find(&self, key: KeyId, value: &Value) -> Option<WriteId> {
        self.write_ids.get(&(key, value)).copied()
    }

    /// The operation that stands for a transaction.
    pub(super) fn op(&self, id: TxnId) -> &'h Op {
        &self.history.ops()[self.txn(id).at()]
    }
}

/// A length as one of the numbers above. A history has fewer than 2^32 operations, but its
/// operations may have more micro-operations than that in all; beyond it numbers would repeat.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than 2^32 micro-operations fit in memory")
}

struct Reader<'a, 'h> {
    write: &'a str,
    key_ids: HashMap<&'h Value, KeyId>,
    /// For each value asked to be written to a key, the position of the invocation.
    asked: HashMap<(KeyId, &'h Value), usize>,
    all: Txns<'h>,
}

impl<'h> Reader<'_, 'h> {
    fn txn(&mut self, invocation: usize, process: i64) -> Result<(), UnexpectedOperation> {
        let id = count(self.all.txns.len());
        let history = self.all.history;
        let asked = &history.ops()[invocation];
        let completion = history.pairs().partner(invocation);
        let kind = completion.map_or(Kind::Info, |at| history.ops()[at].kind);
        let start = self.all.mops.len();
        let answered = completion.filter(|_| kind == Kind::Ok);
        let asked_mops = self.raw(asked)?;
        for &(is_write, key, value) in &asked_mops {
            if is_write && let Some(before) = self.asked.insert((key, value), invocation) {
                let before = &history.ops()[before];
                return Err(UnexpectedOperation::new(
                    asked,
                    format!(
                        "expected each value to be written to a key once, found {value} written \
                         to {} again, after {before}",
                        self.all.key(key)
                    ),
                ));
            }
        }
        let mops = match answered {
            None => asked_mops,
            Some(at) => {
                let mops = self.raw(&history.ops()[at])?;
                let is_asked = |(a, b): (&RawMop<'h>, &RawMop<'h>)| {
                    (a.0, a.1) == (b.0, b.1) && (!a.0 || a.2 == b.2)
                };
                if mops.len() != asked_mops.len() || !mops.iter().zip(&asked_mops).all(is_asked) {
                    self.all.wrongly_answered.push(id);
                }
                mops
            }
        };
        self.keep(id, kind, mops);
        self.all.txns.push(Txn {
            kind,
            invocation,
            completion,
            process,
            mops: start..self.all.mops.len(),
        });
        Ok(())
    }

    fn keep(&mut self, txn: TxnId, kind: Kind, mops: Vec<RawMop<'h>>) {
        static NOTHING: Value = Value::Nil;
        let mut last: HashMap<KeyId, WriteId> = HashMap::new();
        for (is_write, key, value) in mops {
            if !is_write {
                let value = if kind == Kind::Ok { value } else { &NOTHING };
                self.all.mops.push(Mop::Read { key, value });
                continue;
            }
            let write = count(self.all.writes.len());
            self.all.writes.push(Write {
                key,
                value,
                txn,
                is_intermediate: false,
            });
            self.all.write_ids.insert((key, value), write);
            self.all.mops.push(Mop::Write { key, write });
            if let Some(before) = last.insert(key, write) {
                self.all.writes[before as usize].is_intermediate = true;
            }
        }
    }

    /// Whether each micro-operation writes, its key, and its value.
    fn raw(&mut self, op: &'h Op) -> Result<Vec<RawMop<'h>>, UnexpectedOperation> {
        let Some(mops) = elements(&op.value) else {
            return Err(UnexpectedOperation::new(
                op,
                format!(
                    "expected a list of micro-operations, found {}",
                    op.value.kind()
                ),
            ));
        };
        mops.map(|mop| self.raw_mop(op, mop)).collect()
    }

    fn raw_mop(
        &mut self,
        op: &'h Op,
        mop: Option<&'h Value>,
    ) -> Result<RawMop<'h>, UnexpectedOperation> {
        let expected = |found: &dyn std::fmt::Display| {
            UnexpectedOperation::new(
                op,
                format!(
                    "expected a micro-operation [:r key value] or [:{} key value], found {found}",
                    self.write
                ),
            )
        };
        let Some(mop) = mop else {
            return Err(expected(&"an integer"));
        };
        let parts: Vec<Option<&'h Value>> = match elements(mop) {
            Some(parts) => parts.take(4).collect(),
            None => return Err(expected(&mop.kind())),
        };
        let [Some(f), Some(key), Some(value)] = parts[..] else {
            return Err(expected(mop));
        };
        let is_write = match f.as_name() {
            Some("r") => false,
            Some(name) if name == self.write => true,
            _ => return Err(expected(mop)),
        };
        if is_write && *value == Value::Nil {
            return Err(UnexpectedOperation::new(
                op,
                format!("expected a value to write, found {mop}"),
            ));
        }
        let next = count(self.all.keys.len());
        let key_id = *self.key_ids.entry(key).or_insert(next);
        if key_id == next {
            self.all.keys.push(key);
        }
        Ok((is_write, key_id, value))
    }
}

type RawMop<'h> = (bool, KeyId, &'h Value);

/// The elements of a vector. One of nothing but integers has none to borrow; such
/// a vector is no transaction, and no micro-operation either.
fn elements(value: &Value) -> Option<impl Iterator<Item = Option<&Value>>> {
    match value {
        Value::Vector(vector) => Some(vector.cows().map(|element| match element {
            Cow::Borrowed(element) => Some(element),
            Cow::Owned(_) => None,
        })),
        _ => None,
    }
}
