//! A sharded key-value store without replication: the first node is the controller, and shards are handed from node to node. It keeps nothing on
//! its disk. Without an option it is correct; `--bug NAME` gives it the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `forgets-requests` | which requests were done does not go with a shard |
//! | `installs-again` | a shard that arrives replaces the one that is there, also if it is the same one again |
//! | `keeps-serving` | a shard is served until the new holder has acknowledged the copy that it was sent |
//! | `no-serials` | a request that comes again is done again |
//! | `sends-once` | a shard is forgotten as soon as it is sent |
//! | `serves-early` | a node serves a shard as soon as the configuration says that it is its own |

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

const INTERVAL: Duration = Duration::from_millis(100);
const SHARDS: usize = 8;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    ForgetsRequests,
    InstallsAgain,
    KeepsServing,
    NoSerials,
    SendsOnce,
    ServesEarly,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
struct Write {
    key: u64,
    value: u64,
    client: u64,
    serial: u64,
}

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
        shard: usize,
        group: u64,
    },
    Config {},
    Configured {
        config: Config,
    },
    Install {
        number: usize,
        hop: u64,
        shard: Shard,
    },
    Installed {
        number: usize,
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
    Error {
        code: u64,
        text: String,
        node: String,
    },
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Config {
    number: u64,
    groups: SortedMap<u64, String>,
    shards: Vec<u64>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Shard {
    values: SortedMap<u64, Vec<u64>>,
    /// The serial of the last request of each client.
    done: SortedMap<u64, u64>,
}

#[derive(Default, Serialize, Deserialize)]
struct Slot {
    hop: u64,
    shard: Option<Shard>,
    /// Where the shard is being sent.
    to: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ShardNode {
    bug: Bug,
    config: Config,
    slots: Vec<Slot>,
    /// Requests for keys of shards that are on their way.
    waiting: Vec<(Request, Caller)>,
}

impl Node for ShardNode {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(INTERVAL, ());
        let leads = ctx.nodes()[0] == ctx.id();
        let slot = |_| Slot {
            shard: leads.then(Shard::default),
            ..Slot::default()
        };
        ShardNode {
            bug: ctx.options::<Options>().bug,
            config: Config::default(),
            slots: (0..SHARDS).map(slot).collect(),
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
                self.serve(request, from, ctx);
            }
            Request::Join { .. }
            | Request::Leave { .. }
            | Request::Move { .. }
            | Request::Config {} => {
                let controller = ctx.nodes()[0].clone();
                match controller == ctx.id() {
                    true => self.configure(request, from, ctx)?,
                    false => redirect(from, controller, ctx),
                }
            }
            Request::Configured { config } => {
                if config.number > self.config.number {
                    self.config = config;
                    self.give_away(ctx);
                }
            }
            Request::Install { number, hop, shard } => {
                let bug = self.bug;
                if let Some(slot) = self.slots.get_mut(number)
                    && (hop > slot.hop || bug == Bug::InstallsAgain)
                {
                    *slot = Slot {
                        hop,
                        shard: Some(shard),
                        to: None,
                    };
                    self.give_away(ctx);
                }
                ctx.send(from.node(), &Request::Installed { number, hop });
            }
            Request::Installed { number, hop } => {
                if let Some(slot) = self.slots.get_mut(number)
                    && slot.to.is_some()
                    && slot.hop == hop
                {
                    (slot.shard, slot.to) = (None, None);
                    self.give_away(ctx);
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(INTERVAL, ());
        if ctx.nodes()[0] == ctx.id() {
            self.tell_config(ctx);
        }
        for number in 0..SHARDS {
            self.send_shard(number, ctx);
        }
    }
}

impl ShardNode {
    /// Serves a request for a key, redirects it, or lets it wait for its shard.
    fn serve(&mut self, request: Request, from: Caller, ctx: &mut Ctx<Self>) {
        let (Request::Get { key }
        | Request::Put(Write { key, .. })
        | Request::Append(Write { key, .. })) = request
        else {
            return;
        };
        let number = usize::try_from(key).unwrap_or(0) % SHARDS;
        let owner = self.config.owner(number).map(str::to_owned);
        let slot = &mut self.slots[number];
        let is_mine = owner.as_deref() == Some(ctx.id());
        if self.bug == Bug::ServesEarly && is_mine {
            slot.shard.get_or_insert_default();
        }
        let is_frozen = slot.to.is_some() && self.bug != Bug::KeepsServing;
        match (&mut slot.shard, owner) {
            (Some(shard), _) if !is_frozen => {
                let reply = shard.perform(request, self.bug);
                ctx.reply(from, &reply);
            }
            (None, Some(owner)) if !is_mine => redirect(from, owner, ctx),
            (None, None) => ctx.reply_error(from, refused()),
            _ => self.waiting.push((request, from)),
        }
    }

    fn configure(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let config = &mut self.config;
        let before = (config.groups.len(), config.shards.clone());
        let reply = match request {
            Request::Join { group, nodes } => {
                if !config.groups.contains_key(&group) {
                    config
                        .groups
                        .insert(group, nodes.first().cloned().unwrap_or_default());
                    config.spread();
                }
                Reply::JoinOk {}
            }
            Request::Leave { group } => {
                if config.groups.contains_key(&group) {
                    if config.groups.len() == 1 {
                        return Err(refused());
                    }
                    config.groups.remove(&group);
                    config.spread();
                }
                Reply::LeaveOk {}
            }
            Request::Move { shard, group } => {
                if !config.groups.contains_key(&group) {
                    return Err(refused());
                }
                config.shards[shard % SHARDS] = group;
                Reply::MoveOk {}
            }
            _ => Reply::ConfigOk {
                shards: config.shards.clone(),
            },
        };
        ctx.reply(from, &reply);
        if before != (config.groups.len(), config.shards.clone()) {
            config.number += 1;
            self.tell_config(ctx);
            self.give_away(ctx);
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

    /// Sends away what belongs elsewhere, and serves what has waited.
    fn give_away(&mut self, ctx: &mut Ctx<Self>) {
        for number in 0..SHARDS {
            let owner = self.config.owner(number).filter(|owner| *owner != ctx.id());
            let owner = owner.map(str::to_owned);
            let slot = &mut self.slots[number];
            if slot.shard.is_some() && slot.to.is_none() && owner.is_some() {
                slot.hop += 1;
                slot.to = owner;
                self.send_shard(number, ctx);
            }
        }
        for (request, from) in std::mem::take(&mut self.waiting) {
            self.serve(request, from, ctx);
        }
    }

    fn send_shard(&mut self, number: usize, ctx: &mut Ctx<Self>) {
        let slot = &mut self.slots[number];
        if let (Some(shard), Some(to)) = (&slot.shard, slot.to.clone()) {
            let mut shard = shard.clone();
            if self.bug == Bug::ForgetsRequests {
                shard.done = SortedMap::new();
            }
            ctx.send(
                &to,
                &Request::Install {
                    number,
                    hop: slot.hop,
                    shard,
                },
            );
            if self.bug == Bug::SendsOnce {
                (slot.shard, slot.to) = (None, None);
            }
        }
    }
}

impl Shard {
    fn perform(&mut self, request: Request, bug: Bug) -> Reply {
        let (write, replaces, reply) = match request {
            Request::Put(write) => (write, true, Reply::PutOk {}),
            Request::Append(write) => (write, false, Reply::AppendOk {}),
            Request::Get { key } => {
                let value = self.values.get(&key).cloned().unwrap_or_default();
                return Reply::GetOk { value };
            }
            _ => return Reply::GetOk { value: Vec::new() },
        };
        let last = self.done.get(&write.client).copied().unwrap_or(0);
        if write.serial > last || bug == Bug::NoSerials {
            self.done.insert(write.client, write.serial);
            let value = self.values.get_or_default(write.key);
            if replaces {
                value.clear();
            }
            value.push(write.value);
        }
        reply
    }
}

impl Config {
    fn owner(&self, shard: usize) -> Option<&str> {
        let group = self.shards.get(shard)?;
        self.groups.get(group).map(String::as_str)
    }

    fn spread(&mut self) {
        let groups: Vec<u64> = self.groups.keys().copied().collect();
        self.shards = groups.into_iter().cycle().take(SHARDS).collect();
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

fn refused() -> Error {
    Error::new(ErrorCode::PreconditionFailed, "the groups do not allow it")
}

guest_sdk::export!(ShardNode);
