//! Operations of this node's clients, forwarding, reads.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

use crate::machine::{Command, Outcome, RequestId};
use crate::message::Message;
use crate::options::{Bug, Design};
use crate::replication::Asked;
use crate::{Raft, Role};

/// Ticks after which the leader is asked again.
const AGAIN: u64 = 10;
/// Ticks after which no client waits any more.
const FORGET: u64 = 300;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Clients {
    next: u64,
    pending: BTreeMap<u64, Pending>,
    /// With the bug `mixes-up`: whose entry is where.
    placed: BTreeMap<usize, u64>,
    /// With the bug `dedup-at-leader`: what this node has appended.
    taken: BTreeSet<(String, u64)>,
}

/// An operation that has no answer yet.
#[derive(Serialize, Deserialize)]
struct Pending {
    client: Caller,
    command: Command,
    since: u64,
    asked_at: u64,
    /// A read can be answered when this entry is applied.
    read_at: Option<usize>,
}

impl Clients {
    /// Numbers requests from `next` on.
    pub(crate) fn begin_at(&mut self, next: u64) {
        self.next = next;
    }

    fn id(&self, node: &str, seq: u64) -> RequestId {
        RequestId {
            node: node.to_owned(),
            seq,
            oldest: self.pending.keys().next().map_or(seq, |it| seq.min(*it)),
        }
    }

    /// Gives the answer to the client that waits for it.
    pub(crate) fn answer(&mut self, seq: u64, outcome: Outcome, ctx: &mut Ctx<Raft>) {
        if let Some(pending) = self.pending.remove(&seq) {
            tell(pending.client, outcome, ctx);
        }
    }

    /// Whose entry this was when it was appended here.
    pub(crate) fn placed_at(&mut self, index: usize) -> Option<u64> {
        self.placed.remove(&index)
    }
}

fn tell(client: Caller, outcome: Outcome, ctx: &mut Ctx<Raft>) {
    match outcome.reply() {
        Ok(reply) => ctx.reply(client, &reply),
        Err(error) => ctx.reply_error(client, error),
    }
}

impl Raft {
    pub(crate) fn serve(
        &mut self,
        command: Command,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        if let (Command::Read { key }, true) = (command, self.reads_here(ctx)) {
            tell(client, self.machine.read(key), ctx);
            return Ok(());
        }
        if !self.leads() && !self.design.forwards() {
            let text = "this node does not lead";
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
        }
        let seq = self.clients.next;
        self.clients.next += 1;
        let pending = Pending {
            client,
            command,
            since: self.ticks,
            asked_at: self.ticks,
            read_at: None,
        };
        self.clients.pending.insert(seq, pending);
        let acks_early = self.bug == Bug::AcksEarly && matches!(command, Command::Write { .. });
        if acks_early && self.leads() {
            self.clients.answer(seq, Outcome::Written, ctx);
            let id = self.clients.id(ctx.id(), seq);
            self.take(id, command, ctx);
        } else {
            self.pursue(seq, ctx);
        }
        Ok(())
    }

    /// Whether this node answers reads at once.
    fn reads_here(&self, ctx: &Ctx<Self>) -> bool {
        match self.bug {
            Bug::FollowerReads => true,
            Bug::StaleLeader => self.leads(),
            _ => self.design == Design::Lease && self.has_lease(ctx),
        }
    }

    /// Brings an operation before the leader.
    fn pursue(&mut self, seq: u64, ctx: &mut Ctx<Self>) {
        let Some(pending) = self.clients.pending.get_mut(&seq) else {
            return;
        };
        pending.asked_at = self.ticks;
        let command = pending.command;
        let by_index = self.design.reads_by_index() && matches!(command, Command::Read { .. });
        let me = ctx.id().to_owned();
        let id = self.clients.id(&me, seq);
        match (self.leads(), by_index) {
            (true, true) => self.ask_index(&me, seq, ctx),
            (true, false) => self.take(id, command, ctx),
            (false, _) => {
                let message = if by_index {
                    Message::ReadIndex { seq }
                } else {
                    Message::Forward { id, command }
                };
                if let Some(leader) = &self.leader {
                    ctx.send(leader, &message);
                }
            }
        }
    }

    /// Brings operations that have no answer yet before the leader again.
    pub(crate) fn ask_again(&mut self, ctx: &mut Ctx<Self>) {
        let now = self.ticks;
        let waits = |pending: &Pending| now < pending.since + FORGET;
        self.clients.pending.retain(|_, pending| waits(pending));
        if !self.design.forwards() {
            return;
        }
        let pending = self.clients.pending.iter();
        let late = pending.filter(|(_, it)| it.read_at.is_none() && now >= it.asked_at + AGAIN);
        let late: Vec<u64> = late.map(|(seq, _)| *seq).collect();
        late.into_iter().for_each(|seq| self.pursue(seq, ctx));
    }

    /// As the leader, appends an operation.
    pub(crate) fn take(&mut self, id: RequestId, command: Command, ctx: &mut Ctx<Self>) {
        if !self.leads() || self.is_on_its_way(&id) {
            return;
        }
        if id.node == ctx.id() {
            self.clients.placed.insert(self.log.last() + 1, id.seq);
        }
        self.lead_with(command, Some(id), ctx);
    }

    fn is_on_its_way(&mut self, id: &RequestId) -> bool {
        if self.bug == Bug::DedupAtLeader {
            return !self.clients.taken.insert((id.node.clone(), id.seq));
        }
        let same = |other: &RequestId| other.node == id.node && other.seq == id.seq;
        let mut entries = self.log.after(self.applied).iter();
        entries.any(|entry| entry.id.as_ref().is_some_and(same))
    }

    /// As the leader, finds out up to where a node must have applied the log to answer a read.
    pub(crate) fn ask_index(&mut self, node: &str, seq: u64, ctx: &mut Ctx<Self>) {
        let joins = self.bug == Bug::ReadJoinsRound;
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        // The leader has all committed entries, but knows that they are only with the first of
        // its own term.
        let index = match self.bug {
            Bug::ReadsBeforeCommit => self.commit,
            _ => self.commit.max(leadership.first),
        };
        leadership.reads.push(Asked {
            node: node.to_owned(),
            seq,
            index,
            round: self.round + u64::from(!joins),
        });
        if !joins {
            self.replicate(ctx);
        }
        self.confirm_reads(ctx);
    }

    /// Answers a read when the entry is applied.
    pub(crate) fn read_at(&mut self, seq: u64, index: usize, ctx: &mut Ctx<Self>) {
        let is_unapplied = self.bug == Bug::ReadsUnapplied;
        if let Some(pending) = self.clients.pending.get_mut(&seq) {
            let index = if is_unapplied { 0 } else { index };
            pending.read_at = pending.read_at.or(Some(index));
        }
        self.answer_reads(ctx);
    }

    pub(crate) fn answer_reads(&mut self, ctx: &mut Ctx<Self>) {
        let applied = self.applied;
        let pending = self.clients.pending.iter();
        let ready = pending.filter_map(|(seq, it)| match it.command {
            Command::Read { key } if it.read_at? <= applied => Some((*seq, key)),
            _ => None,
        });
        let ready: Vec<(u64, i64)> = ready.collect();
        for (seq, key) in ready {
            self.clients.answer(seq, self.machine.read(key), ctx);
        }
    }
}
