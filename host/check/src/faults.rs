//! When the nemesis left the system alone, as far as a history shows.
//!
//! Time is *quiet* from [`START_NS`] after the first operation, or [`RECOVERY_NS`] after the last
//! fault ended, until the next fault begins. What then fails has no fault for a cause. A nemesis
//! operation that is not known to end a fault is taken for one that starts one.

use std::collections::BTreeSet;

use super::history::{History, Op};
use super::value::Name;

/// How long a system has to recover from a fault. Maelstrom leaves as much before final reads.
pub const RECOVERY_NS: i64 = 10_000_000_000;

/// How long a system has to start: nothing is lost yet, but it may have to elect a leader.
pub const START_NS: i64 = 5_000_000_000;

/// The times in which no fault was on, in order.
pub(crate) struct Calm {
    spans: Vec<Span>,
}

/// One of them.
struct Span {
    /// The position of its first operation.
    from: usize,
    /// The position of the fault that ends it; that after the last operation if none does.
    until: usize,
    /// From when on it is quiet.
    quiet_from_ns: i64,
}

impl Calm {
    /// Of a history.
    pub(crate) fn of(history: &History) -> Self {
        let ops = history.ops();
        let mut spans = Vec::new();
        let begin = |from: usize, time_ns: i64, grace_ns: i64| Span {
            from,
            until: ops.len(),
            quiet_from_ns: time_ns.saturating_add(grace_ns),
        };
        let mut faults = BTreeSet::new();
        let mut open = ops.first().map(|op| begin(0, op.time_ns, START_NS));
        for (at, op) in ops.iter().enumerate().filter(|(_, op)| !op.is_client()) {
            let was_on = !faults.is_empty();
            note(&mut faults, op);
            match open.take() {
                Some(span) if faults.is_empty() => open = Some(span),
                Some(span) => spans.push(Span { until: at, ..span }),
                None if was_on && faults.is_empty() => {
                    open = Some(begin(at + 1, op.time_ns, RECOVERY_NS));
                }
                None => {}
            }
        }
        spans.extend(open);
        Self { spans }
    }

    /// The number of the span that an operation began and ended in.
    pub(crate) fn span(&self, invoked: usize, completed: usize) -> Option<usize> {
        let after = self.spans.partition_point(|span| span.from <= invoked);
        let number = after.checked_sub(1)?;
        (completed < self.spans[number].until).then_some(number)
    }

    /// The same, if it was quiet when the operation began.
    pub(crate) fn quiet_span(
        &self,
        history: &History,
        invoked: usize,
        completed: usize,
    ) -> Option<usize> {
        let number = self.span(invoked, completed)?;
        self.is_quiet(history, invoked).then_some(number)
    }

    /// Whether the first span is from the first operation on.
    pub(crate) fn is_from_the_start(&self) -> bool {
        self.spans.first().is_some_and(|span| span.from == 0)
    }

    /// Whether it is quiet at a position.
    pub(crate) fn is_quiet(&self, history: &History, at: usize) -> bool {
        let time_ns = history.ops()[at].time_ns;
        let span = self.span(at, at).map(|number| &self.spans[number]);
        span.is_some_and(|span| time_ns >= span.quiet_from_ns)
    }
}

/// The faults that were started and not ended.
pub(crate) fn faults_left(ops: &[Op]) -> BTreeSet<&str> {
    let mut faults = BTreeSet::new();
    for op in ops.iter().filter(|op| !op.is_client()) {
        note(&mut faults, op);
    }
    faults
}

/// Whether a nemesis killed nodes, which lose their memory, or changed their programs.
pub(crate) fn loses_memory(history: &History) -> bool {
    let is_loss = |op: &Op| matches!(&*op.f, "kill" | "start" | "restart" | "swap");
    history
        .ops()
        .iter()
        .any(|op| !op.is_client() && is_loss(op))
}

fn note<'a>(faults: &mut BTreeSet<&'a str>, op: &'a Op) {
    match fault(&op.f) {
        Fault::Starts(name) => faults.insert(name),
        Fault::Ends(name) => faults.remove(name),
    };
}

enum Fault<'a> {
    Starts(&'a str),
    Ends(&'a str),
}

/// Jepsen's nemeses name their operations `start-x` and `stop-x`, except that what `kill` and
/// `pause` began, `start` and `resume` end.
fn fault(f: &Name) -> Fault<'_> {
    match &**f {
        "start" | "restart" => Fault::Ends("kill"),
        "resume" => Fault::Ends("pause"),
        f => match (f.strip_prefix("start-"), f.strip_prefix("stop-")) {
            (Some(name), _) => Fault::Starts(name),
            (_, Some(name)) => Fault::Ends(name),
            _ => Fault::Starts(f),
        },
    }
}
