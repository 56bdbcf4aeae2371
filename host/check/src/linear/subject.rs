//! Turns the operations of a history into calls of a model.

use crate::completion::Completion;
use crate::history::{History, Op};
use crate::unexpected::UnexpectedOperation;
use crate::validity::Checks;
use crate::value::Value;

use super::calls::{Calls, NEVER};
use super::model::{Call, Model, brief};

/// One object, and what a history has it do.
#[derive(Clone, Debug)]
pub(super) struct Subject<M> {
    pub(super) model: M,
    /// Each with the positions of its invocation and its completion, in the order of the former.
    calls: Vec<(Call, u32, u32)>,
    /// Which of the calls are answered reads of nil.
    nil_reads: Vec<usize>,
}

impl<M: Model> Subject<M> {
    pub(super) fn new(model: M) -> Self {
        Self {
            model,
            calls: Vec::new(),
            nil_reads: Vec::new(),
        }
    }

    /// Adds the operation invoked at `at`, with the value that it was invoked with and that it
    /// completed with. These are not its own if that names a key too.
    ///
    /// # Errors
    /// The model has no such operation, whether it took place or not.
    pub(super) fn add(
        &mut self,
        history: &History,
        at: usize,
        invoked: &Value,
        completed: Option<&Value>,
    ) -> Result<(), UnexpectedOperation> {
        let op = &history.ops()[at];
        let unexpected = |what: String| UnexpectedOperation::new(op, what);
        let asked = self.model.call(&op.f, invoked, None).map_err(unexpected)?;
        let completion = history.pairs().partner(at);
        match (Completion::of(history, at), completion, completed) {
            (Completion::Refused, ..) => {}
            (Completion::Acknowledged, Some(completed_at), Some(value)) => {
                let answer = &history.ops()[completed_at];
                if let Some(call) = self.answered(asked, answer, (invoked, value))? {
                    if M::COMPLETES_AS_INVOKED && answer.f == "read" && *value == Value::Nil {
                        self.nil_reads.push(self.calls.len());
                    }
                    self.calls
                        .push((call, position(at), position(completed_at)));
                }
            }
            _ => {
                if let Some(call) = asked {
                    self.calls.push((call, position(at), NEVER));
                }
            }
        }
        Ok(())
    }

    /// What a completion tells, `asked` being what its invocation does.
    fn answered(
        &mut self,
        asked: Option<Call>,
        answer: &Op,
        (invoked, value): (&Value, &Value),
    ) -> Result<Option<Call>, UnexpectedOperation> {
        let unexpected = |what: String| UnexpectedOperation::new(answer, what);
        let done = self
            .model
            .call(&answer.f, invoked, Some(value))
            .map_err(unexpected)?;
        if M::COMPLETES_AS_INVOKED && asked.is_some() && asked != done {
            return Err(unexpected(format!(
                "expected the value that the {} was invoked with, found {}",
                answer.f,
                brief(value)
            )));
        }
        Ok(done)
    }

    /// What to search. By Maelstrom's rules, which are Knossos', reads of nil tell nothing.
    pub(super) fn calls(&self, checks: Checks) -> Calls {
        match checks {
            Checks::Strict => Calls::of(&self.model, &self.calls),
            Checks::Maelstrom => {
                let is_nil_read = |at: &usize| self.nil_reads.binary_search(at).is_ok();
                let telling = (0..self.calls.len()).filter(|at| !is_nil_read(at));
                let telling: Vec<_> = telling.map(|at| self.calls[at]).collect();
                Calls::of(&self.model, &telling)
            }
        }
    }

    /// The positions of the completions of those that tell nothing, and so are not searched.
    pub(super) fn untold(&self, checks: Checks) -> Vec<u32> {
        let nil_reads = self.nil_reads.iter().map(|&at| self.calls[at].2);
        match checks {
            Checks::Strict => Vec::new(),
            Checks::Maelstrom => nil_reads.collect(),
        }
    }

    /// Whether there is a read of nil.
    pub(super) fn has_nil_reads(&self) -> bool {
        !self.nil_reads.is_empty()
    }
}

/// A history has fewer than 2^32 operations.
#[expect(clippy::cast_possible_truncation)]
fn position(at: usize) -> u32 {
    at as u32
}
