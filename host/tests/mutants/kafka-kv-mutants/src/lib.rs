//! Logs in Maelstrom's services: `--design` says how, and `--bug` what is wrong.
//!
//! | design | how it works |
//! |---|---|
//! | `list` | a log is one value in lin-kv, to which `cas` appends |
//! | `cached` | the same, and polls are answered from the node's copy if that goes on |
//! | `seq-commits` | as `list`, but with committed offsets in seq-kv |
//! | `cells` | `cas` on a counter in lin-kv claims an offset, a cell of its own gets the message, polls wait at a gap |
//! | `seq-cells` | the same with cells in seq-kv |
//!
//! | bug of `cells` | what is wrong |
//! |---|---|
//! | `abandons` | a send that took long fails after it has claimed an offset: the gap stays |
//! | `blocks` | each node claims ten offsets at a time |
//! | `blocks-skip` | the same, and polls leave gaps out |
//! | `cell-first` | the cell is written before its offset is claimed |
//! | `gap-skip` | polls leave gaps out |
//! | `glued` | the name of a cell is the key and the offset without a separator |
//! | `lww-counter` | the counter is in lww-kv |
//! | `shared-state` | all sends of a node share the variable with the claimed offset |
//! | `torn-counter` | the counter is read, then written |
//!
//! | bug of `list` | what is wrong |
//! |---|---|
//! | `cas-then-write` | after two refusals the log is written without `cas` |
//! | `commit-first-key` | only the first key of a commit is stored |
//! | `never-refreshes` | polls are answered from a copy that only the node's own sends renew |
//! | `no-cas` | a log is read, then written |
//! | `own-only` | polls show only what was sent at the same node |
//! | `retry-append` | an append that got no answer in time is done again |
//! | `stale-to` | after a refusal the new log is compared, but the old one is appended to |

mod protocol;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV, LWW_KV, SEQ_KV};

use protocol::{Gather, Reply, Request};

/// The network loses nothing that services are sent, or send.
const PATIENT: Retry = Retry::never(Duration::from_secs(3600));
const HASTY: Retry = Retry::never(Duration::from_millis(200));

/// How many messages of a key a poll answers.
const POLL_MAX: usize = 10;

/// How many offsets a node claims at a time if it claims blocks.
const BLOCK: i64 = 10;

/// After this time, `abandons` gives up.
const LONG: Duration = Duration::from_millis(150);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    #[default]
    List,
    Cached,
    SeqCommits,
    Cells,
    SeqCells,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Abandons,
    Blocks,
    BlocksSkip,
    CasThenWrite,
    CellFirst,
    CommitFirstKey,
    GapSkip,
    Glued,
    LwwCounter,
    NeverRefreshes,
    NoCas,
    OwnOnly,
    RetryAppend,
    SharedState,
    StaleTo,
    TornCounter,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Bug,
}

/// A message that a client sends.
#[derive(Clone, Serialize, Deserialize)]
struct Send {
    key: String,
    msg: i64,
    client: Caller,
    since: Duration,
    refusals: u32,
}

/// A poll of one key.
#[derive(Serialize, Deserialize)]
struct Poll {
    gather: u64,
    key: String,
    next: i64,
    msgs: Vec<(i64, i64)>,
    /// The end of the log, for polls that leave out what is missing before it.
    end: Option<i64>,
}

/// What a service has been asked for.
#[derive(Serialize, Deserialize)]
enum Call {
    ReadLog { send: Send, old: Option<Vec<i64>> },
    Append { send: Send, log: Vec<i64> },
    ReadCounter { send: Send },
    Claim { send: Send, offset: i64 },
    FillFirst { send: Send, offset: i64 },
    Fill { send: Send, offset: i64 },
    PollLog(Poll),
    PollEnd(Poll),
    PollCell(Poll),
    Commit { gather: u64 },
    Committed { gather: u64, key: String },
}

#[derive(Serialize, Deserialize)]
struct Logs {
    options: Options,
    gathers: BTreeMap<u64, Gather>,
    next_gather: u64,
    /// Logs as this node saw them last.
    seen: BTreeMap<String, Vec<i64>>,
    /// What was sent here, by key and offset.
    own: BTreeMap<String, BTreeMap<i64, i64>>,
    /// Offsets that are claimed and free, by key.
    blocks: BTreeMap<String, (i64, i64)>,
    /// The offset that was claimed last.
    claimed: i64,
}

