//! g-set: a set that only grows, the same on all nodes in the end.
//!
//! | `--strategy` | idea | server messages |
//! |---|---|---|
//! | `state` (default) | a delta-state CRDT: nodes exchange what the others lack | n (n - 1) in a window |
//! | `op` | an operation-based CRDT: every add reaches every node exactly once | 2 n (n - 1) in a window |
//! | `seq-kv` | a key for each node in `seq-kv`; reads force recency | 2 for an add, 2 n + 2 for a read |
//!
//! The files say how each works, what it tolerates, and where it comes from. `--window-ms` (400) is
//! how long news wait for company, with the first two. `Share` is what the strategies know of a
//! set; the counters have another, and share the last two files.

#[path = "../../pn-counter/src/op.rs"]
mod op;
#[path = "../../pn-counter/src/seq_kv.rs"]
mod seq_kv;
mod state;

use std::collections::BTreeSet;
use std::time::Duration;

use guest_sdk::prelude::*;

use op::Op;
use seq_kv::SeqKv;
use state::{Known, News, State};

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
            window_ms: 400,
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
#[serde(rename_all = "snake_case")]
enum Request {
    Add {
        element: i64,
    },
    Read,

    /// `state`: what the receiver may lack.
    Gossip {
        /// How many elements of each author the sender knows.
        knows: Known,
        news: News,
    },

    /// `op`: elements that the sender's clients added, from a number on.
    Operations {
        from: u64,
        operations: Vec<i64>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: BTreeSet<i64> },
    OperationsOk,
}

/// The elements that one node has taken in, in order: of two states of it the longer is the newer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Share(Vec<i64>);

impl Share {
    fn add(&mut self, element: i64) {
        self.0.push(element);
    }
}

/// The answer to a read, from the shares of all nodes.
fn read_ok<'a>(shares: impl Iterator<Item = &'a Share>) -> Reply {
    let value = shares.flat_map(|share| &share.0).copied().collect();
    Reply::ReadOk { value }
}

#[derive(Serialize, Deserialize)]
enum Replica {
    State(State),
    Op(Op),
    SeqKv(SeqKv),
}

#[derive(Serialize, Deserialize)]
enum Call {
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
            (Replica::Op(op), Request::Add { element }) => op.add(element, from, ctx),
            (Replica::Op(op), Request::Read) => op.read(from, ctx),
            (
                Replica::Op(op),
                Request::Operations {
                    from: number,
                    operations,
                },
            ) => op.operations(number, operations, from, ctx),
            (Replica::SeqKv(seq_kv), Request::Add { element }) => seq_kv.add(element, from, ctx),
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
fn not_supported() -> Error {
    let text = "a message of another strategy: all nodes need the same arguments";
    Error::new(ErrorCode::NotSupported, text)
}

guest_sdk::export!(Replica);

#[cfg(test)]
mod tests;
