//! A node keeps what its own clients add; a read asks all other nodes for their parts.

use guest_sdk::prelude::*;

use crate::options::Object;
use crate::{Call, RETRY, Replica, Reply, Request};

/// A client's read that waits for parts.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reading {
    client: Caller,
    parts_left: usize,
    values: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    PartOk { values: Vec<i64> },
}

impl Replica {
    pub(crate) fn ask_all(&mut self, client: Caller, ctx: &mut Ctx<Self>) {
        let reading = Reading {
            client,
            parts_left: self.peers.len(),
            values: self.known.values().to_vec(),
        };
        self.readings.insert(self.reads, reading);
        for peer in self.peers.keys() {
            ctx.call(peer, &Request::Part, Call::Part(self.reads), RETRY);
        }
    }

    /// Another node asks for this one's part.
    pub(crate) fn part(&self, from: Caller, ctx: &mut Ctx<Self>) {
        let values = self.known.values().to_vec();
        ctx.reply(from, &Reply::PartOk { values });
    }

    /// Another node's part of a reading has come.
    pub(crate) fn gather(
        &mut self,
        number: u64,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        let answer = response.and_then(|response| response.decode::<Answer>());
        let (Some(mut reading), Ok(Answer::PartOk { values })) =
            (self.readings.remove(&number), answer)
        else {
            return;
        };
        reading.values.extend(values);
        reading.parts_left -= 1;
        if reading.parts_left > 0 {
            self.readings.insert(number, reading);
            return;
        }
        let value = reading.values;
        let reply = match self.object {
            Object::Broadcast => Reply::Messages { messages: value },
            Object::GSet => Reply::Elements { value },
            Object::Counter => Reply::Sum {
                value: value.iter().sum(),
            },
        };
        ctx.reply(reading.client, &reply);
    }
}
