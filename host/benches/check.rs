//! Measures the checkers and the readers on valid histories of 20,000 and 200,000
//! operations, and prints a table of medians.
//!
//! Each case is measured in a process of its own, so the memory is the case's: the most
//! that was resident, history and all.
//!
//! `./runner.sh bench` runs it; `cargo bench -p host --bench check -- kafka` what has
//! kafka in its name.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use host_check::history::{History, Kind, Op, Process, read, write_edn, write_json};
use host_check::validity::Validity;
use host_check::value::Value;
use host_check::workload::{CheckOptions, Workload, check};
use test_support::memory::status_kib;

/// Set for the process that measures one case: workload and number of operations.
const CASE: &str = "CHECK_BENCH_CASE";
/// Clients that always have an operation open.
const PROCESSES: usize = 20;
/// Keys in use at one time, and writes of a key before another takes its place, as in
/// Jepsen's generators.
const KEYS: i64 = 10;
const WRITES_PER_KEY: i64 = 32;

fn main() {
    if let Ok(case) = std::env::var(CASE) {
        let (name, count) = case.split_once(' ').expect("a workload and a number");
        let workload = name.parse().expect("a workload");
        measure(workload, count.parse().expect("a number"));
        return;
    }
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    println!(
        "{:<40} {:>10} {:>10} {:>10} {:>10}  budget of the check",
        "operations", "check", "read EDN", "read JSON", "memory"
    );
    for &workload in Workload::ALL {
        let name = workload.name();
        if wanted
            .as_deref()
            .is_some_and(|wanted| !name.contains(wanted))
        {
            continue;
        }
        for (count, budget) in [(20_000, "<= 1 s"), (200_000, "<= 15 s")] {
            let own_path = std::env::current_exe().expect("the bench has a path");
            let output = Command::new(own_path)
                .env(CASE, format!("{name} {count}"))
                .output()
                .expect("the bench can be started again");
            assert!(output.status.success(), "{name}: {output:?}");
            let row = String::from_utf8_lossy(&output.stdout);
            println!(
                "{:<40} {}  {budget}",
                format!("{name}, {count}"),
                row.trim_end()
            );
        }
    }
}

/// Prints a row: times and memory.
fn measure(workload: Workload, count: usize) {
    let history = history(workload, count);
    let tries = if count > 50_000 { 3 } else { 9 };
    let judge = |_| {
        let begin = Instant::now();
        let result = check(workload, &history, None, &CheckOptions::default());
        let result = result.expect("it is a history of this workload");
        assert_eq!(
            result.valid,
            Validity::True,
            "{:.2000}",
            format!("{result:?}")
        );
        begin.elapsed()
    };
    let checked = median((0..tries).map(judge).collect());
    let peak = peak_mib();
    let parsed = |text: String| {
        let begin = Instant::now();
        let again = read(text.as_bytes()).expect("it was written");
        let time = begin.elapsed();
        // Not all: JSON has no keywords, so what was one is a string now.
        assert_eq!(again.ops().len(), history.ops().len());
        time
    };
    let (edn, json) = (parsed(write_edn(&history)), parsed(write_json(&history)));
    println!(
        "{:>10} {:>10} {:>10} {:>10}",
        milliseconds(checked),
        milliseconds(edn),
        milliseconds(json),
        format!("{peak} MiB"),
    );
}

