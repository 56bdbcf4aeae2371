//! Lin-kv: reads, writes and compare-and-set operations of a few registers at a time.
//!
//! Clients form groups of two for each node. A group works on one key, and half of its clients
//! only read. When the key has had so many processes that its history gets hard to check, the
//! group goes on to the next key.
//!
//! Source: Jepsen's `independent/concurrent-generator` and `linearizable-register`.

use serde_json::json;

use super::answer::{CasOk, RegisterReadOk, WriteOk, read};
use super::inspection::{Inspection, Task};
use super::options::{
    LIN_KV_CLIENTS_PER_NODE as CLIENTS_PER_NODE, LIN_KV_PROCESSES_MAX as PROCESSES_MAX,
    UnsuitableOptions, WorkloadOptions,
};
use crate::client::{Completion, Malformed, Next, Operation, Step, Turn, WorkloadClient};
use crate::random::Stream;
use crate::time::MS;
use host_check::value::{Name, Value};

/// Values are from 0 to below this.
const VALUES: u64 = 5;

#[derive(Clone)]
pub(super) struct LinKv {
    read: Name,
    write: Name,
    cas: Name,
    nodes: usize,
    groups: Vec<Group>,
    next_key: i64,
    timeout_ns: u64,
    is_strict: bool,
    inspection: Option<Inspection>,
}

/// The workers that share a key.
#[derive(Clone)]
struct Group {
    key: i64,
    /// The processes that may have had the key.
    processes: Vec<i64>,
    /// The key of its last operation, which a script may have chosen.
    last_key: Value,
}

impl LinKv {
    /// # Errors
    /// The workers do not form whole groups, or a group is more than a key may meet.
    pub(super) fn new(options: &WorkloadOptions) -> Result<Self, UnsuitableOptions> {
        let (nodes, concurrency) = (options.cluster.count, options.concurrency);
        let size = CLIENTS_PER_NODE * nodes;
        if size > PROCESSES_MAX {
            return Err(UnsuitableOptions::LinKvNodes { nodes });
        }
        let groups = concurrency / size;
        if groups * size != concurrency || groups == 0 {
            return Err(UnsuitableOptions::LinKvClients {
                group: size,
                clients: concurrency,
            });
        }
        let group = |key| Group {
            key,
            processes: Vec::new(),
            last_key: Value::Int(key),
        };
        Ok(LinKv {
            read: "read".into(),
            write: "write".into(),
            cas: "cas".into(),
            nodes,
            groups: (0..).map(group).take(groups).collect(),
            next_key: i64::try_from(groups).unwrap_or(i64::MAX),
            timeout_ns: (10 * options.mean_latency_ms).max(1000) * MS,
            is_strict: options.is_strict(),
            inspection: None,
        })
    }

    fn group_size(&self) -> usize {
        CLIENTS_PER_NODE * self.nodes
    }

    /// Has the group go on to the next key if too many processes have had this one.
    ///
    /// All processes of the group count, even those that have done nothing yet, so that no few
    /// of them are left alone with a key.
    fn renew(&mut self, group: usize, processes: &[i64]) {
        let size = self.group_size();
        let present = &processes[group * size..][..size];
        let group = &mut self.groups[group];
        for process in present {
            if !group.processes.contains(process) {
                group.processes.push(*process);
            }
        }
        if group.processes.len() > PROCESSES_MAX {
            group.key = self.next_key;
            self.next_key += 1;
            group.processes.clear();
            group.processes.extend(present);
        }
    }

    /// Half of the clients read, and the others write: once, since writes without an answer make a
    /// key's history hard to check. Then they read as well.
    fn inspection(&mut self, turn: &mut Turn<'_>) -> Inspection {
        let size = self.group_size();
        let task = |worker: usize| {
            let key = &self.groups[worker / size].last_key;
            let of_key = |value: Value| Value::from(vec![key.clone(), value]);
            let read = Operation::new(&self.read, of_key(Value::Nil));
            if worker % size < self.nodes {
                return vec![Task::of(read)];
            }
            let value = 0_i64.saturating_add_unsigned(turn.stream.below(VALUES));
            let write = Operation::new(&self.write, of_key(Value::Int(value)));
            vec![Task::once(write, read)]
        };
        let tasks: Vec<Vec<Task>> = (0..turn.processes.len()).map(task).collect();
        Inspection::new(tasks.into_iter())
    }

    /// A value to write or a pair to compare and set, the latter twice as often.
    fn change(&self, key: i64, stream: &mut Stream) -> Operation {
        let mut value = || Value::Int(0_i64.saturating_add_unsigned(stream.below(VALUES)));
        let (first, second) = (value(), value());
        if stream.below(3) == 0 {
            Operation::new(&self.write, at(key, first))
        } else {
            Operation::new(&self.cas, at(key, Value::from(vec![first, second])))
        }
    }
}

/// The value of an operation on a key.
fn at(key: i64, value: Value) -> Value {
    Value::from(vec![Value::Int(key), value])
}