impl Node for Logs {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Logs {
            options: ctx.options(),
            gathers: BTreeMap::new(),
            next_gather: 0,
            seen: BTreeMap::new(),
            own: BTreeMap::new(),
            blocks: BTreeMap::new(),
            claimed: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Send { key, msg } => {
                let send = Send {
                    key,
                    msg,
                    client,
                    since: ctx.now(),
                    refusals: 0,
                };
                self.send(send, ctx);
            }
            Request::Poll { offsets } => {
                let gather = self.open(client, Reply::no_messages(), offsets.len(), ctx);
                for (key, next) in offsets {
                    let poll = Poll {
                        gather,
                        key,
                        next,
                        msgs: Vec::new(),
                        end: None,
                    };
                    self.poll(poll, ctx);
                }
            }
            Request::CommitOffsets { offsets } => {
                let stored = match self.options.bug {
                    Bug::CommitFirstKey => 1,
                    _ => offsets.len(),
                };
                let gather = self.open(client, Reply::CommitOffsetsOk, stored, ctx);
                for (key, offset) in offsets.into_iter().take(stored) {
                    let write = service::write(committed(&key), offset);
                    ctx.call(self.commits(), &write, Call::Commit { gather }, PATIENT);
                }
            }
            Request::ListCommittedOffsets { keys } => {
                let gather = self.open(client, Reply::no_offsets(), keys.len(), ctx);
                for key in keys {
                    let read = service::read(committed(&key));
                    ctx.call(
                        self.commits(),
                        &read,
                        Call::Committed { gather, key },
                        PATIENT,
                    );
                }
            }
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match call {
            Call::ReadLog { send, old } => {
                let read = response.and_then(|response| service::value(&response));
                let log: Vec<i64> = read.unwrap_or_default();
                self.append(send, log, old, ctx);
            }
            Call::Append { send, log } => match response {
                Ok(_) => self.appended(send, log, ctx),
                Err(_) => self.append_again(send, log, ctx),
            },
            Call::ReadCounter { send } => {
                let read = response.and_then(|response| service::value(&response));
                let offset = read.unwrap_or_default();
                if self.options.bug == Bug::CellFirst {
                    let fill = service::write(self.cell(&send.key, offset), send.msg);
                    ctx.call(
                        self.cells(),
                        &fill,
                        Call::FillFirst { send, offset },
                        PATIENT,
                    );
                } else {
                    self.claim(send, offset, ctx);
                }
            }
            Call::FillFirst { send, offset } => self.claim(send, offset, ctx),
            Call::Claim { send, offset } => match response {
                Ok(_) => self.has_claimed(send, offset, ctx),
                Err(_) => self.read_counter(send, ctx),
            },
            Call::Fill { send, offset } => ctx.reply(send.client, &Reply::SendOk { offset }),
            Call::PollLog(mut poll) => {
                let read = response.and_then(|response| service::value(&response));
                let log: Vec<i64> = read.unwrap_or_default();
                poll.msgs = slice(&log, poll.next);
                self.saw(&poll.key, log);
                self.polled(poll, ctx);
            }
            Call::PollEnd(mut poll) => {
                let read = response.and_then(|response| service::value(&response));
                poll.end = Some(read.unwrap_or_default());
                self.poll_cell(poll, ctx);
            }
            Call::PollCell(mut poll) => {
                let read = response.and_then(|response| service::value(&response));
                if let Ok(msg) = read {
                    poll.msgs.push((poll.next, msg));
                } else if poll.end.is_none() {
                    return self.polled(poll, ctx);
                }
                poll.next += 1;
                self.poll_cell(poll, ctx);
            }
            Call::Commit { gather } => self.gather(gather, Reply::CommitOffsetsOk, ctx),
            Call::Committed { gather, key } => {
                let read = response.and_then(|response| service::value(&response));
                let offsets = read.ok().map(|offset| (key, offset));
                let offsets = offsets.into_iter().collect();
                self.gather(gather, Reply::ListCommittedOffsetsOk { offsets }, ctx);
            }
        }
    }
}

