//! Challenge 2, unique ids: generate ids that no node generates again.
//!
//! | `--strategy` | an id | after a kill | if the clock is set back |
//! |---|---|---|---|
//! | `counter` (default) | node, start of this life, counter | unique | unique, unless two lives start at the same nanosecond |
//! | `flake` | milliseconds, node, counter: 63 bits, ordered by time | unique | unique |
//! | `residue` | counter times the number of nodes, plus the node's rank | unique | unique |
//! | `random` | 64 random bits | unique | unique |
//!
//! What a node needs for that after a restart is on its disk. A node that has lost its disk too repeats ids with `residue`, and
//! with `flake` if its clock was set back.
//!
//! All are totally available: a node answers at once, from its own state, under every partition and
//! any loss of messages. No strategy sends a message to a node. There is one file for each
//! strategy; it states what its uniqueness depends on.

mod counter;
mod flake;
mod random;
mod residue;

use guest_sdk::prelude::*;

use counter::Counter;
use flake::Flake;
use residue::Residue;

/// The arguments.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    strategy: Strategy,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            strategy: Strategy::Counter,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Strategy {
    Counter,
    Flake,
    Residue,
    Random,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Generate,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GenerateOk { id: Id },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

#[derive(Serialize, Deserialize)]
enum UniqueIds {
    Counter(Counter),
    Flake(Flake),
    Residue(Residue),
    Random,
}

impl Node for UniqueIds {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        match options.strategy {
            Strategy::Counter => UniqueIds::Counter(Counter::new(ctx)),
            Strategy::Flake => UniqueIds::Flake(Flake::new(ctx)),
            Strategy::Residue => UniqueIds::Residue(Residue::new(ctx)),
            Strategy::Random => UniqueIds::Random,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Generate = request;
        let id = match self {
            UniqueIds::Counter(counter) => Id::Text(counter.next(ctx.id())),
            UniqueIds::Flake(flake) => Id::Number(flake.next(ctx)),
            UniqueIds::Residue(residue) => Id::Number(residue.next(ctx)),
            UniqueIds::Random => Id::Text(random::next(ctx)),
        };
        ctx.reply(from, &Reply::GenerateOk { id });
        Ok(())
    }
}

/// Where a node keeps a number behind all that it has used.
const FILE: &str = "ids";

/// That number, if there was a life before this one.
fn kept(ctx: &mut Ctx<UniqueIds>) -> Option<u64> {
    let kept = ctx.disk().get(FILE);
    kept.unwrap_or_else(|error| panic!("{error}"))
}

/// Keeps that number: the next id goes out when it is durable.
fn keep(number: u64, ctx: &mut Ctx<UniqueIds>) {
    ctx.disk().put(FILE, &number);
}

/// The place of this node's name among those of all nodes.
fn rank(ctx: &Ctx<UniqueIds>) -> u64 {
    let mut nodes = ctx.nodes().iter().zip(0..);
    nodes
        .find(|(node, _)| *node == ctx.id())
        .map_or(0, |(_, rank)| rank)
}

guest_sdk::export!(UniqueIds);

#[cfg(test)]
mod tests;
