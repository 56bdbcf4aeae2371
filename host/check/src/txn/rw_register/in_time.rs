//! The order of versions that follows from the order of transactions in time, under models that
//! include one. After `elle.rw-register`'s `:linearizable-keys?` and `:sequential-keys?`, which
//! Maelstrom leaves off.
//!
//! Let one transaction read or write a version, and a later one another version of the key. Then the
//! first version is the earlier one, or else there is a cycle: with the wrong order, the later
//! transaction precedes the first by `ww` (both wrote), by `ww` and `wr` (the first read), or by `rw`
//! and perhaps `wr` (the later one read). So such an order holds *unless* that anomaly occurred, and
//! may be used where the models forbid it ([`Rules`]).
//!
//! In real time, a version `v` comes before `u` exactly if some transaction that had `v` completed
//! before the last one that had `u` began: two positions for each version, the zones of Gibbons and
//! Korach ("Testing shared memories", 1997). They prove that for single reads and writes this is all
//! there is to know: a register is linearizable if no two versions come before each other.
//!
//! Where `v` comes before `w` and `w` before `u`, nothing is said of `v` and `u`: only the versions that
//! overlap in time are left to compare.

use std::collections::{BTreeMap, HashMap};

use crate::history::Kind;
use crate::txn::anomaly::{Anomaly, Class, Reach};
use crate::txn::lattice::Asked;
use crate::txn::parse::{KeyId, Mop, TxnId};

use super::inference::{Evidence, InTime, Order, Touch, VersionId, Versions};

/// The most orders: beyond them a history has some thousand transactions under way on each key.
const ORDERS_MAX: usize = 1 << 22;

/// Which orders the models allow to be used.
#[derive(Clone, Copy)]
struct Rules {
    /// Of what the first transaction read.
    first_reads: bool,
    /// Of what the later one read.
    then_reads: bool,
}

/// Orders inferred from time.
pub(super) struct Inferred {
    pub(super) orders: Vec<Order>,
    /// Whether these are all.
    pub(super) is_complete: bool,
}

/// Infers orders for models that include this order in time.
pub(super) fn infer(versions: &Versions<'_, '_>, asked: &Asked, reach: Reach) -> Inferred {
    let forbids = |class| asked.forbids(Anomaly::Cycle(class, reach));
    let mut inferred = Inferred {
        orders: Vec::new(),
        is_complete: true,
    };
    if reach == Reach::Data || !forbids(Class::G0) {
        return inferred;
    }
    let rules = Rules {
        first_reads: forbids(Class::G1c),
        then_reads: forbids(Class::GSingleItem),
    };
    if reach == Reach::Process {
        in_processes(versions, rules, &mut inferred);
    } else {
        for (key, mut zones) in zones(versions, rules) {
            zones.sort_unstable_by_key(|zone| zone.finish.map(|(position, _)| position));
            in_realtime(key, &zones, &mut inferred);
        }
    }
    inferred
}

impl Order {
    /// What happened if it does not hold.
    pub(super) fn unless(&self) -> Option<Anomaly> {
        let Evidence::InTime(InTime { first, then, reach }) = self.evidence else {
            return None;
        };
        let class = match (first.is_read, then.is_read) {
            (_, true) => Class::GSingleItem,
            (true, false) => Class::G1c,
            (false, false) => Class::G0,
        };
        Some(Anomaly::Cycle(class, reach))
    }
}

/// The versions by others that a transaction read and those that it wrote, in order.
fn touches(
    versions: &Versions<'_, '_>,
    txn: TxnId,
) -> impl Iterator<Item = (KeyId, VersionId, Touch)> {
    let mops = versions.txns.mops(txn).iter();
    mops.filter_map(move |mop| {
        let (key, version, is_read) = match *mop {
            Mop::Write { key, write } => (key, write, false),
            Mop::Read { key, value } => (key, versions.txns.find(key, value)?, true),
        };
        let writer = versions.writer(version)?;
        (!is_read || writer != txn).then_some((key, version, Touch { txn, is_read }))
    })
}

/// When a version was in use for certain.
struct Zone {
    version: VersionId,
    /// The first completion of a transaction that had it.
    finish: Option<(usize, Touch)>,
    /// The last invocation of one.
    start: Option<(usize, Touch)>,
}

