//! Registers on Raft, without persistence unless the design is `durable`. Without options only the leader serves clients, and
//! reads are entries of the log. `--design NAME` chooses another design, all of which are right as
//! long as no node loses its memory; `--bug NAME` gives the design the bug of that name.
//!
//! | design | how it works |
//! |---|---|
//! | `log` | the default: reads are entries of the log, other nodes than the leader refuse clients |
//! | `read-index` | the leader answers a read when a majority has answered a heartbeat sent after it |
//! | `lease` | the leader answers reads at once for 200 ms after a heartbeat that a majority answered; followers refuse votes for 840 ms after one, so clocks may run at half to twice the speed |
//! | `forwarding` | every node passes operations on to the leader, again and again; each takes place once |
//! | `pre-vote` | as `forwarding`; a node asks whether it would be elected before it raises the term |
//! | `compaction` | as `forwarding`; logs are cut every 24 entries, and snapshots sent to nodes that are behind |
//! | `follower-reads` | as `forwarding`; a node asks the leader for the read index and answers reads itself |
//! | `everything` | `pre-vote`, `compaction` and `follower-reads` in one |
//! | `durable` | as `compaction`, with ballot, log and snapshot on the disk, each in a file |
//!
//! | bug | what is wrong |
//! |---|---|
//! | `acks-early` | a write is acknowledged when the leader has appended it |
//! | `any-log` | votes go to candidates whose logs lack committed entries |
//! | `applies-early` | followers apply entries when they append them |
//! | `commit-from-disk` | a node that was restarted takes its whole log for committed |
//! | `commits-alone` | an entry counts as committed when the leader has it |
//! | `commits-unmatched` | a follower commits up to the end of its log instead of the end of what it was sent |
//! | `counts-old-terms` | entries of earlier terms are committed by counting (figure 8 of the paper) |
//! | `cuts-first` | the log on the disk is cut before the snapshot is there |
//! | `dedup-at-leader` | the leader remembers which requests it has taken; the next leader does not |
//! | `dedup-lost` | a snapshot lacks the requests that have been executed |
//! | `entries-unsynced` | entries are acknowledged before they are synced |
//! | `follower-reads` | every node answers reads from what it has applied |
//! | `forgets-vote` | the vote is not in the saved state of a node |
//! | `half` | half of the nodes, rounded down, counts as a majority |
//! | `heartbeat-commits` | a heartbeat commits what a follower has, without comparing logs |
//! | `install-lost` | a snapshot that a leader has sent is not written to the disk |
//! | `keeps-conflicts` | entries that differ from the leader's are kept, only missing ones are added |
//! | `keeps-overwritten` | entries that were overwritten stay on the disk, and count after a restart |
//! | `keeps-tail` | an entry that differs is replaced, those after it are kept |
//! | `keeps-torn` | a torn record at the end of the log is skipped and not cut off: the next one is glued to it |
//! | `lease-in-ticks` | the lease is counted in timers, which stand still while the node is paused |
//! | `lease-too-long` | the lease lasts as long as followers refuse votes, as if all clocks were the same |
//! | `lease-votes` | followers vote although the leader may have a lease |
//! | `log-lost` | the log is not on the disk |
//! | `match-from-failure` | a refused append says how much a follower has |
//! | `match-own-last` | after any accepted append a follower counts as having the leader's whole log |
//! | `mixes-up` | the client of an entry that was overwritten gets the answer of the one in its place |
//! | `no-disk` | nothing is on the disk |
//! | `no-log-check` | followers accept entries without comparing the entry before them |
//! | `no-step-down` | a leader does not look at the terms of answers: a refusal confirms that it leads |
//! | `no-term-check` | followers accept leaders of earlier terms |
//! | `numbers-again` | a node that was restarted numbers its requests from 1 again |
//! | `old-votes` | votes of an earlier term count |
//! | `pre-vote-counts` | the answers to a pre-vote count as votes |
//! | `prev-without-term` | followers compare the number of the entry before, and not its term |
//! | `read-joins-round` | a heartbeat that was sent before a read confirms it |
//! | `reads-before-commit` | a new leader answers reads before an entry of its term is committed |
//! | `reads-unapplied` | a node answers a read when it has the read index, whatever it has applied |
//! | `retries-twice` | a request that is forwarded twice is executed twice |
//! | `same-timeout` | all nodes wait equally long before an election, so votes split for ever |
//! | `skips-replay` | a node that was restarted takes its log for executed |
//! | `snapshot-forgets` | the snapshot on the disk lacks the requests that have been executed |
//! | `snapshot-goes-back` | a snapshot is installed although the node is further |
//! | `snapshot-late` | the log is cut twice as often as the snapshot is written |
//! | `stale-answers` | answers to appends of an earlier term count |
//! | `stale-leader` | a leader answers reads without asking whether it still leads |
//! | `syncs-anyway` | a sync that failed counts as one that has succeeded |
//! | `term-lost` | term and vote are not on the disk; the term of the last entry is taken |
//! | `term-not-adopted` | a voter does not adopt the candidate's term |
//! | `timer-always-reset` | any message puts an election off, also a client's |
//! | `timer-never-reset` | heartbeats do not put an election off |
//! | `truncates-matches` | an append cuts off all that comes after it, also what matches |
//! | `truncates-unsynced` | entries that take the place of others are acknowledged before they are synced |
//! | `vote-by-length` | votes go to the longer log, whatever its last term |
//! | `vote-by-term` | votes go to the higher last term, however short the log |
//! | `vote-lost` | the term is on the disk, and the vote is not |
//! | `vote-reset` | a node forgets its vote when it hears the leader of the term |
//! | `vote-unsynced` | a vote is given before it is synced |
//! | `votes-twice` | a node may vote for several candidates of a term |
//!
//! | file | job |
//! |---|---|
//! | `options` | the bugs and designs |
//! | `message` | what nodes and clients say |
//! | `log` | the log and its beginning that was cut off |
//! | `machine` | the registers; executes each request once |
//! | `disk` | what is on the disk |
//! | `clients` | operations of this node's clients, forwarding, reads |
//! | `election` | terms and votes |
//! | `replication` | appending, committing, snapshots, confirmation |
//!
//! Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (2014),
//! figures 2, 8 and 13; Ongaro, "Consensus: bridging theory and practice" (2014), 6.3, 6.4, 9.6.

