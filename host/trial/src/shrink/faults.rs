//! Simpler faults: with fewer targets, without an end, or without randomness.

use super::chunks::{only, without_needless};
use super::search::Search;
use host_sim::Survival;
use host_sim::nemesis::{DiskLoss, FaultAction, Grudges};

/// Narrows each fault of the smallest schedule.
pub(super) fn narrow(search: &mut Search<'_>) {
    for index in 0..search.schedule().script.faults.len() {
        to_the_end(search, index);
        let action = search.schedule().script.faults[index].action.clone();
        fewer_targets(search, index, &action);
    }
}

/// Lets a fault last until the main phase ends, if no later one is of its kind.
fn to_the_end(search: &mut Search<'_>, index: usize) {
    let mut candidate = search.schedule().clone();
    let (head, later) = candidate.script.faults.split_at_mut(index + 1);
    let episode = &mut head[index];
    let fault = episode.action.fault();
    if later.iter().all(|it| it.action.fault() != fault) && episode.until_ns.take().is_some() {
        search.attempt(candidate);
    }
}

fn fewer_targets(search: &mut Search<'_>, index: usize, action: &FaultAction) {
    match action {
        FaultAction::Partition(_, grudges) => fewer_links(search, index, grudges, |grudges| {
            FaultAction::Partition(None, grudges)
        }),
        FaultAction::OneWay(grudges) => fewer_links(search, index, grudges, FaultAction::OneWay),
        FaultAction::Slow(grudges) => fewer_links(search, index, grudges, FaultAction::Slow),
        FaultAction::Kill(_, nodes) => {
            fewer_of(search, index, nodes, |nodes| FaultAction::Kill(None, nodes));
        }
        FaultAction::Wipe(_, nodes) => {
            fewer_of(search, index, nodes, |nodes| FaultAction::Wipe(None, nodes));
        }
        FaultAction::Power(_, losses) => {
            fewer_of(search, index, losses, |losses| {
                FaultAction::Power(None, losses)
            });
            simpler_losses(search, index);
        }
        FaultAction::DiskError(losses) => {
            fewer_of(search, index, losses, FaultAction::DiskError);
            simpler_losses(search, index);
        }
        FaultAction::DiskSlow(nodes) => fewer_of(search, index, nodes, FaultAction::DiskSlow),
        FaultAction::DiskFull(nodes) => fewer_of(search, index, nodes, FaultAction::DiskFull),
        FaultAction::BitRot(_) => {}
        FaultAction::Pause(_, nodes) => {
            fewer_of(search, index, nodes, |nodes| {
                FaultAction::Pause(None, nodes)
            });
        }
        FaultAction::ClockSkew(skews) => fewer_of(search, index, skews, FaultAction::ClockSkew),
        // All messages, so that nothing is drawn.
        FaultAction::Loss(_) => {
            attempt(search, index, FaultAction::Loss(1000));
        }
        FaultAction::Duplicate(_) => {
            attempt(search, index, FaultAction::Duplicate(1000));
        }
        FaultAction::Swap(_) => {}
        FaultAction::Cut(cut, _, grudges) => fewer_links(search, index, grudges, |grudges| {
            FaultAction::Cut(*cut, None, grudges)
        }),
        FaultAction::Stall(_, nodes) => {
            fewer_of(search, index, nodes, |nodes| {
                FaultAction::Stall(None, nodes)
            });
        }
        FaultAction::Hold(grudges, messages) => {
            fewer_links(search, index, grudges, |grudges| {
                FaultAction::Hold(grudges, *messages)
            });
            fewer_messages(search, index, *messages);
        }
        FaultAction::LoseOne {
            links,
            messages,
            answers,
        } => {
            fewer_links(search, index, links, |links| FaultAction::LoseOne {
                links,
                messages: *messages,
                answers: *answers,
            });
            fewer_messages(search, index, *messages);
        }
    }
}

/// Has each node lose all that it had not synced, or nothing, or a suffix without a torn write,
/// whichever is enough.
fn simpler_losses(search: &mut Search<'_>, index: usize) {
    let simpler = |it: Survival| match it {
        Survival::All | Survival::None => Vec::new(),
        Survival::Prefix {
            permille,
            torn_permille: 1..,
        } => vec![
            Survival::None,
            Survival::All,
            Survival::Prefix {
                permille,
                torn_permille: 0,
            },
        ],
        Survival::Prefix { .. } | Survival::Any { .. } => vec![Survival::None, Survival::All],
    };
    let count = losses(&mut search.schedule().script.faults[index].action.clone()).len();
    for loss in 0..count {
        let mut action = search.schedule().script.faults[index].action.clone();
        let now = losses(&mut action)[loss].survival;
        for survival in simpler(now) {
            losses(&mut action)[loss].survival = survival;
            if !search.goes_on() || attempt(search, index, action.clone()) {
                break;
            }
        }
    }
}

/// What each node loses by a fault.
fn losses(action: &mut FaultAction) -> &mut [DiskLoss] {
    match action {
        FaultAction::Power(_, losses) | FaultAction::DiskError(losses) => losses,
        _ => &mut [],
    }
}

/// A fault that touches more links than this keeps them: nodes are left out before.
const LINKS_MAX: usize = 20_000;

fn fewer_links(
    search: &mut Search<'_>,
    index: usize,
    grudges: &Grudges,
    action: impl Fn(Grudges) -> FaultAction,
) {
    let links = grudges.iter();
    if links.map(|(_, senders)| senders.len()).sum::<usize>() > LINKS_MAX {
        return;
    }
    let links = grudges.iter();
    let links = links.flat_map(|(node, senders)| senders.iter().map(move |it| (node, *it)));
    let links: Vec<(usize, usize)> = links.collect();
    let count = search.schedule().scenario.options.cluster.count;
    fewer_of(search, index, &links, |links| {
        let mut grudges = vec![Vec::new(); count];
        for (node, sender) in links {
            grudges[node].push(sender);
        }
        action(Grudges::new(grudges))
    });
}

/// Holds or loses one message of a link, two, four and so on, until that is enough.
fn fewer_messages(search: &mut Search<'_>, index: usize, most: u64) {
    let mut fewer = 1;
    while fewer < most && search.goes_on() {
        let mut action = search.schedule().script.faults[index].action.clone();
        if let FaultAction::Hold(_, messages) | FaultAction::LoseOne { messages, .. } = &mut action
        {
            *messages = fewer;
        }
        if attempt(search, index, action) {
            return;
        }
        fewer *= 2;
    }
}

/// Leaves out targets of a fault, but not the last one: another pass leaves out the fault.
fn fewer_of<T: Clone>(
    search: &mut Search<'_>,
    index: usize,
    targets: &[T],
    action: impl Fn(Vec<T>) -> FaultAction,
) {
    without_needless(targets.len(), 1, |kept| {
        search
            .goes_on()
            .then(|| attempt(search, index, action(only(targets, kept))))
    });
}

fn attempt(search: &mut Search<'_>, index: usize, action: FaultAction) -> bool {
    let mut candidate = search.schedule().clone();
    candidate.script.faults[index].action = action;
    search.attempt(candidate)
}
