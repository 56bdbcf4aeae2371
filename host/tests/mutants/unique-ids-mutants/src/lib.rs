//! Unique ids. Without an option they are unique; `--bug NAME` gives the generator the bug of
//! that name.
//!
//! | design | how it works |
//! |---|---|
//! | `blocks` | blocks of 100 numbers, reserved in lin-kv by `cas` |
//! | `counter` | the node, when it started, and a count |
//! | `flake` | the millisecond, the node, and a count that begins again in each millisecond |
//! | `oracle` | a timestamp of lin-tso |
//! | `random` | a random number of 128 bits |
//!
//! | bug | what is wrong |
//! |---|---|
//! | `block-torn` | blocks of 100 numbers are reserved in lin-kv by a read and a write |
//! | `busy` | while a number is being fetched from lin-tso, further requests are refused |
//! | `cas-ignored` | a number is used whether or not the `cas` that reserves it succeeds |
//! | `clock` | an id is the node and the millisecond |
//! | `counter` | an id is a per-node counter |
//! | `glued` | the node's number and the count are joined without a separator |
//! | `last-client` | while a number is being fetched, a second client takes the place of the first |
//! | `message` | an id is the node and the `msg_id` of the request |
//! | `nanosecond` | an id is the nanosecond |
//! | `node-nanosecond` | an id is the node and the nanosecond |
//! | `random` | an id is a random number of 16 bits |
//! | `random-32` | an id is a random number of 32 bits |
//! | `refuses` | every hundredth request is refused with a definite error |
//! | `restart` | a restarted node counts from the beginning |
//! | `same-seed` | every node draws the same random numbers |
//! | `seq-torn` | a number in seq-kv is read, then written, without `cas` |
//! | `shared-fetch` | all clients that wait for lin-tso get the number that comes first |
//! | `torn` | a number in lin-kv is read, then written, without `cas` |
//! | `wraps` | the count has eight bits |

use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV, LIN_TSO, SEQ_KV};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    Blocks,
    #[default]
    Counter,
    Flake,
    Oracle,
    Random,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    BlockTorn,
    Busy,
    CasIgnored,
    Clock,
    Counter,
    Glued,
    LastClient,
    Message,
    Nanosecond,
    NodeNanosecond,
    Random,
    #[serde(rename = "random-32")]
    Random32,
    Refuses,
    Restart,
    SameSeed,
    SeqTorn,
    SharedFetch,
    Torn,
    Wraps,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Bug,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate { msg_id: u64 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: String },
}

#[derive(Serialize, Deserialize)]
struct UniqueIds {
    design: Design,
    bug: Bug,
    started_ns: u128,
    count: u64,
    draw: u64,
    /// The numbers of a block that are left.
    block: std::ops::Range<u64>,
    /// The clients that wait for a number.
    waiting: Vec<Caller>,
    last_ms: u128,
    count_in_ms: u64,
}

/// What a service is asked.
#[derive(Serialize, Deserialize)]
enum Call {
    Read(Caller),
    Write(Caller, u64),
    ReadBlock,
    ReserveBlock(u64),
    Timestamp,
}

const RETRY: Retry = Retry::forever(Duration::from_secs(1));
const KEY: &str = "next";
const BLOCK: u64 = 100;

