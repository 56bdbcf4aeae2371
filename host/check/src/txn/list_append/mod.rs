//! Lists that transactions append to and read. A read shows every append so far in order, so the
//! longest read of a key is the order of its versions. After `elle.list-append` (Kingsbury and
//! Alvaro, VLDB 2020).
//!
//! Where Elle gives up with an error, because a read shows what nobody appended, the read is an
//! anomaly of its own here, and the rest is judged as if that element were a version without a
//! writer.

mod lists;
mod reads;
mod reasons;
mod versions;

use crate::history::History;
use crate::unexpected::UnexpectedOperation;
use crate::validity::Checks;

use super::anomaly::{Anomaly, Reach};
use super::cycles::Cycles;
use super::explain;
use super::findings::Findings;
use super::graph::Builder;
use super::judge::{Judged, Verdict, lost_updates, unrelated, wrong_replies};
use super::lattice::Asked;
use super::order;
use super::parse::{Txns, count};
use lists::Lists;
use versions::Versions;

/// Finds what is wrong with a history of appends and reads.
pub(super) fn judge(
    history: &History,
    asked: &Asked,
    reach: Reach,
    checks: Checks,
) -> Result<Judged, UnexpectedOperation> {
    let txns = Txns::of(history, "append", |_| false)?;
    let lists = Lists::of(&txns)?;
    let mut found = Findings::default();
    reads::aborted(&lists, &mut found);
    reads::intermediate(&lists, &mut found);
    reads::internal(&lists, Checks::Maelstrom, &mut found);
    reads::future(&lists, &mut found);
    reads::duplicates(&lists, &mut found);
    reads::unwritten(&lists, &mut found);
    let versions = Versions::of(&lists);
    versions.incompatible_orders(&mut found);
    versions.dirty_updates(&mut found);
    lost_updates(&txns, &mut found);

    let mut builder = Builder::new(count(txns.txns.len()));
    versions.link(&mut builder);
    order::link(reach, history, &txns.txns, &mut builder);
    if builder.is_empty() {
        found.push(Anomaly::EmptyTransactionGraph, unrelated);
    }
    let cycles = Cycles::of(&builder.finish(), count(txns.txns.len()), reach);
    let explained = |walk: &_| explain::cycle(walk, &txns, &versions);
    let maelstrom = Verdict::of(asked, found.clone(), &cycles, explained);
    let strict = (checks == Checks::Strict).then(|| {
        found.0.remove(&Anomaly::Internal);
        reads::internal(&lists, Checks::Strict, &mut found);
        versions.own_orders(&mut found);
        wrong_replies(&txns, &mut found);
        Verdict::of(asked, found, &cycles, explained)
    });
    Ok(Judged {
        txn_count: txns.txns.len(),
        maelstrom,
        strict,
    })
}