/// Sends.
impl Logs {
    fn send(&mut self, send: Send, ctx: &mut Ctx<Self>) {
        if self.has_cells() {
            return match self.blocks.get_mut(&send.key) {
                Some((next, end)) if *next < *end => {
                    let offset = *next;
                    *next += 1;
                    self.fill(send, offset, ctx);
                }
                _ => self.read_counter(send, ctx),
            };
        }
        match self.seen.get(&send.key) {
            Some(log) if self.options.design == Design::Cached => {
                let log = log.clone();
                self.append(send, log, None, ctx);
            }
            _ => self.read_log(send, None, ctx),
        }
    }

    fn read_log(&mut self, send: Send, old: Option<Vec<i64>>, ctx: &mut Ctx<Self>) {
        let read = service::read(log(&send.key));
        ctx.call(LIN_KV, &read, Call::ReadLog { send, old }, PATIENT);
    }

    /// Appends to `log`, or to `old`, which was the log once.
    fn append(&mut self, send: Send, log: Vec<i64>, old: Option<Vec<i64>>, ctx: &mut Ctx<Self>) {
        let (name, before) = (self::log(&send.key), old.unwrap_or_else(|| log.clone()));
        let mut longer = before.clone();
        longer.push(send.msg);
        let retry = match self.options.bug {
            Bug::RetryAppend => HASTY,
            _ => PATIENT,
        };
        let writes = match self.options.bug {
            Bug::NoCas => true,
            Bug::CasThenWrite => send.refusals >= 2,
            _ => false,
        };
        let request = if writes {
            service::write(name, longer)
        } else {
            service::cas_or_create(name, log, longer)
        };
        ctx.call(LIN_KV, &request, Call::Append { send, log: before }, retry);
    }

    fn appended(&mut self, send: Send, mut log: Vec<i64>, ctx: &mut Ctx<Self>) {
        let offset = i64::try_from(log.len()).unwrap_or(i64::MAX);
        log.push(send.msg);
        let own = self.own.entry(send.key.clone()).or_default();
        own.insert(offset, send.msg);
        self.saw(&send.key, log);
        ctx.reply(send.client, &Reply::SendOk { offset });
    }

    fn append_again(&mut self, mut send: Send, log: Vec<i64>, ctx: &mut Ctx<Self>) {
        send.refusals += 1;
        let old = (self.options.bug == Bug::StaleTo).then_some(log);
        self.read_log(send, old, ctx);
    }

    fn read_counter(&mut self, send: Send, ctx: &mut Ctx<Self>) {
        let read = service::read(counter(&send.key));
        ctx.call(self.counters(), &read, Call::ReadCounter { send }, PATIENT);
    }

    fn claim(&mut self, send: Send, offset: i64, ctx: &mut Ctx<Self>) {
        self.claimed = offset;
        let end = match self.options.bug {
            Bug::Blocks | Bug::BlocksSkip => offset + BLOCK,
            _ => offset + 1,
        };
        let name = counter(&send.key);
        let request = if self.options.bug == Bug::TornCounter {
            service::write(name, end)
        } else {
            service::cas_or_create(name, offset, end)
        };
        let call = Call::Claim { send, offset };
        ctx.call(self.counters(), &request, call, PATIENT);
    }

    fn has_claimed(&mut self, send: Send, offset: i64, ctx: &mut Ctx<Self>) {
        match self.options.bug {
            Bug::Abandons if ctx.now() > send.since + LONG => {
                let error = Error::new(ErrorCode::TemporarilyUnavailable, "took too long");
                ctx.reply_error(send.client, error);
            }
            Bug::CellFirst => ctx.reply(send.client, &Reply::SendOk { offset }),
            Bug::SharedState => self.fill(send, self.claimed, ctx),
            Bug::Blocks | Bug::BlocksSkip => {
                let free = (offset + 1, offset + BLOCK);
                self.blocks.insert(send.key.clone(), free);
                self.fill(send, offset, ctx);
            }
            _ => self.fill(send, offset, ctx),
        }
    }

    fn fill(&self, send: Send, offset: i64, ctx: &mut Ctx<Self>) {
        let write = service::write(self.cell(&send.key, offset), send.msg);
        ctx.call(self.cells(), &write, Call::Fill { send, offset }, PATIENT);
    }
}

