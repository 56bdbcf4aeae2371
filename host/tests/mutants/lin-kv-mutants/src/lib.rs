//! Registers that every node keeps in the service lin-kv. Without an argument it is
//! linearizable; with an argument it has the bug of that name.
//!
//! | argument | what is wrong |
//! |---|---|
//! | `cache` | a node answers reads of known keys from a cache |
//! | `split` | every node has registers of its own |
//! | `lww` | the registers are in the service lww-kv, where the later clock wins |
//! | `seq` | the registers are in the service seq-kv, whose reads may be old |
//! | `torn-cas` | compare-and-set is a read, then a write |
//! | `denial` | every fourth `cas` that succeeds is reported as failed |

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV, LWW_KV, SEQ_KV};

const RETRY: Retry = Retry::never(Duration::from_secs(1));

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Read { key: i64 },
    Write { key: i64, value: i64 },
    Cas { key: i64, from: i64, to: i64 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    ReadOk { value: i64 },
    WriteOk,
    CasOk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Bug {
    None,
    Cache,
    Split,
    TornCas,
    Denial,
    Lww,
    Seq,
}

impl Bug {
    fn of_args() -> Bug {
        match std::env::args().nth(1).as_deref() {
            None => Bug::None,
            Some("cache") => Bug::Cache,
            Some("split") => Bug::Split,
            Some("torn-cas") => Bug::TornCas,
            Some("denial") => Bug::Denial,
            Some("lww") => Bug::Lww,
            Some("seq") => Bug::Seq,
            Some(other) => panic!("there is no bug {other}"),
        }
    }

    /// The service that has the registers.
    fn service(self) -> &'static str {
        match self {
            Bug::Lww => LWW_KV,
            Bug::Seq => SEQ_KV,
            _ => LIN_KV,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Registers {
    bug: Bug,
    known: BTreeMap<i64, i64>,
    cas_count: u64,
}

/// What the service has been asked, for whom.
#[derive(Serialize, Deserialize)]
struct Call {
    client: Caller,
    request: Request,
    /// This is the read of a torn `cas`.
    is_torn: bool,
}

impl Node for Registers {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        Registers {
            bug: Bug::of_args(),
            known: BTreeMap::new(),
            cas_count: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let is_torn = self.bug == Bug::TornCas && matches!(request, Request::Cas { .. });
        let service = self.bug.service();
        let call = Call {
            client,
            request,
            is_torn,
        };
        match request {
            _ if self.bug == Bug::Split => {
                let reply = self.alone(request)?;
                ctx.reply(call.client, &reply);
            }
            Request::Read { key } if self.bug == Bug::Cache && self.known.contains_key(&key) => {
                let value = self.known[&key];
                ctx.reply(call.client, &Reply::ReadOk { value });
            }
            Request::Cas { key, .. } if is_torn => {
                ctx.call(service, &service::read(key), call, RETRY);
            }
            Request::Read { key } => ctx.call(service, &service::read(key), call, RETRY),
            Request::Write { key, value } => {
                ctx.call(service, &service::write(key, value), call, RETRY);
            }
            Request::Cas { key, from, to } => {
                ctx.call(service, &service::cas(key, from, to), call, RETRY);
            }
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        let reply = response.and_then(|response| self.reply(call.request, &response, call.is_torn));
        match (reply, call.request) {
            (Ok(_), Request::Cas { key, to, .. }) if call.is_torn => {
                let call = Call {
                    is_torn: false,
                    ..call
                };
                ctx.call(self.bug.service(), &service::write(key, to), call, RETRY);
            }
            (Ok(reply), _) => ctx.reply(call.client, &reply),
            (Err(error), _) => ctx.reply_error(call.client, error),
        }
    }
}

impl Registers {
    /// What the client is told after an answer of the service.
    fn reply(
        &mut self,
        request: Request,
        response: &Response<'_>,
        is_torn: bool,
    ) -> Result<Reply, Error> {
        let (key, value, reply) = match request {
            Request::Read { key } => {
                let value = service::value(response)?;
                (key, value, Reply::ReadOk { value })
            }
            Request::Write { key, value } => (key, value, Reply::WriteOk),
            Request::Cas { key, from, to } => {
                self.cas_count += 1;
                let denied = self.bug == Bug::Denial && self.cas_count.is_multiple_of(4);
                if denied || (is_torn && service::value::<i64>(response)? != from) {
                    return Err(Error::new(ErrorCode::PreconditionFailed, "another value"));
                }
                (key, to, Reply::CasOk)
            }
        };
        self.known.insert(key, value);
        Ok(reply)
    }

    /// What a node answers that asks nobody.
    fn alone(&mut self, request: Request) -> Result<Reply, Error> {
        let known = |key| {
            let value = self.known.get(&key).copied();
            value.ok_or_else(|| Error::new(ErrorCode::KeyDoesNotExist, "not here"))
        };
        let (key, value, reply) = match request {
            Request::Read { key } => {
                let value = known(key)?;
                return Ok(Reply::ReadOk { value });
            }
            Request::Write { key, value } => (key, value, Reply::WriteOk),
            Request::Cas { key, from, to } if known(key)? == from => (key, to, Reply::CasOk),
            Request::Cas { .. } => {
                return Err(Error::new(ErrorCode::PreconditionFailed, "another value"));
            }
        };
        self.known.insert(key, value);
        Ok(reply)
    }
}

guest_sdk::export!(Registers);
