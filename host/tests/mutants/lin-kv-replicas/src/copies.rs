//! A primary that copies its registers to the others, and takes turns with them. All of these are
//! wrong; the bug says how.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

use crate::options::Bug;
use crate::registers::{Operation, Outcome, Registers, tell};
use crate::{GIVE_UP, Message, Replica, give_up, send_all};

/// Ticks between two signs of life.
const BEAT: u64 = 3;
/// Ticks after which a node that is not heard counts as dead.
const DEAD: u64 = 15;

#[derive(Serialize, Deserialize)]
pub(crate) struct Copies {
    bug: Bug,
    registers: Registers,
    ticks: u64,
    next: u64,
    /// When each other node was last heard.
    heard: BTreeMap<String, u64>,
    /// How often the primary has changed, and who it is.
    reign: (u64, String),
    /// What the primary has been asked.
    asked: BTreeMap<u64, (Caller, u64)>,
    /// What the primary has done and copies still.
    copying: BTreeMap<u64, Copying>,
}

#[derive(Serialize, Deserialize)]
struct Copying {
    whom: Whom,
    outcome: Outcome,
    /// Who has not stored it yet.
    missing: BTreeSet<String>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Whom {
    Client(Caller),
    Node(String, u64),
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Note {
    Beat {
        reign: (u64, String),
        /// From the primary.
        registers: Option<Registers>,
    },
    Copy {
        number: u64,
        registers: Registers,
    },
    Copied {
        number: u64,
    },
    Forward {
        seq: u64,
        operation: Operation,
    },
    Forwarded {
        seq: u64,
        outcome: Outcome,
    },
}

impl Copies {
    pub(crate) fn new(bug: Bug, ctx: &Ctx<Replica>) -> Self {
        Copies {
            bug,
            registers: Registers::default(),
            ticks: 0,
            next: 0,
            heard: ctx.peers().map(|peer| (peer.to_owned(), 0)).collect(),
            reign: (0, ctx.nodes()[0].clone()),
            asked: BTreeMap::new(),
            copying: BTreeMap::new(),
        }
    }

    fn is_alive(&self, node: &str) -> bool {
        let heard = self.heard.get(node);
        heard.is_none_or(|at| self.ticks < at + DEAD)
    }

    fn lowest_alive(&self, ctx: &Ctx<Replica>) -> String {
        let mut nodes = ctx.nodes().iter();
        let lowest = nodes.find(|node| self.is_alive(node));
        lowest.map_or_else(|| ctx.id().to_owned(), Clone::clone)
    }

    fn has_majority(&self, ctx: &Ctx<Replica>) -> bool {
        let alive = ctx.nodes().iter().filter(|node| self.is_alive(node));
        alive.count() > ctx.nodes().len() / 2
    }

    pub(crate) fn begin(
        &mut self,
        operation: Operation,
        client: Caller,
        ctx: &mut Ctx<Replica>,
    ) -> Result<(), Error> {
        if self.bug == Bug::AsyncBackup && !self.has_majority(ctx) {
            let text = "this node hears less than half of the others";
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
        }
        let reads_here = self.bug == Bug::ReadsAnywhere && operation.is_read();
        let primary = self.reign.1.clone();
        if primary == ctx.id() || reads_here {
            self.execute(operation, Whom::Client(client), ctx);
        } else {
            let seq = self.next;
            self.next += 1;
            self.asked.insert(seq, (client, self.ticks));
            let note = Note::Forward { seq, operation };
            ctx.send(&primary, &Message::Copies { note });
        }
        Ok(())
    }

    fn execute(&mut self, operation: Operation, whom: Whom, ctx: &mut Ctx<Replica>) {
        let outcome = self.registers.execute(operation);
        let changed = matches!(outcome, Outcome::Written | Outcome::Swapped);
        let number = self.next;
        self.next += 1;
        if changed {
            let registers = self.registers.clone();
            let note = Note::Copy { number, registers };
            send_all(&Message::Copies { note }, ctx);
        }
        let waits = changed && self.bug == Bug::NoFencing;
        let peers = ctx.peers().filter(|peer| waits && self.is_alive(peer));
        let copying = Copying {
            whom,
            outcome,
            missing: peers.map(str::to_owned).collect(),
        };
        self.copying.insert(number, copying);
        self.finish(ctx);
    }

    /// Answers what is copied to all that are alive.
    fn finish(&mut self, ctx: &mut Ctx<Replica>) {
        let alive: BTreeSet<String> = ctx.nodes().iter().cloned().collect();
        let alive: BTreeSet<String> = alive.into_iter().filter(|it| self.is_alive(it)).collect();
        let is_done = |it: &mut Copying| it.missing.is_disjoint(&alive);
        let done = self.copying.extract_if(.., |_, copying| is_done(copying));
        for (_, Copying { whom, outcome, .. }) in done.collect::<Vec<_>>() {
            match whom {
                Whom::Client(client) => tell(client, outcome, ctx),
                Whom::Node(node, seq) => {
                    let note = Note::Forwarded { seq, outcome };
                    ctx.send(&node, &Message::Copies { note });
                }
            }
        }
    }

    pub(crate) fn hear(&mut self, note: Note, from: &str, ctx: &mut Ctx<Replica>) {
        self.heard.insert(from.to_owned(), self.ticks);
        match note {
            Note::Beat { reign, registers } => {
                if reign > self.reign && self.bug != Bug::LowestReachable {
                    self.reign = reign.clone();
                }
                let follows = reign == self.reign && from == self.reign.1;
                if let (true, Some(registers)) = (follows, registers) {
                    self.registers = registers;
                }
            }
            Note::Copy { number, registers } => {
                if from == self.reign.1 {
                    self.registers = registers;
                    let note = Note::Copied { number };
                    ctx.send(from, &Message::Copies { note });
                }
            }
            Note::Copied { number } => {
                if let Some(copying) = self.copying.get_mut(&number) {
                    copying.missing.remove(from);
                }
                self.finish(ctx);
            }
            Note::Forward { seq, operation } => {
                if self.reign.1 == ctx.id() {
                    self.execute(operation, Whom::Node(from.to_owned(), seq), ctx);
                }
            }
            Note::Forwarded { seq, outcome } => {
                if let Some((client, _)) = self.asked.remove(&seq) {
                    tell(client, outcome, ctx);
                }
            }
        }
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<Replica>) {
        self.ticks += 1;
        self.change_primary(ctx);
        self.finish(ctx);
        let now = self.ticks;
        let late = self.asked.extract_if(.., |_, (_, at)| now >= *at + GIVE_UP);
        for (_, (client, _)) in late.collect::<Vec<_>>() {
            give_up(client, ctx);
        }
        if now.is_multiple_of(BEAT) {
            let leads = self.reign.1 == ctx.id();
            let note = Note::Beat {
                reign: self.reign.clone(),
                registers: leads.then(|| self.registers.clone()),
            };
            send_all(&Message::Copies { note }, ctx);
        }
    }

    fn change_primary(&mut self, ctx: &Ctx<Replica>) {
        match self.bug {
            Bug::ReadsAnywhere => {}
            Bug::LowestReachable => self.reign.1 = self.lowest_alive(ctx),
            _ => {
                let is_next = self.lowest_alive(ctx) == ctx.id();
                let may = self.bug == Bug::NoFencing || self.has_majority(ctx);
                if !self.is_alive(&self.reign.1) && is_next && may {
                    self.reign = (self.reign.0 + 1, ctx.id().to_owned());
                }
            }
        }
    }
}
