//! Logs that every node has a copy of, from which it answers polls. `--design` says how, and
//! `--bug` what is wrong.
//!
//! | design | how it works |
//! |---|---|
//! | `pull` | the first node takes all sends; the others ask it for what they lack |
//! | `push` | it sends each message to the others, again until they have it; they keep what comes early |
//!
//! | bug of `push` | what is wrong |
//! |---|---|
//! | `arrival` | copies have messages in the order in which they arrive |
//! | `lamport` | every node takes sends, with an offset above all it knows and a rest of its own |
//! | `once` | messages are sent once |
//! | `push-jumps` | polls leave out what has not arrived |
//! | `push-ordered` | what comes early is thrown away, and not sent again |
//! | `striped` | every node takes sends, with every n-th offset |
//! | `time` | every node takes sends, with the time as their offset |
//!
//! | bug of `pull` | what is wrong |
//! |---|---|
//! | `guesses` | nodes acknowledge a send with the next offset of their copy, then forward it |
//! | `overlaps` | a node asks again before it has an answer, and adds both answers |
//! | `own-polls` | nodes do not copy, and answer polls from what was sent to them |
//! | `stops` | after one question without an answer a node asks no more |

mod protocol;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use protocol::{Reply, Request};

const ONCE: Retry = Retry::never(Duration::from_secs(1));

/// Between two questions for what is new, or two times that messages are sent again.
const PERIOD: Duration = Duration::from_millis(50);

/// How many messages of a key a poll answers.
const POLL_MAX: usize = 10;

/// The most messages that a node is told at once.
const ENTRIES_MAX: usize = 500;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    #[default]
    Pull,
    Push,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Arrival,
    Guesses,
    Lamport,
    Once,
    Overlaps,
    OwnPolls,
    PushJumps,
    PushOrdered,
    Stops,
    Striped,
    Time,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Bug,
}

/// A message in its place.
#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    key: String,
    offset: i64,
    msg: i64,
}

#[derive(Serialize, Deserialize)]
enum Call {
    /// Another node answers the client.
    Client {
        client: Caller,
        sent: Option<(String, i64)>,
    },
    Pull,
    /// A peer is told the entries before the one with the number `end`.
    Push {
        peer: String,
        end: usize,
    },
}

#[derive(Serialize, Deserialize)]
struct Replica {
    options: Options,
    logs: BTreeMap<String, BTreeMap<i64, i64>>,
    /// What is to be copied, in the order in which it came.
    journal: Vec<Entry>,
    /// How many entries each peer has of this node.
    acked: BTreeMap<String, usize>,
    committed: BTreeMap<String, i64>,
    /// What was sent here, for `own-polls`.
    own: BTreeMap<String, BTreeMap<i64, i64>>,
}

impl Node for Replica {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(PERIOD, ());
        Replica {
            options: ctx.options(),
            logs: BTreeMap::new(),
            journal: Vec::new(),
            acked: BTreeMap::new(),
            committed: BTreeMap::new(),
            own: BTreeMap::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let leader = ctx.nodes()[0].clone();
        let is_leader = ctx.id() == leader;
        let takes_sends = matches!(self.options.bug, Bug::Lamport | Bug::Striped | Bug::Time);
        match request {
            Request::Send { key, msg } if is_leader || takes_sends => {
                let offset = self.append(key, msg, ctx);
                ctx.reply(from, &Reply::SendOk { offset });
            }
            Request::Send { key, msg } if self.options.bug == Bug::Guesses => {
                let offset = self.next(&key);
                ctx.send(&leader, &Request::Send { key, msg });
                ctx.reply(from, &Reply::SendOk { offset });
            }
            Request::Poll { offsets } => {
                let msgs = offsets.into_iter();
                let msgs = msgs.map(|(key, next)| (self.poll(&key, next), key));
                let msgs = msgs.map(|(msgs, key)| (key, msgs)).collect();
                ctx.reply(from, &Reply::PollOk { msgs });
            }
            Request::CommitOffsets { offsets } if is_leader => {
                for (key, offset) in offsets {
                    let committed = self.committed.entry(key).or_insert(offset);
                    *committed = offset.max(*committed);
                }
                ctx.reply(from, &Reply::CommitOffsetsOk);
            }
            Request::ListCommittedOffsets { keys } if is_leader => {
                let offsets = keys.into_iter().filter_map(|key| {
                    let offset = *self.committed.get(&key)?;
                    Some((key, offset))
                });
                let offsets = offsets.collect();
                ctx.reply(from, &Reply::ListCommittedOffsetsOk { offsets });
            }
            Request::Pull { from: first } => {
                let entries = self.journal[first.min(self.journal.len())..].iter();
                let entries = entries.take(ENTRIES_MAX).cloned().collect();
                ctx.reply(from, &Reply::PullOk { entries });
            }
            Request::Push { entries } => {
                self.pushed(entries);
                ctx.reply(from, &Reply::PushOk);
            }
            request => {
                let sent = match &request {
                    Request::Send { key, msg } => Some((key.clone(), *msg)),
                    _ => None,
                };
                let call = Call::Client { client: from, sent };
                ctx.call(&leader, &request, call, ONCE);
            }
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        let reply = response.and_then(|response| response.decode::<Reply>());
        match (call, reply) {
            (Call::Client { client, sent }, Ok(reply)) => {
                if let (Some((key, msg)), Reply::SendOk { offset }) = (sent, &reply) {
                    self.own.entry(key).or_default().insert(*offset, msg);
                }
                ctx.reply(client, &reply);
            }
            (Call::Client { client, .. }, Err(error)) => ctx.reply_error(client, error),
            (Call::Pull, Ok(Reply::PullOk { entries })) => {
                for entry in entries {
                    self.pulled(entry);
                }
                self.pull_later(ctx);
            }
            (Call::Pull, _) => {
                if self.options.bug != Bug::Stops {
                    self.pull_later(ctx);
                }
            }
            (Call::Push { peer, end }, Ok(_)) => {
                let acked = self.acked.entry(peer.clone()).or_default();
                *acked = end.max(*acked);
                self.push(peer, ctx);
            }
            (Call::Push { peer, .. }, Err(_)) => self.push(peer, ctx),
        }
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        let (leader, pulls) = (ctx.nodes()[0].clone(), self.options.design == Design::Pull);
        if !pulls {
            let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
            let busy: Vec<&String> = ctx.calls().filter_map(Call::peer).collect();
            let idle = peers.into_iter().filter(|peer| !busy.contains(&peer));
            for peer in idle.collect::<Vec<String>>() {
                self.push(peer, ctx);
            }
            ctx.set_timer(PERIOD, ());
        } else if ctx.id() != leader && self.options.bug != Bug::OwnPolls {
            let from = self.journal.len();
            ctx.call(&leader, &Request::Pull { from }, Call::Pull, ONCE);
            if self.options.bug == Bug::Overlaps {
                ctx.set_timer(PERIOD, ());
            }
        }
    }
}

impl Call {
    /// Who is being told.
    fn peer(&self) -> Option<&String> {
        match self {
            Call::Push { peer, .. } => Some(peer),
            Call::Client { .. } | Call::Pull => None,
        }
    }
}

/// Logs.
impl Replica {
    fn next(&self, key: &str) -> i64 {
        let log = self.logs.get(key);
        let last = log.and_then(|log| log.last_key_value());
        last.map_or(0, |(offset, _)| offset + 1)
    }

