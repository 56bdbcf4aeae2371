//! Which reads are final: late enough that they must show everything known.
//!
//! Maelstrom's broadcast and counters mark them with `:final? true`. Its g-set does not, but its
//! generator is the same: when the last operation is done the nemesis heals, nothing happens for
//! ten seconds, and then every process reads. So where no read is marked, the final reads are those
//! after the last such silence, if
//! - nothing but reads of clients comes after it,
//! - and every fault the nemesis started had been ended before it (a nemesis operation that is not
//!   known to end a fault is taken for one that starts one).
//!
//! A read that began before the silence is not one of these.
//!
//! A marked read is taken to be one for which the system had time to recover. But a read that an
//! add could still overtake, because the add is invoked later or had not completed before, is not
//! final even when marked.
//!
//! So the check is sound for a system that recovers within ten seconds, which is what Maelstrom
//! itself asks of each element's last read. An indeterminate add either shows before the final
//! reads, and is known then, or never shows.

use super::faults::faults_left;
use super::history::{History, Kind, Op};

/// The silence that Maelstrom leaves for recovery is 10 s; a little less, since the clock runs on
/// before the first read.
pub(crate) const RECOVERY_NS_MIN: i64 = 9_500_000_000;

/// The positions of the final reads that were answered, in order.
pub(crate) fn final_reads(history: &History, add: &str) -> Vec<usize> {
    let ops = history.ops();
    let is_read = |op: &Op| op.is_client() && op.f == "read";
    let is_marked = ops.iter().any(|op| is_read(op) && op.is_final());
    let recovered = if is_marked {
        Some(0)
    } else {
        recovered_from(history)
    };
    let Some(start) = recovered.filter(|&start| is_marked || ops[start..].iter().all(is_read))
    else {
        return Vec::new();
    };
    let begins_at_least = Some(start.max(after_last_add(history, add)));
    let is_final = |at: usize| {
        let op = &ops[at];
        let begins = history.pairs().partner(at);
        is_read(op)
            && op.kind == Kind::Ok
            && op.is_final() == is_marked
            && begins >= begins_at_least
    };
    (start..ops.len()).filter(|&at| is_final(at)).collect()
}

/// The first position after everything that adds did; past the end if an add never completed.
fn after_last_add(history: &History, add: &str) -> usize {
    let settled = |(at, op): (usize, &Op)| match (op.f == add, op.kind) {
        (false, _) => 0,
        (true, Kind::Invoke) => history
            .pairs()
            .partner(at)
            .map_or(usize::MAX, |completion| completion + 1),
        (true, _) => at + 1,
    };
    history.client_ops().map(settled).max().unwrap_or(0)
}

/// The position after the last silence, if no fault was left then.
fn recovered_from(history: &History) -> Option<usize> {
    let ops = history.ops();
    // A time that falls is of another clock: what comes after it is no later than all before.
    let mut latest_ns = 0;
    let mut start = None;
    for (at, op) in ops.iter().enumerate() {
        if op.time_ns.saturating_sub(latest_ns) >= RECOVERY_NS_MIN {
            start = Some(at);
        }
        latest_ns = latest_ns.max(op.time_ns);
    }
    let start = start?;
    faults_left(&ops[..start]).is_empty().then_some(start)
}
