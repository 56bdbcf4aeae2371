//! A counter or a set in a service: `--object counter` or `g-set`.
//!
//! `--design NAME` chooses how. All are correct.
//!
//! | design | how it works |
//! |---|---|
//! | `lin-root` | one key in lin-kv, changed by `cas` until that succeeds |
//! | `seq-root` | one key in seq-kv, changed by `cas`; a read first writes something new |
//! | `shards` | each node writes a key of its own in seq-kv; a read first writes something new, then reads all keys |
//!
//! `--bug NAME` chooses the design that the bug belongs to, and gives it the bug.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `acks-first` | an add is acknowledged before the only attempt to make it |
//! | `cached` | what a node read or wrote last is shown for a minute |
//! | `cas-gives-up` | an add whose `cas` failed three times is acknowledged all the same |
//! | `cas-same` | a failed `cas` is sent again as it is |
//! | `inits` | each node writes the empty value when it starts, without waiting for the answer |
//! | `late-fence` | something new is written after the read |
//! | `lww` | the key is in lww-kv |
//! | `no-fence` | a read takes whatever state seq-kv shows |
//! | `one-client` | two clients at a node wait in one place |
//! | `one-delta` | two adds at a node wait in one place |
//! | `partial` | a read shows the keys that were answered within 30 ms |
//! | `read-write` | the key is read, then written, without `cas` |
//! | `reordered` | a node writes its key once for each add, without waiting for the answer to the write before |
//! | `same-fence` | what is written before a read is always the same |
//! | `shard-race` | each add reads the node's key and writes it, though another may do so meanwhile |
//! | `times-out` | a `cas` without an answer after 60 ms counts as failed |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV, LWW_KV, SEQ_KV};

const ROOT: &str = "root";

/// Services answer always, if late.
const PATIENCE: Retry = Retry::never(Duration::from_secs(60));

const CACHED_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Object {
    #[default]
    Counter,
    GSet,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    #[default]
    LinRoot,
    SeqRoot,
    Shards,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    AcksFirst,
    Cached,
    CasGivesUp,
    CasSame,
    Inits,
    LateFence,
    Lww,
    NoFence,
    OneClient,
    OneDelta,
    Partial,
    ReadWrite,
    Reordered,
    SameFence,
    ShardRace,
    TimesOut,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    object: Object,
    design: Option<Design>,
    bug: Bug,
}

impl Options {
    fn design(&self) -> Design {
        let of_bug = match self.bug {
            Bug::LateFence | Bug::NoFence | Bug::SameFence => Design::SeqRoot,
            Bug::Partial | Bug::Reordered | Bug::ShardRace => Design::Shards,
            _ => Design::LinRoot,
        };
        self.design.unwrap_or(of_bug)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add {
        #[serde(alias = "element")]
        delta: i64,
    },
    Read,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: Held },
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Held {
    Sum(i64),
    Set(BTreeSet<i64>),
}

impl Held {
    fn empty(object: Object) -> Self {
        match object {
            Object::Counter => Held::Sum(0),
            Object::GSet => Held::Set(BTreeSet::new()),
        }
    }

    fn with(&self, value: i64) -> Self {
        match self.clone() {
            Held::Sum(sum) => Held::Sum(sum + value),
            Held::Set(mut set) => {
                set.insert(value);
                Held::Set(set)
            }
        }
    }

