//! Looks things up at a moment: messages, operations, states, workers.

use std::cell::RefCell;
use std::rc::Rc;

use host_check::history::{Kind, Op, Process};
use host_sim::nemesis::Grudges;
use host_sim::{Cluster, InFlightMessage, MS, MessageRef, Moment, MoveKind, Operation, TouchKind};
use serde_json::Value as Json;

use super::claim::{Claim, Stand};
use super::deed::Deed;
use super::event::Fate;
use super::pattern::{MessagePattern, StateClaim};
use super::seen::{Noted, Seen};

/// What is known of a run besides its moments.
pub(super) struct Look {
    pub(super) cluster: Cluster,
    pub(super) workers: usize,
    pub(super) seen: Rc<RefCell<Seen>>,
}

impl Look {
    fn name(&self, node: usize) -> String {
        self.cluster.node_name(node)
    }

    /// The first entry from `from` on that says this.
    pub(super) fn entry(&self, from: usize, wanted: &Noted) -> Option<usize> {
        let seen = self.seen.borrow();
        let after = seen.entries.get(from..)?;
        Some(from + after.iter().position(|noted| noted == wanted)?)
    }

    /// The first entry from `from` on in which this happens to such a message, and the message.
    pub(super) fn message(
        &self,
        from: usize,
        pattern: &MessagePattern,
        wanted: Fate,
    ) -> Option<(usize, usize)> {
        let seen = self.seen.borrow();
        let after = (from..).zip(seen.entries.get(from..)?);
        let mut fitting = after.filter_map(|(at, noted)| match noted {
            Noted::Message { id, fate } if *fate == wanted => {
                let message = seen.messages.get(*id)?;
                let fits = pattern.fits(&message.kind, &message.src, &message.dest);
                fits.then_some((at, *id))
            }
            _ => None,
        });
        fitting.next()
    }

    /// The node that the client of an operation talks to.
    fn node_of(&self, op: &Op) -> Option<usize> {
        match op.process {
            Process::Client(process) => Some(self.cluster.node_of(process, self.workers)),
            Process::Nemesis => None,
        }
    }

    /// The first operation from `from` on that begins or ends.
    pub(super) fn operation(
        &self,
        ops: &[Op],
        from: usize,
        f: &str,
        node: usize,
        ends: bool,
    ) -> Option<usize> {
        let fits = |op: &Op| {
            op.f == *f && self.node_of(op) == Some(node) && (op.kind != Kind::Invoke) == ends
        };
        Some(from + ops.get(from..)?.iter().position(fits)?)
    }

    /// How the latest such operation stands.
    fn stand(&self, ops: &[Op], f: &str, node: usize) -> Option<Stand> {
        let begins =
            |op: &Op| op.kind == Kind::Invoke && op.f == *f && self.node_of(op) == Some(node);
        let begun = ops.iter().rposition(begins)?;
        let process = ops[begun].process;
        let ended = ops[begun + 1..].iter().find(|op| op.process == process);
        Some(match ended {
            None => Stand::Open,
            Some(op) => match op.kind {
                Kind::Ok => Stand::Gave(op.value.clone()),
                Kind::Fail => Stand::Failed,
                Kind::Info | Kind::Invoke => Stand::Unknown,
            },
        })
    }

    /// Checks what is said of a node's state or disk, or of an operation.
    pub(super) fn expect(&self, claim: &Claim, ops: &[Op]) -> Result<(), String> {
        match claim {
            Claim::State(claim) if self.holds(claim) => Ok(()),
            Claim::State(claim) => Err(format!(
                "{} has {} there",
                self.name(claim.node),
                self.found(claim)
            )),
            Claim::Durable { node, is } => match self.is_durable(*node) {
                Some(found) if found == *is => Ok(()),
                Some(true) => Err(format!(
                    "all that {} has written is durable",
                    self.name(*node)
                )),
                _ => Err(format!(
                    "something that {} has written is not durable",
                    self.name(*node)
                )),
            },
            Claim::Operation { f, node, stand } => match self.stand(ops, f, *node) {
                Some(found) if found == *stand => Ok(()),
                Some(found) => Err(format!("the last {f} at {} {found}", self.name(*node))),
                None => Err(format!("no client has begun {f} at {}", self.name(*node))),
            },
            Claim::Node { .. } | Claim::InFlight { .. } | Claim::Verdict(_) => Ok(()),
        }
    }

    pub(super) fn holds(&self, claim: &StateClaim) -> bool {
        claim.holds(self.seen.borrow().state(&self.name(claim.node)))
    }

    /// What is there instead.
    fn found(&self, claim: &StateClaim) -> String {
        let seen = self.seen.borrow();
        let state = seen.state(&self.name(claim.node));
        let found = state.and_then(|state| state.pointer(&claim.pointer));
        found.unwrap_or(&Json::Null).to_string()
    }

