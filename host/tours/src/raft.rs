//! Registers on Raft, small: elections, replication, and two ways to read.
//!
//! Only the leader serves clients; others refuse with error 11 and name it. Term, vote and log are on the disk before a
//! message tells of them. With `--reads local` the leader answers a read at once from what it has applied, which is
//! wrong: another may lead by now. With `--reads read-index` it answers when a majority has confirmed, after the read came, that it
//! still leads.
//!
//! Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm" (2014, extended version), figure 2
//! and §8; for the read index Ongaro, "Consensus: bridging theory and practice" (2014), §6.4. Left out are snapshots,
//! changes of the members, and requests that a client repeats.

mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

use message::{Append, Command, Entry, Message, Reply};

/// How often a leader says that it leads.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How long a node waits for a leader, in milliseconds, by chance: so two seldom stand for election at once.
const PATIENCE_MS: std::ops::Range<u64> = 500..1000;
/// The files of the disk.
const BALLOT: &str = "ballot";
const LOG: &str = "log";

#[derive(Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    reads: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            reads: "local".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Follower,
    Candidate,
    Leader,
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Alarm {
    Election,
    Heartbeat,
}

/// What a leader knows of another node.
#[derive(Serialize, Deserialize)]
struct Peer {
    /// The entry to send next.
    next: usize,
    /// Up to here its log is the leader's.
    matched: usize,
    /// The latest round that it has answered.
    round: u64,
}

/// A read that waits for its leader to be confirmed.
#[derive(Serialize, Deserialize)]
struct Read {
    from: Caller,
    key: i64,
    /// A majority has to answer this round, or a later one.
    round: u64,
}

/// A write whose entry is not committed yet.
#[derive(Serialize, Deserialize)]
struct Write {
    from: Caller,
    index: usize,
}

/// A node, as figure 2 of the paper has it. Entries are numbered from 1; 0 stands for none.
#[derive(Serialize, Deserialize)]
pub(crate) struct Raft {
    role: Role,
    term: u64,
    voted_for: Option<String>,
    leader: Option<String>,
    log: Vec<Entry>,
    /// Up to here the log is committed, and applied.
    commit: usize,
    /// What the committed entries have made of the registers.
    registers: BTreeMap<i64, i64>,
    /// Who has voted for this candidate.
    votes: BTreeSet<String>,
    peers: BTreeMap<String, Peer>,
    /// The last round of heartbeats.
    round: u64,
    writes: Vec<Write>,
    reads: Vec<Read>,
    reads_local: bool,
    timer: TimerId,
}

