//! Logs and broadcasts that survive a restart; wrong if `--bug` names a bug.
//!
//! The first node has all logs of `kafka`, and the others forward to it. Each node has all values of `broadcast`, and
//! tells each other node what that has not acknowledged. All that a node takes in is in a log on its disk.
//!
//! | design | how it works |
//! |---|---|
//! | `log` | the state is what the log makes of it; this is the default |
//! | `snapshots` | every eighth record all is written as a snapshot, which says which of two logs follows it |
//!
//! | bug | what is wrong |
//! |---|---|
//! | `acks-duplicate` | the disk is synced once in 200 ms, before the answers to values; one that comes again is acknowledged at once |
//! | `answers-first` | a request is answered before its record is synced |
//! | `clients-only` | values from other nodes are acknowledged, and not written |
//! | `commits-in-memory` | committed offsets are not written |
//! | `forgets` | the disk is written, and not read when the node starts |
//! | `polls-unsynced` | the disk is synced once in 200 ms, before the answers to sends; polls show what is not synced, and a restart gives its offset away again |
//! | `replays-twice` | the log is replayed twice when the node starts |
//! | `snapshot-only` | what came after the last snapshot is not read when the node starts |
//! | `syncs-later` | the disk is synced once in 200 ms, after the answers |
//! | `truncates-first` | for a snapshot, the log is emptied and synced before the snapshot is written |
//! | `trusts-torn` | records have no checksum, and a torn one counts |

mod protocol;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::disk::Log;
use guest_sdk::prelude::*;

use protocol::{Key, Messages, Offset, Offsets, Record, Reply, Request};

const WINDOW: Duration = Duration::from_millis(200);
const ONCE: Retry = Retry::never(Duration::from_secs(2));

/// After how many records there is a snapshot.
const SNAPSHOT_AFTER: usize = 8;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Option<Bug>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    #[default]
    Log,
    Snapshots,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    AcksDuplicate,
    AnswersFirst,
    ClientsOnly,
    CommitsInMemory,
    Forgets,
    PollsUnsynced,
    ReplaysTwice,
    SnapshotOnly,
    SyncsLater,
    TruncatesFirst,
    TrustsTorn,
}

/// The files.
const LOGS: [&str; 2] = ["log-0", "log-1"];
const SNAPSHOT: &str = "snapshot";

/// All that was taken in, and which log goes on behind it.
#[derive(Default, Serialize, Deserialize)]
struct Snapshot {
    records: Vec<Record>,
    log: usize,
}

#[derive(Serialize, Deserialize)]
struct Durable {
    design: Design,
    bug: Option<Bug>,
    logs: BTreeMap<Key, Vec<i64>>,
    committed: Offsets,
    values: BTreeSet<i64>,
    /// What each other node has not acknowledged.
    untold: BTreeMap<String, BTreeSet<i64>>,
    disk: [Log<Record>; 2],
    /// Which of them is written.
    log: usize,
    /// Answers that wait for the next sync.
    owed: Vec<Owed>,
}

#[derive(Serialize, Deserialize)]
enum Owed {
    Node {
        name: String,
        messages: BTreeSet<i64>,
    },
    Client {
        caller: Caller,
        reply: Reply,
    },
}

