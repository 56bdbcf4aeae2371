//! Transactions over lists, on a root in a service that `cas` replaces. `--design` says how, and
//! `--bug` what is wrong.
//!
//! | design | how it works |
//! |---|---|
//! | `whole` | the root in lin-kv holds all lists; after a refusal the transaction is executed again |
//! | `aborts` | the same, but after a refusal the transaction is aborted |
//! | `thunks` | the root names immutable lists, which are written to lin-kv before it |
//! | `lww-thunks` | the same with the lists in lww-kv: what is missing there is asked for again |
//!
//! | bug of `whole` | what is wrong |
//! |---|---|
//! | `blind-write` | the root is written without `cas` |
//! | `cas-ignored` | a refused `cas` counts as success |
//! | `error-after` | a `cas` without an answer in time is reported as an abort |
//! | `first-reads` | after a refusal the appends are done again, but not the reads |
//! | `hasty` | a `cas` without an answer in time counts as refused |
//! | `late` | transactions are answered after 4.9 s |
//! | `lww-root` | the root is in lww-kv |
//! | `op-by-op` | each operation is a transaction of its own |
//! | `optimistic` | later transactions of a node see a root before its `cas` has succeeded |
//! | `per-key` | each list has a root of its own, and only those that are appended to are compared |
//! | `refuses-writes` | of 64 transactions one may append |
//! | `seq-root` | the root is in seq-kv |
//! | `stale-reads` | transactions that only read use the root that the node saw last |
//! | `two-roots` | even and odd keys have a root each |
//!
//! | bug of `thunks` | what is wrong |
//! |---|---|
//! | `gc-early` | lists that a new root does not name are emptied at once |
//! | `reused-ids` | nodes count their lists without their names |
//! | `shared-root` | the `cas` compares with the root that the node saw last |
//! | `swing-first` | the root is replaced before its lists are written |
//!
//! | bug of `lww-thunks` | what is wrong |
//! |---|---|
//! | `missing-is-empty` | a list that is missing counts as empty |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV, LWW_KV, SEQ_KV};

/// The network loses nothing that services are sent, or send.
const PATIENT: Retry = Retry::never(Duration::from_secs(3600));
const HASTY: Retry = Retry::never(Duration::from_millis(150));

/// Just before clients give up.
const LATE: Duration = Duration::from_millis(4900);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    #[default]
    Whole,
    Aborts,
    Thunks,
    LwwThunks,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    BlindWrite,
    CasIgnored,
    ErrorAfter,
    FirstReads,
    GcEarly,
    Hasty,
    Late,
    LwwRoot,
    MissingIsEmpty,
    OpByOp,
    Optimistic,
    PerKey,
    RefusesWrites,
    ReusedIds,
    SeqRoot,
    SharedRoot,
    StaleReads,
    SwingFirst,
    TwoRoots,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Bug,
}

/// `["r", key, null]` or `["append", key, element]`.
type Mop = (String, i64, Option<Held>);

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Held {
    Element(i64),
    List(Vec<i64>),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Txn { txn: Vec<Mop> },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TxnOk { txn: Vec<Mop> },
}

/// By key, a list or the name of one.
type Root = BTreeMap<i64, Entry>;

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    List(Vec<i64>),
    Thunk(String),
}

/// A transaction under way.
#[derive(Serialize, Deserialize)]
struct Work {
    client: Caller,
    txn: Vec<Mop>,
    /// What is executed after it, and what was before, if operations are transactions.
    later: Vec<Mop>,
    earlier: Vec<Mop>,
    done: Vec<Mop>,
    /// The roots as they were read, by name, and those that are to replace them.
    roots: BTreeMap<String, Root>,
    new_roots: BTreeMap<String, Root>,
    /// Lists that the new roots name.
    thunks: BTreeMap<String, Vec<i64>>,
    /// Answers that are outstanding.
    waiting: usize,
    has_swung: bool,
}

/// What a service has been asked for, and for which transaction.
#[derive(Serialize, Deserialize)]
enum Call {
    ReadRoot { work: u64, name: String },
    ReadThunk { work: u64, id: String },
    StoreThunk { work: u64 },
    Swing { work: u64, name: String },
    Again { work: u64, name: String },
    Discard,
}