impl Node for Raft {
    type Request = Message;
    type Call = ();
    type Timer = Alarm;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        let ballot = ctx.disk().get(BALLOT);
        let (term, voted_for) = kept(ballot);
        let log = kept(ctx.disk().get(LOG));
        let timer = patience(ctx);
        Raft {
            role: Role::Follower,
            term,
            voted_for,
            leader: None,
            log,
            commit: 0,
            registers: BTreeMap::new(),
            votes: BTreeSet::new(),
            peers: BTreeMap::new(),
            round: 0,
            writes: Vec::new(),
            reads: Vec::new(),
            reads_local: options.reads == "local",
            timer,
        }
    }

    fn request(
        &mut self,
        message: Message,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let sender = from.node().to_owned();
        match message {
            Message::Read { key } => self.read(key, from, ctx)?,
            Message::Write { key, value } => {
                self.take(Command::Write { key, value }, from, ctx)?;
            }
            Message::Cas { key, from: old, to } => {
                let command = Command::Cas { key, from: old, to };
                self.take(command, from, ctx)?;
            }
            Message::RequestVote {
                term,
                last_index,
                last_term,
            } => {
                self.enter(term, ctx);
                let granted = self.grants(&sender, term, (last_term, last_index));
                if granted {
                    self.voted_for = Some(sender.clone());
                    self.keep_ballot(ctx);
                    self.be_patient(ctx);
                }
                let term = self.term;
                ctx.send(&sender, &Message::Vote { term, granted });
            }
            Message::Vote { term, granted } => {
                self.enter(term, ctx);
                if granted && term == self.term && self.role == Role::Candidate {
                    self.votes.insert(sender);
                    self.lead_if_elected(ctx);
                }
            }
            Message::Append(append) => self.on_append(append, &sender, ctx),
            Message::Appended {
                term,
                ok,
                index,
                round,
            } => {
                self.enter(term, ctx);
                if term == self.term && self.role == Role::Leader {
                    self.on_appended(&sender, ok, index, round, ctx);
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, alarm: Alarm, ctx: &mut Ctx<Self>) {
        match alarm {
            Alarm::Election => self.stand(ctx),
            Alarm::Heartbeat => self.tell_all(ctx),
        }
    }
}

/// Elections: §5.2, §5.4.1.
impl Raft {
    /// Enters a term, if it is a later one.
    fn enter(&mut self, term: u64, ctx: &mut Ctx<Self>) {
        if term > self.term {
            (self.term, self.voted_for) = (term, None);
            self.keep_ballot(ctx);
            self.follow(None, ctx);
        }
    }

    fn follow(&mut self, leader: Option<&str>, ctx: &mut Ctx<Self>) {
        if self.role == Role::Leader {
            // What clients have asked for may happen yet or not, so they get no answer.
            self.writes.clear();
            self.reads.clear();
            self.peers.clear();
            self.be_patient(ctx);
        }
        self.role = Role::Follower;
        self.leader = leader.map(str::to_owned);
        self.votes.clear();
    }

    fn be_patient(&mut self, ctx: &mut Ctx<Self>) {
        ctx.cancel_timer(self.timer);
        self.timer = patience(ctx);
    }

    /// Whether a candidate whose last entry is of this term and at this index gets the vote.
    fn grants(&self, candidate: &str, term: u64, last: (u64, usize)) -> bool {
        let is_free = self.voted_for.as_deref().is_none_or(|it| it == candidate);
        term == self.term && self.role == Role::Follower && is_free && last >= self.last()
    }

    /// The term of the last entry, and its index.
    fn last(&self) -> (u64, usize) {
        let index = self.log.len();
        (self.term_at(index), index)
    }

    fn term_at(&self, index: usize) -> u64 {
        let entry = index.checked_sub(1).and_then(|at| self.log.get(at));
        entry.map_or(0, |entry| entry.term)
    }

    fn stand(&mut self, ctx: &mut Ctx<Self>) {
        let me = ctx.id().to_owned();
        self.term += 1;
        self.role = Role::Candidate;
        self.leader = None;
        self.voted_for = Some(me.clone());
        self.votes = BTreeSet::from([me]);
        self.keep_ballot(ctx);
        self.be_patient(ctx);
        let (last_term, last_index) = self.last();
        let term = self.term;
        let request = Message::RequestVote {
            term,
            last_index,
            last_term,
        };
        for peer in peers(ctx) {
            ctx.send(&peer, &request);
        }
        self.lead_if_elected(ctx);
    }

    fn lead_if_elected(&mut self, ctx: &mut Ctx<Self>) {
        if self.votes.len() < majority(ctx) {
            return;
        }
        ctx.cancel_timer(self.timer);
        self.role = Role::Leader;
        self.leader = Some(ctx.id().to_owned());
        let next = self.log.len() + 1;
        let peer = |name| {
            let peer = Peer {
                next,
                matched: 0,
                round: 0,
            };
            (name, peer)
        };
        self.peers = peers(ctx).into_iter().map(peer).collect();
        // Only an entry of its own term tells a leader what is committed: §8.
        self.append(Command::Nothing, ctx);
        self.tell_all(ctx);
    }
}

/// Replication: §5.3, §5.4.2.
impl Raft {
    fn append(&mut self, command: Command, ctx: &mut Ctx<Self>) {
        let term = self.term;
        self.log.push(Entry { term, command });
        ctx.disk().put(LOG, &self.log);
    }

    /// Sends each other node what it lacks, or a heartbeat.
    fn tell_all(&mut self, ctx: &mut Ctx<Self>) {
        self.round += 1;
        ctx.cancel_timer(self.timer);
        self.timer = ctx.set_timer(HEARTBEAT, Alarm::Heartbeat);
        for (name, peer) in &self.peers {
            self.tell(name, peer, ctx);
        }
        self.commit_what_most_have(ctx);
    }

    fn tell(&self, name: &str, peer: &Peer, ctx: &mut Ctx<Self>) {
        let prev_index = peer.next - 1;
        let append = Append {
            term: self.term,
            prev_index,
            prev_term: self.term_at(prev_index),
            entries: self.log[prev_index..].to_vec(),
            commit: self.commit,
            round: self.round,
        };
        ctx.send(name, &Message::Append(append));
    }

    fn on_append(&mut self, append: Append, sender: &str, ctx: &mut Ctx<Self>) {
        self.enter(append.term, ctx);
        let round = append.round;
        let ok = append.term == self.term && {
            self.follow(Some(sender), ctx);
            self.be_patient(ctx);
            let prev = append.prev_index;
            prev <= self.log.len() && self.term_at(prev) == append.prev_term
        };
        let mut index = 0;
        if ok {
            index = append.prev_index + append.entries.len();
            self.accept(append, ctx);
        }
        let term = self.term;
        let answer = Message::Appended {
            term,
            ok,
            index,
            round,
        };
        ctx.send(sender, &answer);
    }

    /// Takes in the entries of a leader whose log agrees with this one up to them.
    fn accept(&mut self, append: Append, ctx: &mut Ctx<Self>) {
        let end = append.prev_index + append.entries.len();
        let mut is_new = false;
        for (at, entry) in (append.prev_index..).zip(append.entries) {
            if self.term_at(at + 1) != entry.term {
                self.log.truncate(at);
                self.log.push(entry);
                is_new = true;
            }
        }
        if is_new {
            ctx.disk().put(LOG, &self.log);
        }
        self.apply_up_to(append.commit.min(end), ctx);
    }

    fn on_appended(
        &mut self,
        sender: &str,
        ok: bool,
        index: usize,
        round: u64,
        ctx: &mut Ctx<Self>,
    ) {
        let end = self.log.len();
        let Some(peer) = self.peers.get_mut(sender) else {
            return;
        };
        peer.round = peer.round.max(round);
        if ok {
            peer.matched = peer.matched.max(index.min(end));
            peer.next = peer.matched + 1;
        } else if peer.next > peer.matched + 1 {
            peer.next -= 1;
            let peer = &self.peers[sender];
            self.tell(sender, peer, ctx);
        }
        self.commit_what_most_have(ctx);
        self.answer_reads(ctx);
    }

    /// An entry of the leader's own term is committed when a majority has it, and with it all before it.
    fn commit_what_most_have(&mut self, ctx: &mut Ctx<Self>) {
        let matched = self.peers.values().map(|peer| peer.matched);
        let mut matched: Vec<usize> = matched.chain([self.log.len()]).collect();
        matched.sort_unstable_by(|a, b| b.cmp(a));
        let most = matched[majority(ctx) - 1];
        if self.term_at(most) == self.term {
            self.apply_up_to(most, ctx);
        }
    }

    fn apply_up_to(&mut self, commit: usize, ctx: &mut Ctx<Self>) {
        while self.commit < commit {
            let command = self.log[self.commit].command.clone();
            self.commit += 1;
            let reply = self.apply(&command);
            let commit = self.commit;
            if let Some(at) = self.writes.iter().position(|it| it.index == commit) {
                let write = self.writes.remove(at);
                match reply {
                    Ok(reply) => ctx.reply(write.from, &reply),
                    Err(error) => ctx.reply_error(write.from, error),
                }
            }
        }
    }

    fn apply(&mut self, command: &Command) -> Result<Reply, Error> {
        match *command {
            Command::Nothing => Ok(Reply::WriteOk),
            Command::Write { key, value } => {
                self.registers.insert(key, value);
                Ok(Reply::WriteOk)
            }
            Command::Cas { key, from, to } => {
                let value = self.value(key)?;
                if value != from {
                    let text = format!("the value is {value}, not {from}");
                    return Err(Error::new(ErrorCode::PreconditionFailed, text));
                }
                self.registers.insert(key, to);
                Ok(Reply::CasOk)
            }
        }
    }
}

/// Clients: §8; thesis §6.4.
impl Raft {
    fn must_lead(&self) -> Result<(), Error> {
        if self.role == Role::Leader {
            return Ok(());
        }
        let leader = match &self.leader {
            Some(leader) => format!("{leader} leads, ask there"),
            None => "nobody leads as far as this node knows".to_owned(),
        };
        Err(Error::new(ErrorCode::TemporarilyUnavailable, leader))
    }

    fn take(&mut self, command: Command, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.must_lead()?;
        self.append(command, ctx);
        let index = self.log.len();
        self.writes.push(Write { from, index });
        self.tell_all(ctx);
        Ok(())
    }

    fn value(&self, key: i64) -> Result<i64, Error> {
        let no_key = || Error::new(ErrorCode::KeyDoesNotExist, format!("there is no key {key}"));
        self.registers.get(&key).copied().ok_or_else(no_key)
    }

    fn read(&mut self, key: i64, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.must_lead()?;
        if self.reads_local {
            let value = self.value(key)?;
            ctx.reply(from, &Reply::ReadOk { value });
            return Ok(());
        }
        self.tell_all(ctx); // a round that begins after the read has come
        let round = self.round;
        self.reads.push(Read { from, key, round });
        self.answer_reads(ctx);
        Ok(())
    }

    /// Answers the reads whose round most nodes have answered.
    fn answer_reads(&mut self, ctx: &mut Ctx<Self>) {
        if self.term_at(self.commit) != self.term {
            return; // it does not know yet what is committed
        }
        let rounds = self.peers.values().map(|peer| peer.round);
        let mut rounds: Vec<u64> = rounds.chain([self.round]).collect();
        rounds.sort_unstable_by(|a, b| b.cmp(a));
        let confirmed = rounds[majority(ctx) - 1];
        let (ready, waiting) = std::mem::take(&mut self.reads)
            .into_iter()
            .partition(|read| read.round <= confirmed);
        self.reads = waiting;
        let ready: Vec<Read> = ready;
        for read in ready {
            match self.value(read.key) {
                Ok(value) => ctx.reply(read.from, &Reply::ReadOk { value }),
                Err(error) => ctx.reply_error(read.from, error),
            }
        }
    }

    fn keep_ballot(&self, ctx: &mut Ctx<Self>) {
        ctx.disk().put(BALLOT, &(self.term, &self.voted_for));
    }
}

/// What was on the disk, or the beginning.
fn kept<T: Default>(read: Result<Option<T>, guest_sdk::disk::ReadError>) -> T {
    let kept = read.unwrap_or_else(|why| panic!("the disk is damaged: {why}"));
    kept.unwrap_or_default()
}

/// Sets the timer of the next election.
fn patience(ctx: &mut Ctx<Raft>) -> TimerId {
    let after_ms = ctx.rng().u64(PATIENCE_MS);
    ctx.set_timer(Duration::from_millis(after_ms), Alarm::Election)
}

fn peers(ctx: &Ctx<Raft>) -> Vec<String> {
    ctx.peers().map(str::to_owned).collect()
}

/// How many nodes are more than half.
fn majority(ctx: &Ctx<Raft>) -> usize {
    ctx.nodes().len() / 2 + 1
}