/// A history of `count` operations of clients that never rest, on a system that does each
/// operation at one moment between its invocation and its completion.
fn history(workload: Workload, count: usize) -> History {
    let mut system = System::new(workload, count);
    let mut rng = fastrand::Rng::with_seed(1);
    let mut open: Vec<Doing> = vec![Doing::Nothing; PROCESSES];
    let mut ops: Vec<Op> = Vec::new();
    let mut left = count;
    while left > 0 || open.iter().any(|doing| !matches!(doing, Doing::Nothing)) {
        let worker = rng.usize(..PROCESSES);
        let doing = std::mem::replace(&mut open[worker], Doing::Nothing);
        let (kind, f, value) = match doing {
            Doing::Nothing if left == 0 => continue,
            Doing::Nothing => {
                left -= 1;
                let (f, value) = system.choose(worker, &mut rng);
                open[worker] = Doing::Called(f, value.clone());
                (Kind::Invoke, f, value)
            }
            Doing::Called(f, value) => {
                let (kind, value) = system.apply(worker, f, value);
                open[worker] = Doing::Done(kind, f, value);
                continue;
            }
            Doing::Done(kind, f, value) => (kind, f, value),
        };
        push(&mut ops, kind, worker, f, value);
    }
    if matches!(workload, Workload::GCounter | Workload::PnCounter) {
        // Without reads after recovery there is no verdict.
        for (kind, value) in [
            (Kind::Invoke, Value::Nil),
            (Kind::Ok, Value::Int(system.sum)),
        ] {
            push(&mut ops, kind, 0, "read", value);
            let last = ops.last_mut().expect("one was pushed");
            last.extra.push(("final?".into(), Value::Bool(true)));
        }
    }
    if workload == Workload::Kafka {
        // Whatever was sent must be polled in the end.
        let keys: Vec<i64> = system.lists.keys().copied().collect();
        for key in keys {
            let assigned = Value::from(vec![key]);
            system.assigned[0] = vec![key];
            for kind in [Kind::Invoke, Kind::Ok] {
                push(&mut ops, kind, 0, "assign", assigned.clone());
            }
            while system.unread(0, key) {
                let (f, asked) = ("poll", one(vec![keyword("poll")].into()));
                push(&mut ops, Kind::Invoke, 0, f, asked.clone());
                let (kind, polled) = system.apply(0, f, asked);
                push(&mut ops, kind, 0, f, polled);
            }
        }
    }
    History::new(ops).expect("it is a history")
}

fn push(ops: &mut Vec<Op>, kind: Kind, worker: usize, f: &str, value: Value) {
    let index = ops.len();
    ops.push(Op {
        index: index as u64,
        time_ns: i64::try_from(index).expect("it is small") * 1_000_000,
        kind,
        process: Process::Client(i64::try_from(worker).expect("it is small")),
        f: f.into(),
        value,
        error: None,
        extra: Vec::new(),
    });
}

