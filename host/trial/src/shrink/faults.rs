//! Simpler faults: with fewer targets, without an end, or without randomness.

use super::chunks::{only, without_needless};
use super::search::Search;
use host_sim::nemesis::{Grudges, Plan};

/// Narrows each fault of the smallest schedule.
pub(super) fn narrow(search: &mut Search<'_>) {
    for index in 0..search.schedule().script.faults.len() {
        to_the_end(search, index);
        let plan = search.schedule().script.faults[index].plan.clone();
        fewer_targets(search, index, &plan);
    }
}

/// Lets a fault last until the main phase ends, if no later one is of its kind.
fn to_the_end(search: &mut Search<'_>, index: usize) {
    let mut candidate = search.schedule().clone();
    let (head, later) = candidate.script.faults.split_at_mut(index + 1);
    let episode = &mut head[index];
    let fault = episode.plan.fault();
    if later.iter().all(|it| it.plan.fault() != fault) && episode.until_ns.take().is_some() {
        search.attempt(candidate);
    }
}

fn fewer_targets(search: &mut Search<'_>, index: usize, plan: &Plan) {
    match plan {
        Plan::Partition(_, grudges) => fewer_links(search, index, grudges, |grudges| {
            Plan::Partition(None, grudges)
        }),
        Plan::OneWay(grudges) => fewer_links(search, index, grudges, Plan::OneWay),
        Plan::Slow(grudges) => fewer_links(search, index, grudges, Plan::Slow),
        Plan::Kill(_, nodes) => {
            fewer_of(search, index, nodes, |nodes| Plan::Kill(None, nodes));
        }
        Plan::Pause(_, nodes) => {
            fewer_of(search, index, nodes, |nodes| Plan::Pause(None, nodes));
        }
        Plan::ClockSkew(skews) => fewer_of(search, index, skews, Plan::ClockSkew),
        // All messages, so that nothing is drawn.
        Plan::Loss(_) => {
            attempt(search, index, Plan::Loss(1000));
        }
        Plan::Duplicate(_) => {
            attempt(search, index, Plan::Duplicate(1000));
        }
        Plan::Swap(_) => {}
    }
}

fn fewer_links(
    search: &mut Search<'_>,
    index: usize,
    grudges: &Grudges,
    plan: fn(Grudges) -> Plan,
) {
    let links = grudges.iter();
    let links = links.flat_map(|(node, senders)| senders.iter().map(move |it| (node, *it)));
    let links: Vec<(usize, usize)> = links.collect();
    let count = search.schedule().scenario.options.cluster.count;
    fewer_of(search, index, &links, |links| {
        let mut grudges = vec![Vec::new(); count];
        for (node, sender) in links {
            grudges[node].push(sender);
        }
        plan(Grudges(grudges))
    });
}

/// Leaves out targets of a fault, but not the last one: another pass leaves out the fault.
fn fewer_of<T: Clone>(
    search: &mut Search<'_>,
    index: usize,
    targets: &[T],
    plan: impl Fn(Vec<T>) -> Plan,
) {
    without_needless(targets.len(), 1, |kept| {
        search
            .goes_on()
            .then(|| attempt(search, index, plan(only(targets, kept))))
    });
}

fn attempt(search: &mut Search<'_>, index: usize, plan: Plan) -> bool {
    let mut candidate = search.schedule().clone();
    candidate.script.faults[index].plan = plan;
    search.attempt(candidate)
}
