//! The operations of a history while they are being read.

use crate::read_error::ReadError;
use crate::value::{Full, Store, grow};

use super::op::Op;
use super::options::ReadOptions;
use super::parts::Absent;
use super::validated::History;

/// The operations so far, and where in the text each begins.
#[derive(Debug)]
pub(super) struct Ops {
    ops: Vec<Op>,
    starts: Vec<usize>,
    /// What the next one has if it does not say.
    pub(super) absent: Absent,
}

impl Ops {
    pub(super) fn new(options: &ReadOptions) -> Self {
        Self {
            ops: Vec::new(),
            starts: Vec::new(),
            absent: Absent {
                f: options.f.clone(),
                ..Absent::default()
            },
        }
    }

    pub(super) fn push(&mut self, op: Op, start: usize, store: &mut Store) -> Result<(), Full> {
        grow(&mut self.ops, store)?;
        grow(&mut self.starts, store)?;
        self.absent.follow(&op);
        self.starts.push(start);
        self.ops.push(op);
        Ok(())
    }

    /// The history, if the operations are one.
    pub(super) fn history(self, text: &str) -> Result<History, ReadError> {
        let starts = self.starts;
        History::new(self.ops).map_err(|broken| {
            let start = starts.get(broken.at).copied().unwrap_or(text.len());
            ReadError::at(text.as_bytes(), start, broken.what)
        })
    }
}