#[derive(Serialize, Deserialize)]
struct Executor {
    options: Options,
    works: BTreeMap<u64, Work>,
    next_work: u64,
    /// Lists by name, which never change.
    cache: BTreeMap<String, Vec<i64>>,
    next_thunk: u64,
    /// The root that this node saw last.
    seen: Option<Root>,
}

impl Node for Executor {
    type Request = Request;
    type Call = Call;
    type Timer = (Caller, Vec<Mop>);

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Executor {
            options: ctx.options(),
            works: BTreeMap::new(),
            next_work: 0,
            cache: BTreeMap::new(),
            next_thunk: 0,
            seen: None,
        }
    }

    fn request(
        &mut self,
        Request::Txn { mut txn }: Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let appends = txn.iter().any(|(f, ..)| f == "append");
        self.next_work += 1;
        let may_append = self.next_work.is_multiple_of(64);
        if self.options.bug == Bug::RefusesWrites && appends && !may_append {
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, "not now"));
        }
        let later = match self.options.bug {
            Bug::OpByOp => txn.split_off(1),
            _ => Vec::new(),
        };
        let work = Work {
            client,
            txn,
            later,
            earlier: Vec::new(),
            done: Vec::new(),
            roots: BTreeMap::new(),
            new_roots: BTreeMap::new(),
            thunks: BTreeMap::new(),
            waiting: 0,
            has_swung: false,
        };
        self.start(self.next_work, work, ctx);
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        let (Call::ReadRoot { work: id, .. }
        | Call::ReadThunk { work: id, .. }
        | Call::StoreThunk { work: id }
        | Call::Swing { work: id, .. }
        | Call::Again { work: id, .. }) = call
        else {
            return;
        };
        let Some(mut work) = self.works.remove(&id) else {
            return;
        };
        work.waiting -= 1;
        match call {
            Call::ReadRoot { name, .. } => {
                let root = response.and_then(|response| service::value(&response));
                let root: Root = root.unwrap_or_default();
                self.seen = Some(root.clone());
                work.roots.insert(name, root);
                if work.waiting == 0 {
                    return self.fetch(id, work, ctx);
                }
            }
            Call::ReadThunk { id: thunk, .. } => {
                let list = response.and_then(|response| service::value(&response));
                match list {
                    Ok(list) => _ = self.cache.insert(thunk, list),
                    Err(_) if self.takes_missing_for_empty() => {}
                    Err(_) => {
                        work.waiting += 1;
                        self.read_thunk(id, thunk, ctx);
                    }
                }
                if work.waiting == 0 {
                    return self.execute(id, work, ctx);
                }
            }
            Call::StoreThunk { .. } => {
                if work.waiting == 0 {
                    return self.swing(id, work, ctx);
                }
            }
            Call::Swing { name, .. } => return self.swung(id, name, work, response.err(), ctx),
            Call::Again { name, .. } => {
                let root = response.and_then(|response| service::value(&response));
                let root: Root = root.unwrap_or_default();
                return self.append_again(id, name, root, work, ctx);
            }
            Call::Discard => {}
        }
        self.works.insert(id, work);
    }

    fn timer(&mut self, (client, txn): (Caller, Vec<Mop>), ctx: &mut Ctx<Self>) {
        ctx.reply(client, &Reply::TxnOk { txn });
    }
}

/// A transaction: read the roots, fetch lists, execute, store lists, swing the roots, answer.
impl Executor {
    fn start(&mut self, id: u64, mut work: Work, ctx: &mut Ctx<Self>) {
        let only_reads = work.txn.iter().all(|(f, ..)| f == "r");
        let uses_seen = match self.options.bug {
            Bug::Optimistic => true,
            Bug::StaleReads => only_reads,
            _ => false,
        };
        if let Some(seen) = self.seen.as_ref().filter(|_| uses_seen) {
            work.roots = BTreeMap::from([("root".to_owned(), seen.clone())]);
            return self.execute(id, work, ctx);
        }
        let names: BTreeSet<String> = work.txn.iter().map(|(_, key, _)| self.root(*key)).collect();
        work.waiting = names.len();
        for name in names {
            let read = service::read(&name);
            let call = Call::ReadRoot {
                work: id,
                name: name.clone(),
            };
            ctx.call(self.roots(), &read, call, PATIENT);
        }
        self.works.insert(id, work);
    }