/// Polls.
impl Logs {
    fn poll(&mut self, mut poll: Poll, ctx: &mut Ctx<Self>) {
        let seen = self.seen.get(&poll.key);
        let seen = seen.map_or(Vec::new(), |log| slice(log, poll.next));
        match (self.options.design, self.options.bug) {
            (_, Bug::OwnOnly) => {
                if let Some(own) = self.own.get(&poll.key) {
                    let msgs = own.range(poll.next..).take(POLL_MAX);
                    poll.msgs = msgs.map(|(offset, msg)| (*offset, *msg)).collect();
                }
                self.polled(poll, ctx);
            }
            (_, Bug::NeverRefreshes) => {
                poll.msgs = seen;
                self.polled(poll, ctx);
            }
            (Design::Cached, _) if !seen.is_empty() => {
                poll.msgs = seen;
                self.polled(poll, ctx);
            }
            (_, Bug::GapSkip | Bug::BlocksSkip) => {
                let read = service::read(counter(&poll.key));
                ctx.call(self.counters(), &read, Call::PollEnd(poll), PATIENT);
            }
            (Design::Cells | Design::SeqCells, _) => self.poll_cell(poll, ctx),
            _ => {
                let read = service::read(log(&poll.key));
                ctx.call(LIN_KV, &read, Call::PollLog(poll), PATIENT);
            }
        }
    }

    fn poll_cell(&mut self, poll: Poll, ctx: &mut Ctx<Self>) {
        if poll.msgs.len() == POLL_MAX || poll.end.is_some_and(|end| poll.next >= end) {
            return self.polled(poll, ctx);
        }
        let read = service::read(self.cell(&poll.key, poll.next));
        ctx.call(self.cells(), &read, Call::PollCell(poll), PATIENT);
    }

    fn polled(&mut self, poll: Poll, ctx: &mut Ctx<Self>) {
        let msgs = BTreeMap::from([(poll.key, poll.msgs)]);
        self.gather(poll.gather, Reply::PollOk { msgs }, ctx);
    }

    fn saw(&mut self, key: &str, log: Vec<i64>) {
        let seen = self.seen.entry(key.to_owned()).or_default();
        if log.len() > seen.len() {
            *seen = log;
        }
    }
}

/// Requests about several keys.
impl Logs {
    fn open(&mut self, client: Caller, reply: Reply, waiting: usize, ctx: &mut Ctx<Self>) -> u64 {
        let id = self.next_gather;
        self.next_gather += 1;
        if waiting == 0 {
            ctx.reply(client, &reply);
        } else {
            let gather = Gather {
                client,
                reply,
                waiting,
            };
            self.gathers.insert(id, gather);
        }
        id
    }

    fn gather(&mut self, id: u64, part: Reply, ctx: &mut Ctx<Self>) {
        let Some(mut gather) = self.gathers.remove(&id) else {
            return;
        };
        gather.reply.add(part);
        gather.waiting -= 1;
        if gather.waiting == 0 {
            ctx.reply(gather.client, &gather.reply);
        } else {
            self.gathers.insert(id, gather);
        }
    }
}

/// Services and names in them.
impl Logs {
    fn has_cells(&self) -> bool {
        matches!(self.options.design, Design::Cells | Design::SeqCells)
    }

    fn counters(&self) -> &'static str {
        match self.options.bug {
            Bug::LwwCounter => LWW_KV,
            _ => LIN_KV,
        }
    }

    fn cells(&self) -> &'static str {
        match self.options.design {
            Design::SeqCells => SEQ_KV,
            _ => LIN_KV,
        }
    }

    fn commits(&self) -> &'static str {
        match self.options.design {
            Design::SeqCommits => SEQ_KV,
            _ => LIN_KV,
        }
    }

    fn cell(&self, key: &str, offset: i64) -> String {
        match self.options.bug {
            Bug::Glued => format!("cell {key}{offset}"),
            _ => format!("cell {key} {offset}"),
        }
    }
}

fn log(key: &str) -> String {
    format!("log {key}")
}

fn counter(key: &str) -> String {
    format!("counter {key}")
}

fn committed(key: &str) -> String {
    format!("committed {key}")
}

/// What a poll from `next` shows of a whole log.
fn slice(log: &[i64], next: i64) -> Vec<(i64, i64)> {
    let messages = (0..).zip(log.iter().copied());
    let messages = messages.skip(usize::try_from(next).unwrap_or(0));
    messages.take(POLL_MAX).collect()
}

guest_sdk::export!(Logs);
