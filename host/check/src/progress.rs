//! Progress: some time after the last fault the cluster serves its clients again. The last
//! operations of a run, which its history marks with `:final? true`, show it. A run without such
//! operations owes nothing, and neither does one whose last operations are not in a quiet time.
//!
//! - Some client gets what it asks for, and if several writes were tried, one of them gets an answer.
//!   (All may be refused: those who ask whoever serves may only read.)
//! - The clients of each node get some answer. Where any node can serve alone, not all of them are
//!   refused, and neither are they if the node had served them while other nodes served theirs.
//!   (Elsewhere a node that is not the leader may send its clients away, and leaders change.)

use std::collections::{BTreeMap, BTreeSet};

use super::clients::Clients;
use super::completion::{error_name, is_timeout};
use super::faults::Calm;
use super::history::{History, Kind, Op};
use super::shortfalls::{ShortfallKind, Shortfalls};
use super::workload::Workload;

/// How often a node answers after another one did, if both serve at the same time.
const TURNS_MIN: usize = 8;

/// Complains of clusters, and of nodes, that serve nobody in the end.
pub(crate) fn progress(
    history: &History,
    workload: Workload,
    clients: Option<Clients>,
    found: &mut Shortfalls,
) {
    let mut calm = None;
    let mut all = Tally::default();
    let mut writes = Tally::default();
    let mut nodes: BTreeMap<usize, Tally> = BTreeMap::new();
    let is_added = history
        .client_ops()
        .any(|(_, op)| op.kind == Kind::Ok && op.f == "add");
    for (at, op) in history.client_ops() {
        if op.kind == Kind::Invoke || !op.is_final() {
            continue;
        }
        let invoked = history.pairs().partner(at).unwrap_or(at);
        let calm = calm.get_or_insert_with(|| Calm::of(history));
        if calm.quiet_span(history, invoked, at).is_none() {
            continue;
        }
        let Some(ending) = Ending::of(workload, op, is_added) else {
            continue;
        };
        all.add(ending, op);
        if op.f == "write" {
            writes.add(ending, op);
        }
        if let Some(node) = clients.and_then(|clients| clients.node(op.process)) {
            nodes.entry(node).or_default().add(ending, op);
        }
    }
    if all.served == 0 && all.count > 0 && (all.count > 1 || clients.is_some()) {
        found.push(ShortfallKind::NoProgress, all.last, || {
            format!(
                "of the last {} operations, 10 s or more after the last fault, {}: a cluster has to \
                 recover",
                all.count,
                all.in_words()
            )
        });
        return;
    }
    if writes.unanswered == writes.count && writes.count > 1 {
        found.push(ShortfallKind::NoProgress, writes.last, || {
            format!(
                "of the last {} writes, 10 s or more after the last fault, {}, although reads do: a \
                 cluster has to recover",
                writes.count,
                writes.in_words()
            )
        });
    }
    let Some(clients) = clients else { return };
    let Some(calm) = calm else { return };
    nodes.retain(|_, tally| tally.served == 0);
    let some_refuse = nodes.values().any(|it| it.unanswered < it.count);
    let is_for_all = serves_alone(workload);
    let by_turns = match some_refuse && !is_for_all {
        true => served_by_turns(history, clients, &calm),
        false => BTreeSet::new(),
    };
    for (&node, tally) in &nodes {
        let is_silent = tally.unanswered == tally.count;
        if is_silent || is_for_all || by_turns.contains(&node) {
            found.push(ShortfallKind::NodeNeverRecovers, tally.last, || {
                format!(
                    "of the last {} requests to {}, 10 s or more after the last fault, {}: every \
                     node has to recover",
                    tally.count,
                    clients.name(node),
                    tally.in_words()
                )
            });
        }
    }
}

/// Whether a node of this workload can serve its clients without any other node.
pub(crate) fn serves_alone(workload: Workload) -> bool {
    matches!(
        workload,
        Workload::Echo | Workload::UniqueIds | Workload::Broadcast | Workload::GSet
    )
}

/// The nodes that served clients while others did: in a time without faults each of them answered
/// [`TURNS_MIN`] requests that came between requests that others answered. Where only a leader serves,
/// that is so for one request at each change of the leader.
fn served_by_turns(history: &History, clients: Clients, calm: &Calm) -> BTreeSet<usize> {
    let mut turns: BTreeMap<usize, usize> = BTreeMap::new();
    let (mut span, mut last) = (None, None);
    for (at, op) in history.client_ops() {
        if op.kind != Kind::Ok || op.is_final() {
            continue;
        }
        let invoked = history.pairs().partner(at).unwrap_or(at);
        let Some(node) = clients.node(op.process) else {
            continue;
        };
        let now = calm.span(invoked, at);
        if now.is_none() || now != span {
            (span, last) = (now, None);
            turns.retain(|_, count| *count >= TURNS_MIN);
        } else if last.is_some_and(|last| last != node) {
            *turns.entry(node).or_default() += 1;
        }
        if span.is_some() {
            last = Some(node);
        }
    }
    turns.retain(|_, count| *count >= TURNS_MIN);
    turns.into_keys().collect()
}

#[derive(Clone, Copy)]
enum Ending {
    Served,
    Refused,
    Unanswered,
}

impl Ending {
    /// `None` if it says nothing: the operation ended for another reason than an error, and is judged
    /// elsewhere. A key that nobody wrote does not exist, and a counter may be such a key.
    fn of(workload: Workload, op: &Op, is_added: bool) -> Option<Self> {
        if op.kind == Kind::Ok {
            return Some(Self::Served);
        }
        if is_timeout(op) {
            return Some(Self::Unanswered);
        }
        let name = error_name(op)?;
        let may_lack = match workload {
            Workload::LinKv => op.f == "read",
            Workload::GCounter | Workload::PnCounter => !is_added,
            _ => false,
        };
        Some(if may_lack && name == "key-does-not-exist" {
            Self::Served
        } else {
            Self::Refused
        })
    }
}

/// How operations ended.
#[derive(Default)]
struct Tally {
    count: usize,
    served: usize,
    unanswered: usize,
    /// The index of the last that was not served.
    last: u64,
}

impl Tally {
    fn add(&mut self, ending: Ending, op: &Op) {
        self.count += 1;
        match ending {
            Ending::Served => {
                self.served += 1;
                return;
            }
            Ending::Unanswered => self.unanswered += 1,
            Ending::Refused => {}
        }
        self.last = op.index;
    }

    fn in_words(&self) -> String {
        let refused = self.count - self.served - self.unanswered;
        match (refused, self.unanswered) {
            (0, _) => "none got an answer".to_owned(),
            (_, 0) => "all were refused".to_owned(),
            (refused, unanswered) => {
                format!("none succeeded, {refused} were refused and {unanswered} got no answer")
            }
        }
    }
}
