//! Strict checking against logs that are correct by construction, of which it must never complain.

use std::collections::BTreeMap;

use crate::script::json;
use host_check::history::{History, Kind, Op, Process};
use host_check::kafka::{ErrorType, kafka};
use host_check::validity::{Checks, Validity};
use host_check::value::{Map, Value};
use proptest::prelude::*;

const KEYS: [&str; 3] = ["a", "b", "c"];
const WORKERS: i64 = 4;

/// Who goes on, and four choices for whatever that is.
type Step = (usize, [u8; 4]);

/// Logs as two nodes keep them. Each node hands out every other offset, so acknowledged offsets do
/// not rise in real time; polls show a log only up to where it is sealed, and a node hands out no
/// offset before that.
#[derive(Default)]
struct Log {
    messages: BTreeMap<i64, i64>,
    /// By node, the last offset it handed out.
    handed_out: [i64; 2],
    sealed_until: i64,
    sent: i64,
    committed: Option<i64>,
}

impl Log {
    fn append(&mut self, node: usize, message: i64, stride: i64) -> i64 {
        let after = self.handed_out[node].max(self.sealed_until);
        let own = |offset: &i64| offset % 2 == node as i64;
        let next = (after + stride..).find(own).unwrap();
        self.handed_out[node] = next;
        self.messages.insert(next, message);
        next
    }

    fn from(&self, offset: i64, count: usize) -> Vec<(i64, i64)> {
        let sealed = self.messages.range(offset..offset.max(self.sealed_until));
        sealed.take(count).map(|(&o, &m)| (o, m)).collect()
    }
}

/// A client of Maelstrom's kind, and what it has under way.
#[derive(Default)]
struct Client {
    process: i64,
    node: usize,
    is_new: bool,
    /// By key, the offset it asks for next.
    offsets: BTreeMap<usize, i64>,
    open: Option<(String, Value, Effect)>,
}

enum Effect {
    Send(usize, i64),
    Poll,
    Assign(Vec<usize>, bool),
    Crash,
}

struct Run {
    ops: Vec<Op>,
    time_ns: i64,
    logs: [Log; 3],
    clients: Vec<Client>,
    /// Sends that were left open and may still take place: key, node, message.
    late: Vec<(usize, usize, i64)>,
    offset_base: i64,
}

impl Run {
    fn push(&mut self, process: i64, kind: Kind, f: &str, value: Value, seeks: bool) {
        self.time_ns += 700_000;
        let extra = if seeks {
            vec![("seek-to-beginning?".into(), Value::Bool(true))]
        } else {
            Vec::new()
        };
        self.ops.push(Op {
            index: self.ops.len() as u64,
            time_ns: self.time_ns,
            kind,
            process: Process::Client(process),
            f: f.into(),
            value,
            error: None,
            extra,
        });
    }

    fn begin(&mut self, worker: usize, effect: Effect) {
        let process = self.clients[worker].process;
        let name = |name: &str| Value::Keyword(name.into());
        let (f, value, seeks) = match &effect {
            Effect::Send(key, message) => {
                let parts = vec![name("send"), KEYS[*key].into(), Value::Int(*message)];
                ("send", Value::from(vec![Value::from(parts)]), false)
            }
            Effect::Poll => {
                let parts = vec![name("poll")];
                ("poll", Value::from(vec![Value::from(parts)]), false)
            }
            Effect::Assign(keys, seeks) => {
                let keys: Vec<Value> = keys.iter().map(|&key| KEYS[key].into()).collect();
                ("assign", Value::from(keys), *seeks)
            }
            Effect::Crash => ("crash", Value::Nil, false),
        };
        self.push(process, Kind::Invoke, f, value.clone(), seeks);
        self.clients[worker].open = Some((f.to_owned(), value, effect));
    }

    fn crash(&mut self, worker: usize) {
        let client = &mut self.clients[worker];
        client.process += WORKERS;
        client.offsets.clear();
        client.is_new = true;
    }