impl Node for Durable {
    type Request = Request;
    type Call = Caller;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let Options { design, bug } = ctx.options();
        let snapshot = ctx.disk().get(SNAPSHOT);
        let snapshot: Option<Snapshot> = snapshot.unwrap_or_else(|error| panic!("{error}"));
        let snapshot = snapshot.unwrap_or_default();
        let [first, second] = LOGS.map(|file| ctx.disk().open_log::<Record>(file));
        let (mut disk, log) = ([first.0, second.0], snapshot.log);
        let logged = [first.1, second.1][log].clone();
        // It may never have been synced.
        ctx.disk().put(SNAPSHOT, &snapshot);
        disk[log].replace(&logged, ctx.disk());
        let records = read(bug, snapshot.records, logged, ctx);
        let untold = ctx.peers().map(|peer| (peer.to_owned(), BTreeSet::new()));
        let mut node = Durable {
            design,
            bug,
            logs: BTreeMap::new(),
            committed: Offsets::new(),
            values: BTreeSet::new(),
            untold: untold.collect(),
            disk,
            log,
            owed: Vec::new(),
        };
        for record in records {
            node.apply(record, None);
        }
        ctx.set_timer(WINDOW, ());
        node
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let first = ctx.nodes()[0].clone();
        let reply = match request {
            Request::Topology {} => Reply::TopologyOk {},
            Request::Broadcast { message } => {
                let is_new = !self.values.contains(&message);
                self.learn(message, None, ctx);
                let reply = Reply::BroadcastOk {};
                if is_new && self.bug == Some(Bug::AcksDuplicate) {
                    self.owed.push(Owed::Client {
                        caller: from,
                        reply,
                    });
                    return Ok(());
                }
                reply
            }
            Request::Read {} => Reply::ReadOk {
                messages: self.values.clone(),
            },
            Request::Gossip { messages } => {
                let is_new = messages.iter().any(|it| !self.values.contains(it));
                for message in &messages {
                    self.learn(*message, Some(from.node()), ctx);
                }
                if is_new && self.bug == Some(Bug::AcksDuplicate) {
                    let name = from.node().to_owned();
                    self.owed.push(Owed::Node { name, messages });
                } else {
                    ctx.send(from.node(), &Request::GossipOk { messages });
                }
                return Ok(());
            }
            Request::GossipOk { messages } => {
                if let Some(untold) = self.untold.get_mut(from.node()) {
                    untold.retain(|value| !messages.contains(value));
                }
                return Ok(());
            }
            request if ctx.id() != first => {
                ctx.call(&first, &request, from, ONCE);
                return Ok(());
            }
            Request::Send { key, msg } => {
                self.take(
                    Record::Message {
                        key: key.clone(),
                        msg,
                    },
                    None,
                    ctx,
                );
                let offset = self.logs[&key].len() as Offset - 1;
                let reply = Reply::SendOk { offset };
                if self.bug == Some(Bug::PollsUnsynced) {
                    self.owed.push(Owed::Client {
                        caller: from,
                        reply,
                    });
                    return Ok(());
                }
                reply
            }
            Request::Poll { offsets } => Reply::PollOk {
                msgs: self.poll(offsets),
            },
            Request::CommitOffsets { offsets } => {
                for (key, offset) in offsets {
                    self.take(Record::Commit { key, offset }, None, ctx);
                }
                Reply::CommitOffsetsOk {}
            }
            Request::ListCommittedOffsets { keys } => {
                let known = |key| self.committed.get_key_value(&key);
                let known = keys.into_iter().filter_map(known);
                let offsets = known.map(|(key, offset)| (key.clone(), *offset)).collect();
                Reply::ListCommittedOffsetsOk { offsets }
            }
        };
        ctx.reply(from, &reply);
        Ok(())
    }

    fn response(
        &mut self,
        client: Caller,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match response.and_then(|response| response.decode::<Reply>()) {
            Ok(reply) => ctx.reply(client, &reply),
            Err(error) => ctx.reply_error(client, error),
        }
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(WINDOW, ());
        if self.bug == Some(Bug::SyncsLater) || !self.owed.is_empty() {
            ctx.disk().sync();
        }
        for owed in std::mem::take(&mut self.owed) {
            match owed {
                Owed::Node { name, messages } => {
                    ctx.send(&name, &Request::GossipOk { messages });
                }
                Owed::Client { caller, reply } => ctx.reply(caller, &reply),
            }
        }
        for (peer, untold) in &self.untold {
            if !untold.is_empty() {
                let messages = untold.clone();
                ctx.send(peer, &Request::Gossip { messages });
            }
        }
    }
}