mod clients;
mod disk;
mod election;
mod log;
mod machine;
mod message;
mod options;
mod replication;

use std::time::Duration;

use guest_sdk::disk::SyncFailure;
use guest_sdk::prelude::*;

use clients::Clients;
use disk::Files;
use election::Ballot;
use log::Log;
use machine::{Command, Machine};
use message::Message;
use options::{Bug, Design, Options};
use replication::Leadership;

const TICK: Duration = Duration::from_millis(20);
/// Ticks between two heartbeats.
const HEARTBEAT: u64 = 3;

#[derive(Serialize, Deserialize)]
enum Role {
    Follower,
    /// With who votes for it; on trial before it raises the term.
    Candidate {
        votes: std::collections::BTreeSet<String>,
        on_trial: bool,
    },
    Leader(Leadership),
}

#[derive(Serialize, Deserialize)]
struct Raft {
    design: Design,
    bug: Bug,
    role: Role,
    term: u64,
    ballot: Ballot,
    leader: Option<String>,
    log: Log,
    commit: usize,
    applied: usize,
    machine: Machine,
    clients: Clients,
    ticks: u64,
    election_at: u64,
    /// When a leader was last heard.
    heard_at: Option<u64>,
    /// How often this node has spoken to all as a leader.
    round: u64,
    /// The last entry of the snapshot that a leader has sent.
    installed: usize,
    /// What is on the disk, with the design `durable`.
    files: Option<Files>,
}

impl Node for Raft {
    type Request = Message;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(TICK, ());
        let Options { bug, design } = ctx.options();
        let mut raft = Raft {
            design,
            bug,
            role: Role::Follower,
            term: 0,
            ballot: Ballot::new(bug != Bug::ForgetsVote),
            leader: None,
            log: Log::default(),
            commit: 0,
            applied: 0,
            machine: Machine::default(),
            clients: Clients::default(),
            ticks: 0,
            election_at: 0,
            heard_at: None,
            round: 0,
            installed: 0,
            files: None,
        };
        raft.load(ctx);
        raft.wait(ctx);
        raft
    }

    fn request(
        &mut self,
        message: Message,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        if self.bug == Bug::TimerAlwaysReset {
            self.wait(ctx);
        }
        let sender = from.node().to_owned();
        match message {
            Message::Read { key } => self.serve(Command::Read { key }, from, ctx)?,
            Message::Write { key, value } => {
                self.serve(Command::Write { key, value }, from, ctx)?;
            }
            Message::Cas { key, from: old, to } => {
                let command = Command::Cas { key, from: old, to };
                self.serve(command, from, ctx)?;
            }
            Message::Vote(vote) => self.on_vote(vote, &sender, ctx),
            Message::Voted(voted) => self.on_voted(voted, sender, ctx),
            Message::Append(append) => self.on_append(append, &sender, ctx),
            Message::Install(install) => self.on_install(install, &sender, ctx),
            Message::Appended(appended) => self.on_appended(appended, &sender, ctx),
            Message::Forward { id, command } => self.take(id, command, ctx),
            Message::ReadIndex { seq } => self.ask_index(&sender, seq, ctx),
            Message::ReadAt { seq, index } => self.read_at(seq, index, ctx),
        }
        self.save(ctx);
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(TICK, ());
        self.ticks += 1;
        if self.leads() {
            if self.ticks.is_multiple_of(HEARTBEAT) {
                self.beat(ctx);
            }
        } else if self.ticks >= self.election_at {
            self.stand(ctx);
        }
        self.ask_again(ctx);
        self.save(ctx);
    }

    fn sync_failed(&mut self, reason: SyncFailure, _: &mut Ctx<Self>) {
        let goes_on = self.bug == Bug::SyncsAnyway && self.ticks > 0;
        assert!(goes_on, "a sync failed: {reason:?}");
    }
}

impl Raft {
    fn leads(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    fn is_majority(&self, nodes: usize, ctx: &Ctx<Self>) -> bool {
        match self.bug {
            Bug::Half => nodes >= ctx.nodes().len() / 2,
            _ => nodes > ctx.nodes().len() / 2,
        }
    }
}

guest_sdk::export!(Raft);
