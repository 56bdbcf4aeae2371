//! What must succeed when nothing hinders it: in quiet times (see [`Calm`]) errors have no cause.
//!
//! How often operations of a kind have to succeed is chosen so that no right program, however naive,
//! falls short of it.
//!
//! - Echo, unique-ids, broadcast and g-set can be answered by any node alone: half.
//! - Elsewhere an attempt may fail because another one succeeds meanwhile, and be given up: a node
//!   compares and sets a value that all share. A success makes at most all other clients' attempts
//!   fail, so of `n` clients' attempts at least one in `n` succeeds. The same holds if only a leader
//!   answers, as clients are spread evenly over nodes. What a node read before may also be stale,
//!   so it is one in `2n`.
//!
//! Fewer successes are wrong if chance makes them so few only once in 10^9 runs. Answers that are
//! right count for nothing: a key that does not exist, a condition that does not hold.
//!
//! A counter takes adds of either sign alike, so the sums of signs are compared with each other, in
//! quiet times and others: faults hit all of them.

use std::collections::BTreeMap;

use super::chance::is_impossible;
use super::clients::Clients;
use super::completion::{error_name, is_malformed_reply, is_timeout};
use super::faults::Calm;
use super::history::{History, Kind, Op, Process};
use super::progress::serves_alone;
use super::shortfalls::{ShortfallKind, Shortfalls};
use super::value::{Name, Value, cut};
use super::workload::Workload;

/// How many requests in a quiet time a node may leave unanswered, all in a row and from its start.
const UNANSWERED_MAX: usize = 4;

/// Complains of operations that fail without a cause. Returns the kinds of operations, by `:f`, that
/// succeed too seldom.
pub(crate) fn floors(
    history: &History,
    workload: Workload,
    clients: Option<Clients>,
    found: &mut Shortfalls,
) -> Vec<Name> {
    let denied = denied_keys(history, workload, found);
    let calm = Calm::of(history);
    let mut kinds: BTreeMap<Sort, Tally> = BTreeMap::new();
    let mut signs: BTreeMap<Sign, Tally> = BTreeMap::new();
    let mut nodes: BTreeMap<(usize, usize), Tally> = BTreeMap::new();
    for (at, op) in completions(history) {
        let invoked = history.pairs().partner(at).unwrap_or(at);
        let invocation = &history.ops()[invoked];
        let is_denied = denied.binary_search(&at).is_ok();
        let Some(ending) = Ending::of(workload, op, is_denied) else {
            continue;
        };
        if let Some(sign) = Sign::of(workload, invocation) {
            signs.entry(sign).or_default().add(&ending, op);
        }
        let Some(span) = calm.quiet_span(history, invoked, at) else {
            continue;
        };
        let sort = Sort::of(workload, invocation);
        kinds.entry(sort).or_default().add(&ending, op);
        if let Some(node) = clients.and_then(|clients| clients.node(op.process)) {
            nodes.entry((span, node)).or_default().add(&ending, op);
        }
    }
    let clients_count = clients.map_or_else(|| processes(history), |clients| clients.workers);
    let share = Share::of(workload, clients_count);
    let seldom = seldom_succeed(&kinds, share, found);
    refuse_a_sign(&signs, found);
    if let Some(clients) = clients {
        let refusals = serves_alone(workload).then_some(share);
        never_serve(&nodes, clients, refusals, found);
    }
    seldom
}

/// The completions of clients' operations that nodes were asked for.
fn completions(history: &History) -> impl Iterator<Item = (usize, &Op)> {
    let is_asked = |op: &Op| !matches!(&*op.f, "crash" | "debug-topic-partitions");
    history
        .client_ops()
        .filter(move |(_, op)| op.kind != Kind::Invoke && is_asked(op))
}

fn processes(history: &History) -> usize {
    let mut processes: Vec<_> = history
        .client_ops()
        .filter_map(|(_, op)| match op.process {
            Process::Client(process) => Some(process),
            Process::Nemesis => None,
        })
        .collect();
    processes.sort_unstable();
    processes.dedup();
    processes.len()
}

