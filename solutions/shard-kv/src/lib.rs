//! shard-kv: a sharded key-value store whose shards move between nodes.
//!
//! The first node is the controller: it keeps the configuration, and tells all nodes of it every 100 ms and when it changes. Of a group
//! only the first node is used: there is no replication.
//!
//! A shard is a token. One node holds it, with its values and with the last request of each client, and whoever holds it serves it, whatever the
//! configuration says. A holder that learns that the shard belongs elsewhere freezes it and sends it there, again and again until
//! that is acknowledged; then it forgets it. Each hop of a shard has a number, and a node installs a shard only if its hop is later than all that
//! it has seen of it. So a message that comes twice or late brings no old shard back, and a configuration that is out of date leads to a
//! detour, not to a second holder.
//!
//! | a request for a key of a shard that is | |
//! |---|---|
//! | here | is served |
//! | on its way to or from here | waits, 800 ms at most; then error 11 |
//! | elsewhere | is redirected to where the configuration says |
//!
//! | file | job |
//! |---|---|
//! | `config` | groups and their shards; how shards are spread |
//! | `shard` | values, and requests that are done once |
//!
//! # Faults
//!
//! Linearizable under message loss, duplication, delay, partitions, pauses and clock skew. Shards and the configuration are on the disk before anyone
//! hears of a change, so nodes may be killed or lose their power. A node whose disk is replaced has lost its shards.
//! While a node is down, its shards cannot be used; while the first one is, nothing can be moved.
//!
//! # Costs
//!
//! n - 1 messages each 100 ms, two for each hop of a shard. Each write puts its whole shard on the disk: simple, and dear where shards are large.
//!
//! Sources: lab 5 of MIT's 6.5840, where each group is replicated by Raft; for the last request of each client: Ongaro's thesis, §6.3.

mod config;
mod shard;
#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::prelude::*;

use config::Config;
use shard::{Shard, Write};

const INTERVAL: Duration = Duration::from_millis(100);
/// A request waits for so many intervals at most.
const PATIENCE: u64 = 8;
/// So many requests wait at most.
const WAITING_MAX: usize = 1000;
const SHARDS: u64 = 8;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Get {
        key: u64,
    },
    Put(Write),
    Append(Write),
    Join {
        group: u64,
        nodes: Vec<String>,
    },
    Leave {
        group: u64,
    },
    Move {
        shard: u64,
        group: u64,
    },
    Config {},

    /// The controller's: the latest configuration.
    Configured {
        config: Config,
    },
    /// A shard that the receiver is to hold, and the number of its hop.
    Install {
        number: u64,
        hop: u64,
        shard: Shard,
    },
    /// It has been installed, now or before.
    Installed {
        number: u64,
        hop: u64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GetOk {
        value: Vec<u64>,
    },
    PutOk {},
    AppendOk {},
    JoinOk {},
    LeaveOk {},
    MoveOk {},
    ConfigOk {
        shards: Vec<u64>,
    },
    /// Redirects.
    Error {
        code: u64,
        text: String,
        node: String,
    },
}

/// What a node knows of a shard.
#[derive(Default, Serialize, Deserialize)]
struct Slot {
    /// The number of the last hop that was seen.
    hop: u64,
    place: Place,
}

#[derive(Default, Serialize, Deserialize)]
enum Place {
    #[default]
    Elsewhere,
    Here(Shard),
    /// It is frozen, and sent to this node.
    Leaving(String, Shard),
}

/// A request for a key of a shard that is on its way.
#[derive(Serialize, Deserialize)]
struct Waiting {
    request: Request,
    from: Caller,
    give_up_at: u64,
}

#[derive(Serialize, Deserialize)]
struct ShardNode {
    /// How many intervals have passed.
    now: u64,
    config: Config,
    slots: Vec<Slot>,
    waiting: Vec<Waiting>,
}

