//! A schedule in words: a line for each thing that happens, in the words of a run's trace.

use host_check::history::{Kind, Op, Process};
use host_check::workload::Workload;
use host_protocol::text::one_line;
use host_sim::short_seconds;
use host_trial::schedule::{message_in_words, operation_in_words, request_in_words};

use crate::explore::Planned;
use crate::model::{Model, Sink};
use crate::moves::Move;
use crate::participants::Addr;
use crate::state::{Done, State};

impl Model<'_> {
    /// The operations that clients may begin, in the order of workers, then as each begins them.
    pub(crate) fn planned(&self) -> Vec<Planned> {
        let workers = self.clients.plan().iter().enumerate();
        let planned = workers.flat_map(|(worker, plan)| {
            plan.iter().map(move |operation| Planned {
                worker,
                asks: request_in_words(&Op {
                    index: 0,
                    time_ns: 0,
                    kind: Kind::Invoke,
                    process: Process::Nemesis,
                    f: operation.f.clone(),
                    value: operation.value.clone(),
                    error: None,
                    extra: operation.extra.clone(),
                }),
            })
        });
        planned.collect()
    }

    /// What happens in these moves, a line each.
    pub(crate) fn story(&self, begin: &State, moves: &[Move]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut state = begin.clone();
        for it in moves {
            let mut sink = Sink::logging();
            let result = self.apply(&state, *it, &mut sink);
            let ops = result.as_ref().map_or(Vec::new(), |next| {
                let known = self.clients.get(state.clients).history().len();
                self.clients.get(next.clients).history()[known..].to_vec()
            });
            let (begun, ended): (Vec<&Op>, Vec<&Op>) =
                ops.iter().partition(|op| op.kind == Kind::Invoke);
            lines.extend(begun.into_iter().map(|op| self.operation(op)));
            let mut after = String::new();
            for done in sink.log.unwrap_or_default() {
                if let Done::Time(now_ns) = done {
                    after = format!(", {} s after the beginning", short_seconds(now_ns));
                }
                // What operations say is not said again.
                let is_told = matches!(it, Move::Invoke(_)) || !ops.is_empty();
                if let Some(line) = self.done(&state, done, is_told) {
                    lines.push(line + &std::mem::take(&mut after));
                }
            }
            lines.extend(ended.into_iter().map(|op| self.operation(op)));
            match result {
                Ok(next) => state = next,
                Err(wrong) => {
                    lines.push(one_line(&wrong.to_string()).into_owned());
                    break;
                }
            }
        }
        lines
    }

    fn operation(&self, op: &Op) -> String {
        let Process::Client(process) = op.process else {
            return String::new(); // there are no others
        };
        let workers = self.scenario.options.concurrency;
        let worker = usize::try_from(process).unwrap_or(0) % workers;
        let node = &self.messages.nodes()[worker % self.count];
        operation_in_words(op, process, node, self.scenario.workload == Workload::LinKv)
    }

    fn done(&self, state: &State, done: Done, is_told: bool) -> Option<String> {
        let name = |node: u8| &self.messages.nodes()[usize::from(node)];
        let message = |message: u32| {
            let it = self.messages.get(message);
            let (src, dest) = (self.messages.name(it.src), self.messages.name(it.dest));
            message_in_words(&src, &dest, it.body())
        };
        Some(match done {
            Done::Sent(_) | Done::Time(_) | Done::Invoke(..) => return None,
            Done::Deliver(it) => {
                let (src, dest) = (self.messages.get(it).src, self.messages.get(it).dest);
                let of_client = |addr| matches!(addr, Addr::Client(_));
                if is_told && (of_client(src) || of_client(dest)) {
                    return None;
                }
                let fate = match dest {
                    _ if self.cuts(state, it) => ", but is cut off",
                    Addr::Node(node) if self.is_down(state, node) => ", which is down",
                    _ => "",
                };
                message(it) + fate
            }
            Done::Lose(it) => message(it) + ", but the message is lost",
            Done::Copy(it) => message(it) + ", and the same message is still on its way",
            Done::Fire(node, timer) => format!("{}: timer {timer} fires", name(node)),
            Done::Synced(node) => format!("{}: what it has written is durable", name(node)),
            // The operation says it.
            Done::TimeOut(_) => return None,
            Done::Kill(node) => format!("{} is killed", name(node)),
            Done::Power(node) => {
                format!("{} loses power, and all that it has not synced", name(node))
            }
            Done::Start(node) => format!("{} starts again", name(node)),
            Done::Cut(split) => {
                let side = |bit: u16| {
                    let nodes = 0..self.count;
                    let nodes = nodes.filter(|node| split >> node & 1 == bit);
                    let names = nodes.map(|node| self.messages.nodes()[node].as_str());
                    names.collect::<Vec<_>>().join(", ")
                };
                format!("the network splits: {} from {}", side(1), side(0))
            }
            Done::Heal => "the network is whole again".to_owned(),
        })
    }

    fn is_down(&self, state: &State, node: u8) -> bool {
        let node = state.parts[usize::from(node)];
        self.nodes.get(node).guest.is_none()
    }
}
