//! A history: operations that were validated and paired.

use super::op::Op;
use super::pairs::{Broken, Pairs};

/// Operations in order, each completion paired with its invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    ops: Vec<Op>,
    pairs: Pairs,
}

impl History {
    /// Checks and pairs operations.
    ///
    /// # Errors
    /// Which operation cannot be in a history, and why: see [`Broken`].
    pub fn new(ops: Vec<Op>) -> Result<Self, Broken> {
        let pairs = Pairs::of(&ops)?;
        Ok(Self { ops, pairs })
    }

    /// All operations. What checkers call a *position* is an index into this slice; an operation's
    /// own `index` need not start at 0.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Which completion belongs to which invocation.
    #[must_use]
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// The operations of clients, with their positions.
    pub fn client_ops(&self) -> impl Iterator<Item = (usize, &Op)> {
        self.ops.iter().enumerate().filter(|(_, op)| op.is_client())
    }

    /// The invocation of the client's completion at `at`.
    ///
    /// # Panics
    /// If the operation at `at` is no client's completion.
    #[must_use]
    pub fn invocation(&self, at: usize) -> &Op {
        let invocation = self
            .pairs
            .partner(at)
            .expect("a client's completion has an invocation: History::new checked it");
        &self.ops[invocation]
    }
}