impl Node for ShardNode {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(INTERVAL, ());
        let leads = controller(ctx) == ctx.id();
        // What is read is kept once more: it may never have been synced, and after a sync that failed it may be here though
        // no later one makes it durable.
        let slots = (0..SHARDS).map(|number| {
            let kept = ctx.disk().get(&file(number));
            let kept = kept.unwrap_or_else(|why| panic!("shard {number} is damaged: {why}"));
            if let Some(slot) = &kept {
                ctx.disk().put(&file(number), slot);
            }
            kept.unwrap_or_else(|| Slot {
                hop: 0,
                // The controller has them until there is a group.
                place: match leads {
                    true => Place::Here(Shard::default()),
                    false => Place::Elsewhere,
                },
            })
        });
        let slots = slots.collect();
        let config = ctx.disk().get("config");
        let config = config.unwrap_or_else(|why| panic!("the configuration is damaged: {why}"));
        if let Some(config) = &config {
            ctx.disk().put("config", config);
        }
        ShardNode {
            now: 0,
            config: config.unwrap_or_default(),
            slots,
            waiting: Vec::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Get { .. } | Request::Put(_) | Request::Append(_) => {
                let give_up_at = self.now + PATIENCE;
                let waiting = Waiting {
                    request,
                    from,
                    give_up_at,
                };
                if let Some(waiting) = self.serve(waiting, ctx)? {
                    self.wait(waiting)?;
                }
            }
            Request::Join { .. }
            | Request::Leave { .. }
            | Request::Move { .. }
            | Request::Config {} => match controller(ctx) == ctx.id() {
                true => self.configure(request, from, ctx)?,
                false => redirect(from, controller(ctx).to_owned(), ctx),
            },
            Request::Configured { config } => {
                if config.number > self.config.number {
                    self.config = config;
                    self.act_on_config(ctx);
                }
            }
            Request::Install { number, hop, shard } => {
                if let Some(slot) = self.slots.get_mut(index(number))
                    && hop > slot.hop
                {
                    *slot = Slot {
                        hop,
                        place: Place::Here(shard),
                    };
                    ctx.disk().put(&file(number), slot);
                    self.act_on_config(ctx);
                }
                ctx.send(from.node(), &Request::Installed { number, hop });
            }
            Request::Installed { number, hop } => {
                if let Some(slot) = self.slots.get_mut(index(number))
                    && matches!(slot.place, Place::Leaving(..))
                    && slot.hop == hop
                {
                    slot.place = Place::Elsewhere;
                    ctx.disk().put(&file(number), slot);
                    self.serve_waiting(ctx);
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(INTERVAL, ());
        self.now += 1;
        let now = self.now;
        for given_up in self.waiting.extract_if(.., |it| it.give_up_at <= now) {
            ctx.reply_error(given_up.from, unavailable("the shard is on its way"));
        }
        if controller(ctx) == ctx.id() {
            self.tell_config(ctx);
        }
        for number in 0..SHARDS {
            self.send_shard(number, ctx);
        }
    }
}

impl ShardNode {
    /// Serves a request for a key, or redirects it; returns it if it has to wait.
    fn serve(&mut self, waiting: Waiting, ctx: &mut Ctx<Self>) -> Result<Option<Waiting>, Error> {
        let key = match &waiting.request {
            Request::Put(write) | Request::Append(write) => write.key,
            Request::Get { key } => *key,
            _ => return Ok(None),
        };
        let number = key % SHARDS;
        let slot = &mut self.slots[index(number)];
        let shard = match &mut slot.place {
            Place::Here(shard) => shard,
            Place::Leaving(..) => return Ok(Some(waiting)),
            Place::Elsewhere => match self.config.owner(number) {
                Some(owner) if owner == ctx.id() => return Ok(Some(waiting)),
                Some(owner) => {
                    redirect(waiting.from, owner.to_owned(), ctx);
                    return Ok(None);
                }
                None => {
                    ctx.reply_error(waiting.from, unavailable("there is no configuration yet"));
                    return Ok(None);
                }
            },
        };
        let (has_changed, reply) = match waiting.request {
            Request::Put(write) => (shard.put(&write)?, Reply::PutOk {}),
            Request::Append(write) => (shard.append(&write)?, Reply::AppendOk {}),
            _ => {
                let value = shard.get(key);
                (false, Reply::GetOk { value })
            }
        };
        if has_changed {
            ctx.disk().put(&file(number), slot);
        }
        ctx.reply(waiting.from, &reply);
        Ok(None)
    }

    fn wait(&mut self, waiting: Waiting) -> Result<(), Error> {
        if self.waiting.len() >= WAITING_MAX {
            return Err(unavailable("too many requests wait already"));
        }
        self.waiting.push(waiting);
        Ok(())
    }

    fn serve_waiting(&mut self, ctx: &mut Ctx<Self>) {
        for waiting in std::mem::take(&mut self.waiting) {
            let from = waiting.from.clone();
            match self.serve(waiting, ctx) {
                Ok(waiting) => self.waiting.extend(waiting),
                Err(error) => ctx.reply_error(from, error),
            }
        }
    }

    /// Changes the configuration, or tells it.
    fn configure(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let (has_changed, reply) = match request {
            Request::Join { group, nodes } => {
                if nodes.is_empty() || !nodes.iter().all(|node| ctx.nodes().contains(node)) {
                    let text = "a group has nodes of this cluster, at least one";
                    return Err(Error::new(ErrorCode::MalformedRequest, text));
                }
                (self.config.join(group, nodes), Reply::JoinOk {})
            }
            Request::Leave { group } => (self.config.leave(group)?, Reply::LeaveOk {}),
            Request::Move { shard, group } => (self.config.assign(shard, group)?, Reply::MoveOk {}),
            _ => {
                let shards = self.config.shards.clone();
                (false, Reply::ConfigOk { shards })
            }
        };
        if has_changed {
            self.config.number += 1;
            ctx.disk().put("config", &self.config);
        }
        ctx.reply(from, &reply);
        if has_changed {
            self.tell_config(ctx);
            self.act_on_config(ctx);
        }
        Ok(())
    }

    fn tell_config(&self, ctx: &mut Ctx<Self>) {
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        let config = self.config.clone();
        let configured = Request::Configured { config };
        for peer in peers {
            ctx.send(&peer, &configured);
        }
    }

    /// Sends away shards that belong elsewhere, and serves what waits for those that are here.
    fn act_on_config(&mut self, ctx: &mut Ctx<Self>) {
        for number in 0..SHARDS {
            let slot = &mut self.slots[index(number)];
            let owner = self.config.owner(number).filter(|owner| *owner != ctx.id());
            if let (Place::Here(shard), Some(owner)) = (&mut slot.place, owner) {
                slot.hop += 1;
                slot.place = Place::Leaving(owner.to_owned(), std::mem::take(shard));
                ctx.disk().put(&file(number), slot);
                self.send_shard(number, ctx);
            }
        }
        self.serve_waiting(ctx);
    }

    fn send_shard(&self, number: u64, ctx: &mut Ctx<Self>) {
        let slot = &self.slots[index(number)];
        if let Place::Leaving(to, shard) = &slot.place {
            let (hop, shard) = (slot.hop, shard.clone());
            ctx.send(to, &Request::Install { number, hop, shard });
        }
    }
}

fn redirect(client: Caller, node: String, ctx: &mut Ctx<ShardNode>) {
    let text = format!("ask {node}");
    ctx.reply(
        client,
        &Reply::Error {
            code: 1000,
            text,
            node,
        },
    );
}

fn controller(ctx: &Ctx<ShardNode>) -> &str {
    &ctx.nodes()[0]
}

fn file(number: u64) -> String {
    format!("shard-{number}")
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn unavailable(text: &str) -> Error {
    Error::new(ErrorCode::TemporarilyUnavailable, text)
}

guest_sdk::export!(ShardNode);
