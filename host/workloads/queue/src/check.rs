//! What is wrong with a history of queues.
//!
//! A search for an order would be exponential: operations of unknown outcome may have taken place in any order. Since every
//! element is enqueued once, a queue is wrong in one of a few ways, each of which is found by comparing times. Source of
//! that: Henzinger, Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs" (2013).
//!
//! An operation of unknown outcome may have taken one element out, at any time after its invocation.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::workload::prelude::*;

use crate::{Element, Operation, ROUNDS};

/// When an operation took place.
#[derive(Debug, Clone, Copy)]
struct Span {
    index: u64,
    invoked: Duration,
    /// The end of time if the outcome is unknown.
    completed: Duration,
}

/// What happened to a queue.
#[derive(Default)]
struct Book {
    elements: BTreeMap<i64, History>,
    /// The operations that found nothing, and how many of these there were at last.
    empty: Vec<Span>,
    rounds: u64,
    /// How many operations may have taken something out, and how many of them at last.
    unknown: usize,
    unknown_last: usize,
    /// Whether elements are taken out at once.
    dequeues: bool,
}

/// What happened to an element.
#[derive(Default)]
struct History {
    enqueued: Option<Span>,
    /// With whether that was at last.
    deliveries: Vec<(Span, bool)>,
    acknowledged: Option<Span>,
}

pub(crate) fn check(history: &[Record<Operation, Option<i64>>]) -> Findings {
    let mut books: BTreeMap<u64, Book> = BTreeMap::new();
    for record in history.iter().filter(|record| record.may_count()) {
        let book = books.entry(record.operation.queue()).or_default();
        book.enter(record);
    }
    let mut findings = Findings::default();
    for (queue, book) in &books {
        book.find_wrong_deliveries(*queue, &mut findings);
        book.find_disorder(*queue, &mut findings);
        book.find_missing(*queue, &mut findings);
        book.find_unacknowledged(*queue, &mut findings);
    }
    findings
}

impl Book {
    fn enter(&mut self, record: &Record<Operation, Option<i64>>) {
        let is_known = record.outcome().is_some();
        let completed = record.completed.filter(|_| is_known);
        let span = Span {
            index: record.index,
            invoked: record.invoked,
            completed: completed.unwrap_or(Duration::MAX),
        };
        let last = matches!(record.operation, Operation::Receive { last: true, .. });
        match (&record.operation, record.outcome()) {
            (Operation::Enqueue(Element { value, .. }), _) => {
                self.elements.entry(*value).or_default().enqueued = Some(span);
            }
            (Operation::Ack(Element { value, .. }), _) => {
                let acknowledged = &mut self.elements.entry(*value).or_default().acknowledged;
                if acknowledged.is_none_or(|first| span.completed < first.completed) {
                    *acknowledged = Some(span);
                }
            }
            (_, Some(Some(value))) => {
                let element = self.elements.entry(*value).or_default();
                element.deliveries.push((span, last));
            }
            (_, Some(None)) => {
                self.empty.push(span);
                self.rounds += u64::from(last);
            }
            (_, None) => {
                self.unknown += 1;
                self.unknown_last += usize::from(last);
            }
        }
        self.dequeues |= matches!(record.operation, Operation::Dequeue { .. });
    }

    /// Whether the first delivery that is known is the first.
    fn knows_first(&self) -> bool {
        self.dequeues || self.unknown == 0
    }

    fn find_wrong_deliveries(&self, queue: u64, findings: &mut Findings) {
        for (value, element) in &self.elements {
            for (delivery, _) in &element.deliveries {
                let enqueued = element.enqueued;
                if enqueued.is_none_or(|enqueued| delivery.completed < enqueued.invoked) {
                    let text = format!("queue {queue} delivered {value}, which was not enqueued");
                    findings.problem("invented", text, &[delivery.index]);
                }
                if let Some(ack) = element.acknowledged
                    && ack.completed < delivery.invoked
                {
                    let text = format!("queue {queue} delivered {value} after it was acknowledged");
                    let ops = [ack.index, delivery.index];
                    findings.problem("delivered-after-ack", text, &ops);
                }
            }
            if let [(one, _), (other, _), ..] = element.deliveries[..]
                && self.dequeues
            {
                let text = format!("{value} was taken out of queue {queue} twice");
                findings.problem("taken-twice", text, &[one.index, other.index]);
            }
        }
    }

