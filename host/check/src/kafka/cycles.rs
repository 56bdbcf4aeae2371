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

use super::graph::Graph;
use super::operations::{MessageId, Operations};
use super::readers::Readers;

/// A shortest cycle through a component is looked for from so many of its nodes: a component of a
/// hostile history may be as large as the history.
const STARTS_MAX: usize = 32;

/// A cycle: each operation comes before the next, and the last before the first.
#[derive(Debug)]
pub(super) struct Cycle {
    pub(super) operations: Vec<usize>,
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
pub(super) fn cycles(operations: &Operations<'_>, readers: &Readers) -> Vec<Cycle> {
    if !may_have_cycles(operations, readers) {
        return Vec::new();
    }
    let operation_count = operations.list.len();
    let mut edges: Vec<(u32, u32)> = dependencies(operations)
        .map(|(writer, reader, _)| (node(writer), node(reader)))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let wr = Graph::new(operation_count, &edges);
    let wr_components = wr.components();

    let barriers = add_realtime(operations, &mut edges);
    let all = Graph::new(operation_count + barriers, &edges);
    let mut cycles = Vec::new();
    let inner: HashMap<u32, &Vec<u32>> = wr_components.iter().map(|it| (it[0], it)).collect();
    for component in all.components() {
        let smallest = component
            .iter()
            .filter_map(|node| inner.get(node).copied())
            .min_by_key(|inner| inner.len());
        let (cycle, component) = match smallest {
            Some(inner) => (
                shortest(&wr, inner, operation_count),
                operations_of(inner, operation_count),
            ),
            None => {
                let component_operations = operations_of(&component, operation_count);
                let cycle = future_read(operations, &component_operations)
                    .or_else(|| shortest(&all, &component, operation_count));
                (cycle, component_operations)
            }
        };
        if let Some(cycle) = cycle {
            let nexts = cycle.iter().cycle().skip(1);
            let steps = cycle
                .iter()
                .zip(nexts)
                .map(|(&a, &b)| step(operations, a, b));
            cycles.push(Cycle {
                steps: steps.collect(),
                operations: cycle,
                component,
            });
        }
    }
    cycles
}

/// The shortest cycle found from some of a component's operations, without the barriers.
fn shortest(graph: &Graph, component: &[u32], operation_count: usize) -> Option<Vec<usize>> {
    let is_operation = |node: u32| (node as usize) < operation_count;
    let starts = component.iter().copied().filter(|&node| is_operation(node));
    starts
        .take(STARTS_MAX)
        .filter_map(|start| graph.cycle_through(start, component, is_operation))
        .map(|cycle| operations_of(&cycle, operation_count))
        .min_by_key(Vec::len)
}

fn operations_of(nodes: &[u32], operation_count: usize) -> Vec<usize> {
    let nodes = nodes.iter().map(|&node| node as usize);
    nodes.filter(|&node| node < operation_count).collect()
}

/// The shortest cycle there is, if this component has one: a poll that ended before the send of
/// what it shows began.
fn future_read(operations: &Operations<'_>, component: &[usize]) -> Option<Vec<usize>> {
    component.iter().find_map(|&reader| {
        let writers = writers(operations, reader);
        let mut future = writers.filter(|&(writer, _)| precedes(operations, reader, writer));
        future.next().map(|(writer, _)| vec![writer, reader])
    })
}

/// False if there is certainly no cycle. If nothing both sends and polls, what is polled was sent
/// by an operation that only sends, and a cycle must go from that poll through real time to the
/// next send. If also no poll ends before the send of what it shows begins, each send in the cycle
/// begins later than the one before, all the way round: so there is none. That is the case of every
/// valid history, and the graph need not be built for it.
fn may_have_cycles(operations: &Operations<'_>, readers: &Readers) -> bool {
    let is_mixed = operations.txns().any(|(_, operation)| {
        !operations.sends(operation).is_empty() && !operations.reads(operation).is_empty()
    });
    let messages = (0..).map(MessageId).zip(&operations.messages);
    let mut polled =
        messages.filter_map(|(id, message)| Some((readers.first_ok(id)?, message.writer?)));
    is_mixed || polled.any(|(reader, writer)| precedes(operations, reader, writer))
}

/// Whether Elle would find no dependency at all, which Jepsen takes for a failure.
pub(super) fn has_no_dependency(operations: &Operations<'_>) -> bool {
    let completed = || {
        operations
            .txns()
            .filter(|(_, operation)| operation.ended.is_some())
    };
    let first_ok = completed()
        .filter(|(_, operation)| operation.kind == Kind::Ok)
        .filter_map(|(_, operation)| operation.ended)
        .min();
    let last_begun = completed().map(|(_, operation)| operation.begun).max();
    let is_ordered = matches!((first_ok, last_begun), (Some(ok), Some(begun)) if ok < begun);
    !is_ordered && dependencies(operations).next().is_none()
}

/// Who sent what others polled: writer, reader, message.
fn dependencies<'a>(
    operations: &'a Operations<'_>,
) -> impl Iterator<Item = (usize, usize, MessageId)> + 'a {
    operations.txns().flat_map(move |(reader, _)| {
        writers(operations, reader).map(move |(writer, message)| (writer, reader, message))
    })
}

/// Who else sent what an operation polls.
fn writers<'a>(
    operations: &'a Operations<'_>,
    reader: usize,
) -> impl Iterator<Item = (usize, MessageId)> + 'a {
    let operation = &operations.list[reader];
    let shown = operations
        .reads(operation)
        .iter()
        .flat_map(|read| operations.shown(read));
    shown.filter_map(move |&message| {
        let writer = operations.message(message).writer?;
        (writer != reader).then_some((writer, message))
    })
}

/// Whether one operation succeeded before another began.
fn precedes(operations: &Operations<'_>, before: usize, after: usize) -> bool {
    let (before, after) = (&operations.list[before], &operations.list[after]);
    before.kind == Kind::Ok && before.ended.is_some_and(|ended| ended < after.begun)
}

fn step(operations: &Operations<'_>, from: usize, to: usize) -> Step {
    writers(operations, to)
        .find(|&(writer, _)| writer == from)
        .map_or(Step::Realtime, |(_, message)| Step::Sent(message))
}

/// Adds real time with a few edges for each operation: the invocations, in order, are a chain of
/// barriers. From each barrier an edge leads to its operation, and from each operation that
/// succeeded one to the first barrier after its end. Returns how many barriers there are.
fn add_realtime(operations: &Operations<'_>, edges: &mut Vec<(u32, u32)>) -> usize {
    let mut begun: Vec<(usize, usize)> = operations
        .txns()
        .map(|(number, operation)| (operation.begun, number))
        .collect();
    begun.sort_unstable();
    let barrier = |at: usize| node(operations.list.len() + at);
    for (at, &(_, number)) in begun.iter().enumerate() {
        edges.push((barrier(at), node(number)));
        if at > 0 {
            edges.push((barrier(at - 1), barrier(at)));
        }
    }
    for (number, operation) in operations.txns() {
        if let (Kind::Ok, Some(ended)) = (operation.kind, operation.ended) {
            let after = begun.partition_point(|&(begun, _)| begun < ended);
            if after < begun.len() {
                edges.push((node(number), barrier(after)));
            }
        }
    }
    begun.len()
}

/// A history has fewer than 2^32 operations, so its operations and barriers, one of each for two
/// operations at most, have numbers of 32 bits.
fn node(number: usize) -> u32 {
    u32::try_from(number).expect("a history has fewer than 2^32 operations")
}
