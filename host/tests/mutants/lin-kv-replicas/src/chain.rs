//! A chain: the first node orders operations, each node passes them on to the next, the last one
//! answers. Nobody replaces a node, so nothing is answered while one is cut off.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

use crate::options::Bug;
use crate::registers::{Operation, Outcome, Registers, tell};
use crate::{AGAIN, GIVE_UP, Message, Replica, give_up};

/// The most operations of a message.
const ITEMS_MAX: usize = 64;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    node: String,
    seq: u64,
    operation: Operation,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Chain {
    bug: Bug,
    ticks: u64,
    next: u64,
    registers: Registers,
    /// All operations in order.
    items: Vec<Item>,
    /// How many of them the next node has.
    passed: usize,
    /// What the first node has put in order.
    entered: BTreeSet<(String, u64)>,
    /// What came of each operation, by node.
    done: BTreeMap<String, BTreeMap<u64, Outcome>>,
    waiting: BTreeMap<u64, Waiting>,
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    client: Caller,
    operation: Operation,
    since: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Note {
    Enter { seq: u64, operation: Operation },
    Pass { from: usize, items: Vec<Item> },
    Passed { count: usize },
    Done { seq: u64, outcome: Outcome },
}

impl Chain {
    pub(crate) fn new(bug: Bug) -> Self {
        Chain {
            bug,
            ticks: 0,
            next: 0,
            registers: Registers::default(),
            items: Vec::new(),
            passed: 0,
            entered: BTreeSet::new(),
            done: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    pub(crate) fn begin(&mut self, operation: Operation, client: Caller, ctx: &mut Ctx<Replica>) {
        if operation.is_read() && self.bug == Bug::ChainReadsAnywhere {
            tell(client, self.registers.execute(operation), ctx);
            return;
        }
        let seq = self.next;
        self.next += 1;
        let waiting = Waiting {
            client,
            operation,
            since: self.ticks,
        };
        self.waiting.insert(seq, waiting);
        self.bring(seq, operation, ctx);
    }

    /// Brings an operation to the head of the chain, or with a bug a read to its tail.
    fn bring(&mut self, seq: u64, operation: Operation, ctx: &mut Ctx<Replica>) {
        let to_tail = self.bug == Bug::ChainHead && operation.is_read();
        let place = if to_tail { ctx.nodes().len() - 1 } else { 0 };
        let node = ctx.nodes()[place].clone();
        let me = ctx.id().to_owned();
        if node == me {
            self.enter(me, seq, operation, ctx);
        } else {
            let note = Note::Enter { seq, operation };
            ctx.send(&node, &Message::Chain { note });
        }
    }

    fn enter(&mut self, node: String, seq: u64, operation: Operation, ctx: &mut Ctx<Replica>) {
        if self.bug == Bug::ChainHead && operation.is_read() {
            let outcome = self.registers.execute(operation);
            self.answer(&node, seq, outcome, ctx);
        } else if self.place(ctx) == 0 && self.entered.insert((node.clone(), seq)) {
            let item = Item {
                node,
                seq,
                operation,
            };
            self.append(item, ctx);
            self.pass(ctx);
        } else if let Some(outcome) = self.done.get(&node).and_then(|it| it.get(&seq)).copied() {
            self.answer(&node, seq, outcome, ctx);
        }
    }

    fn place(&self, ctx: &Ctx<Replica>) -> usize {
        let place = ctx.nodes().iter().position(|node| node == ctx.id());
        place.unwrap_or_default()
    }

    fn append(&mut self, item: Item, ctx: &mut Ctx<Replica>) {
        let outcome = self.registers.execute(item.operation);
        let done = self.done.entry(item.node.clone()).or_default();
        done.insert(item.seq, outcome);
        let is_last = self.place(ctx) + 1 == ctx.nodes().len();
        let answers = match self.bug {
            Bug::ChainHead => self.place(ctx) == 0,
            _ => is_last,
        };
        if answers {
            self.answer(&item.node, item.seq, outcome, ctx);
        }
        self.items.push(item);
    }

    fn answer(&mut self, node: &str, seq: u64, outcome: Outcome, ctx: &mut Ctx<Replica>) {
        if node != ctx.id() {
            let note = Note::Done { seq, outcome };
            ctx.send(node, &Message::Chain { note });
        } else if let Some(waiting) = self.waiting.remove(&seq) {
            tell(waiting.client, outcome, ctx);
        }
    }

    /// Passes on what the next node lacks.
    fn pass(&mut self, ctx: &mut Ctx<Replica>) {
        let Some(next) = ctx.nodes().get(self.place(ctx) + 1).cloned() else {
            return;
        };
        let items = self.items.iter().skip(self.passed).take(ITEMS_MAX);
        let items: Vec<Item> = items.cloned().collect();
        if !items.is_empty() {
            let from = self.passed;
            let note = Note::Pass { from, items };
            ctx.send(&next, &Message::Chain { note });
        }
    }

    pub(crate) fn hear(&mut self, note: Note, from: &str, ctx: &mut Ctx<Replica>) {
        match note {
            Note::Enter { seq, operation } => {
                let is_first = self.place(ctx) == 0;
                let is_read_at_tail = self.bug == Bug::ChainHead && operation.is_read();
                if is_first || is_read_at_tail {
                    self.enter(from.to_owned(), seq, operation, ctx);
                } else if let Some(outcome) =
                    self.done.get(from).and_then(|it| it.get(&seq)).copied()
                {
                    self.answer(from, seq, outcome, ctx);
                }
            }
            Note::Pass { from: first, items } => {
                for (index, item) in (first..).zip(items) {
                    if index == self.items.len() {
                        self.append(item, ctx);
                    }
                }
                let count = self.items.len();
                let note = Note::Passed { count };
                ctx.send(from, &Message::Chain { note });
                self.pass(ctx);
            }
            Note::Passed { count } => self.passed = self.passed.max(count),
            Note::Done { seq, outcome } => {
                if let Some(waiting) = self.waiting.remove(&seq) {
                    tell(waiting.client, outcome, ctx);
                }
            }
        }
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<Replica>) {
        self.ticks += 1;
        let now = self.ticks;
        let late = self
            .waiting
            .extract_if(.., |_, it| now >= it.since + GIVE_UP);
        for (_, waiting) in late.collect::<Vec<_>>() {
            give_up(waiting.client, ctx);
        }
        if !now.is_multiple_of(AGAIN) {
            return;
        }
        self.pass(ctx);
        let waiting = self.waiting.iter().map(|(seq, it)| (*seq, it.operation));
        for (seq, operation) in waiting.collect::<Vec<_>>() {
            self.bring(seq, operation, ctx);
            // Perhaps it has been done, and the answer was lost.
            if let Some(tail) = ctx.nodes().last().cloned()
                && tail != ctx.id()
            {
                let note = Note::Enter { seq, operation };
                ctx.send(&tail, &Message::Chain { note });
            }
        }
    }
}
