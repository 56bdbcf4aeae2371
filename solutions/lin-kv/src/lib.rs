//! lin-kv: a linearizable key-value store on Raft.
//!
//! The nodes elect a leader, which appends every write and compare-and-set to a log. An entry is
//! committed when a majority of the nodes has it in its log. Every node applies committed entries,
//! in log order, to its own copy of the store. Reads are not logged: the leader answers one when a
//! majority has confirmed that it still leads.
//!
//! | file | job | paper |
//! |---|---|---|
//! | `election` | terms, votes, pre-votes, when a leader resigns | §5.2, §5.4.1; thesis §9.6, §6.2 |
//! | `replication` | appending, committing, snapshots | §5.3, §5.4.2, §7 |
//! | `log` | the log and its conflicts | §5.3, §7 |
//! | `machine` | the store; applies each command once | thesis §6.3 |
//! | `clients` | forwarding to the leader, reads by read index | §8; thesis §6.4 |
//! | `persistent` | term, vote, log and snapshot on the disk | figure 2, §7 |
//! | `recovery` | rejoining after a loss of the disk | Michael et al. |
//!
//! Time is counted in ticks. Nothing reads the clock, so it may jump and drift; no guarantee
//! depends on it.
//!
//! # Answers to clients
//!
//! A node that knows no leader holds an operation for a while, in case one is elected. Then it
//! answers with error 11, which is definite, if it has not forwarded the operation, and with
//! error 0 if it has. An operation that is forwarded twice takes place once.
//!
//! # Faults
//!
//! Linearizable under message loss, duplication, delay, partitions, pauses and clock skew.
//! Available to clients of nodes that can talk, in both directions, to a majority whose members
//! can talk to the leader. A ring of one-way cuts among three nodes leaves no such pair.
//!
//! Term, vote, log and a snapshot are durable before a message depends on them (`persistent`). So all nodes may be killed or lose
//! their power at once, again and again; what was acknowledged is there when a majority is back.
//!
//! A node whose disk is empty or damaged, and that was a member before, does not vote or append until a majority and its
//! leader have sent it the missing state (`recovery`). If more than a minority are in that state at once,
//! committed entries may be lost, and the others stop for good.
//!
//! # Costs
//!
//! Measured with Maelstrom's options for its own Raft (`--node-count 3 --concurrency 4n --rate 30
//! --time-limit 60`): 4.4 messages between servers for each operation; 7.6 with five nodes. Under
//! load it is less: 1.2 with three nodes, 9,600 operations a second and 5 ms of latency.
//!
//! Syncs: one for each message that brings entries to a follower, and one at the leader for all that it sends then: 1.4 in
//! the whole cluster for each operation, 2.2 with five nodes. Reads and heartbeats need none.
//!
//! # Sources
//!
//! Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (2014, the
//! extended version: "paper"); Ongaro, "Consensus: bridging theory and practice" (2014: "thesis");
//! for `recovery` see there.

mod clients;
mod election;
mod log;
mod machine;
mod message;
mod persistent;
mod recovery;
mod replication;
#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::prelude::*;

use clients::Clients;
use election::Candidacy;
use machine::{Machine, Operation};
use message::Message;
use persistent::Persistent;
use recovery::{Answers, Start};
use replication::Leadership;

/// What all waits are counted in. A clock at half or twice the speed changes nothing but speed.
const TICK: Duration = Duration::from_millis(25);

/// A node, as figure 2 of the paper has it.
#[derive(Serialize, Deserialize)]
struct Raft {
    /// How often [`TICK`] has passed.
    now: u64,
    persistent: Persistent,
    role: Role,
    leader: Option<String>,
    /// When that leader was last heard.
    heard_at: u64,
    /// When to stand for election if no leader is heard until then.
    election_at: u64,
    /// The last entry that is known to be committed; the machine has done all up to here.
    commit: u64,
    machine: Machine,
    clients: Clients,
}

#[derive(Serialize, Deserialize)]
enum Role {
    /// It does not know yet whether it has been here before, or is having it written down.
    Starting,
    /// It has not, and has not taken part yet.
    New,
    /// It has, and has forgotten everything.
    Recovering(Answers),
    Follower,
    Candidate(Candidacy),
    Leader(Leadership),
}

impl Node for Raft {
    type Request = Message;
    type Call = Start;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(TICK, ());
        let (persistent, done) = Persistent::open(ctx);
        let is_new = done.is_none();
        let done = done.unwrap_or_default();
        let mut raft = Raft {
            now: 0,
            persistent,
            role: Role::Starting,
            leader: None,
            heard_at: 0,
            election_at: 0,
            commit: done.commit,
            machine: done.machine,
            clients: Clients::default(),
        };
        match is_new {
            true => recovery::ask_how_often_started(ctx),
            false => raft.go_on(ctx),
        }
        raft
    }

    fn request(
        &mut self,
        message: Message,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match Operation::of(&message) {
            Some(operation) => self.on_operation(operation, from, ctx)?,
            None => self.on_message(message, from.node(), ctx),
        }
        self.end_step(ctx);
        Ok(())
    }

    fn response(
        &mut self,
        step: Start,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        self.start(step, response, ctx);
        self.end_step(ctx);
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(TICK, ());
        self.now += 1;
        match &self.role {
            Role::Starting => {}
            Role::New if self.now < self.election_at => {}
            Role::New => self.take_part(ctx),
            Role::Recovering(_) => self.ask_to_recover(ctx),
            Role::Follower | Role::Candidate(_) => self.stand_if_no_leader(ctx),
            Role::Leader(_) => self.resign_if_not_heard(ctx),
        }
        self.hand_over_operations(ctx);
        self.end_step(ctx);
    }
}

impl Raft {
    /// Every event ends with this.
    fn end_step(&mut self, ctx: &mut Ctx<Self>) {
        self.replicate(ctx);
        self.persistent.end_step(self.commit, &self.machine, ctx);
    }

    fn on_message(&mut self, message: Message, from: &str, ctx: &mut Ctx<Self>) {
        match (&self.role, message) {
            // A node that knows nothing has nothing to say.
            (Role::Recovering(_), Message::Recovered(answer)) => {
                self.on_recovered(answer, from, ctx);
            }
            (Role::Starting | Role::Recovering(_), _) => {}
            (Role::New, _) => self.take_part(ctx),

            (_, Message::RequestVote(request)) => self.on_request_vote(&request, from, ctx),
            (_, Message::Vote(vote)) => self.on_vote(&vote, from, ctx),
            (_, Message::Append(append)) => self.on_append(append, from, ctx),
            (
                _,
                Message::InstallSnapshot {
                    term,
                    number,
                    snapshot,
                },
            ) => self.on_snapshot(term, number, snapshot, from, ctx),
            (_, Message::Appended(answer)) => self.on_appended(&answer, from, ctx),
            (_, Message::Forward { command }) => self.take(command, ctx),
            (_, Message::Done { id, outcome }) => self.answer(&id, outcome, ctx),
            (_, Message::Recover { life }) => self.on_recover(life, from, ctx),
            // Recovered already; operations do not come here.
            (
                _,
                Message::Recovered(_)
                | Message::Read { .. }
                | Message::Write { .. }
                | Message::Cas { .. },
            ) => {}
        }
    }
}

/// How many nodes are more than half.
fn majority(ctx: &Ctx<Raft>) -> usize {
    ctx.nodes().len() / 2 + 1
}

guest_sdk::export!(Raft);