impl WorkloadClient for LinKv {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let size = self.group_size();
        let mut free: Vec<usize> = turn.free.iter().map(|worker| worker / size).collect();
        free.dedup();
        for group in &free {
            self.renew(*group, turn.processes);
        }
        let group = turn.stream.pick(&free);
        // Readers and writers are as likely, whichever are more. Jepsen reserves workers for reading
        // by their absolute numbers, so in its other groups nobody reads, and what is stale there
        // is seen by nobody.
        let in_group = |worker: usize| match self.is_strict {
            true => worker % size,
            false => worker,
        };
        let is_reader = |worker: &usize| in_group(*worker) < self.nodes;
        let of_group = turn.free.iter().filter(|worker| **worker / size == group);
        let (readers, writers): (Vec<usize>, Vec<usize>) =
            of_group.partition(|worker| is_reader(worker));
        let reads = writers.is_empty() || (!readers.is_empty() && turn.stream.below(2) == 0);
        let key = self.groups[group].key;
        let operation = if reads {
            Operation::new(&self.read, at(key, Value::Nil))
        } else {
            self.change(key, turn.stream)
        };
        Next::Invoke {
            worker: turn.worker_of(if reads { &readers } else { &writers }),
            operation,
        }
    }

    fn inspects(&self) -> bool {
        self.is_strict
    }

    fn inspect(&mut self, turn: &mut Turn<'_>) -> Next {
        let mut inspection = match self.inspection.take() {
            Some(inspection) => inspection,
            None => self.inspection(turn),
        };
        let next = inspection.next(turn);
        self.inspection = Some(inspection);
        next
    }

    fn begin(&mut self, worker: usize, operation: &Operation) -> Step {
        let (key, value) = key_and_value(&operation.value);
        let group = worker / self.group_size();
        self.groups[group].last_key = key.clone();
        let body = if operation.f == self.read {
            json!({"type": "read", "key": key})
        } else if operation.f == self.write {
            json!({"type": "write", "key": key, "value": value})
        } else {
            let (from, to) = key_and_value(&value);
            json!({"type": "cas", "key": key, "from": from, "to": to})
        };
        Step::Call(body.to_string())
    }

    fn answer(
        &mut self,
        worker: usize,
        operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let value = if operation.f == self.read {
            let (key, _) = key_and_value(&operation.value);
            Value::from(vec![key, read::<RegisterReadOk>(answer)?.value.0])
        } else if operation.f == self.write {
            read::<WriteOk>(answer)?;
            operation.value.clone()
        } else {
            read::<CasOk>(answer)?;
            operation.value.clone()
        };
        if let Some(inspection) = &mut self.inspection {
            inspection.succeeded(worker);
        }
        Ok(Step::Done(Completion::ok(value)))
    }

    fn is_idempotent(&self, f: &str) -> bool {
        self.read == f
    }

    fn keeps_client(&self) -> bool {
        true
    }

    fn timeout_ns(&self) -> u64 {
        self.timeout_ns
    }
}