    fn fetch(&mut self, id: u64, mut work: Work, ctx: &mut Ctx<Self>) {
        let named = work.txn.iter().filter_map(|(_, key, _)| {
            match work.roots.get(&self.root(*key))?.get(key)? {
                Entry::Thunk(thunk) => Some(thunk.clone()),
                Entry::List(_) => None,
            }
        });
        let named: BTreeSet<String> = named.collect();
        let is_missing = |thunk: &String| !self.cache.contains_key(thunk);
        let missing: Vec<String> = named.into_iter().filter(is_missing).collect();
        work.waiting = missing.len();
        if missing.is_empty() {
            return self.execute(id, work, ctx);
        }
        self.works.insert(id, work);
        for thunk in missing {
            self.read_thunk(id, thunk, ctx);
        }
    }

    fn read_thunk(&self, work: u64, id: String, ctx: &mut Ctx<Self>) {
        let read = service::read(id.clone());
        ctx.call(self.lists(), &read, Call::ReadThunk { work, id }, PATIENT);
    }

    fn execute(&mut self, id: u64, mut work: Work, ctx: &mut Ctx<Self>) {
        let mut changed: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        work.done = work.txn.clone();
        for (f, key, held) in &mut work.done {
            let before = || self.list(work.roots.get(&self.root(*key))?.get(key)?);
            let list = changed.get(key).cloned().or_else(before);
            if f == "r" {
                *held = list.map(Held::List);
            } else if let Some(Held::Element(element)) = held {
                let mut list = list.unwrap_or_default();
                list.push(*element);
                changed.insert(*key, list);
            }
        }
        for (key, list) in changed {
            let name = self.root(key);
            let entry = self.entry(list, &mut work, ctx);
            let root = work.new_roots.entry(name.clone());
            let root = root.or_insert_with(|| work.roots[&name].clone());
            root.insert(key, entry);
        }
        if self.options.bug == Bug::Optimistic
            && let Some(root) = work.new_roots.get("root")
        {
            self.seen = Some(root.clone());
        }
        let stores = !work.thunks.is_empty() && self.options.bug != Bug::SwingFirst;
        if stores {
            self.store(id, work, ctx);
        } else {
            self.swing(id, work, ctx);
        }
    }

    fn store(&mut self, id: u64, mut work: Work, ctx: &mut Ctx<Self>) {
        let thunks = std::mem::take(&mut work.thunks);
        work.waiting = thunks.len();
        self.works.insert(id, work);
        for (thunk, list) in thunks {
            let write = service::write(thunk, list);
            ctx.call(self.lists(), &write, Call::StoreThunk { work: id }, PATIENT);
        }
    }

    /// Replaces the next root, and answers after the last.
    fn swing(&mut self, id: u64, mut work: Work, ctx: &mut Ctx<Self>) {
        let Some((name, new)) = work.new_roots.first_key_value() else {
            return if work.thunks.is_empty() {
                self.answer(id, work, ctx);
            } else {
                self.store(id, work, ctx);
            };
        };
        let old = match (self.options.bug, &self.seen) {
            (Bug::SharedRoot, Some(seen)) => seen,
            _ => &work.roots[name],
        };
        let request = match self.options.bug {
            Bug::BlindWrite => service::write(name, new),
            _ => service::cas_or_create(name, old, new),
        };
        let retry = match self.options.bug {
            Bug::Hasty | Bug::ErrorAfter => HASTY,
            _ => PATIENT,
        };
        let call = Call::Swing {
            work: id,
            name: name.clone(),
        };
        ctx.call(self.roots(), &request, call, retry);
        work.waiting = 1;
        self.works.insert(id, work);
    }

