//! A schedule with fewer nodes.

use crate::schedule::Schedule;
use host_sim::Episode;
use host_sim::nemesis::{Grudges, Plan, Skew};

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
            let plan = keep_targets(&episode.plan, &place)?;
            Some(Episode {
                plan,
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

/// What is left of a plan for the nodes that have a `place`.
fn keep_targets(plan: &Plan, place: &impl Fn(usize) -> Option<usize>) -> Option<Plan> {
    let nodes =
        |nodes: &[usize]| -> Vec<usize> { nodes.iter().filter_map(|node| place(*node)).collect() };
    let links = |grudges: &Grudges| {
        let kept = grudges.iter().filter(|(node, _)| place(*node).is_some());
        Grudges(kept.map(|(_, senders)| nodes(senders)).collect())
    };
    let plan = match plan {
        Plan::Partition(_, grudges) => Plan::Partition(None, links(grudges)),
        Plan::OneWay(grudges) => Plan::OneWay(links(grudges)),
        Plan::Slow(grudges) => Plan::Slow(links(grudges)),
        Plan::Kill(_, killed) => Plan::Kill(None, nodes(killed)),
        Plan::Pause(_, paused) => Plan::Pause(None, nodes(paused)),
        Plan::ClockSkew(skews) => {
            let skew = |skew: &Skew| place(skew.node).map(|node| Skew { node, ..*skew });
            Plan::ClockSkew(skews.iter().filter_map(skew).collect())
        }
        Plan::Swap(node) => Plan::Swap(Some(place((*node)?)?)),
        Plan::Loss(_) | Plan::Duplicate(_) => plan.clone(),
    };
    let has_targets = match &plan {
        Plan::Partition(_, grudges) | Plan::OneWay(grudges) | Plan::Slow(grudges) => {
            grudges.iter().any(|(_, senders)| !senders.is_empty())
        }
        Plan::Kill(_, nodes) | Plan::Pause(_, nodes) => !nodes.is_empty(),
        Plan::ClockSkew(skews) => !skews.is_empty(),
        Plan::Loss(_) | Plan::Duplicate(_) | Plan::Swap(_) => true,
    };
    has_targets.then_some(plan)
}
