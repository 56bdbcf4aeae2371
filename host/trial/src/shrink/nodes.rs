//! A schedule with fewer nodes.

use crate::schedule::Schedule;
use host_sim::Episode;
use host_sim::nemesis::{DiskLoss, FaultAction, Grudges, Rot, Skew};

/// The schedule with only the nodes `kept` (in ascending order, at least one), which get the
/// names of the first nodes. Workers stay with their nodes. The operations of the other workers
/// are left out in the first schedule that is returned; in the second, the workers that stay do
/// them.
pub(super) fn keep(schedule: &Schedule, kept: &[usize]) -> Vec<Schedule> {
    let before = schedule.scenario.options.cluster.count;
    let place = |node: usize| kept.iter().position(|it| *it == node);
    // A worker's node is its number modulo the nodes; it keeps its row.
    let new_worker = |worker: usize| {
        let (row, node) = (worker / before, worker % before);
        place(node).map(|node| row * kept.len() + node)
    };
    let workers = (0..schedule.scenario.options.concurrency)
        .filter_map(new_worker)
        .count();
    if workers == 0 {
        return Vec::new();
    }
    let mut without = schedule.clone();
    without.scenario.options.cluster.count = kept.len();
    without.scenario.options.concurrency = workers;
    let faults = schedule.script.faults.iter();
    without.script.faults = faults
        .filter_map(|episode| {
            let action = keep_targets(&episode.action, &place)?;
            Some(Episode {
                action,
                ..episode.clone()
            })
        })
        .collect();
    let mut with = without.clone();
    without.script.operations.clear();
    for (index, invocation) in schedule.script.operations.iter().enumerate() {
        let worker = new_worker(invocation.worker);
        with.script.operations[index].worker = worker.unwrap_or(invocation.worker % workers);
        if let Some(worker) = worker {
            let mut invocation = invocation.clone();
            invocation.worker = worker;
            without.script.operations.push(invocation);
        }
    }
    vec![without, with]
}

/// What is left of an action for the nodes that have a `place`.
fn keep_targets(
    action: &FaultAction,
    place: &impl Fn(usize) -> Option<usize>,
) -> Option<FaultAction> {
    let nodes =
        |nodes: &[usize]| -> Vec<usize> { nodes.iter().filter_map(|node| place(*node)).collect() };
    let links = |grudges: &Grudges| {
        let kept = grudges.iter().filter(|(node, _)| place(*node).is_some());
        Grudges::new(kept.map(|(_, senders)| nodes(senders)).collect())
    };
    let losses = |losses: &[DiskLoss]| {
        let loss = |loss: &DiskLoss| place(loss.node).map(|node| DiskLoss { node, ..*loss });
        losses.iter().filter_map(loss).collect()
    };
    let action = match action {
        FaultAction::Partition(_, grudges) => FaultAction::Partition(None, links(grudges)),
        FaultAction::OneWay(grudges) => FaultAction::OneWay(links(grudges)),
        FaultAction::Slow(grudges) => FaultAction::Slow(links(grudges)),
        FaultAction::Kill(_, killed) => FaultAction::Kill(None, nodes(killed)),
        FaultAction::Wipe(_, wiped) => FaultAction::Wipe(None, nodes(wiped)),
        FaultAction::Power(_, hit) => FaultAction::Power(None, losses(hit)),
        FaultAction::DiskError(hit) => FaultAction::DiskError(losses(hit)),
        FaultAction::DiskSlow(slow) => FaultAction::DiskSlow(nodes(slow)),
        FaultAction::DiskFull(full) => FaultAction::DiskFull(nodes(full)),
        FaultAction::BitRot(rot) => FaultAction::BitRot(Rot {
            node: place(rot.node)?,
            ..*rot
        }),
        FaultAction::Pause(_, paused) => FaultAction::Pause(None, nodes(paused)),
        FaultAction::ClockSkew(skews) => {
            let skew = |skew: &Skew| place(skew.node).map(|node| Skew { node, ..*skew });
            FaultAction::ClockSkew(skews.iter().filter_map(skew).collect())
        }
        FaultAction::Swap(node) => FaultAction::Swap(Some(place((*node)?)?)),
        FaultAction::Loss(_) | FaultAction::Duplicate(_) => action.clone(),
        FaultAction::Cut(cut, _, grudges) => FaultAction::Cut(*cut, None, links(grudges)),
        FaultAction::Stall(_, paused) => FaultAction::Stall(None, nodes(paused)),
        FaultAction::Hold(grudges, messages) => FaultAction::Hold(links(grudges), *messages),
        FaultAction::LoseOne {
            links: grudges,
            messages,
            answers,
        } => FaultAction::LoseOne {
            links: links(grudges),
            messages: *messages,
            answers: *answers,
        },
    };
    let has_targets = match &action {
        FaultAction::Partition(_, grudges)
        | FaultAction::OneWay(grudges)
        | FaultAction::Slow(grudges)
        | FaultAction::Cut(_, _, grudges)
        | FaultAction::Hold(grudges, _)
        | FaultAction::LoseOne { links: grudges, .. } => !grudges.are_none(),
        FaultAction::Kill(_, nodes)
        | FaultAction::Pause(_, nodes)
        | FaultAction::Stall(_, nodes)
        | FaultAction::Wipe(_, nodes)
        | FaultAction::DiskSlow(nodes)
        | FaultAction::DiskFull(nodes) => !nodes.is_empty(),
        FaultAction::Power(_, losses) | FaultAction::DiskError(losses) => !losses.is_empty(),
        FaultAction::ClockSkew(skews) => !skews.is_empty(),
        FaultAction::Loss(_)
        | FaultAction::Duplicate(_)
        | FaultAction::Swap(_)
        | FaultAction::BitRot(_) => true,
    };
    has_targets.then_some(action)
}
