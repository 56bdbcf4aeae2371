//! Registers that transactions write and read. A read shows one version and not those before it, so
//! the order of versions has to be inferred, and is partial. After `elle.rw-register` with
//! `:wfr-keys?`, which is how Maelstrom uses it.

mod in_time;
mod inference;
mod reads;
mod versions;

use std::collections::BTreeSet;

use crate::history::{History, Op};
use crate::unexpected::UnexpectedOperation;
use crate::validity::{Checks, Validity};

use super::anomaly::{Anomaly, Class, Reach};
use super::cycles::Cycles;
use super::explain;
use super::findings::Findings;
use super::graph::Builder;
use super::judge::{Judged, Verdict, lost_updates, unrelated, wrong_replies};
use super::lattice::Asked;
use super::order;
use super::parse::{Txns, count};
use inference::Versions;
use reads::Accesses;

/// Finds what is wrong with a history of writes and reads.
pub(super) fn judge(
    history: &History,
    asked: &Asked,
    reach: Reach,
    checks: Checks,
) -> Result<Judged, UnexpectedOperation> {
    // What reads show after recovery is judged by `convergence`: no model of Elle's asks it.
    let is_left_out = |op: &Op| checks == Checks::Strict && op.is_final();
    let txns = Txns::of(history, "w", is_left_out)?;
    let accesses = Accesses::of(&txns);
    let verdict = |rules: Checks| {
        let mut found = Findings::default();
        reads::aborted(&txns, &mut found);
        reads::intermediate(&txns, &mut found);
        reads::internal(&txns, rules, &mut found);
        lost_updates(&txns, &mut found);
        if rules == Checks::Strict {
            reads::unwritten(&txns, &mut found);
            reads::future(&txns, &mut found);
            wrong_replies(&txns, &mut found);
        } else {
            reads::own_cycles(&txns, &accesses, &mut found);
        }
        let versions = Versions::of(&txns, &accesses, rules);
        versions.cyclic(&mut found);
        let mut builder = Builder::new(count(txns.txns.len()));
        versions.link(&mut builder);
        order::link(reach, history, &txns.txns, &mut builder);
        if builder.is_empty() {
            found.push(Anomaly::EmptyTransactionGraph, unrelated);
        }
        let mut cycles = Cycles::of(&builder.finish(), count(txns.txns.len()), reach);
        if rules == Checks::Strict {
            in_order_of_time(history, asked, reach, &versions, &mut cycles, &mut found);
        }
        Verdict::of(asked, found, &cycles, |walk| {
            explain::cycle(walk, &txns, &versions)
        })
    };
    let mut maelstrom = verdict(Checks::Maelstrom);
    if !maelstrom.reported.is_empty() {
        // Maelstrom's wrapper of the checker knows no unknown: whatever is reported is wrong.
        maelstrom.valid = Validity::False;
    }
    Ok(Judged {
        txn_count: txns.txns.len(),
        maelstrom,
        strict: (checks == Checks::Strict).then(|| verdict(Checks::Strict)),
    })
}

/// Adds the cycles that need an order of versions inferred from time. Each such order holds unless
/// some anomaly occurred, so a cycle is named for the least of what that could be and of what it is
/// itself: one of them is there.
fn in_order_of_time(
    history: &History,
    asked: &Asked,
    reach: Reach,
    versions: &Versions<'_, '_>,
    cycles: &mut Cycles,
    found: &mut Findings,
) {
    let txns = versions.txns;
    let inferred = in_time::infer(versions, asked, reach);
    if !inferred.is_complete {
        let least = Anomaly::Cycle(Class::GSingleItem, reach);
        cycles.unsearched.insert(least);
    }
    if inferred.orders.is_empty() {
        return;
    }
    let versions = versions.with(inferred.orders);
    let mut builder = Builder::new(count(txns.txns.len()));
    versions.link(&mut builder);
    order::link(reach, history, &txns.txns, &mut builder);
    let more = Cycles::of(&builder.finish(), count(txns.txns.len()), reach);
    let known: BTreeSet<Anomaly> = cycles
        .found
        .keys()
        .flat_map(|anomaly| anomaly.closure())
        .collect();
    for (&anomaly, walks) in &more.found {
        for walk in walks {
            let case = explain::cycle(walk, txns, &versions);
            let unless = case.steps.iter().filter_map(|step| step.unless);
            let Some(named) = unless.map(|it| anomaly.or(it)).max() else {
                continue;
            };
            if !known.contains(&named) {
                found.push(named, || case);
            }
        }
    }
    let least = Anomaly::Cycle(Class::GSingleItem, reach);
    let unsearched = more.unsearched.iter().map(|anomaly| anomaly.or(least));
    cycles.unsearched.extend(unsearched);
}
