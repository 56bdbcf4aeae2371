//! Challenges 6a to 6c, txn-rw-register: transactions over registers, totally available.
//!
//! Every node has all registers and answers each transaction at once, by itself. It executes it in
//! one step on its own state, so a transaction reads one snapshot and its own writes. Of two
//! writes to a register the one with the higher Lamport clock wins, and of equal clocks the one
//! with the greater node id. Nodes exchange missing writes by anti-entropy (`gossip.rs`), which
//! tolerates partitions and lost, duplicated and late messages.
//!
//! | strategy | others see a write | level | servers msgs/op on 6c |
//! |---|---|---|---|
//! | `read-uncommitted` | at once, perhaps before the rest of its transaction | read uncommitted | 1.23 |
//! | `read-committed` | at once, with its transaction | read committed, atomic visibility | 0.76 |
//! | `causal`, the default | within a window, after all that its transaction has read | causal | 0.0021 |
//!
//! - The order of writes is the same for all transactions (no G0, no G1c): whatever a transaction
//!   reads or overwrites has a lower clock than its own.
//! - Costs: anti-entropy takes at most one message per window from each node (with more than two
//!   nodes each window has ceil(log2 n) turns), and none when nothing is new. The strategies that
//!   send writes at once add a message to each peer for each write or transaction. These are never
//!   retried, since anti-entropy delivers what is lost.
//! - Reads lag by a window and the network's latency, during a partition by its duration.
//! - Lost updates and write skew are possible, as in every totally available system.
//! - A node that was killed relearns all that the others know. What it had acknowledged but not
//!   yet sent is lost: up to a window of writes, or those of a partition that cut it off.
//!   Until the first peer has answered it knows nothing, and its writes of that time lose
//!   against all writes that it does not know.
//! - A node that was cut off gets all changes since then in one message: about 100 bytes for each
//!   register, so 40,000 registers until a live node's limit on a line.
//!
//! Sources: Lamport, "Time, clocks, and the ordering of events in a distributed system" (1978);
//! Bailis et al., "Highly available transactions" (2013), for what is possible without waiting.

mod gossip;
mod registers;

use std::time::Duration;

use guest_sdk::prelude::*;

use gossip::{Gossip, Peers};
use registers::{Author, Registers, Stamp, Write};

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Strategy {
    /// Each write is sent to all peers as it happens.
    ReadUncommitted,
    /// Each transaction is sent to all peers as it ends.
    ReadCommitted,
    /// There is nothing but anti-entropy.
    Causal,
}

#[derive(Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    strategy: Strategy,
    /// How long a write may take to all nodes of a healthy network, besides its latency.
    window_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            strategy: Strategy::Causal,
            window_ms: 1000,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Txn {
        txn: Vec<Mop>,
    },
    Gossip(Gossip),
    /// Writes that somebody has just done.
    Mail {
        writes: Vec<Write>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TxnOk { txn: Vec<Mop> },
}

/// An operation: `["r", key, null]`, answered with the value, or `["w", key, value]`.
type Mop = (F, i64, Option<i64>);

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum F {
    R,
    W,
}

#[derive(Serialize, Deserialize)]
struct Database {
    options: Options,
    me: Author,
    registers: Registers,
    peers: Peers,
}

impl Node for Database {
    type Request = Request;
    type Call = ();
    /// Another turn to tell a peer, and how long after it the next one comes.
    type Timer = Duration;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        if ctx.peers().next().is_some() {
            // At once, for a node that has lost its memory; then one node after the other.
            let place = ctx
                .nodes()
                .iter()
                .take_while(|node| *node != ctx.id())
                .count()
                + 1;
            let share = place as f64 / ctx.nodes().len() as f64;
            let first = turn(&options, ctx.nodes()).mul_f64(share);
            ctx.set_timer(Duration::ZERO, first);
        }
        let life = ctx.rng().u32(..);
        Database {
            options,
            me: format!("{}@{life}", ctx.id()),
            registers: Registers::default(),
            peers: Peers::default(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Txn { mut txn } => {
                let writes = self.execute(&mut txn)?;
                self.mail(writes, ctx);
                ctx.reply(from, &Reply::TxnOk { txn });
            }
            Request::Gossip(told) => {
                if self.peers.hear(from.node(), told, &mut self.registers) {
                    let answer = self.peers.gossip(from.node(), &self.registers);
                    ctx.send(from.node(), &Request::Gossip(answer));
                }
            }
            Request::Mail { writes } => {
                for write in writes {
                    self.registers.write(write);
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, next: Duration, ctx: &mut Ctx<Self>) {
        if let Some(peer) = self.peers.next(ctx.id(), ctx.nodes(), &self.registers) {
            let gossip = self.peers.gossip(&peer, &self.registers);
            ctx.send(&peer, &Request::Gossip(gossip));
        }
        ctx.set_timer(next, turn(&self.options, ctx.nodes()));
    }
}

impl Database {
    /// Does a transaction, fills in what it reads, and returns what it wrote.
    fn execute(&mut self, txn: &mut [Mop]) -> Result<Vec<Write>, Error> {
        if txn
            .iter()
            .any(|(f, _, value)| *f == F::W && value.is_none())
        {
            let text = "malformed txn: a write needs a value";
            return Err(Error::new(ErrorCode::MalformedRequest, text));
        }
        let mut writes = Vec::new();
        let mut clock = None;
        for (step, (f, key, value)) in txn.iter_mut().enumerate() {
            match (f, *value) {
                (F::W, Some(value)) => {
                    let stamp = Stamp {
                        clock: *clock.get_or_insert_with(|| self.registers.tick(&self.me)),
                        author: self.me.clone(),
                        step,
                    };
                    let write = Write {
                        key: *key,
                        value,
                        stamp,
                    };
                    self.registers.write(write.clone());
                    writes.push(write);
                }
                _ => *value = self.registers.read(*key),
            }
        }
        Ok(writes)
    }

    fn mail(&self, writes: Vec<Write>, ctx: &mut Ctx<Self>) {
        let mails: Vec<Vec<Write>> = match self.options.strategy {
            Strategy::ReadUncommitted => writes.into_iter().map(|write| vec![write]).collect(),
            Strategy::ReadCommitted if !writes.is_empty() => vec![writes],
            Strategy::ReadCommitted | Strategy::Causal => Vec::new(),
        };
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        for writes in mails {
            let mail = Request::Mail { writes };
            for peer in &peers {
                ctx.send(peer, &mail);
            }
        }
    }
}

/// The time between two turns. What a node tells another goes on with that one's next turn, so
/// that twice as many know it: after ceil(log2 n) turns, all.
fn turn(options: &Options, nodes: &[String]) -> Duration {
    let turns = (nodes.len() - 1).ilog2() + 1;
    Duration::from_millis(options.window_ms) / turns
}

guest_sdk::export!(Database);

#[cfg(test)]
mod tests;