    fn swung(
        &mut self,
        id: u64,
        name: String,
        mut work: Work,
        error: Option<Error>,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(error) = error.filter(|_| self.options.bug != Bug::CasIgnored) else {
            let old = work.roots.get(&name);
            let new = work.new_roots.remove(&name);
            if let (Bug::GcEarly, Some(old), Some(new)) = (self.options.bug, old, &new) {
                self.discard(old, new, ctx);
            }
            self.seen = new;
            work.has_swung = true;
            return self.swing(id, work, ctx);
        };
        let aborts = match self.options.bug {
            Bug::ErrorAfter => error.code == ErrorCode::Timeout,
            _ => self.options.design == Design::Aborts,
        };
        if aborts {
            let error = Error::new(ErrorCode::TxnConflict, "the root has changed");
            return ctx.reply_error(work.client, error);
        }
        if self.options.bug == Bug::FirstReads || work.has_swung {
            let read = service::read(name.clone());
            ctx.call(self.roots(), &read, Call::Again { work: id, name }, PATIENT);
            work.waiting = 1;
            self.works.insert(id, work);
            return;
        }
        self.seen = None;
        work.new_roots.clear();
        work.thunks.clear();
        self.start(id, work, ctx);
    }

    /// Does the appends to a root again, since it has changed.
    fn append_again(
        &mut self,
        id: u64,
        name: String,
        root: Root,
        mut work: Work,
        ctx: &mut Ctx<Self>,
    ) {
        let mut new = root.clone();
        for (_, key, held) in &work.txn {
            if let Some(Held::Element(element)) = held
                && self.root(*key) == name
            {
                let list = new.get(key).and_then(|entry| self.list(entry));
                let mut list = list.unwrap_or_default();
                list.push(*element);
                new.insert(*key, Entry::List(list));
            }
        }
        work.roots.insert(name.clone(), root);
        work.new_roots.insert(name, new);
        self.swing(id, work, ctx);
    }

    fn answer(&mut self, id: u64, mut work: Work, ctx: &mut Ctx<Self>) {
        work.earlier.append(&mut work.done);
        if work.later.is_empty() {
            let (client, txn) = (work.client, work.earlier);
            if self.options.bug == Bug::Late {
                ctx.set_timer(LATE, (client, txn));
            } else {
                ctx.reply(client, &Reply::TxnOk { txn });
            }
            return;
        }
        work.txn = vec![work.later.remove(0)];
        work.roots.clear();
        work.has_swung = false;
        self.start(id, work, ctx);
    }
}

/// Roots and lists.
impl Executor {
    /// The name of the root that has the key.
    fn root(&self, key: i64) -> String {
        match self.options.bug {
            Bug::PerKey => format!("root {key}"),
            Bug::TwoRoots => format!("root {}", key % 2),
            _ => "root".to_owned(),
        }
    }

    fn roots(&self) -> &'static str {
        match self.options.bug {
            Bug::LwwRoot => LWW_KV,
            Bug::SeqRoot => SEQ_KV,
            _ => LIN_KV,
        }
    }

    fn lists(&self) -> &'static str {
        match self.options.design {
            Design::LwwThunks => LWW_KV,
            _ => LIN_KV,
        }
    }

    fn takes_missing_for_empty(&self) -> bool {
        matches!(self.options.bug, Bug::MissingIsEmpty | Bug::SwingFirst)
    }

    fn list(&self, entry: &Entry) -> Option<Vec<i64>> {
        match entry {
            Entry::List(list) => Some(list.clone()),
            Entry::Thunk(thunk) => self.cache.get(thunk).cloned(),
        }
    }

    /// What a new root has for this list.
    fn entry(&mut self, list: Vec<i64>, work: &mut Work, ctx: &Ctx<Self>) -> Entry {
        if matches!(self.options.design, Design::Whole | Design::Aborts) {
            return Entry::List(list);
        }
        self.next_thunk += 1;
        let node = match self.options.bug {
            Bug::ReusedIds => "",
            _ => ctx.id(),
        };
        let thunk = format!("{node} {}", self.next_thunk);
        self.cache.insert(thunk.clone(), list.clone());
        work.thunks.insert(thunk.clone(), list);
        Entry::Thunk(thunk)
    }

    /// Empties the lists that a new root does not name.
    fn discard(&self, old: &Root, new: &Root, ctx: &mut Ctx<Self>) {
        for (key, entry) in old {
            if let (Entry::Thunk(thunk), Some(Entry::Thunk(other))) = (entry, new.get(key))
                && thunk != other
            {
                let write = service::write(thunk.clone(), Vec::<i64>::new());
                ctx.call(self.lists(), &write, Call::Discard, PATIENT);
            }
        }
    }
}

guest_sdk::export!(Executor);