impl Node for UniqueIds {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let Options { design, bug } = ctx.options();
        UniqueIds {
            design,
            bug,
            started_ns: ctx.now().as_nanos(),
            count: 0,
            draw: 1,
            block: 0..0,
            waiting: Vec::new(),
            last_ms: 0,
            count_in_ms: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Generate { msg_id } = request;
        self.count += 1;
        let (node, count) = (ctx.id(), self.count);
        let id = match self.bug {
            Bug::BlockTorn => {
                self.number_of_block(from, ctx);
                return Ok(());
            }
            Bug::Busy if !self.waiting.is_empty() => {
                return Err(Error::new(ErrorCode::TemporarilyUnavailable, "busy"));
            }
            Bug::Busy | Bug::LastClient | Bug::SharedFetch => {
                self.fetch(from, ctx);
                return Ok(());
            }
            Bug::CasIgnored | Bug::SeqTorn | Bug::Torn => {
                ctx.call(self.store(), &service::read(KEY), Call::Read(from), RETRY);
                return Ok(());
            }
            Bug::Clock => format!("{node}-{}", ctx.now().as_millis()),
            Bug::Counter => count.to_string(),
            Bug::Glued => format!("{node}{count}"),
            Bug::Message => format!("{node}-{msg_id}"),
            Bug::Nanosecond => ctx.now().as_nanos().to_string(),
            Bug::NodeNanosecond => format!("{node}-{}", ctx.now().as_nanos()),
            Bug::Random => ctx.rng().u16(..).to_string(),
            Bug::Random32 => ctx.rng().u32(..).to_string(),
            Bug::Refuses if count.is_multiple_of(100) => {
                return Err(Error::new(ErrorCode::Abort, "not today"));
            }
            Bug::Restart => format!("{node}-{count}"),
            Bug::SameSeed => {
                // Marsaglia's xorshift.
                self.draw ^= self.draw << 13;
                self.draw ^= self.draw >> 7;
                self.draw ^= self.draw << 17;
                self.draw.to_string()
            }
            Bug::Wraps => format!("{node}-{:x}-{}", self.started_ns, count % 256),
            Bug::None | Bug::Refuses => match self.design {
                Design::Blocks => {
                    self.number_of_block(from, ctx);
                    return Ok(());
                }
                Design::Counter => format!("{node}-{:x}-{count}", self.started_ns),
                Design::Flake => self.flake(ctx),
                Design::Oracle => {
                    self.fetch(from, ctx);
                    return Ok(());
                }
                Design::Random => ctx.rng().u128(..).to_string(),
            },
        };
        ctx.reply(from, &Reply::GenerateOk { id });
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match call {
            Call::Read(client) => {
                let last = number(response);
                let call = Call::Write(client, last + 1);
                if self.bug == Bug::CasIgnored {
                    let cas = service::cas_or_create(KEY, last, last + 1);
                    ctx.call(self.store(), &cas, call, RETRY);
                } else {
                    let write = service::write(KEY, last + 1);
                    ctx.call(self.store(), &write, call, RETRY);
                }
            }
            Call::Write(client, next) => {
                let id = next.to_string();
                ctx.reply(client, &Reply::GenerateOk { id });
            }
            Call::ReadBlock => {
                let begin = number(response);
                let call = Call::ReserveBlock(begin);
                if self.bug == Bug::BlockTorn {
                    let write = service::write(KEY, begin + BLOCK);
                    ctx.call(LIN_KV, &write, call, RETRY);
                } else {
                    let cas = service::cas_or_create(KEY, begin, begin + BLOCK);
                    ctx.call(LIN_KV, &cas, call, RETRY);
                }
            }
            Call::ReserveBlock(begin) => {
                if response.is_ok() {
                    self.block = begin..begin + BLOCK;
                }
                let waiting = std::mem::take(&mut self.waiting);
                for client in waiting {
                    self.number_of_block(client, ctx);
                }
            }
            Call::Timestamp => self.fetched(response, ctx),
        }
    }
}

/// The number that a store has; 0 at first.
fn number(response: Result<Response<'_>, Error>) -> u64 {
    let read = response.and_then(|response| service::value(&response));
    read.unwrap_or(0)
}

impl UniqueIds {
    fn store(&self) -> &'static str {
        match self.bug {
            Bug::SeqTorn => SEQ_KV,
            _ => LIN_KV,
        }
    }

    /// Gives a client the next number of the block, or has it wait for the next block.
    fn number_of_block(&mut self, client: Caller, ctx: &mut Ctx<Self>) {
        if let Some(number) = self.block.next() {
            let id = number.to_string();
            ctx.reply(client, &Reply::GenerateOk { id });
            return;
        }
        self.waiting.push(client);
        if self.waiting.len() == 1 {
            ctx.call(LIN_KV, &service::read(KEY), Call::ReadBlock, RETRY);
        }
    }

    /// Asks lin-tso for a client.
    fn fetch(&mut self, client: Caller, ctx: &mut Ctx<Self>) {
        if self.bug == Bug::LastClient {
            self.waiting.clear();
        }
        self.waiting.push(client);
        if self.bug != Bug::SharedFetch || self.waiting.len() == 1 {
            ctx.call(LIN_TSO, &service::timestamp(), Call::Timestamp, RETRY);
        }
    }

    /// lin-tso has answered.
    fn fetched(&mut self, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        let Ok(number) = response.and_then(|response| service::ts(&response)) else {
            return;
        };
        let count = match self.bug {
            Bug::SharedFetch => self.waiting.len(),
            _ => self.waiting.len().min(1),
        };
        for client in self.waiting.drain(..count) {
            let id = number.to_string();
            ctx.reply(client, &Reply::GenerateOk { id });
        }
    }

    fn flake(&mut self, ctx: &Ctx<Self>) -> String {
        let now_ms = ctx.now().as_millis();
        self.count_in_ms = match now_ms == self.last_ms {
            true => self.count_in_ms + 1,
            false => 0,
        };
        self.last_ms = now_ms;
        format!("{now_ms}-{}-{}", ctx.id(), self.count_in_ms)
    }
}

guest_sdk::export!(UniqueIds);