    /// Ends what a worker has under way: `ends` chooses how, `size` how much a poll shows.
    fn end(&mut self, worker: usize, [ends, size, then, stride]: [u8; 4]) {
        let (f, asked, effect) = self.clients[worker].open.take().unwrap();
        let Client { process, node, .. } = self.clients[worker];
        let stride = if stride == 0 {
            1_000_000_007
        } else {
            i64::from(stride % 3) + 1
        };
        let name = |name: &str| Value::Keyword(name.into());
        match effect {
            Effect::Send(_, _) if ends == 0 => self.push(process, Kind::Fail, &f, asked, false),
            Effect::Send(key, message) if ends == 1 => {
                match then % 3 {
                    0 => drop(self.logs[key].append(node, message, stride)),
                    1 => self.late.push((key, node, message)),
                    _ => {}
                }
                self.push(process, Kind::Info, &f, asked, false);
                self.crash(worker);
            }
            Effect::Send(key, message) => {
                let offset = self.logs[key].append(node, message, stride) + self.offset_base;
                let pair = Value::from(vec![offset, message]);
                let parts = vec![name("send"), KEYS[key].into(), pair];
                let value = Value::from(vec![Value::from(parts)]);
                self.push(process, Kind::Ok, &f, value, false);
            }
            Effect::Poll if ends == 0 => self.push(process, Kind::Fail, &f, asked, false),
            Effect::Poll => {
                let mut shown = Map::new();
                let offsets = self.clients[worker].offsets.clone();
                for (&key, &from) in &offsets {
                    let pairs = self.logs[key].from(from, usize::from(size % 5));
                    if pairs.is_empty() && then % 2 == 0 {
                        continue;
                    }
                    if let Some(&(last, _)) = pairs.last() {
                        self.clients[worker].offsets.insert(key, last + 1);
                        // Whether the last commit or the greatest counts, an assignment may begin
                        // lower, and an open poll may have committed.
                        if ends != 1 || then % 3 == 0 {
                            self.logs[key].committed = Some(last);
                        }
                    }
                    let base = self.offset_base;
                    let pairs = pairs.iter().map(|&(o, m)| Value::from(vec![o + base, m]));
                    shown.insert(KEYS[key].into(), Value::from(pairs.collect::<Vec<_>>()));
                }
                if ends == 1 {
                    self.push(process, Kind::Info, &f, asked, false);
                    self.crash(worker);
                } else {
                    let parts = vec![name("poll"), Value::Map(Box::new(shown))];
                    let value = Value::from(vec![Value::from(parts)]);
                    self.push(process, Kind::Ok, &f, value, false);
                }
            }
            Effect::Assign(_, seeks) if ends == 0 => {
                self.push(process, Kind::Fail, &f, asked, seeks);
            }
            Effect::Assign(keys, seeks) => {
                let before = std::mem::take(&mut self.clients[worker].offsets);
                self.clients[worker].is_new = false;
                for key in keys {
                    let committed = match self.logs[key].committed {
                        Some(committed) if then % 3 == 0 => committed + 1,
                        Some(committed) if then % 3 == 1 => committed,
                        _ => 0,
                    };
                    let kept = before.get(&key).copied().filter(|_| !seeks);
                    let fresh = if seeks { 0 } else { committed };
                    let offset = kept.unwrap_or(fresh);
                    self.clients[worker].offsets.insert(key, offset);
                }
                self.push(process, Kind::Ok, &f, asked, seeks);
            }
            Effect::Crash => {
                self.push(process, Kind::Info, &f, asked, false);
                self.crash(worker);
            }
        }
    }
}