fn zones(versions: &Versions<'_, '_>, rules: Rules) -> BTreeMap<KeyId, Vec<Zone>> {
    let mut keys: BTreeMap<KeyId, Vec<Zone>> = BTreeMap::new();
    let mut places: HashMap<VersionId, usize> = HashMap::new();
    for id in versions.txns.ids() {
        let txn = versions.txns.txn(id);
        for (key, version, touch) in touches(versions, id) {
            let zones = keys.entry(key).or_default();
            let place = *places.entry(version).or_insert_with(|| {
                zones.push(Zone {
                    version,
                    finish: None,
                    start: None,
                });
                zones.len() - 1
            });
            let zone = &mut zones[place];
            // Transactions come in the order of their invocations.
            if rules.then_reads || !touch.is_read {
                zone.start = Some((txn.invocation, touch));
            }
            let end = txn.completion.filter(|_| txn.kind == Kind::Ok);
            if let Some(end) = end.filter(|_| rules.first_reads || !touch.is_read)
                && zone.finish.is_none_or(|(finish, _)| end < finish)
            {
                zone.finish = Some((end, touch));
            }
        }
    }
    keys
}

/// Compares the versions of a key, which are sorted by [`Zone::finish`].
fn in_realtime(key: KeyId, zones: &[Zone], inferred: &mut Inferred) {
    let start = |at: usize| zones[at].start.map_or(0, |(position, _)| position);
    let finish = |at: usize| zones[at].finish.map_or(0, |(position, _)| position);
    // Those that nobody is known to have finished with come before nothing.
    let first = zones.partition_point(|zone| zone.finish.is_none());
    // latest[n] are the two of the first n that started last, the last of them first.
    let mut latest: Vec<[Option<usize>; 2]> = vec![[None; 2]];
    for at in first..zones.len() {
        let mut both = latest[at - first];
        let mut here = Some(at);
        for place in &mut both {
            if here.map(start) > place.map(start) {
                std::mem::swap(place, &mut here);
            }
        }
        latest.push(both);
    }
    for (at, zone) in zones.iter().enumerate() {
        let Some((position, then)) = zone.start else {
            continue;
        };
        let end = zones.partition_point(|it| it.finish.is_none_or(|(end, _)| end < position));
        let both = latest[end.max(first) - first];
        let Some(last) = both.into_iter().flatten().find(|&it| it != at) else {
            continue;
        };
        // Whatever finished before the last one started comes before that.
        let begin = first
            + zones[first..end]
                .partition_point(|it| it.finish.is_some_and(|(end, _)| end < start(last)));
        let others = (begin..end).filter(|&it| it != last);
        for before in std::iter::once(last).chain(others) {
            let Some((_, first)) = zones[before].finish.filter(|_| before != at) else {
                continue;
            };
            debug_assert!(finish(before) < position, "it finished before");
            if inferred.orders.len() == ORDERS_MAX {
                inferred.is_complete = false;
                return;
            }
            let evidence = Evidence::InTime(InTime {
                first,
                then,
                reach: Reach::Realtime,
            });
            inferred.orders.push(Order {
                after: zone.version,
                before: zones[before].version,
                key,
                evidence,
            });
        }
    }
}

/// Compares the version of a key that a process had last with the one that it has next.
fn in_processes(versions: &Versions<'_, '_>, rules: Rules, inferred: &mut Inferred) {
    let mut lasts: HashMap<(i64, KeyId), (VersionId, Touch)> = HashMap::new();
    for id in versions.txns.oks() {
        let process = versions.txns.txn(id).process;
        let mut here: BTreeMap<KeyId, [Option<(VersionId, Touch)>; 2]> = BTreeMap::new();
        for (key, version, touch) in touches(versions, id) {
            let [first, last] = here.entry(key).or_default();
            if rules.then_reads || !touch.is_read {
                first.get_or_insert((version, touch));
            }
            if rules.first_reads || !touch.is_read {
                *last = Some((version, touch));
            }
        }
        for (key, [first, last]) in here {
            let before = lasts.get(&(process, key)).copied();
            if let (Some((before, first)), Some((after, then))) = (before, first)
                && before != after
            {
                inferred.orders.push(Order {
                    after,
                    before,
                    key,
                    evidence: Evidence::InTime(InTime {
                        first,
                        then,
                        reach: Reach::Process,
                    }),
                });
            }
            if let Some(last) = last {
                lasts.insert((process, key), last);
            }
        }
    }
}
