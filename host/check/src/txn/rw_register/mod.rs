//! Registers that transactions write and read. A read shows one version and not those before it, so
//! the order of versions has to be inferred, and is partial. After `elle.rw-register` with
//! `:wfr-keys?`, which is how Maelstrom uses it.

mod inference;
mod reads;
mod versions;

use crate::history::History;
use crate::unexpected::UnexpectedOperation;
use crate::validity::{Checks, Validity};

use super::anomaly::{Anomaly, Reach};
use super::cycles::Cycles;
use super::explain;
use super::findings::Findings;
use super::graph::Builder;
use super::judge::{Judged, Verdict, lost_updates, wrong_replies};
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
    let txns = Txns::of(history, "w")?;
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
        }
        let versions = Versions::of(&txns, &accesses, rules);
        versions.cyclic(&mut found);
        let mut builder = Builder::new(count(txns.txns.len()));
        versions.link(&mut builder);
        order::link(reach, history, &txns.txns, &mut builder);
        if builder.is_empty() {
            found.push(Anomaly::EmptyTransactionGraph, Default::default);
        }
        let cycles = Cycles::of(&builder.finish(), count(txns.txns.len()), reach);
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