/// The completions that say that a key does not exist although a write of it had been acknowledged
/// when they began. No key of lin-kv is ever deleted.
fn denied_keys(history: &History, workload: Workload, found: &mut Shortfalls) -> Vec<usize> {
    let mut denied = Vec::new();
    if workload != Workload::LinKv {
        return denied;
    }
    let mut known: BTreeMap<Value, usize> = BTreeMap::new();
    for (at, op) in history.client_ops() {
        let Some(key) = key(op) else { continue };
        match op.kind {
            Kind::Ok if op.f != "read" => {
                known.entry(key).or_insert(at);
            }
            Kind::Fail if error_name(op).is_some_and(|name| name == "key-does-not-exist") => {
                let invoked = history.pairs().partner(at).unwrap_or(at);
                let Some(&since) = known.get(&key).filter(|&&since| since < invoked) else {
                    continue;
                };
                denied.push(at);
                found.push(ShortfallKind::DeniedKey, op.index, || {
                    format!(
                        "{op} was told that key {} does not exist, although {} had succeeded \
                         before it began",
                        brief(&key),
                        history.ops()[since]
                    )
                });
            }
            _ => {}
        }
    }
    denied
}

/// The key of an operation of lin-kv.
fn key(op: &Op) -> Option<Value> {
    match &op.value {
        Value::Vector(vector) if vector.len() == 2 => vector.get(0).map(|key| key.into_owned()),
        _ => None,
    }
}

/// How an operation ended that counts.
enum Ending {
    Succeeded,
    Refused(Name),
    Unanswered,
}

impl Ending {
    /// `None` if it says nothing: it was answered rightly, or that its answer breaks the schema is
    /// told elsewhere.
    fn of(workload: Workload, op: &Op, is_denied: bool) -> Option<Self> {
        if op.kind == Kind::Ok {
            return Some(Self::Succeeded);
        }
        if is_timeout(op) {
            return Some(Self::Unanswered);
        }
        if is_malformed_reply(op) {
            return None;
        }
        let name = error_name(op)?;
        let is_answer = workload == Workload::LinKv
            && match &*name {
                "key-does-not-exist" => op.f != "write" && !is_denied,
                "precondition-failed" => op.f == "cas",
                _ => false,
            };
        (!is_answer).then_some(Self::Refused(name))
    }
}

/// How operations ended.
#[derive(Default)]
struct Tally {
    count: usize,
    succeeded: usize,
    unanswered: usize,
    refused: BTreeMap<Name, usize>,
    /// The `:f` and the index of the last that did not succeed.
    last: Option<(Name, u64)>,
}

impl Tally {
    fn add(&mut self, ending: &Ending, op: &Op) {
        self.count += 1;
        match ending {
            Ending::Succeeded => {
                self.succeeded += 1;
                return;
            }
            Ending::Unanswered => self.unanswered += 1,
            Ending::Refused(name) => *self.refused.entry(name.clone()).or_insert(0) += 1,
        }
        self.last = Some((op.f.clone(), op.index));
    }

    fn op(&self) -> u64 {
        self.last.as_ref().map_or(0, |&(_, index)| index)
    }

    /// "5 succeeded, 3 were refused (abort), 2 were not answered"
    fn in_words(&self) -> String {
        let mut words = vec![match self.succeeded {
            0 => "none succeeded".to_owned(),
            some => format!("{some} succeeded"),
        }];
        for (name, count) in self.refused.iter().take(3) {
            words.push(format!("{count} ended with the error {name}"));
        }
        if self.unanswered > 0 {
            words.push(format!("{} got no answer", self.unanswered));
        }
        words.join(", ")
    }
}

/// Operations that a right program treats alike in quiet times.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sort {
    f: Name,
    only_reads: bool,
}

impl Sort {
    fn of(workload: Workload, invocation: &Op) -> Self {
        let is_txn = matches!(workload, Workload::TxnListAppend | Workload::TxnRwRegister);
        Self {
            f: invocation.f.clone(),
            only_reads: is_txn && only_reads(&invocation.value),
        }
    }

    fn in_words(&self) -> String {
        let Self { f, only_reads } = self;
        format!("{f}{}", if *only_reads { " that only reads" } else { "" })
    }
}

fn only_reads(txn: &Value) -> bool {
    let is_read = |mop: &Value| match mop {
        Value::Vector(parts) => {
            let f = parts.get(0);
            f.is_some_and(|f| f.as_name() == Some("r"))
        }
        _ => false,
    };
    match txn {
        Value::Vector(mops) => mops.cows().all(|mop| is_read(&mop)),
        _ => false,
    }
}

