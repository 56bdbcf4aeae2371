//! A schedule in words: a line for each thing that happens, in the words of a run's trace.

use host_check::history::{Kind, Op, Process};
use host_check::workload::Workload;
use host_protocol::text::counted;
use host_sim::short_seconds;
use host_trial::schedule::{message_in_words, operation_in_words, request_in_words};

use crate::clients::ClientEvent;
use crate::fates::{Round, round};
use crate::model::{Model, Sink};
use crate::moves::Move;
use crate::participants::Addr;
use crate::state::{Done, State};
use crate::wrong::Wrong;

/// How many lines a round has at most.
const ROUND_LINES_MAX: usize = 20;

impl Model<'_> {
    /// The operations of the plan, in words: `broadcast 3`.
    pub(crate) fn planned(&self) -> Vec<String> {
        let operations = self.clients.plan().in_order();
        let asks = operations.map(|operation| {
            request_in_words(&Op {
                index: 0,
                time_ns: 0,
                kind: Kind::Invoke,
                process: Process::Nemesis,
                f: operation.f.clone(),
                value: operation.value.clone(),
                error: None,
                extra: operation.extra.clone(),
            })
        });
        asks.collect()
    }

    /// What happens in these moves, a line each. A timer that fires several times in a row has one.
    pub(crate) fn story(&self, begin: &State, moves: &[Move]) -> Vec<String> {
        let mut story = Story::default();
        let mut state = begin.clone();
        for it in moves {
            let mut sink = Sink::logging();
            let result = self.apply(&state, *it, &mut sink);
            let clients = match (&result, *it) {
                (Ok(next), _) => next.clients,
                (Err(_), Move::Invoke(worker)) => {
                    let event = ClientEvent::Invoke(worker);
                    self.clients.step(state.clients, event, &self.messages).next
                }
                (Err(_), _) => state.clients,
            };
            let known = self.clients.get(state.clients).history().len();
            let ops = &self.clients.get(clients).history()[known..];
            let (begun, ended): (Vec<&Op>, Vec<&Op>) = ops
                .iter()
                .map(AsRef::as_ref)
                .partition(|op: &&Op| op.kind == Kind::Invoke);
            for op in begun {
                story.say(self.operation(op));
            }
            // What operations say is not said again.
            let is_told = matches!(it, Move::Invoke(_)) || !ops.is_empty();
            for done in sink.log.unwrap_or_default() {
                match done {
                    Done::Time(now_ns) => story.now_ns = now_ns,
                    Done::Fire(node, timer) => {
                        let node = &self.messages.nodes()[usize::from(node)];
                        story.fires(format!("{node}: timer {timer} fires"));
                    }
                    done => {
                        if let Some(line) = self.done(&state, done, is_told) {
                            story.say(line);
                        }
                    }
                }
            }
            for op in ended {
                story.say(self.operation(op));
            }
            match result {
                Ok(next) => state = next,
                Err(wrong) => {
                    // The simulator says the rest.
                    let text = wrong.to_string();
                    story.say(text.lines().next().unwrap_or_default().to_owned());
                    break;
                }
            }
        }
        story.lines()
    }

    /// What goes round once these moves are made and nothing goes wrong any more, a line each. Nothing if that is not known.
    pub(crate) fn round(&self, begin: &State, moves: &[Move]) -> Result<Vec<String>, Wrong> {
        let mut state = begin.clone();
        let mut sink = Sink::default();
        for it in moves {
            state = self.apply(&state, *it, &mut sink)?;
        }
        let (round, state) = round(self, &state)?;
        let (log, period_ns) = match round {
            Round::Again(log, period_ns) => (log, period_ns),
            Round::Nothing => return Ok(vec!["left to itself, it does nothing more".to_owned()]),
            Round::CutOff => return Ok(Vec::new()),
        };
        let mut story = Story::default();
        for done in log {
            match done {
                Done::Fire(node, timer) => {
                    let node = &self.messages.nodes()[usize::from(node)];
                    story.fires(format!("{node}: timer {timer} fires"));
                }
                done => {
                    if let Some(line) = self.done(&state, done, false) {
                        story.say(line);
                    }
                }
            }
        }
        let mut lines = story.lines();
        let more = lines.len().saturating_sub(ROUND_LINES_MAX);
        lines.truncate(ROUND_LINES_MAX);
        if more > 0 {
            lines.push(format!("and {} more", counted(more, "thing")));
        }
        let head = format!(
            "left to itself, it does the same every {} s for ever:",
            short_seconds(period_ns)
        );
        Ok(std::iter::once(head)
            .chain(lines.into_iter().map(|line| format!("  {line}")))
            .collect())
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
            Done::Sent(_) | Done::Time(_) | Done::Invoke(..) | Done::Fire(..) => return None,
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

/// Lines of a story.
#[derive(Default)]
struct Story {
    lines: Vec<String>,
    /// A timer that has fired last, how often in a row, and when the last time.
    fired: Option<(String, u32, u64)>,
    now_ns: u64,
}

impl Story {
    fn say(&mut self, line: String) {
        self.end_fires();
        self.lines.push(line);
    }

    fn fires(&mut self, what: String) {
        match &mut self.fired {
            Some((last, times, at_ns)) if *last == what => {
                *times += 1;
                *at_ns = self.now_ns;
            }
            _ => {
                self.end_fires();
                self.fired = Some((what, 1, self.now_ns));
            }
        }
    }

    fn end_fires(&mut self) {
        let Some((what, times, at_ns)) = self.fired.take() else {
            return;
        };
        let times = match times {
            1 => String::new(),
            times => format!(" {times} times"),
        };
        let at = match at_ns {
            0 => String::new(), // time is no part of states
            at_ns => format!(", at {} s", short_seconds(at_ns)),
        };
        self.lines.push(format!("{what}{times}{at}"));
    }

    fn lines(mut self) -> Vec<String> {
        self.end_fires();
        self.lines
    }
}