#[derive(Clone)]
enum Doing {
    Nothing,
    Called(&'static str, Value),
    Done(Kind, &'static str, Value),
}

/// One correct system for all workloads.
struct System {
    workload: Workload,
    /// Of g-set and broadcast: one operation in so many adds an element.
    adds_every: usize,
    next: i64,
    set: Vec<i64>,
    sum: i64,
    /// The first of the keys in use, and how often each was written.
    first_key: i64,
    writes: BTreeMap<i64, i64>,
    lists: BTreeMap<i64, Vec<i64>>,
    registers: BTreeMap<i64, i64>,
    /// How far each process has read each log.
    positions: BTreeMap<(usize, i64), usize>,
    assigned: Vec<Vec<i64>>,
}

impl System {
    fn new(workload: Workload, count: usize) -> Self {
        System {
            workload,
            // A read shows all elements: with more of them nothing but copying would be measured.
            adds_every: count / 500,
            next: 0,
            set: Vec::new(),
            sum: 0,
            first_key: 0,
            writes: BTreeMap::new(),
            lists: BTreeMap::new(),
            registers: BTreeMap::new(),
            positions: BTreeMap::new(),
            assigned: vec![Vec::new(); PROCESSES],
        }
    }

    fn fresh(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// One of the keys in use.
    fn key(&self, rng: &mut fastrand::Rng) -> i64 {
        self.first_key + rng.i64(0..KEYS)
    }

    /// A key and a value to write to it; a key that is full makes room for another.
    fn write(&mut self, rng: &mut fastrand::Rng) -> (i64, i64) {
        let key = self.key(rng);
        let writes = self.writes.entry(key).or_default();
        *writes += 1;
        if *writes == WRITES_PER_KEY {
            self.first_key += 1;
        }
        (key, self.fresh())
    }

    /// What a process does next.
    fn choose(&mut self, worker: usize, rng: &mut fastrand::Rng) -> (&'static str, Value) {
        match self.workload {
            Workload::Echo => (
                "echo",
                Value::from(format!("Please echo {}", rng.u8(..128)).as_str()),
            ),
            Workload::UniqueIds => ("generate", Value::Nil),
            Workload::Broadcast | Workload::GSet => {
                let add = if self.workload == Workload::GSet {
                    "add"
                } else {
                    "broadcast"
                };
                match rng.usize(..self.adds_every) {
                    0 => (add, Value::Int(self.fresh())),
                    _ => ("read", Value::Nil),
                }
            }
            Workload::GCounter => match rng.bool() {
                true => ("add", Value::Int(rng.i64(0..5))),
                false => ("read", Value::Nil),
            },
            Workload::PnCounter => match rng.bool() {
                true => ("add", Value::Int(rng.i64(-5..5))),
                false => ("read", Value::Nil),
            },
            Workload::LinKv => {
                let key = rng.i64(0..KEYS);
                match rng.u8(..6) {
                    0 => ("write", vec![key, rng.i64(0..5)].into()),
                    1 | 2 => ("cas", pair(key, vec![rng.i64(0..5), rng.i64(0..5)].into())),
                    _ => ("read", pair(key, Value::Nil)),
                }
            }
            Workload::Kafka => match rng.u8(..16) {
                0 => {
                    let mut keys: Vec<i64> = (0..3).map(|_| self.key(rng)).collect();
                    keys.sort_unstable();
                    keys.dedup();
                    self.assigned[worker].clone_from(&keys);
                    ("assign", keys.into())
                }
                1..8 => {
                    let (key, value) = self.write(rng);
                    ("send", one(mop("send", key, Value::Int(value))))
                }
                _ => ("poll", one(vec![keyword("poll")].into())),
            },
            Workload::TxnListAppend | Workload::TxnRwRegister => {
                let (write, count) = match self.workload {
                    Workload::TxnListAppend => ("append", rng.usize(1..=4)),
                    _ => ("w", rng.usize(1..=4)),
                };
                let mops: Vec<Value> = (0..count)
                    .map(|_| match rng.bool() {
                        true => {
                            let (key, value) = self.write(rng);
                            mop(write, key, Value::Int(value))
                        }
                        false => mop("r", self.key(rng), Value::Nil),
                    })
                    .collect();
                ("txn", mops.into())
            }
        }
    }

    /// Does it: how it ends, and with which value.
    fn apply(&mut self, worker: usize, f: &'static str, value: Value) -> (Kind, Value) {
        let done = match (self.workload, f) {
            (Workload::Echo, _) => {
                // The answer is the message's body.
                let fields = [("type", "echo_ok".into()), ("echo", value)];
                let fields = fields.map(|(name, value)| (keyword(name), value));
                Value::Map(Box::new(fields.into_iter().collect()))
            }
            (Workload::UniqueIds, _) => Value::Int(self.fresh()),
            (Workload::Broadcast | Workload::GSet, "read") => self.set.clone().into(),
            (Workload::Broadcast | Workload::GSet, _) => {
                self.set.extend(value.as_int());
                value
            }
            (Workload::GCounter | Workload::PnCounter, "read") => Value::Int(self.sum),
            (Workload::GCounter | Workload::PnCounter, _) => {
                self.sum += value.as_int().expect("an amount");
                value
            }
            (Workload::LinKv, _) => return self.register(f, value),
            (Workload::Kafka, "assign") => value,
            (Workload::Kafka, "send") => {
                let (key, sent) = key_and_value(&items(&value)[0]);
                let log = self.lists.entry(key).or_default();
                log.push(sent.as_int().expect("a message"));
                let offset = i64::try_from(log.len()).expect("it is small") - 1;
                one(mop("send", key, pair(offset, sent)))
            }
            (Workload::Kafka, _) => one(vec![keyword("poll"), self.poll(worker)].into()),
            (Workload::TxnListAppend | Workload::TxnRwRegister, _) => {
                let mops: Vec<Value> = items(&value).iter().map(|mop| self.mop(mop)).collect();
                mops.into()
            }
        };
        (Kind::Ok, done)
    }

    fn register(&mut self, f: &str, value: Value) -> (Kind, Value) {
        let parts = items(&value);
        let key = parts[0].as_int().expect("a key");
        let now = self.registers.get(&key).copied();
        match f {
            "read" => (Kind::Ok, pair(key, now.map_or(Value::Nil, Value::Int))),
            "write" => {
                self.registers
                    .insert(key, parts[1].as_int().expect("a value"));
                (Kind::Ok, value)
            }
            _ => {
                let swap = items(&parts[1]);
                if now.is_none() || now != swap[0].as_int() {
                    return (Kind::Fail, value);
                }
                self.registers
                    .insert(key, swap[1].as_int().expect("a value"));
                (Kind::Ok, value)
            }
        }
    }

    /// What the process has not yet seen of each of its logs, some of it.
    fn poll(&mut self, worker: usize) -> Value {
        let mut polled = Vec::new();
        for key in &self.assigned[worker] {
            let log = self.lists.get(key).map_or(&[][..], Vec::as_slice);
            let position = self.positions.entry((worker, *key)).or_default();
            let end = log.len().min(*position + 10);
            let messages: Vec<Value> = (*position..end)
                .map(|offset| {
                    let offset_value = i64::try_from(offset).expect("it is small");
                    vec![offset_value, log[offset]].into()
                })
                .collect();
            *position = end;
            polled.push((Value::Int(*key), Value::from(messages)));
        }
        Value::Map(Box::new(polled.into_iter().collect()))
    }

    fn unread(&self, worker: usize, key: i64) -> bool {
        let position = self.positions.get(&(worker, key)).copied();
        position.unwrap_or(0) < self.lists[&key].len()
    }

    fn mop(&mut self, done: &Value) -> Value {
        let f = items(done)[0].as_name().expect("a name").to_string();
        let (key, value) = key_and_value(done);
        match (self.workload, f.as_str()) {
            (Workload::TxnListAppend, "append") => {
                let list = self.lists.entry(key).or_default();
                list.extend(value.as_int());
                done.clone()
            }
            (Workload::TxnListAppend, _) => {
                let list = self.lists.get(&key).cloned();
                mop("r", key, list.map_or(Value::Nil, Value::from))
            }
            (_, "w") => {
                self.registers.insert(key, value.as_int().expect("a value"));
                done.clone()
            }
            _ => {
                let now = self.registers.get(&key).copied();
                mop("r", key, now.map_or(Value::Nil, Value::Int))
            }
        }
    }
}

fn keyword(name: &str) -> Value {
    Value::Keyword(name.into())
}

fn one(value: Value) -> Value {
    vec![value].into()
}

fn pair(key: i64, value: Value) -> Value {
    vec![Value::Int(key), value].into()
}

/// `[:f key value]`
fn mop(f: &str, key: i64, value: Value) -> Value {
    vec![keyword(f), Value::Int(key), value].into()
}

fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Vector(items) => items.iter().collect(),
        _ => panic!("{value:?} is not a vector"),
    }
}

fn key_and_value(mop: &Value) -> (i64, Value) {
    let mut parts = items(mop);
    let value = parts.pop().expect("a value");
    (parts[1].as_int().expect("a key"), value)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

/// The most memory that was resident so far.
fn peak_mib() -> u64 {
    status_kib("self", "VmHWM").expect("it has a peak") / 1024
}
