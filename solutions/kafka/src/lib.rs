//! Challenges 5a to 5c, kafka: append-only logs, read from offsets that each client keeps.
//!
//! | `--strategy` | idea | server messages an operation | on challenge 5b |
//! |---|---|---|---|
//! | `merge` (default) | each node accepts sends locally, all merge them | n (n - 1) per window | 0.010 |
//! | `leader` | one leader per log, other nodes forward | 2 (n - 1) / n | 1.21 |
//! | `lin-kv` | a log is one value in `lin-kv` | at least 2 | 6.1 |
//! | `split` | lengths in `lin-kv`, records in `seq-kv` | at least 4 | 7.8 |
//! | `single` | the first node keeps all logs, the others reject requests | 0 | (5a) 0 |
//!
//! `merge`, `leader` and `single` keep on the disk what they have acknowledged, in a log (`answers.rs` says what waits for
//! it); the others keep nothing but what services have.
//!
//! Each file describes its strategy, its costs, the faults it tolerates and its source. Options
//! of `merge`: `--window-ms` (200) sets how long a node batches records; `--acks` is `one` or
//! `all`, as in Kafka.

mod answers;
mod committed;
mod gather;
mod leader;
mod lin_kv;
mod log;
mod merge;
mod protocol;
mod single;
mod split;

use guest_sdk::prelude::*;

use answers::Timer;
use leader::Leader;
use lin_kv::LinKv;
use merge::Merge;
use protocol::Request;
use single::Single;
use split::Split;

/// The arguments.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    strategy: Strategy,
    window_ms: u64,
    acks: Acks,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            strategy: Strategy::Merge,
            window_ms: 200,
            acks: Acks::One,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Strategy {
    Merge,
    Leader,
    LinKv,
    Split,
    Single,
}

/// Who must have a message before its send is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Acks {
    One,
    All,
}

#[derive(Debug, Serialize, Deserialize)]
enum Kafka {
    Merge(Merge),
    Leader(Leader),
    LinKv(LinKv),
    Split(Split),
    Single(Single),
}

#[derive(Debug, Serialize, Deserialize)]
enum Call {
    /// `merge` asks whether its node has lived before.
    Lived,
    Leader(leader::Call),
    LinKv(lin_kv::Call),
    Split(split::Call),
}

impl Node for Kafka {
    type Request = Request;
    type Call = Call;
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        match options.strategy {
            Strategy::Merge => Kafka::Merge(Merge::new(&options, ctx)),
            Strategy::Leader => Kafka::Leader(Leader::new(ctx)),
            Strategy::LinKv => Kafka::LinKv(LinKv::default()),
            Strategy::Split => Kafka::Split(Split::default()),
            Strategy::Single => Kafka::Single(Single::new(ctx)),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match self {
            Kafka::Merge(merge) => {
                merge.request(request, from, ctx);
                Ok(())
            }
            Kafka::Leader(leader) => leader.request(request, from, ctx),
            Kafka::LinKv(lin_kv) => lin_kv.request(request, from, ctx),
            Kafka::Split(split) => split.request(request, from, ctx),
            Kafka::Single(single) => single.request(request, from, ctx),
        }
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match (self, call) {
            (Kafka::Merge(merge), Call::Lived) => merge.response(response, ctx),
            (Kafka::Leader(leader), Call::Leader(call)) => leader.response(call, response, ctx),
            (Kafka::LinKv(lin_kv), Call::LinKv(call)) => lin_kv.response(call, response, ctx),
            (Kafka::Split(split), Call::Split(call)) => split.response(call, response, ctx),
            _ => {}
        }
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        match (self, timer) {
            (Kafka::Merge(merge), timer) => merge.timer(timer, ctx),
            (Kafka::Leader(leader), Timer::Batch) => leader.gathers.answers.timer(ctx),
            (Kafka::Single(single), Timer::Batch) => single.answers.timer(ctx),
            _ => {}
        }
    }
}

guest_sdk::export!(Kafka);

#[cfg(test)]
mod tests;
