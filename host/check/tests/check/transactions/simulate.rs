//! Databases that are right by construction, and the histories they make.

use std::collections::HashMap;

use host_check::history::{History, Kind, Op, Process};
use host_check::value::Value;

/// What the micro-operations are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Model {
    ListAppend,
    RwRegister,
}

/// When a transaction takes its snapshot, and what its commit may not overlook.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Isolation {
    /// Everything happens at one instant between invocation and completion.
    Serial,
    /// Reads come from the instant of the invocation; a commit fails if another one wrote the same
    /// key since.
    Snapshot,
    /// Reads come from some time ago, and nothing is checked.
    Stale,
    /// Reads show nothing but the transaction's own writes.
    Blind,
}

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) model: Model,
    pub(crate) isolation: Isolation,
    pub(crate) seed: u64,
    pub(crate) txns: usize,
    pub(crate) processes: usize,
    pub(crate) keys: usize,
    pub(crate) length_max: usize,
    /// A key is replaced by a new one after so many writes.
    pub(crate) writes_per_key: usize,
    /// Of 100 transactions, how many get no answer, whether they took place or not.
    pub(crate) lost_percent: u64,
}

impl Plan {
    pub(crate) fn new(model: Model) -> Self {
        Self {
            model,
            isolation: Isolation::Serial,
            seed: 1,
            txns: 100,
            processes: 6,
            keys: 5,
            length_max: 4,
            writes_per_key: 16,
            lost_percent: 0,
        }
    }
}

struct Rng(u64);

impl Rng {
    /// Splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

#[derive(Clone)]
struct Mop {
    is_write: bool,
    key: i64,
    element: i64,
}

/// The versions of a key: all elements so far, and after how many commits each came.
type Versions = HashMap<i64, Vec<(i64, usize)>>;

struct Running {
    mops: Vec<Mop>,
    began_at: usize,
    /// What it did, once it did it: the answer, or `None` if it failed.
    done: Option<Option<Vec<Value>>>,
}

/// The history of a run.
pub(crate) fn run(plan: Plan) -> History {
    let mut rng = Rng(plan.seed);
    let mut active: Vec<i64> = (0..plan.keys as i64).collect();
    let mut written: HashMap<i64, i64> = HashMap::new();
    let mut store = Versions::new();
    let mut commits = 0;
    let mut running: Vec<Option<Running>> = (0..plan.processes).map(|_| None).collect();
    let mut names: Vec<i64> = (0..plan.processes as i64).collect();
    let mut ops = Vec::new();
    let mut begun = 0;
    while begun < plan.txns || running.iter().any(Option::is_some) {
        let worker = rng.below(plan.processes);
        match &mut running[worker] {
            None if begun < plan.txns => {
                let length = 1 + rng.below(plan.length_max);
                let mops: Vec<Mop> = (0..length)
                    .map(|_| mop(&mut rng, &plan, &mut active, &mut written))
                    .collect();
                let asked = mops.iter().map(|it| value(plan.model, it, Value::Nil));
                let asked = Value::from(asked.collect::<Vec<_>>());
                push(&mut ops, names[worker], Kind::Invoke, asked);
                begun += 1;
                running[worker] = Some(Running {
                    mops,
                    began_at: commits,
                    done: None,
                });
            }
            None => {}
            Some(txn) if txn.done.is_none() => {
                txn.done = Some(execute(&plan, txn, &mut store, &mut commits));
            }
            Some(txn) => {
                let asked = txn.mops.iter().map(|it| value(plan.model, it, Value::Nil));
                let asked = Value::from(asked.collect::<Vec<_>>());
                let lost = rng.next() % 100 < plan.lost_percent;
                match txn.done.take().unwrap() {
                    _ if lost => {
                        push(&mut ops, names[worker], Kind::Info, asked);
                        names[worker] += plan.processes as i64;
                    }
                    Some(answer) => push(&mut ops, names[worker], Kind::Ok, Value::from(answer)),
                    None => push(&mut ops, names[worker], Kind::Fail, asked),
                }
                running[worker] = None;
            }
        }
    }
    History::new(ops).unwrap()
}

fn mop(rng: &mut Rng, plan: &Plan, active: &mut [i64], written: &mut HashMap<i64, i64>) -> Mop {
    let at = rng.below(active.len());
    let is_write = rng.below(2) == 0;
    if is_write && written.get(&active[at]).copied().unwrap_or(0) >= plan.writes_per_key as i64 {
        active[at] = active.iter().max().unwrap() + 1;
    }
    let key = active[at];
    let mut element = 0;
    if is_write {
        let count = written.entry(key).or_insert(0);
        *count += 1;
        element = *count;
    }
    Mop {
        is_write,
        key,
        element,
    }
}

fn execute(
    plan: &Plan,
    txn: &Running,
    store: &mut Versions,
    commits: &mut usize,
) -> Option<Vec<Value>> {
    let seen_until = match plan.isolation {
        Isolation::Serial => *commits,
        Isolation::Snapshot => txn.began_at,
        Isolation::Stale => txn.began_at.saturating_sub(20),
        Isolation::Blind => 0,
    };
    let writes = txn.mops.iter().filter(|mop| mop.is_write);
    let overlooked = |key: i64| {
        store
            .get(&key)
            .is_some_and(|all| all.last().is_some_and(|last| last.1 > seen_until))
    };
    let checks = plan.isolation == Isolation::Snapshot;
    if checks && writes.clone().any(|mop| overlooked(mop.key)) {
        return None;
    }
    let mut own: HashMap<i64, Vec<i64>> = HashMap::new();
    let mut answer = Vec::new();
    for mop in &txn.mops {
        let shown = if mop.is_write {
            own.entry(mop.key).or_default().push(mop.element);
            Value::Nil
        } else {
            let all = store.get(&mop.key).map_or(&[][..], Vec::as_slice);
            let committed = all
                .iter()
                .filter(|(_, at)| *at <= seen_until)
                .map(|(it, _)| *it);
            let own = own.get(&mop.key).into_iter().flatten().copied();
            let list: Vec<i64> = committed.chain(own).collect();
            match plan.model {
                _ if list.is_empty() => Value::Nil,
                Model::ListAppend => list.into(),
                Model::RwRegister => Value::Int(list[list.len() - 1]),
            }
        };
        answer.push(value(plan.model, mop, shown));
    }
    *commits += 1;
    for mop in txn.mops.iter().filter(|mop| mop.is_write) {
        store
            .entry(mop.key)
            .or_default()
            .push((mop.element, *commits));
    }
    Some(answer)
}

fn value(model: Model, mop: &Mop, shown: Value) -> Value {
    let write = match model {
        Model::ListAppend => "append",
        Model::RwRegister => "w",
    };
    let (f, last) = if mop.is_write {
        (write, Value::Int(mop.element))
    } else {
        ("r", shown)
    };
    Value::from(vec![Value::Keyword(f.into()), Value::Int(mop.key), last])
}

fn push(ops: &mut Vec<Op>, process: i64, kind: Kind, value: Value) {
    let index = ops.len() as u64;
    ops.push(Op {
        index,
        time_ns: index as i64 * 1_000_000,
        kind,
        process: Process::Client(process),
        f: "txn".into(),
        value,
        error: None,
        extra: Vec::new(),
    });
}