/// The sign of what is added to a counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Below,
    Zero,
    Above,
}

impl Sign {
    fn of(workload: Workload, invocation: &Op) -> Option<Self> {
        let is_counter = matches!(workload, Workload::GCounter | Workload::PnCounter);
        let delta = invocation.value.as_int()?;
        (is_counter && invocation.f == "add").then_some(match delta.signum() {
            -1 => Self::Below,
            0 => Self::Zero,
            _ => Self::Above,
        })
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Below => "a number below 0",
            Self::Zero => "0",
            Self::Above => "a number above 0",
        }
    }
}

/// How often at least operations of a kind succeed.
#[derive(Clone, Copy)]
struct Share {
    /// One in so many.
    one_in: usize,
}

impl Share {
    fn of(workload: Workload, clients: usize) -> Self {
        let one_in = match workload {
            Workload::Echo | Workload::UniqueIds | Workload::Broadcast | Workload::GSet => 2,
            _ => 2 * clients.max(1),
        };
        Self { one_in }
    }

    #[expect(clippy::cast_precision_loss, reason = "there are few clients")]
    fn chance(self) -> f64 {
        1.0 / self.one_in as f64
    }
}

fn seldom_succeed(
    kinds: &BTreeMap<Sort, Tally>,
    share: Share,
    found: &mut Shortfalls,
) -> Vec<Name> {
    let mut seldom = Vec::new();
    for (sort, tally) in kinds {
        if !is_impossible(tally.count, tally.succeeded, share.chance()) {
            continue;
        }
        seldom.push(sort.f.clone());
        found.push(ShortfallKind::SeldomSucceeds, tally.op(), || {
            format!(
                "of {} operations {} in quiet times (5 s after the beginning or 10 s after the last \
                 fault, and no fault on) {}; without a fault an error has no cause: at least one in \
                 {} is expected to succeed",
                tally.count,
                sort.in_words(),
                tally.in_words(),
                share.one_in
            )
        });
    }
    seldom
}

fn refuse_a_sign(signs: &BTreeMap<Sign, Tally>, found: &mut Shortfalls) {
    let all = |of: fn(&Tally) -> usize| signs.values().map(of).sum::<usize>();
    let (count, succeeded) = (all(|tally| tally.count), all(|tally| tally.succeeded));
    for (sign, tally) in signs {
        let (others, others_succeeded) = (count - tally.count, succeeded - tally.succeeded);
        if others_succeeded == 0 {
            continue;
        }
        // Half of the others' share: faults hit all signs, but not all equally.
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
        let chance = others_succeeded as f64 / others as f64 / 2.0;
        if !is_impossible(tally.count, tally.succeeded, chance) {
            continue;
        }
        found.push(ShortfallKind::SignRefused, tally.op(), || {
            format!(
                "of {} adds of {} {}, while of {others} other adds {others_succeeded} succeeded: \
                 a counter has to take both alike",
                tally.count,
                sign.in_words(),
                tally.in_words(),
            )
        });
    }
}

/// Complains of nodes that serve nobody for the whole of a quiet time. A node may refuse everything
/// if it is not the leader: that is wrong only if two others do serve their clients.
fn never_serve(
    nodes: &BTreeMap<(usize, usize), Tally>,
    clients: Clients,
    refusals: Option<Share>,
    found: &mut Shortfalls,
) {
    for (&(_, node), tally) in nodes {
        if tally.succeeded > 0 {
            continue;
        }
        let is_silent = tally.unanswered == tally.count && tally.count > UNANSWERED_MAX;
        let is_refusing =
            refusals.is_some_and(|share| is_impossible(tally.count, 0, share.chance()));
        if !is_silent && !is_refusing {
            continue;
        }
        found.push(ShortfallKind::NodeNeverServes, tally.op(), || {
            format!(
                "of {} requests to {} in a quiet time (5 s after the beginning or 10 s after the \
                 last fault, and no fault on) {}; without a fault a node has to serve its clients",
                tally.count,
                clients.name(node),
                tally.in_words(),
            )
        });
    }
}

/// A value for a message, cut to what a line can show.
fn brief(value: &Value) -> String {
    const CHARS_MAX: usize = 40;
    cut(&value.to_string(), CHARS_MAX)
}
