//! How fast a system serves its clients. Maelstrom has no such figures, so they are in no result that
//! is written: suites may ask for them.

use super::faults::Calm;
use super::final_reads::RECOVERY_NS_MIN;
use super::history::{History, Kind, Op};

/// How fast clients were served before the recovery and the last operations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Pace {
    /// The time from the invocation of what changes something until it is acknowledged: the median,
    /// in milliseconds. Only operations count that no fault hindered while they went on; `None` if
    /// there is none.
    pub acknowledged_median_ms: Option<i64>,
    /// The same: the longest.
    pub acknowledged_max_ms: Option<i64>,
    /// The time from the first operation to the end of the last, for each that succeeded, in
    /// milliseconds: the inverse of how many succeed in a time. `None` if none did.
    pub ms_per_ok: Option<f64>,
}

/// Measures a history.
#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds of a run, and operations, are far fewer than 2^53"
)]
pub(crate) fn pace(history: &History) -> Pace {
    let calm = Calm::of(history);
    let changes = |op: &Op| !matches!(&*op.f, "read" | "poll" | "assign" | "subscribe");
    let (mut first_ns, mut last_ns) = (None, 0);
    let mut oks = 0_usize;
    let mut waited_ms: Vec<i64> = Vec::new();
    for (at, op) in history.client_ops() {
        let is_after_silence =
            first_ns.is_some() && op.time_ns.saturating_sub(last_ns) >= RECOVERY_NS_MIN;
        if op.is_final() || is_after_silence {
            break;
        }
        first_ns.get_or_insert(op.time_ns);
        last_ns = op.time_ns.max(last_ns);
        if op.kind != Kind::Ok {
            continue;
        }
        oks += 1;
        let invoked = history.pairs().partner(at).unwrap_or(at);
        if changes(op) && calm.span(invoked, at).is_some() {
            let waited_ns = op.time_ns.saturating_sub(history.ops()[invoked].time_ns);
            waited_ms.push(waited_ns / 1_000_000);
        }
    }
    waited_ms.sort_unstable();
    let passed_ns = last_ns.saturating_sub(first_ns.unwrap_or(last_ns));
    Pace {
        acknowledged_median_ms: waited_ms.get(waited_ms.len() / 2).copied(),
        acknowledged_max_ms: waited_ms.last().copied(),
        ms_per_ok: (oks > 0).then(|| passed_ns as f64 / 1e6 / oks as f64),
    }
}