impl Durable {
    /// A value from a client, or from another node.
    fn learn(&mut self, value: i64, from: Option<&str>, ctx: &mut Ctx<Self>) {
        if self.values.contains(&value) {
            return;
        }
        if from.is_some() && self.bug == Some(Bug::ClientsOnly) {
            self.apply(Record::Value { value }, from);
        } else {
            self.take(Record::Value { value }, from, ctx);
        }
    }

    /// Takes something in: on the disk, and in memory.
    fn take(&mut self, record: Record, from: Option<&str>, ctx: &mut Ctx<Self>) {
        let is_commit = matches!(record, Record::Commit { .. });
        let disk = match self.bug {
            Some(Bug::AnswersFirst | Bug::SyncsLater) => ctx.disk().without_sync(),
            Some(Bug::AcksDuplicate | Bug::PollsUnsynced) if !is_commit => {
                ctx.disk().without_sync()
            }
            _ => ctx.disk(),
        };
        match self.bug {
            Some(Bug::CommitsInMemory) if is_commit => {}
            Some(Bug::TrustsTorn) => {
                let mut disk = disk;
                disk.append_bytes("lines", record.line().as_bytes());
            }
            _ => self.disk[self.log].append(&record, disk),
        }
        self.apply(record, from);
        if self.design == Design::Snapshots && self.disk[self.log].len() >= SNAPSHOT_AFTER {
            self.snapshot(ctx);
        }
    }

    fn snapshot(&mut self, ctx: &mut Ctx<Self>) {
        let messages = self.logs.iter().flat_map(|(key, log)| {
            let record = |msg: &i64| Record::Message {
                key: key.clone(),
                msg: *msg,
            };
            log.iter().map(record)
        });
        let commits = self.committed.iter().map(|(key, offset)| Record::Commit {
            key: key.clone(),
            offset: *offset,
        });
        let values = self
            .values
            .iter()
            .map(|value| Record::Value { value: *value });
        let records = messages.chain(commits).chain(values).collect();
        let next = 1 - self.log;
        let snapshot = Snapshot { records, log: next };
        let emptied = match self.bug {
            Some(Bug::TruncatesFirst) => self.log,
            _ => next,
        };
        self.disk[emptied].truncate(0, ctx.disk());
        ctx.disk().sync();
        ctx.disk().put(SNAPSHOT, &snapshot);
        self.disk[next].truncate(0, ctx.disk());
        self.log = next;
    }

    fn apply(&mut self, record: Record, from: Option<&str>) {
        match record {
            Record::Message { key, msg } => self.logs.entry(key).or_default().push(msg),
            Record::Commit { key, offset } => {
                let known = self.committed.entry(key).or_insert(offset);
                *known = offset.max(*known);
            }
            Record::Value { value } => {
                self.values.insert(value);
                for (peer, untold) in &mut self.untold {
                    if Some(peer.as_str()) != from {
                        untold.insert(value);
                    }
                }
            }
        }
    }

    fn poll(&self, offsets: Offsets) -> Messages {
        let from = |(key, from): (Key, Offset)| {
            let log = self.logs.get(&key).into_iter().flatten().copied();
            let msgs = (0..).zip(log).skip(usize::try_from(from).unwrap_or(0));
            (key, msgs.take(64).collect())
        };
        offsets.into_iter().map(from).collect()
    }
}

/// What is on the disk, as far as the bug lets it be seen.
fn read(
    bug: Option<Bug>,
    mut records: Vec<Record>,
    logged: Vec<Record>,
    ctx: &mut Ctx<Durable>,
) -> Vec<Record> {
    match bug {
        Some(Bug::Forgets) => return Vec::new(),
        Some(Bug::SnapshotOnly) => {}
        Some(Bug::ReplaysTwice) => {
            records.extend(logged.clone());
            records.extend(logged);
        }
        Some(Bug::TrustsTorn) => {
            let lines = ctx.disk().bytes("lines").unwrap_or_default();
            let lines = String::from_utf8_lossy(&lines);
            records.extend(lines.lines().filter_map(Record::parse));
        }
        _ => records.extend(logged),
    }
    records
}

guest_sdk::export!(Durable);
