//! What a move touches.

use super::{Model, index};
use crate::bounds::TimerOrder;
use crate::clients::{ClientEvent, Plan};
use crate::moves::{FAULTS, Footprint, LAST_FIRE, Move, NODES, PLAN, SERVICES, SPLIT, TIME};
use crate::nodes::Happens;
use crate::participants::Addr;
use crate::state::State;

impl Model<'_> {
    /// What a move touches, in a state in which it is possible.
    pub(crate) fn footprint(&self, state: &State, it: Move) -> Footprint {
        match it {
            Move::Invoke(worker) => {
                let mut print = Footprint {
                    writes: match self.clients.plan() {
                        Plan::OfEach(_) => 0,
                        Plan::OfAny { .. } => PLAN,
                    },
                    begins: true,
                    ..Footprint::default()
                };
                if self.bounds.reduces {
                    let event = ClientEvent::Invoke(worker);
                    let step = self.clients.step(state.clients, event, &self.messages);
                    let node = self.clients.node_of(worker);
                    match step.request {
                        Some(request) => {
                            // It waits for this request from now on, so an answer to it ends the operation.
                            let then = State {
                                clients: step.next,
                                ..state.clone()
                            };
                            self.touch(&then, node, Happens::Request(request), &mut print);
                        }
                        None => print.ends = true,
                    }
                }
                print
            }
            Move::Deliver(message) | Move::Copy(message) => {
                let mut print = Footprint {
                    takes: Some(message),
                    ..Footprint::default()
                };
                if matches!(it, Move::Copy(_)) {
                    print.writes |= FAULTS;
                }
                let to = self.messages.get(message);
                if to.is_between_nodes() && self.bounds.partitions > 0 {
                    print.reads |= SPLIT;
                }
                match to.dest {
                    Addr::Node(node) => {
                        let happens = Happens::Message(message);
                        self.touch(state, usize::from(node), happens, &mut print);
                    }
                    Addr::Service(service) => print.writes |= 1 << (SERVICES + u32::from(service)),
                    Addr::Client(_) => print.ends = true,
                }
                print
            }
            Move::Delay(_) => Footprint::ALL,
            Move::Synced(node) => self.touched(state, node, Happens::Synced),
            Move::Fire(node, timer) => {
                let mut print = match self.bounds.timers {
                    // What it sends in the end may end an operation.
                    TimerOrder::Bursts => Footprint {
                        writes: 1 << (NODES + u32::from(node)),
                        ends: true,
                        ..Footprint::default()
                    },
                    _ => {
                        let happens = Happens::Timer(*self.timers.get(timer));
                        self.touched(state, node, happens)
                    }
                };
                if self.is_timed() {
                    print.writes |= TIME;
                }
                if state.left.fires == 1 {
                    print.writes |= LAST_FIRE;
                }
                print
            }
            Move::TimeOut(_) => Footprint {
                writes: FAULTS,
                ends: true,
                ..Footprint::default()
            },
            Move::Lose(message) => Footprint {
                writes: FAULTS,
                takes: Some(message),
                ..Footprint::default()
            },
            Move::Kill(node) | Move::Power(node) => Footprint {
                writes: FAULTS | 1 << (NODES + u32::from(node)),
                reads: TIME,
                ..Footprint::default()
            },
            Move::Start(node) => Footprint {
                writes: FAULTS | TIME | 1 << (NODES + u32::from(node)),
                ..Footprint::default()
            },
            Move::Cut(_) | Move::Heal => Footprint {
                writes: FAULTS | SPLIT,
                ..Footprint::default()
            },
        }
    }

    fn touched(&self, state: &State, node: u8, happens: Happens) -> Footprint {
        let mut print = Footprint::default();
        self.touch(state, usize::from(node), happens, &mut print);
        print
    }

    fn touch(&self, state: &State, node: usize, happens: Happens, print: &mut Footprint) {
        print.writes |= 1 << (NODES + u32::from(index(node)));
        let Ok(step) = self.look(state, node, happens) else {
            *print = Footprint::ALL;
            return;
        };
        if self.is_timed() && (step.sets_timers || self.guests.mode.reads_clock) {
            print.reads |= TIME;
        }
        if self.bounds.reduces {
            let clients = self.clients.get(state.clients);
            let mut sent = step.sent.iter();
            print.ends |= sent.any(|it| clients.awaits(*it, &self.messages).is_some());
        }
    }
}
