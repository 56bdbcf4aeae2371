//! What clients began and got, in order.
//!
//! States of clients are many and each has all that came before it. So operations are shared, and a record is known by a hash that
//! goes on with each of them: blocks of invocations and of completions, whatever their order within a block.

use std::sync::Arc;

use host_check::history::{Kind, Op};

use crate::hash::{Contents, Hash};

/// How many bytes the values of an operation take for one of its text: a number takes 24 in a list, of which three are written.
const VALUE_BYTES: usize = 8;

/// A record of operations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    ops: Vec<Arc<Op>>,
    /// A hash of all blocks but the last.
    past: Hash,
    /// Hashes of the operations of the last block, in their own order.
    block: Vec<Hash>,
    /// What the operations take that were added since the record was copied, in bytes.
    added_bytes: usize,
}

impl Record {
    /// The same, to which nothing was added.
    pub(crate) fn copy(&self) -> Self {
        Record {
            added_bytes: 0,
            ..self.clone()
        }
    }

    /// Adds what happened, at a time that says its place and nothing else.
    pub(crate) fn add(&mut self, op: Op) {
        if self.begins().is_some_and(|it| it != begins(&op)) {
            self.past = self.hash();
            self.block.clear();
        }
        let text = text_of(&op);
        let hash = of_text(&text);
        let place = self.block.partition_point(|other| *other < hash);
        self.block.insert(place, hash);
        self.added_bytes += size_of::<Op>() + text.len() * VALUE_BYTES;
        let index = self.ops.len() as u64;
        self.ops.push(Arc::new(Op {
            index,
            time_ns: i64::try_from(index).unwrap_or(i64::MAX),
            ..op
        }));
    }

    /// Whether the last block has invocations; none if nothing has happened.
    pub(crate) fn begins(&self) -> Option<bool> {
        self.ops.last().map(|op| begins(op))
    }

    /// The operations, as they are shared.
    pub(crate) fn shared(&self) -> &[Arc<Op>] {
        &self.ops
    }

    /// The operations.
    pub(crate) fn ops(&self) -> Vec<Op> {
        self.ops.iter().map(|op| Op::clone(op)).collect()
    }

    pub(crate) fn hash(&self) -> Hash {
        let mut contents = Contents::of("record").hash(self.past);
        for op in &self.block {
            contents = contents.hash(*op);
        }
        contents.finish()
    }

    /// What it takes besides what it shares with others, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(self.ops.as_slice()) + size_of_val(self.block.as_slice()) + self.added_bytes
    }
}

/// A hash of an operation, wherever it stands.
pub(crate) fn of_op(op: &Op) -> Hash {
    of_text(&text_of(op))
}

fn of_text(text: &str) -> Hash {
    Contents::of("op").bytes(text.as_bytes()).finish()
}

fn text_of(op: &Op) -> String {
    let Op {
        kind,
        process,
        f,
        value,
        error,
        extra,
        ..
    } = op;
    format!("{kind} {process} {f} {value:?} {error:?} {extra:?}")
}

/// Whether an operation begins, and does not end.
pub(crate) fn begins(op: &Op) -> bool {
    op.kind == Kind::Invoke
}
