//! Registers on a minimal Raft: no persistence, no snapshots, reads are entries of the log, and
//! only the leader serves clients. Without an option it is correct as long as no node loses its
//! memory; `--bug NAME` gives it the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `acks-early` | a write is acknowledged when the leader has appended it |
//! | `any-log` | votes go to candidates whose logs lack committed entries |
//! | `commits-alone` | an entry counts as committed when the leader has it |
//! | `follower-reads` | every node answers reads from what it has applied |
//! | `half` | half of the nodes, rounded down, counts as a majority |
//! | `mixes-up` | the client of an entry that was overwritten gets the answer of the one in its place |
//! | `no-log-check` | followers accept entries without comparing the entry before them |
//! | `no-term-check` | followers accept leaders of earlier terms |
//! | `stale-leader` | a leader answers reads without asking whether it still leads |
//! | `votes-twice` | a node may vote for several candidates of a term |
//!
//! Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (2014),
//! figure 2.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

const TICK: Duration = Duration::from_millis(20);
/// Ticks between two heartbeats.
const HEARTBEAT: u64 = 3;
/// Ticks without a leader before an election, at least and at most.
const PATIENCE: std::ops::Range<u64> = 10..30;
/// The most entries of a message.
const ENTRIES_MAX: usize = 64;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    AcksEarly,
    AnyLog,
    CommitsAlone,
    FollowerReads,
    Half,
    MixesUp,
    NoLogCheck,
    NoTermCheck,
    StaleLeader,
    VotesTwice,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Read {
        key: i64,
    },
    Write {
        key: i64,
        value: i64,
    },
    Cas {
        key: i64,
        from: i64,
        to: i64,
    },
    Vote {
        term: u64,
        last_term: u64,
        last: usize,
    },
    Voted {
        term: u64,
        granted: bool,
    },
    Append {
        term: u64,
        prev_term: u64,
        prev: usize,
        entries: Vec<Entry>,
        commit: usize,
    },
    Appended {
        term: u64,
        fits: bool,
        last: usize,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    ReadOk { value: i64 },
    WriteOk,
    CasOk,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Command {
    Nothing,
    Read { key: i64 },
    Write { key: i64, value: i64 },
    Cas { key: i64, from: i64, to: i64 },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Entry {
    term: u64,
    command: Command,
}

#[derive(Serialize, Deserialize)]
enum Role {
    Follower,
    Candidate { votes: BTreeSet<String> },
    Leader { peers: BTreeMap<String, Peer> },
}

/// What a leader knows of another node.
#[derive(Serialize, Deserialize)]
struct Peer {
    /// The entry to send next, from 1.
    next: usize,
    /// The last one that it surely has.
    has: usize,
}

#[derive(Serialize, Deserialize)]
struct Raft {
    bug: Bug,
    role: Role,
    term: u64,
    voted_for: Option<String>,
    log: Vec<Entry>,
    commit: usize,
    applied: usize,
    store: BTreeMap<i64, i64>,
    /// Who waits for which entry.
    clients: BTreeMap<usize, Caller>,
    ticks: u64,
    election_at: u64,
}

impl Node for Raft {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(TICK, ());
        let mut raft = Raft {
            bug: ctx.options::<Options>().bug,
            role: Role::Follower,
            term: 0,
            voted_for: None,
            log: Vec::new(),
            commit: 0,
            applied: 0,
            store: BTreeMap::new(),
            clients: BTreeMap::new(),
            ticks: 0,
            election_at: 0,
        };
        raft.wait(ctx);
        raft
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let sender = from.node().to_owned();
        match request {
            Request::Read { key } => self.serve(Command::Read { key }, from, ctx)?,
            Request::Write { key, value } => {
                self.serve(Command::Write { key, value }, from, ctx)?;
            }
            Request::Cas { key, from: old, to } => {
                let command = Command::Cas { key, from: old, to };
                self.serve(command, from, ctx)?;
            }
            Request::Vote {
                term,
                last_term,
                last,
            } => {
                self.meet_term(term);
                let granted = self.grants(term, (last_term, last), &sender);
                if granted {
                    self.voted_for = Some(sender.clone());
                    self.wait(ctx);
                }
                let term = self.term;
                ctx.send(&sender, &Request::Voted { term, granted });
            }
            Request::Voted { term, granted } => {
                self.meet_term(term);
                if granted && term == self.term {
                    self.count_vote(sender, ctx);
                }
            }
            Request::Append {
                term,
                prev_term,
                prev,
                entries,
                commit,
            } => {
                self.meet_term(term);
                let is_late = term < self.term && self.bug != Bug::NoTermCheck;
                let fits = !is_late && self.append((prev_term, prev), &entries, ctx);
                let last = if fits {
                    prev + entries.len()
                } else {
                    self.log.len()
                };
                if fits {
                    self.commit = self.commit.max(commit.min(last).min(self.log.len()));
                    self.apply(ctx);
                }
                let term = if is_late { self.term } else { term };
                ctx.send(&sender, &Request::Appended { term, fits, last });
            }
            Request::Appended { term, fits, last } => {
                self.meet_term(term);
                if term == self.term {
                    self.hear_of(&sender, fits, last, ctx);
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(TICK, ());
        self.ticks += 1;
        if let Role::Leader { .. } = self.role {
            if self.ticks.is_multiple_of(HEARTBEAT) {
                self.replicate(ctx);
            }
        } else if self.ticks >= self.election_at {
            self.stand(ctx);
        }
    }
}

/// Clients, and the log that they fill.
impl Raft {
    fn serve(
        &mut self,
        command: Command,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let leads = matches!(self.role, Role::Leader { .. });
        let reads_here = match self.bug {
            Bug::FollowerReads => true,
            Bug::StaleLeader => leads,
            _ => false,
        };
        if let (Command::Read { .. }, true) = (command, reads_here) {
            let reply = self.execute(command)?;
            ctx.reply(client, &reply);
            return Ok(());
        }
        if !leads {
            let text = "this node does not lead";
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
        }
        let term = self.term;
        self.log.push(Entry { term, command });
        match (self.bug, command) {
            (Bug::AcksEarly, Command::Write { .. }) => ctx.reply(client, &Reply::WriteOk),
            _ => {
                self.clients.insert(self.log.len(), client);
            }
        }
        self.replicate(ctx);
        self.advance(ctx);
        Ok(())
    }

    fn execute(&mut self, command: Command) -> Result<Reply, Error> {
        let known = |store: &BTreeMap<i64, i64>, key: i64| {
            let value = store.get(&key).copied();
            value.ok_or_else(|| Error::new(ErrorCode::KeyDoesNotExist, "nobody wrote it"))
        };
        match command {
            Command::Nothing => Ok(Reply::WriteOk),
            Command::Read { key } => {
                let value = known(&self.store, key)?;
                Ok(Reply::ReadOk { value })
            }
            Command::Write { key, value } => {
                self.store.insert(key, value);
                Ok(Reply::WriteOk)
            }
            Command::Cas { key, from, to } => {
                if known(&self.store, key)? != from {
                    let text = "another value";
                    return Err(Error::new(ErrorCode::PreconditionFailed, text));
                }
                self.store.insert(key, to);
                Ok(Reply::CasOk)
            }
        }
    }

    /// Executes what is committed, and tells whoever waits for it.
    fn apply(&mut self, ctx: &mut Ctx<Self>) {
        while self.applied < self.commit {
            let entry = self.log[self.applied];
            self.applied += 1;
            let result = self.execute(entry.command);
            if let Some(client) = self.clients.remove(&self.applied) {
                match result {
                    Ok(reply) => ctx.reply(client, &reply),
                    Err(error) => ctx.reply_error(client, error),
                }
            }
        }
    }

    /// Takes entries in that come after the entry `prev`; whether that entry is there.
    fn append(&mut self, prev: (u64, usize), entries: &[Entry], ctx: &mut Ctx<Self>) -> bool {
        self.role = Role::Follower;
        self.wait(ctx);
        let (prev_term, prev) = prev;
        let is_there = prev <= self.log.len() && self.term_of(prev) == prev_term;
        if !is_there && self.bug != Bug::NoLogCheck {
            return false;
        }
        for (index, entry) in (prev..).zip(entries) {
            let conflicts = self.log.get(index).is_some_and(|it| it.term != entry.term);
            if conflicts {
                self.log.truncate(index);
            }
            if index == self.log.len() {
                self.log.push(*entry);
            }
        }
        true
    }
}

/// Terms, votes, and what a leader does.
impl Raft {
    /// Stands back if somebody is further.
    fn meet_term(&mut self, term: u64) {
        if term > self.term {
            self.term = term;
            self.voted_for = None;
            self.role = Role::Follower;
            if self.bug != Bug::MixesUp {
                self.clients.clear();
            }
        }
    }

    fn wait(&mut self, ctx: &mut Ctx<Self>) {
        self.election_at = self.ticks + ctx.rng().u64(PATIENCE);
    }

    /// The term of an entry, numbered from 1; 0 if there is none.
    fn term_of(&self, entry: usize) -> u64 {
        let entry = entry.checked_sub(1).and_then(|index| self.log.get(index));
        entry.map_or(0, |entry| entry.term)
    }

    fn last_term(&self) -> u64 {
        self.term_of(self.log.len())
    }

    fn grants(&self, term: u64, log: (u64, usize), candidate: &str) -> bool {
        let is_free = self.voted_for.as_deref().is_none_or(|it| it == candidate);
        let is_complete = log >= (self.last_term(), self.log.len());
        term == self.term
            && (is_free || self.bug == Bug::VotesTwice)
            && (is_complete || self.bug == Bug::AnyLog)
    }

    fn is_majority(&self, nodes: usize, ctx: &Ctx<Self>) -> bool {
        match self.bug {
            Bug::Half => nodes >= ctx.nodes().len() / 2,
            _ => nodes > ctx.nodes().len() / 2,
        }
    }

    fn stand(&mut self, ctx: &mut Ctx<Self>) {
        self.term += 1;
        self.voted_for = Some(ctx.id().to_owned());
        self.role = Role::Candidate {
            votes: BTreeSet::new(),
        };
        self.wait(ctx);
        let vote = Request::Vote {
            term: self.term,
            last_term: self.last_term(),
            last: self.log.len(),
        };
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        peers.iter().for_each(|peer| ctx.send(peer, &vote));
        self.count_vote(ctx.id().to_owned(), ctx);
    }

    fn count_vote(&mut self, voter: String, ctx: &mut Ctx<Self>) {
        let Role::Candidate { votes } = &mut self.role else {
            return;
        };
        votes.insert(voter);
        let count = votes.len();
        if !self.is_majority(count, ctx) {
            return;
        }
        let next = self.log.len() + 1;
        let peer = |name: &str| (name.to_owned(), Peer { next, has: 0 });
        self.role = Role::Leader {
            peers: ctx.peers().map(peer).collect(),
        };
        // Entries of earlier terms are committed with one of this term.
        let (term, command) = (self.term, Command::Nothing);
        self.log.push(Entry { term, command });
        self.replicate(ctx);
        self.advance(ctx);
    }

    /// Sends everybody what they lack.
    fn replicate(&self, ctx: &mut Ctx<Self>) {
        let Role::Leader { peers } = &self.role else {
            return;
        };
        for (name, peer) in peers {
            let prev = peer.next - 1;
            let entries = self.log.get(prev..).unwrap_or_default();
            let append = Request::Append {
                term: self.term,
                prev_term: self.term_of(prev),
                prev,
                entries: entries.iter().take(ENTRIES_MAX).copied().collect(),
                commit: self.commit,
            };
            ctx.send(name, &append);
        }
    }

    fn hear_of(&mut self, name: &str, fits: bool, last: usize, ctx: &mut Ctx<Self>) {
        let Role::Leader { peers } = &mut self.role else {
            return;
        };
        if let Some(peer) = peers.get_mut(name) {
            if fits {
                peer.has = peer.has.max(last);
                peer.next = peer.next.max(peer.has + 1);
            } else {
                peer.next = (peer.next - 1).min(last + 1).max(peer.has + 1);
            }
        }
        self.advance(ctx);
    }

    /// Commits what a majority has.
    fn advance(&mut self, ctx: &mut Ctx<Self>) {
        let Role::Leader { peers } = &self.role else {
            return;
        };
        let is_committed = |index: usize| {
            let others = peers.values().filter(|peer| peer.has >= index).count();
            let is_own = self.log[index - 1].term == self.term;
            is_own && (self.is_majority(others + 1, ctx) || self.bug == Bug::CommitsAlone)
        };
        let committed = (self.commit + 1..=self.log.len())
            .rev()
            .find(|it| is_committed(*it));
        if let Some(committed) = committed {
            self.commit = committed;
            self.apply(ctx);
        }
    }
}

guest_sdk::export!(Raft);