/// The two parts of a pair that this generator has made.
fn key_and_value(pair: &Value) -> (Value, Value) {
    let mut parts = pair.items().unwrap_or_default().into_iter();
    let mut part = || parts.next().unwrap_or_default();
    (part(), part())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Cluster;
    use crate::workload::testing::Turns;
    use host_check::validity::Checks;

    fn settings(nodes: usize, concurrency: usize) -> WorkloadOptions {
        WorkloadOptions {
            cluster: Cluster::of(nodes),
            concurrency,
            ..WorkloadOptions::default()
        }
    }

    fn made(nodes: usize, concurrency: usize) -> LinKv {
        LinKv::new(&settings(nodes, concurrency)).unwrap()
    }

    fn refused(nodes: usize, concurrency: usize) -> String {
        match LinKv::new(&settings(nodes, concurrency)) {
            Ok(_) => panic!("{concurrency} clients of {nodes} nodes are fine"),
            Err(why) => why.to_string(),
        }
    }

    /// So many operations by workers that are all free: the worker, `f` and the value.
    fn draw(turns: &mut Turns, kv: &mut LinKv, count: usize) -> Vec<(usize, Name, Value)> {
        let next = (0..count).map(|_| turns.invoke(kv));
        next.map(|(worker, op)| (worker, op.f, op.value)).collect()
    }

    #[test]
    fn half_of_a_group_reads_and_the_other_half_changes() {
        let mut turns = Turns::new(6);
        let mut kv = made(3, 6);
        let mut counts = [0_usize; 3];
        for (worker, f, value) in draw(&mut turns, &mut kv, 3000) {
            let (key, value) = key_and_value(&value);
            assert_eq!(key, Value::Int(0));
            let small = |value: &Value| value.as_int().is_some_and(|n| (0..5).contains(&n));
            let which = match &*f {
                "read" => {
                    assert!(worker < 3 && matches!(value, Value::Nil));
                    0
                }
                "write" => {
                    assert!(worker >= 3 && small(&value));
                    1
                }
                _ => {
                    let (from, to) = key_and_value(&value);
                    assert!(worker >= 3 && small(&from) && small(&to));
                    2
                }
            };
            counts[which] += 1;
        }
        // 1500, 500 and 1000 on average; five standard deviations are 137, 102 and 129.
        assert!(counts[0].abs_diff(1500) < 137, "{counts:?}");
        assert!(counts[1].abs_diff(500) < 102, "{counts:?}");
        assert!(counts[2].abs_diff(1000) < 129, "{counts:?}");
    }

    #[test]
    fn every_group_has_a_key_of_its_own_and_readers() {
        let mut turns = Turns::new(8);
        let mut kv = made(2, 8);
        for (worker, f, value) in draw(&mut turns, &mut kv, 200) {
            let (key, _) = key_and_value(&value);
            assert_eq!(key, Value::from(i64::from(worker >= 4)));
            assert_eq!(f == "read", worker % 4 < 2);
        }
    }

    #[test]
    fn under_maelstrom_only_the_first_group_has_readers() {
        let mut turns = Turns::new(8);
        let settings = WorkloadOptions {
            checks: Checks::Maelstrom,
            ..settings(2, 8)
        };
        let mut kv = LinKv::new(&settings).unwrap();
        for (worker, f, _) in draw(&mut turns, &mut kv, 200) {
            assert_eq!(f == "read", worker < 2);
        }
    }

    #[test]
    fn a_key_meets_twenty_processes_and_no_more() {
        let mut turns = Turns::new(6);
        let mut kv = made(3, 6);
        // Six processes to begin with, and one more for each that crashes.
        for crashes in 0..=14 {
            let key = key_and_value(&draw(&mut turns, &mut kv, 1)[0].2).0;
            assert_eq!((crashes, key), (crashes, Value::Int(0)));
            turns.processes[crashes % 6] += 6;
        }
        // The 21st: the next key begins with the six that there are.
        for crashes in 0..=14 {
            let key = key_and_value(&draw(&mut turns, &mut kv, 1)[0].2).0;
            assert_eq!((crashes, key), (crashes, Value::Int(1)));
            turns.processes[crashes % 6] += 6;
        }
        let key = key_and_value(&draw(&mut turns, &mut kv, 1)[0].2).0;
        assert_eq!(key, Value::Int(2));
    }

    #[test]
    fn clients_come_in_twos_for_each_node() {
        assert_eq!(made(10, 40).groups.len(), 2);
        assert_eq!(
            refused(3, 3),
            "lin-kv has 2 clients for each node at every key: it needs a multiple of 6 \
                 clients, and there are 3; try --concurrency 2n"
        );
        assert_eq!(
            refused(3, 9),
            "lin-kv has 2 clients for each node at every key: it needs a multiple of 6 \
                 clients, and there are 9; try --concurrency 4n"
        );
        assert_eq!(
            refused(11, 22),
            "lin-kv has at most 20 clients at a key, 2 for each node: it cannot have 11 \
                 nodes, 10 at most (--node-count)"
        );
    }

    #[test]
    fn requests_and_answers_have_maelstroms_form() {
        let mut kv = made(1, 2);
        let pair = |first: i64, second: i64| Value::from(vec![first, second]);
        let cases = [
            (
                Operation::new(&kv.read, at(7, Value::Nil)),
                r#"{"key":7,"type":"read"}"#,
                r#"{"type":"read_ok","in_reply_to":1,"value":3}"#,
                "[7 3]",
            ),
            (
                Operation::new(&kv.write, pair(7, 4)),
                r#"{"key":7,"type":"write","value":4}"#,
                r#"{"type":"write_ok","in_reply_to":1}"#,
                "[7 4]",
            ),
            (
                Operation::new(&kv.cas, at(7, pair(4, 2))),
                r#"{"from":4,"key":7,"to":2,"type":"cas"}"#,
                r#"{"type":"cas_ok","in_reply_to":1}"#,
                "[7 [4 2]]",
            ),
        ];
        for (operation, request, answer, value) in cases {
            let Step::Call(body) = kv.begin(0, &operation) else {
                panic!("{operation:?} ended at once");
            };
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let request: serde_json::Value = serde_json::from_str(request).unwrap();
            assert_eq!(body, request);
            let Ok(Step::Done(done)) = kv.answer(0, &operation, answer) else {
                panic!("{answer} did not end {operation:?}");
            };
            assert_eq!(done.value.to_string(), value);
        }
    }

    #[test]
    fn clients_wait_ten_latencies_and_a_second_at_least() {
        let timeout = |mean_latency_ms| {
            let settings = WorkloadOptions {
                mean_latency_ms,
                ..settings(1, 2)
            };
            LinKv::new(&settings).unwrap().timeout_ns()
        };
        assert_eq!(timeout(0), 1000 * MS);
        assert_eq!(timeout(100), 1000 * MS);
        assert_eq!(timeout(101), 1010 * MS);
    }
}