    /// Adds a message that was sent here.
    fn append(&mut self, key: String, msg: i64, ctx: &mut Ctx<Self>) -> i64 {
        let count = i64::try_from(ctx.nodes().len()).unwrap_or(1);
        let own = ctx.nodes().iter().take_while(|node| *node != ctx.id());
        let own = i64::try_from(own.count()).unwrap_or(0);
        let next = self.next(&key);
        let offset = match self.options.bug {
            Bug::Lamport => next + (own - next).rem_euclid(count),
            Bug::Striped => {
                let sent = self.own.get(&key).map_or(0, BTreeMap::len);
                i64::try_from(sent).unwrap_or(0) * count + own
            }
            Bug::Time => next.max(i64::try_from(ctx.now().as_millis()).unwrap_or(0)),
            _ => next,
        };
        let own = self.own.entry(key.clone()).or_default();
        own.insert(offset, msg);
        let entry = Entry { key, offset, msg };
        self.insert(entry.clone());
        self.journal.push(entry.clone());
        if self.pushes_at_once() {
            let entries = vec![entry];
            let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
            for peer in peers {
                let entries = entries.clone();
                ctx.send(&peer, &Request::Push { entries });
            }
        }
        offset
    }

    fn insert(&mut self, Entry { key, offset, msg }: Entry) {
        self.logs.entry(key).or_default().insert(offset, msg);
    }

    fn poll(&self, key: &str, next: i64) -> Vec<(i64, i64)> {
        let logs = match self.options.bug {
            Bug::OwnPolls => &self.own,
            _ => &self.logs,
        };
        let Some(log) = logs.get(key) else {
            return Vec::new();
        };
        // Later messages may have arrived before those that come first.
        let waits = !matches!(
            self.options.bug,
            Bug::Lamport | Bug::OwnPolls | Bug::PushJumps | Bug::Time
        );
        let gap = (0..).find(|offset| !log.contains_key(offset)).unwrap_or(0);
        let msgs = log.range(next..);
        let msgs = msgs.take_while(|(offset, _)| !waits || **offset < gap);
        msgs.take(POLL_MAX)
            .map(|(offset, msg)| (*offset, *msg))
            .collect()
    }
}

/// Copies.
impl Replica {
    fn pull_later(&self, ctx: &mut Ctx<Self>) {
        if self.options.bug != Bug::Overlaps {
            ctx.set_timer(PERIOD, ());
        }
    }

    fn pulled(&mut self, mut entry: Entry) {
        entry.offset = self.next(&entry.key);
        self.journal.push(entry.clone());
        self.insert(entry);
    }

    fn pushes_at_once(&self) -> bool {
        self.options.design == Design::Push
            && matches!(
                self.options.bug,
                Bug::Arrival | Bug::Once | Bug::PushJumps | Bug::PushOrdered
            )
    }

    fn pushed(&mut self, entries: Vec<Entry>) {
        for mut entry in entries {
            match self.options.bug {
                Bug::Arrival => entry.offset = self.next(&entry.key),
                Bug::PushOrdered if entry.offset != self.next(&entry.key) => continue,
                _ => {}
            }
            self.insert(entry);
        }
    }

    /// Tells a peer what it lacks.
    fn push(&mut self, peer: String, ctx: &mut Ctx<Self>) {
        let acked = self.acked.get(&peer).copied().unwrap_or(0);
        let entries = self.journal[acked..].iter().take(ENTRIES_MAX);
        let entries: Vec<Entry> = entries.cloned().collect();
        let count = entries.len();
        if count > 0 && !self.pushes_at_once() {
            let push = Request::Push { entries };
            let end = acked + count;
            ctx.call(&peer.clone(), &push, Call::Push { peer, end }, ONCE);
        }
    }
}

guest_sdk::export!(Replica);
