//! Answers to clients, which wait for the disk together: group commit.
//!
//! An answer that tells of a change waits until that is durable. The first after a pause goes to the disk at once; those
//! that come until the disk has answered, and a millisecond has passed, share one sync. So a node has no more than
//! 1000 syncs a second, a slow disk is not a queue of syncs, and without load nothing waits for a timer.

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::Kafka;
use crate::protocol::Reply;

/// The time of a batch, unless the disk takes longer.
const BATCH: Duration = Duration::from_millis(1);

/// What a timer is for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Timer {
    /// The end of a batch of answers.
    Batch,
    /// A window of `merge` is over.
    Window,
}

/// Answers that wait for a sync.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    waiting: Vec<(Caller, Result<Reply, Error>)>,
    /// Whether something has changed since the last batch.
    has_changed: bool,
    /// Whether a batch has begun that is not over.
    is_open: bool,
}

impl Answers {
    /// Something on the disk has changed: the answers from now on wait for it.
    pub(crate) fn changed(&mut self) {
        self.has_changed = true;
    }

    /// Answers when all changes so far are durable.
    pub(crate) fn send(
        &mut self,
        client: Caller,
        answer: Result<Reply, Error>,
        ctx: &mut Ctx<Kafka>,
    ) {
        self.waiting.push((client, answer));
        if !(self.has_changed && self.is_open) {
            self.flush(ctx);
        }
    }

    /// A batch is over, and the next one begins if it has answers.
    pub(crate) fn timer(&mut self, ctx: &mut Ctx<Kafka>) {
        self.is_open = false;
        if !self.waiting.is_empty() {
            self.flush(ctx);
        }
    }

    /// Sends all answers: the SDK writes a sync before the first if it has to.
    fn flush(&mut self, ctx: &mut Ctx<Kafka>) {
        if self.has_changed {
            // Before the sync, so that it fires when the disk has answered.
            ctx.set_timer(BATCH, Timer::Batch);
            self.is_open = true;
            self.has_changed = false;
        }
        for (client, answer) in self.waiting.drain(..) {
            match answer {
                Ok(reply) => ctx.reply(client, &reply),
                Err(error) => ctx.reply_error(client, error),
            }
        }
    }
}