    fn merge(&mut self, other: Held) {
        match (self, other) {
            (Held::Sum(sum), Held::Sum(more)) => *sum += more,
            (Held::Set(set), Held::Set(more)) => set.extend(more),
            _ => {}
        }
    }
}

/// An add that is being made.
#[derive(Clone, Serialize, Deserialize)]
struct Add {
    client: Option<Caller>,
    value: i64,
    failures: u32,
}

/// What a service has been asked.
#[derive(Serialize, Deserialize)]
enum Call {
    Nothing,
    /// For what a key holds, to add to it.
    Before(Add),
    /// To change a key from this.
    Swap(Add, Held),
    /// To change a key to this.
    Write(Vec<Add>, Held),
    /// To write something new before a client's read.
    Fence(Caller),
    /// For what a client has asked.
    Show(Caller),
    /// To write something new after a client's read.
    Late(Caller, Held),
    /// For a node's part of this reading.
    Shard(u64),
}

#[derive(Serialize, Deserialize)]
struct Reading {
    client: Caller,
    keys_left: usize,
    held: Held,
}

#[derive(Serialize, Deserialize)]
struct Store {
    object: Object,
    design: Design,
    bug: Bug,
    /// What this node wrote last under its own key.
    own: Held,
    is_writing: bool,
    waiting: Vec<Add>,
    readings: BTreeMap<u64, Reading>,
    count: u64,
    cache: Option<(Duration, Held)>,
    one_client: Option<Caller>,
    one_delta: i64,
}

impl Node for Store {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        let empty = Held::empty(options.object);
        if options.bug == Bug::Inits {
            let write = service::write(ROOT, &empty);
            ctx.call(LIN_KV, &write, Call::Nothing, PATIENCE);
        }
        Store {
            object: options.object,
            design: options.design(),
            bug: options.bug,
            own: empty,
            is_writing: false,
            waiting: Vec::new(),
            readings: BTreeMap::new(),
            count: 0,
            cache: None,
            one_client: None,
            one_delta: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { delta } => self.add(delta, from, ctx),
            Request::Read => self.read(from, ctx),
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match call {
            Call::Nothing => {}
            Call::Before(add) => {
                let held = self.held(response);
                self.change(add, held, ctx);
            }
            Call::Swap(add, from) => self.swapped(add, from, response.is_ok(), ctx),
            Call::Write(adds, held) => {
                self.is_writing = false;
                self.cache = Some((ctx.now(), held));
                adds.into_iter().for_each(|add| self.added(add, ctx));
                self.write(ctx);
            }
            Call::Fence(client) => self.read_keys(client, ctx),
            Call::Show(client) => {
                let held = self.held(response);
                if self.bug == Bug::LateFence {
                    let call = Call::Late(client, held);
                    self.fence(call, ctx);
                    return;
                }
                self.cache = Some((ctx.now(), held.clone()));
                ctx.reply(client, &Reply::ReadOk { value: held });
            }
            Call::Late(client, value) => ctx.reply(client, &Reply::ReadOk { value }),
            Call::Shard(reading) => {
                let held = self.held(response);
                self.gather(reading, held, ctx);
            }
        }
    }
}

impl Store {
    fn service(&self) -> &'static str {
        match self.design {
            _ if self.bug == Bug::Lww => LWW_KV,
            Design::LinRoot => LIN_KV,
            Design::SeqRoot | Design::Shards => SEQ_KV,
        }
    }

    /// The key that an add at this node changes.
    fn key(&self, ctx: &Ctx<Self>) -> String {
        match self.design {
            Design::Shards => ctx.id().to_owned(),
            _ => ROOT.to_owned(),
        }
    }

    /// What was read; nothing at first.
    fn held(&self, response: Result<Response<'_>, Error>) -> Held {
        let held = response.and_then(|response| service::value(&response));
        held.unwrap_or_else(|_| Held::empty(self.object))
    }

    fn add(&mut self, value: i64, client: Caller, ctx: &mut Ctx<Self>) {
        let mut add = Add {
            client: Some(client),
            value,
            failures: 0,
        };
        match self.bug {
            Bug::AcksFirst => {
                self.added(add.clone(), ctx);
                add.client = None;
            }
            Bug::OneClient => self.one_client = add.client.take(),
            Bug::OneDelta => self.one_delta = value,
            _ => {}
        }
        if self.design == Design::Shards && self.bug != Bug::ShardRace {
            self.waiting.push(add);
            self.write(ctx);
        } else {
            self.begin(add, ctx);
        }
    }

    /// Reads a key to change it.
    fn begin(&mut self, add: Add, ctx: &mut Ctx<Self>) {
        let read = service::read(self.key(ctx));
        ctx.call(self.service(), &read, Call::Before(add), PATIENCE);
    }

    /// Changes a key that held this.
    fn change(&mut self, add: Add, held: Held, ctx: &mut Ctx<Self>) {
        let value = match self.bug {
            Bug::OneDelta => self.one_delta,
            _ => add.value,
        };
        let more = held.with(value);
        let is_first = held == Held::empty(self.object);
        match self.bug {
            Bug::ReadWrite | Bug::ShardRace => self.put(vec![add], more, ctx),
            Bug::Lww if is_first => self.put(vec![add], more, ctx),
            _ => self.swap(add, held, more, ctx),
        }
    }

