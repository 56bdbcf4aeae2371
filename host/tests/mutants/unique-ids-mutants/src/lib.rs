//! Unique ids. Without an option they are unique; `--bug NAME` gives the generator the bug of
//! that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `clock` | an id is the node and the millisecond |
//! | `counter` | an id is a per-node counter |
//! | `glued` | the node's number and the count are joined without a separator |
//! | `random` | an id is a random number of 16 bits |
//! | `restart` | a restarted node counts from the beginning |
//! | `same-seed` | every node draws the same random numbers |
//! | `torn` | a number in lin-kv is read, then written, without `cas` |
//! | `wraps` | the count has eight bits |

use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Clock,
    Counter,
    Glued,
    Random,
    Restart,
    SameSeed,
    Torn,
    Wraps,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: String },
}

#[derive(Serialize, Deserialize)]
struct UniqueIds {
    bug: Bug,
    started_ns: u128,
    count: u64,
    draw: u64,
}

/// What lin-kv is asked for a client.
#[derive(Serialize, Deserialize)]
enum Call {
    Read(Caller),
    Write(Caller, u64),
}

const RETRY: Retry = Retry::forever(Duration::from_secs(1));
const KEY: &str = "next";

impl Node for UniqueIds {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        UniqueIds {
            bug: ctx.options::<Options>().bug,
            started_ns: ctx.now().as_nanos(),
            count: 0,
            draw: 1,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Generate = request;
        self.count += 1;
        let (node, count) = (ctx.id(), self.count);
        let id = match self.bug {
            Bug::None => format!("{node}-{:x}-{count}", self.started_ns),
            Bug::Clock => format!("{node}-{}", ctx.now().as_millis()),
            Bug::Counter => count.to_string(),
            Bug::Glued => format!("{node}{count}"),
            Bug::Random => ctx.rng().u16(..).to_string(),
            Bug::Restart => format!("{node}-{count}"),
            Bug::SameSeed => {
                // Marsaglia's xorshift.
                self.draw ^= self.draw << 13;
                self.draw ^= self.draw >> 7;
                self.draw ^= self.draw << 17;
                self.draw.to_string()
            }
            Bug::Torn => {
                ctx.call(LIN_KV, &service::read(KEY), Call::Read(from), RETRY);
                return Ok(());
            }
            Bug::Wraps => format!("{node}-{:x}-{}", self.started_ns, count % 256),
        };
        ctx.reply(from, &Reply::GenerateOk { id });
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match call {
            Call::Read(client) => {
                let read = response.and_then(|response| service::value::<u64>(&response));
                let next = read.unwrap_or(0) + 1; // there is none at first
                let call = Call::Write(client, next);
                ctx.call(LIN_KV, &service::write(KEY, next), call, RETRY);
            }
            Call::Write(client, next) => {
                let id = next.to_string();
                ctx.reply(client, &Reply::GenerateOk { id });
            }
        }
    }
}

guest_sdk::export!(UniqueIds);
