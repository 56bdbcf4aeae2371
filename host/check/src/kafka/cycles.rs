//! Operations that cannot be put in any order: cycles of *wr* dependencies (one polls what the
//! other sent) and of real time (one ended before the other began). What Elle finds for
//! `jepsen.tests.kafka` when, as in Maelstrom, write dependencies are left out (`:ww-deps`).
//!
//! In each strongly connected component that is a cycle of *wr* alone (`G1c`) or, if there is none,
//! one that needs real time (`G1c-realtime`). Process order is part of real time, so it has no
//! cycles of its own. Elle adds for each what the component rules out: `PL-2-cycle-exists` or
//! `strong-PL-2-cycle-exists`.

use std::collections::HashMap;

use crate::history::Kind;

use super::events::{Events, MessageId};
use super::graph::Graph;
use super::readers::Readers;

/// A shortest cycle through a component is looked for from so many of its nodes: a component of a
/// hostile history may be as large as the history.
const STARTS_MAX: usize = 32;

/// A cycle: each operation comes before the next, and the last before the first.
#[derive(Debug)]
pub(super) struct Cycle {
    pub(super) events: Vec<usize>,
    /// Why each comes before the next.
    pub(super) steps: Vec<Step>,
    /// The operations of the component, sorted.
    pub(super) component: Vec<usize>,
}

/// Why an operation comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It sent this message, which the other polled.
    Sent(MessageId),
    /// It ended before the other began.
    Realtime,
}

impl Cycle {
    /// Whether it takes real time to make it a cycle.
    pub(super) fn is_realtime(&self) -> bool {
        self.steps.contains(&Step::Realtime)
    }
}

/// One cycle of each component.
pub(super) fn cycles(events: &Events<'_>, readers: &Readers) -> Vec<Cycle> {
    if !may_have_cycles(events, readers) {
        return Vec::new();
    }
    let event_count = events.list.len();
    let mut edges: Vec<(u32, u32)> = dependencies(events)
        .map(|(writer, reader, _)| (node(writer), node(reader)))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let wr = Graph::new(event_count, &edges);
    let wr_components = wr.components();

    let barriers = add_realtime(events, &mut edges);
    let all = Graph::new(event_count + barriers, &edges);
    let mut cycles = Vec::new();
    let inner: HashMap<u32, &Vec<u32>> = wr_components.iter().map(|it| (it[0], it)).collect();
    for component in all.components() {
        let smallest = component
            .iter()
            .filter_map(|node| inner.get(node).copied())
            .min_by_key(|inner| inner.len());
        let (cycle, component) = match smallest {
            Some(inner) => (
                shortest(&wr, inner, event_count),
                events_of(inner, event_count),
            ),
            None => {
                let component_events = events_of(&component, event_count);
                let cycle = future_read(events, &component_events)
                    .or_else(|| shortest(&all, &component, event_count));
                (cycle, component_events)
            }
        };
        if let Some(cycle) = cycle {
            let nexts = cycle.iter().cycle().skip(1);
            let steps = cycle.iter().zip(nexts).map(|(&a, &b)| step(events, a, b));
            cycles.push(Cycle {
                steps: steps.collect(),
                events: cycle,
                component,
            });
        }
    }
    cycles
}

/// The shortest cycle found from some of a component's events, without the barriers.
fn shortest(graph: &Graph, component: &[u32], event_count: usize) -> Option<Vec<usize>> {
    let is_event = |node: u32| (node as usize) < event_count;
    let starts = component.iter().copied().filter(|&node| is_event(node));
    starts
        .take(STARTS_MAX)
        .filter_map(|start| graph.cycle_through(start, component, is_event))
        .map(|cycle| events_of(&cycle, event_count))
        .min_by_key(Vec::len)
}

fn events_of(nodes: &[u32], event_count: usize) -> Vec<usize> {
    let nodes = nodes.iter().map(|&node| node as usize);
    nodes.filter(|&node| node < event_count).collect()
}

/// The shortest cycle there is, if this component has one: a poll that ended before the send of
/// what it shows began.
fn future_read(events: &Events<'_>, component: &[usize]) -> Option<Vec<usize>> {
    component.iter().find_map(|&reader| {
        let writers = writers(events, reader);
        let mut future = writers.filter(|&(writer, _)| precedes(events, reader, writer));
        future.next().map(|(writer, _)| vec![writer, reader])
    })
}