/// A run of Maelstrom's kind: sends, polls, assignments and crashes, and in the end every client
/// crashes, seeks to the beginning and polls until it has all.
fn correct_history(steps: &[Step], offset_base: i64) -> History {
    let client = |worker: i64| Client {
        process: worker,
        node: (worker % 2) as usize,
        is_new: true,
        ..Client::default()
    };
    let mut run = Run {
        ops: Vec::new(),
        time_ns: 0,
        logs: Default::default(),
        clients: (0..WORKERS).map(client).collect(),
        late: Vec::new(),
        offset_base,
    };
    for &(worker, choices) in steps {
        let [what, key, size, then] = choices;
        let key = usize::from(key % 3);
        if run.clients[worker].open.is_some() {
            run.end(worker, choices);
        } else {
            let effect = match what {
                0 => Effect::Crash,
                1..=2 => {
                    let keys = (0..3).filter(|it| *it == key || size & (1 << it) != 0);
                    // Jepsen's rules know of no seek, so a process may do it only at its beginning.
                    let seeks = then < 4 && run.clients[worker].is_new;
                    Effect::Assign(keys.collect(), seeks)
                }
                3..=6 => {
                    run.logs[key].sent += 1;
                    Effect::Send(key, run.logs[key].sent)
                }
                _ => Effect::Poll,
            };
            run.begin(worker, effect);
        }
        let log = &mut run.logs[key];
        if let (true, Some((&last, _))) = (then % 2 == 0, log.messages.last_key_value()) {
            let seal = log.sealed_until + (last + 1 - log.sealed_until) / 2 + 1;
            log.sealed_until = seal.min(last + 1).max(log.sealed_until);
        }
        if then == 7
            && let Some((key, node, message)) = run.late.pop()
        {
            run.logs[key].append(node, message, 1);
        }
    }
    for worker in 0..WORKERS as usize {
        if run.clients[worker].open.is_some() {
            run.end(worker, [9, 3, 1, 1]);
        }
    }
    for log in &mut run.logs {
        log.sealed_until = log
            .messages
            .last_key_value()
            .map_or(0, |(&last, _)| last + 1);
    }
    for worker in 0..WORKERS as usize {
        run.begin(worker, Effect::Crash);
        run.end(worker, [9, 0, 0, 1]);
        run.begin(worker, Effect::Assign(vec![0, 1, 2], true));
        run.end(worker, [9, 0, 0, 1]);
        let is_behind = |run: &Run| {
            let offsets = run.clients[worker].offsets.iter();
            offsets
                .into_iter()
                .any(|(&key, &at)| !run.logs[key].from(at, 1).is_empty())
        };
        while is_behind(&run) {
            run.begin(worker, Effect::Poll);
            run.end(worker, [9, 4, 1, 1]);
        }
    }
    History::new(run.ops).unwrap()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let choices = [0..14_u8, 0..12_u8, 0..8_u8, 0..8_u8];
    prop::collection::vec((0..WORKERS as usize, choices), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn what_a_correct_log_does_is_never_invalid(steps in steps()) {
        let history = correct_history(&steps, 0);
        let result = kafka(&history, Checks::Strict).unwrap();
        prop_assert!(result.valid != Validity::False, "{}", json(&result));
        let maelstrom = kafka(&history, Checks::Maelstrom).unwrap();
        prop_assert!(maelstrom.error_types.iter().all(|it| *it == ErrorType::EmptyTransactionGraph));
    }

    #[test]
    fn where_the_offsets_are_makes_no_difference(steps in steps()) {
        let (near, far) = (correct_history(&steps, 0), correct_history(&steps, 1_700_000_000_000_000_000));
        let judge = |history: &History| kafka(history, Checks::Strict).unwrap();
        prop_assert_eq!(judge(&near), judge(&far));
    }
}

#[test]
fn correct_histories_are_not_all_empty() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut valid, mut polled) = (0, 0);
    for _ in 0..100 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let history = correct_history(&steps, 0);
        let result = kafka(&history, Checks::Strict).unwrap();
        valid += usize::from(result.valid == Validity::True);
        let shows = |op: &&Op| op.kind == Kind::Ok && op.value.to_string().contains("{\"");
        polled += history.ops().iter().filter(shows).count();
    }
    assert!(valid > 80, "{valid} valid");
    assert!(polled > 500, "{polled} polls with messages");
}
