//! Answers to clients that are combined from the answers to several calls.

use guest_sdk::SortedMap;

use guest_sdk::prelude::*;

use crate::Kafka;
use crate::answers::Answers;
use crate::protocol::Reply;

/// Answers that are not complete yet, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Gathers {
    next: u64,
    open: SortedMap<u64, Gather>,
    pub(crate) answers: Answers,
}

#[derive(Debug, Serialize, Deserialize)]
struct Gather {
    client: Caller,
    reply: Reply,
    missing: usize,
    error: Option<Error>,
}

impl Gathers {
    /// Begins an answer that lacks `missing` parts; sends it if that is none.
    /// Answers its number.
    pub(crate) fn open(
        &mut self,
        client: Caller,
        reply: Reply,
        missing: usize,
        ctx: &mut Ctx<Kafka>,
    ) -> u64 {
        let number = self.next;
        self.next += 1;
        if missing == 0 {
            self.answers.send(client, Ok(reply), ctx);
            return number;
        }
        let gather = Gather {
            client,
            reply,
            missing,
            error: None,
        };
        self.open.insert(number, gather);
        number
    }

    /// Adds a part, and sends the answer if that was the last. A poll may do without parts that
    /// cannot be had: what it does not show now it shows later. Else an error is the answer.
    pub(crate) fn add(&mut self, number: u64, part: Result<Reply, Error>, ctx: &mut Ctx<Kafka>) {
        let Some(gather) = self.open.get_mut(&number) else {
            return;
        };
        match (&mut gather.reply, part) {
            (Reply::PollOk { msgs }, Ok(Reply::PollOk { msgs: part })) => msgs.extend(part),
            (
                Reply::ListCommittedOffsetsOk { offsets },
                Ok(Reply::ListCommittedOffsetsOk { offsets: part }),
            ) => offsets.extend(part),
            (Reply::PollOk { .. }, _) | (_, Ok(_)) => {}
            (_, Err(error)) => gather.error = Some(error),
        }
        gather.missing -= 1;
        if gather.missing > 0 {
            return;
        }
        if let Some(gather) = self.open.remove(&number) {
            let answer = gather.error.map_or(Ok(gather.reply), Err);
            self.answers.send(gather.client, answer, ctx);
        }
    }
}