    fn is_durable(&self, node: usize) -> Option<bool> {
        let seen = self.seen.borrow();
        Some(seen.nodes.get(&self.name(node))?.is_durable())
    }

    /// Such messages on their way, in the order of sending.
    pub(super) fn in_flight(
        &self,
        pattern: &MessagePattern,
        moment: &Moment<'_>,
    ) -> impl Iterator<Item = InFlightMessage> {
        let seen = self.seen.borrow();
        let fits = |it: &InFlightMessage| {
            let id = usize::try_from(it.id).ok();
            let message = id.and_then(|id| seen.messages.get(id));
            message.is_some_and(|it| pattern.fits(&it.kind, &it.src, &it.dest))
        };
        let mut messages = moment.in_flight();
        messages.retain(fits);
        messages.into_iter()
    }

    fn first(&self, pattern: &MessagePattern, moment: &Moment<'_>) -> Result<MessageRef, String> {
        let first = self.in_flight(pattern, moment).next();
        first
            .map(|it| it.message)
            .ok_or_else(|| format!("no {pattern} is on its way"))
    }

    /// The first worker of a node that is busy or is not.
    fn worker(&self, node: usize, busy: bool, moment: &Moment<'_>) -> Option<usize> {
        let workers = moment.workers();
        let fits = |it: &host_sim::WorkerNow| it.node == node && it.doing.is_some() == busy;
        workers.iter().position(fits)
    }

    /// What a deed is at this moment.
    pub(super) fn kind(&self, deed: &Deed, moment: &Moment<'_>) -> Result<TouchKind, String> {
        let message = |pattern| self.first(pattern, moment);
        let move_kind = match deed {
            Deed::Invoke { f, value, node } => {
                let worker = self.worker(*node, false, moment);
                let name = self.name(*node);
                MoveKind::Invoke {
                    worker: worker.ok_or_else(|| format!("all clients of {name} wait for answers: a higher `concurrency` gives it more"))?,
                    operation: Operation::new(&f.as_str().into(), value.clone()),
                }
            }
            Deed::Deliver(pattern) => MoveKind::Deliver {
                message: message(pattern)?,
            },
            Deed::Lose(pattern) => MoveKind::Lose {
                message: message(pattern)?,
            },
            Deed::Copy(pattern) => MoveKind::Copy {
                message: message(pattern)?,
            },
            Deed::Delay {
                message: pattern,
                by_ms,
            } => {
                let message = message(pattern)?;
                let by_ns = by_ms.saturating_mul(MS);
                return Ok(TouchKind::Delay { message, by_ns });
            }
            Deed::Fire { node } => {
                let (seen, name) = (self.seen.borrow(), self.name(*node));
                let timer = seen
                    .nodes
                    .get(&name)
                    .and_then(|it| it.timers.first().copied());
                MoveKind::Fire {
                    node: *node,
                    timer: timer.ok_or_else(|| format!("{name} has no timer"))?,
                }
            }
            Deed::TimeOut { node } => {
                let worker = self.worker(*node, true, moment);
                let name = self.name(*node);
                MoveKind::TimeOut {
                    worker: worker
                        .ok_or_else(|| format!("no client of {name} waits for an answer"))?,
                }
            }
            Deed::Kill { node } => MoveKind::Kill { node: *node },
            Deed::Power { node, survival } => MoveKind::Power {
                node: *node,
                survival: *survival,
            },
            Deed::Start { node } => MoveKind::Start { node: *node },
            Deed::Pause { node } => return Ok(TouchKind::Pause { node: *node }),
            Deed::Resume { node } => return Ok(TouchKind::Resume { node: *node }),
            Deed::Cut(groups) => self.cut(|dest, src| {
                let is_in = |group: &&Vec<usize>| group.contains(&dest) && group.contains(&src);
                !groups.iter().any(|group| is_in(&group))
            }),
            Deed::CutOneWay { deaf, to } => {
                self.cut(|dest, src| deaf.contains(&dest) && to.contains(&src))
            }
            Deed::Heal => MoveKind::Heal,
            Deed::Send { node, body } => {
                let (node, body) = (*node, body.clone());
                return Ok(TouchKind::Send { node, body });
            }
            Deed::Finish => return Ok(TouchKind::Finish),
        };
        Ok(TouchKind::Move(move_kind))
    }

    /// The cut in which these do not hear those.
    fn cut(&self, is_cut: impl Fn(usize, usize) -> bool) -> MoveKind {
        let nodes = 0..self.cluster.count;
        let deaf_to = |dest: usize| {
            let others = nodes
                .clone()
                .filter(|src| *src != dest && is_cut(dest, *src));
            others.collect()
        };
        let grudges = Grudges::new(nodes.clone().map(deaf_to).collect());
        MoveKind::Cut { grudges }
    }
}
