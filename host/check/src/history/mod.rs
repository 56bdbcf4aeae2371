//! Jepsen's histories: what the clients and the nemesis did, in the order it happened.
//!
//! A [`History`] is valid by construction: its operations are in order, every completion has its
//! invocation, and no process does two things at once. Checkers therefore have no broken input to
//! think about; a broken history is an error of its reader, with a line and a column, and never a
//! verdict. The model is [jepsen.history](https://github.com/jepsen-io/history)'s.

mod edn;
mod json;
mod op;
mod pairs;
mod parts;

pub use edn::read_op;
pub use edn::{read_edn, write_edn};
pub use json::{read_json, write_json};
pub(super) use op::seconds;
pub use op::{Kind, Op, Process};
pub use pairs::{Broken, Pairs};

use super::read_error::ReadError;

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

/// Reads a history, as EDN or as JSON, whichever it looks like.
///
/// # Errors
/// The text is not a history: see [`read_edn`] and [`read_json`].
pub fn read(text: &[u8]) -> Result<History, ReadError> {
    let mut rest = text
        .iter()
        .skip_while(|b| b.is_ascii_whitespace() || **b == b'[')
        .skip_while(|b| b.is_ascii_whitespace());
    let is_object =
        rest.next() == Some(&b'{') && rest.find(|b| !b.is_ascii_whitespace()) == Some(&b'"');
    if is_object {
        read_json(text)
    } else {
        read_edn(text)
    }
}
