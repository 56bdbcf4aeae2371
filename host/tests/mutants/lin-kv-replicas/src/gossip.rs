//! Each node changes its own copy and tells the others; the later clock wins.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::registers::{Operation, tell};
use crate::{Message, Replica, send_all};

/// Ticks between two messages that have everything.
const AGAIN: u64 = 10;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Gossip {
    ticks: u64,
    registers: BTreeMap<i64, Stamped>,
}

/// When a value was written, by whose clock, and the value.
type Stamped = (u64, String, i64);

#[derive(Serialize, Deserialize)]
pub(crate) struct Note {
    registers: BTreeMap<i64, Stamped>,
}

impl Gossip {
    pub(crate) fn begin(&mut self, operation: Operation, client: Caller, ctx: &mut Ctx<Replica>) {
        let key = operation.key();
        let known = self.registers.get(&key).map(|it| it.2);
        let (outcome, value) = operation.on(known);
        if let (false, Some(value)) = (operation.is_read() || value == known, value) {
            let now = u64::try_from(ctx.now().as_nanos()).unwrap_or(u64::MAX);
            let registers = BTreeMap::from([(key, (now, ctx.id().to_owned(), value))]);
            self.hear(Note {
                registers: registers.clone(),
            });
            let note = Note { registers };
            send_all(&Message::Gossip { note }, ctx);
        }
        tell(client, outcome, ctx);
    }

    pub(crate) fn hear(&mut self, note: Note) {
        for (key, stamped) in note.registers {
            let known = self.registers.get(&key);
            if known.is_none_or(|known| *known < stamped) {
                self.registers.insert(key, stamped);
            }
        }
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<Replica>) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(AGAIN) {
            let note = Note {
                registers: self.registers.clone(),
            };
            send_all(&Message::Gossip { note }, ctx);
        }
    }
}
