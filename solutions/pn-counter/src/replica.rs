//! A replica: the node, with any of the strategies.
//!
//! (This file is also part of `g-set`.)

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::op::{self, Op};
use crate::seq_kv::{self, SeqKv};
use crate::state::State;
use crate::{Request, WINDOW_MS};

/// The arguments.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    strategy: Strategy,
    window_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            strategy: Strategy::State,
            window_ms: WINDOW_MS,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Strategy {
    State,
    Op,
    SeqKv,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Replica {
    State(State),
    Op(Op),
    SeqKv(SeqKv),
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Call {
    Operations(op::Told),
    SeqKv(seq_kv::Call),
}

impl Node for Replica {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        let window = Duration::from_millis(options.window_ms);
        match options.strategy {
            Strategy::State => Replica::State(State::new(window, ctx)),
            Strategy::Op => Replica::Op(Op::new(window, ctx)),
            Strategy::SeqKv => Replica::SeqKv(SeqKv::new(ctx)),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match (self, request) {
            (Replica::State(state), request) => return state.request(request, from, ctx),
            (Replica::Op(op), Request::Add { operation }) => op.add(operation, from, ctx),
            (Replica::Op(op), Request::Read) => op.read(from, ctx),
            (
                Replica::Op(op),
                Request::Operations {
                    from: number,
                    operations,
                },
            ) => op.operations(number, operations, from, ctx),
            (Replica::SeqKv(seq_kv), Request::Add { operation }) => {
                seq_kv.add(operation, from, ctx);
            }
            (Replica::SeqKv(seq_kv), Request::Read) => seq_kv.read(from, ctx),
            _ => return Err(not_supported()),
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match (self, call) {
            (Replica::Op(op), Call::Operations(told)) => op.response(told, ctx),
            (Replica::SeqKv(seq_kv), Call::SeqKv(call)) => seq_kv.response(call, response, ctx),
            _ => {}
        }
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        match self {
            Replica::State(state) => state.gossip(ctx),
            Replica::Op(op) => op.broadcast(ctx),
            Replica::SeqKv(_) => {}
        }
    }
}

/// What this strategy does not understand.
pub(crate) fn not_supported() -> Error {
    let text = "a message of another strategy: all nodes need the same arguments";
    Error::new(ErrorCode::NotSupported, text)
}