/// False if there is certainly no cycle. If nothing both sends and polls, what is polled was sent
/// by an operation that only sends, and a cycle must go from that poll through real time to the
/// next send. If also no poll ends before the send of what it shows begins, each send in the cycle
/// begins later than the one before, all the way round: so there is none. That is the case of every
/// valid history, and the graph need not be built for it.
fn may_have_cycles(events: &Events<'_>, readers: &Readers) -> bool {
    let is_mixed = events
        .txns()
        .any(|(_, event)| !events.sends(event).is_empty() && !events.reads(event).is_empty());
    let messages = (0..).map(MessageId).zip(&events.messages);
    let mut polled =
        messages.filter_map(|(id, message)| Some((readers.first_ok(id)?, message.writer?)));
    is_mixed || polled.any(|(reader, writer)| precedes(events, reader, writer))
}

/// Whether Elle would find no dependency at all, which Jepsen takes for a failure.
pub(super) fn has_no_dependency(events: &Events<'_>) -> bool {
    let completed = || events.txns().filter(|(_, event)| event.ended.is_some());
    let first_ok = completed()
        .filter(|(_, event)| event.kind == Kind::Ok)
        .filter_map(|(_, event)| event.ended)
        .min();
    let last_begun = completed().map(|(_, event)| event.begun).max();
    let is_ordered = matches!((first_ok, last_begun), (Some(ok), Some(begun)) if ok < begun);
    !is_ordered && dependencies(events).next().is_none()
}

/// Who sent what others polled: writer, reader, message.
fn dependencies<'a>(
    events: &'a Events<'_>,
) -> impl Iterator<Item = (usize, usize, MessageId)> + 'a {
    events.txns().flat_map(move |(reader, _)| {
        writers(events, reader).map(move |(writer, message)| (writer, reader, message))
    })
}

/// Who else sent what an event polls.
fn writers<'a>(
    events: &'a Events<'_>,
    reader: usize,
) -> impl Iterator<Item = (usize, MessageId)> + 'a {
    let event = &events.list[reader];
    let shown = events
        .reads(event)
        .iter()
        .flat_map(|read| events.shown(read));
    shown.filter_map(move |&message| {
        let writer = events.message(message).writer?;
        (writer != reader).then_some((writer, message))
    })
}

/// Whether one event succeeded before another began.
fn precedes(events: &Events<'_>, before: usize, after: usize) -> bool {
    let (before, after) = (&events.list[before], &events.list[after]);
    before.kind == Kind::Ok && before.ended.is_some_and(|ended| ended < after.begun)
}

fn step(events: &Events<'_>, from: usize, to: usize) -> Step {
    writers(events, to)
        .find(|&(writer, _)| writer == from)
        .map_or(Step::Realtime, |(_, message)| Step::Sent(message))
}

/// Adds real time with a few edges for each event: the invocations, in order, are a chain of
/// barriers. From each barrier an edge leads to its event, and from each event that succeeded one
/// to the first barrier after its end. Answers how many barriers there are.
fn add_realtime(events: &Events<'_>, edges: &mut Vec<(u32, u32)>) -> usize {
    let mut begun: Vec<(usize, usize)> = events
        .txns()
        .map(|(number, event)| (event.begun, number))
        .collect();
    begun.sort_unstable();
    let barrier = |at: usize| node(events.list.len() + at);
    for (at, &(_, number)) in begun.iter().enumerate() {
        edges.push((barrier(at), node(number)));
        if at > 0 {
            edges.push((barrier(at - 1), barrier(at)));
        }
    }
    for (number, event) in events.txns() {
        if let (Kind::Ok, Some(ended)) = (event.kind, event.ended) {
            let after = begun.partition_point(|&(begun, _)| begun < ended);
            if after < begun.len() {
                edges.push((node(number), barrier(after)));
            }
        }
    }
    begun.len()
}

/// A history has fewer than 2^32 operations, so its events and barriers, one of each for two
/// operations at most, have numbers of 32 bits.
fn node(number: usize) -> u32 {
    u32::try_from(number).expect("a history has fewer than 2^32 operations")
}