    /// Of two elements the one that was enqueued first is delivered first.
    fn find_disorder(&self, queue: u64, findings: &mut Findings) {
        if !self.knows_first() {
            return;
        }
        let elements = self
            .elements
            .iter()
            .filter_map(|(value, element)| Some((*value, element.enqueued?, element.first()?)));
        let mut by_start: Vec<(i64, Span, Span)> = elements.collect();
        let mut by_end = by_start.clone();
        by_start.sort_by_key(|(_, enqueued, _)| enqueued.invoked);
        by_end.sort_by_key(|(_, enqueued, _)| enqueued.completed);
        let mut earlier = by_end.iter().peekable();
        // Of those before, the one that was delivered last.
        let mut latest: Option<&(i64, Span, Span)> = None;
        for (value, enqueued, first) in &by_start {
            while let Some(before) = earlier.next_if(|it| it.1.completed < enqueued.invoked) {
                if latest.is_none_or(|latest| latest.2.invoked < before.2.invoked) {
                    latest = Some(before);
                }
            }
            if let Some((before, _, late)) = latest
                && first.completed < late.invoked
            {
                let text = format!(
                    "queue {queue} delivered {value} before {before}, which was enqueued before it"
                );
                findings.problem("out-of-order", text, &[first.index, late.index]);
            }
        }
    }

    /// If there is something, something is delivered.
    fn find_missing(&self, queue: u64, findings: &mut Findings) {
        let mut missing: Vec<i64> = Vec::new();
        let mut ops: Vec<u64> = Vec::new();
        for (value, element) in &self.elements {
            let Some(enqueued) = element.enqueued else {
                continue;
            };
            let first = element.first();
            let waits = |empty: &&Span| {
                enqueued.completed < empty.invoked
                    && first.is_none_or(|first| empty.completed < first.invoked)
            };
            let Some(empty) = self.empty.iter().find(waits) else {
                continue;
            };
            if first.is_some() && self.knows_first() {
                let text = format!("queue {queue} delivered nothing, though {value} was there");
                findings.problem("passed-over", text, &[enqueued.index, empty.index]);
            } else {
                missing.push(*value);
                ops.extend([enqueued.index, empty.index]);
            }
        }
        if missing.len() > self.unknown {
            let text = format!(
                "queue {queue} delivered nothing, though {missing:?} had been enqueued; operations of unknown outcome have taken {} of these at most",
                self.unknown
            );
            findings.problem("lost", text, &ops);
        }
    }

    /// What is received and not acknowledged is delivered again.
    fn find_unacknowledged(&self, queue: u64, findings: &mut Findings) {
        if self.dequeues || self.rounds < ROUNDS {
            return;
        }
        let owed = self.elements.iter().filter(|(_, element)| {
            let deliveries = &element.deliveries;
            let was_last = deliveries.iter().any(|(_, last)| *last);
            !deliveries.is_empty() && !was_last && element.acknowledged.is_none()
        });
        let owed: Vec<(&i64, &History)> = owed.collect();
        if owed.len() > self.unknown_last {
            let values: Vec<&i64> = owed.iter().map(|(value, _)| *value).collect();
            let text = format!(
                "{values:?} of queue {queue} were received, not acknowledged, and not delivered again"
            );
            let deliveries = owed.iter().flat_map(|(_, element)| &element.deliveries);
            let ops: Vec<u64> = deliveries.map(|(span, _)| span.index).collect();
            findings.problem("never-redelivered", text, &ops);
        }
    }
}

impl History {
    /// When it was delivered for the first time, as far as that is known.
    fn first(&self) -> Option<Span> {
        let spans = || self.deliveries.iter().map(|(span, _)| *span);
        let first = spans().min_by_key(|span| span.completed)?;
        let invoked = spans().map(|span| span.invoked).min()?;
        Some(Span { invoked, ..first })
    }
}