    fn put(&self, adds: Vec<Add>, held: Held, ctx: &mut Ctx<Self>) {
        let write = service::write(self.key(ctx), held.clone());
        ctx.call(self.service(), &write, Call::Write(adds, held), PATIENCE);
    }

    fn swap(&self, add: Add, held: Held, more: Held, ctx: &mut Ctx<Self>) {
        let patience = match self.bug {
            Bug::TimesOut => Retry::never(Duration::from_millis(60)),
            _ => PATIENCE,
        };
        let cas = service::cas_or_create(self.key(ctx), held.clone(), more);
        ctx.call(self.service(), &cas, Call::Swap(add, held), patience);
    }

    fn swapped(&mut self, mut add: Add, from: Held, is_ok: bool, ctx: &mut Ctx<Self>) {
        add.failures += u32::from(!is_ok);
        match self.bug {
            _ if is_ok => {
                self.cache = Some((ctx.now(), from.with(add.value)));
                self.added(add, ctx);
            }
            Bug::AcksFirst => {}
            Bug::CasGivesUp if add.failures == 3 => self.added(add, ctx),
            Bug::CasSame => {
                let more = from.with(add.value);
                self.swap(add, from, more, ctx);
            }
            _ => self.begin(add, ctx),
        }
    }

    /// Writes this node's key if there are adds, and no write is on its way.
    fn write(&mut self, ctx: &mut Ctx<Self>) {
        if self.is_writing && self.bug != Bug::Reordered || self.waiting.is_empty() {
            return;
        }
        self.is_writing = true;
        let adds = std::mem::take(&mut self.waiting);
        let values = adds.iter().map(|add| add.value);
        self.own = values.fold(self.own.clone(), |held, value| held.with(value));
        self.put(adds, self.own.clone(), ctx);
    }

    fn added(&mut self, add: Add, ctx: &mut Ctx<Self>) {
        if let Some(client) = add.client.or_else(|| self.one_client.take()) {
            ctx.reply(client, &Reply::AddOk);
        }
    }

    fn read(&mut self, client: Caller, ctx: &mut Ctx<Self>) {
        let fresh = |(at, _): &&(Duration, Held)| ctx.now().saturating_sub(*at) < CACHED_FOR;
        match (self.cache.as_ref().filter(fresh), self.bug) {
            (Some((_, held)), Bug::Cached) => {
                let value = held.clone();
                ctx.reply(client, &Reply::ReadOk { value });
            }
            (_, Bug::NoFence | Bug::LateFence) => self.read_keys(client, ctx),
            _ if self.design == Design::LinRoot => self.read_keys(client, ctx),
            _ => self.fence(Call::Fence(client), ctx),
        }
    }

    /// Writes something new, so that this node sees what was written before.
    fn fence(&mut self, call: Call, ctx: &mut Ctx<Self>) {
        self.count += 1;
        let value = match self.bug {
            Bug::SameFence => 0,
            _ => self.count,
        };
        let write = service::write(format!("fence-{}", ctx.id()), value);
        ctx.call(self.service(), &write, call, PATIENCE);
    }

    fn read_keys(&mut self, client: Caller, ctx: &mut Ctx<Self>) {
        if self.design != Design::Shards {
            ctx.call(
                self.service(),
                &service::read(ROOT),
                Call::Show(client),
                PATIENCE,
            );
            return;
        }
        self.count += 1;
        let nodes = ctx.nodes().to_vec();
        let reading = Reading {
            client,
            keys_left: nodes.len(),
            held: Held::empty(self.object),
        };
        self.readings.insert(self.count, reading);
        let patience = match self.bug {
            Bug::Partial => Retry::never(Duration::from_millis(30)),
            _ => PATIENCE,
        };
        for node in &nodes {
            let call = Call::Shard(self.count);
            ctx.call(self.service(), &service::read(node), call, patience);
        }
    }

    /// A node's part of a reading has come.
    fn gather(&mut self, number: u64, held: Held, ctx: &mut Ctx<Self>) {
        let Some(mut reading) = self.readings.remove(&number) else {
            return;
        };
        reading.held.merge(held);
        reading.keys_left -= 1;
        if reading.keys_left == 0 {
            let value = reading.held;
            ctx.reply(reading.client, &Reply::ReadOk { value });
        } else {
            self.readings.insert(number, reading);
        }
    }
}

guest_sdk::export!(Store);
