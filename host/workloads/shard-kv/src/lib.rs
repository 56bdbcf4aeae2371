//! A sharded key-value store. Keys belong to shards, shards to groups of nodes, and a controller moves shards between groups while
//! clients read and write. Keys are integers, and the key `k` belongs to the shard `k` modulo 8.
//!
//! ```text
//! > {"type":"join","msg_id":1,"group":1,"nodes":["n0"]}
//! < {"type":"join_ok","in_reply_to":1}
//! > {"type":"append","msg_id":2,"key":3,"value":17,"client":0,"serial":5}
//! < {"type":"error","in_reply_to":2,"code":1000,"text":"ask n1","node":"n1"}
//! > {"type":"get","msg_id":3,"key":3}
//! < {"type":"get_ok","in_reply_to":3,"value":[17]}
//! > {"type":"config","msg_id":4}
//! < {"type":"config_ok","in_reply_to":4,"shards":[1,2,1,2,1,2,1,2]}
//! ```
//!
//! A value is a list: `put` makes it a list of one element, `append` adds one, `get` of a key without value returns `[]`. Any node may be asked anything. It
//! answers, or asks others, or redirects the client by error 1000 with the `node` to ask; all other errors are Maelstrom's.
//!
//! A client that got no answer asks another node the same again, up to three times. `client` and `serial` name the request: a client has one at a
//! time, and serials grow. A request takes effect once, however often it arrives, and wherever its shard has gone meanwhile.
//!
//! At first there are no groups. `join` adds one, `leave` removes one (error 22 for the last one), and both leave shards evenly spread: the numbers of
//! shards of any two groups differ by one at most (if there are no more groups than shards). `move` gives a shard to a group (error 22 if there is no such group), until the next `join` or `leave` that changes the groups.
//!
//! # What is promised
//!
//! `get`, `put` and `append` are linearizable for each key; so are `join`, `leave`, `move` and `config` with each other. After recovery every key can be read within ten seconds
//! (`unreachable`), and nothing that was acknowledged is missing.
//!
//! Not judged: how long keys of a shard that moves cannot be used, and how many shards a `join` moves.
//!
//! Sources: lab 5 of MIT's course 6.5840 and the last lab of the University of Washington's DSLabs have such a store.

mod specification;
#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::workload::prelude::*;

pub use specification::{SHARDS, Store};

/// The code of an error that redirects.
const ASK_ANOTHER: u64 = 1000;
/// So often a request is redirected.
const REDIRECTS_MAX: u32 = 10;
/// So often it is sent again if there is no answer.
const RETRIES_MAX: u32 = 3;
/// How long groups have to join after recovery, how long every key has to be read then, and the pause before anything is tried again.
const JOIN_PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);
/// So many keys are read at last.
const LAST_KEYS: u64 = 16;

/// Options of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    group_size: usize,
    key_count: u64,
    writes_per_key: u64,
    config_percent: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            group_size: 1,
            key_count: 4,
            writes_per_key: 16,
            config_percent: 10,
        }
    }
}

/// What clients do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the crate describes the fields")]
pub enum Operation {
    /// Read a key.
    Get { key: u64 },
    /// The same after recovery.
    GetAtLast { key: u64 },
    /// Replace the value of a key.
    Put { key: u64, value: u64 },
    /// Append to the value of a key.
    Append { key: u64, value: u64 },
    /// Add a group.
    Join { group: u64, nodes: Vec<String> },
    /// Remove a group.
    Leave { group: u64 },
    /// Give a shard to a group.
    Move { shard: u64, group: u64 },
    /// Read which group has which shard.
    Config,
}

/// The body of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the crate describes the messages")]
pub enum Request {
    Get {
        key: u64,
    },
    Put {
        key: u64,
        value: u64,
        client: usize,
        serial: u64,
    },
    Append {
        key: u64,
        value: u64,
        client: usize,
        serial: u64,
    },
    Join {
        group: u64,
        nodes: Vec<String>,
    },
    Leave {
        group: u64,
    },
    Move {
        shard: u64,
        group: u64,
    },
    Config {},
}

/// The body of an answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the crate describes the messages")]
pub enum Answer {
    GetOk { value: Vec<u64> },
    PutOk {},
    AppendOk {},
    JoinOk {},
    LeaveOk {},
    MoveOk {},
    ConfigOk { shards: Vec<u64> },
}

/// A worker's request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Client {
    serial: u64,
    node: usize,
    redirects: u32,
    retries: u32,
}

/// The clients.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShardKv {
    nodes: Vec<String>,
    options: Options,
    clients: Vec<Client>,
    /// The keys in use, with how often each was written.
    keys: Vec<(u64, u64)>,
    keys_begun: u64,
    values_written: u64,
    /// The groups that have joined, as far as is known.
    joined: Vec<u64>,
    /// The worker that changes the groups at the moment: one at a time.
    changing: Option<usize>,
    /// Once recovery is over.
    last: Option<Last>,
}

/// What clients do after recovery: two groups join, then one of them leaves while all is read.
#[derive(Debug, Serialize, Deserialize)]
struct Last {
    began: Duration,
    reads: bool,
    /// What is to be done, each not before a time.
    due: Vec<(Operation, Duration)>,
}

impl Workload for ShardKv {
    const NAME: &'static str = "shard-kv";
    const ABOUT: &'static str = "A sharded key-value store whose shards move between groups.";
    const OPERATIONS: &'static [OperationKind] = &[
        reads("get"),
        reads("get-at-last"),
        changes("put"),
        changes("append"),
        changes("join"),
        changes("leave"),
        changes("move"),
        reads("config"),
    ];
    const MESSAGES: &'static [&'static str] = &[
        "get {key: integer} -> get_ok {value: [integer]}",
        "put {key: integer, value: integer, client: integer, serial: integer} -> put_ok {}",
        "append {key: integer, value: integer, client: integer, serial: integer} -> append_ok {}",
        "join {group: integer, nodes: [string]} -> join_ok {}",
        "leave {group: integer} -> leave_ok {}",
        "move {shard: integer, group: integer} -> move_ok {}",
        "config {} -> config_ok {shards: [integer]}",
    ];
    const HELP: &'static [(&'static str, &'static str)] = &[
        (
            "group-size",
            "how many nodes a group has; groups are numbered from 1",
        ),
        ("key-count", "how many keys are in use at a time"),
        (
            "writes-per-key",
            "after so many writes a new key replaces one",
        ),
        (
            "config-percent",
            "how many of 100 operations join, leave, move or read the configuration",
        ),
    ];
    const HAS_LAST: bool = true;
    const HANDLES_ERRORS: bool = true;
    const CHECKS_HISTORY: bool = true;
    const TIMEOUT: Duration = Duration::from_secs(1);

    type Options = Options;
    type Operation = Operation;
    type Outcome = Option<Vec<u64>>;
    type Request = Request;
    type Answer = Answer;
    type Specification = Store;

    fn new(cluster: &Cluster, options: Options) -> Result<Self, String> {
        for (name, value) in [
            ("group-size", options.group_size as u64),
            ("key-count", options.key_count),
            ("writes-per-key", options.writes_per_key),
        ] {
            if !(1..=1000).contains(&value) {
                return Err(format!(
                    "--{name} {value}: expected a number from 1 to 1000"
                ));
            }
        }
        if cluster.nodes.len() < 2 * options.group_size {
            return Err(format!(
                "{} nodes are not two groups of {}: raise --node-count",
                cluster.nodes.len(),
                options.group_size
            ));
        }
        Ok(ShardKv {
            nodes: cluster.nodes.clone(),
            clients: vec![Client::default(); cluster.workers],
            keys: (0..options.key_count).map(|key| (key, 0)).collect(),
            keys_begun: options.key_count,
            values_written: 0,
            joined: Vec::new(),
            changing: None,
            last: None,
            options,
        })
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let configures =
            self.joined.is_empty() || turn.draws.below(100) < self.options.config_percent;
        if configures && self.changing.is_none() {
            self.changing = Some(turn.worker);
            return Next::Invoke(self.configure(turn.draws));
        }
        let place = turn.draws.index(self.keys.len());
        let key = self.keys[place].0;
        Next::Invoke(match turn.draws.below(10) {
            0..=4 => Operation::Get { key },
            5 => self.write(place, |key, value| Operation::Put { key, value }),
            _ => self.write(place, |key, value| Operation::Append { key, value }),
        })
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let mut last = self.last.take().unwrap_or_else(|| {
            let due = vec![(self.join(1), turn.now), (self.join(2), turn.now)];
            let (began, reads) = (turn.now, false);
            Last { began, reads, due }
        });
        if !last.reads && (last.due.is_empty() || turn.now >= last.began + JOIN_PATIENCE) {
            (last.reads, last.began) = (true, turn.now);
            let keys = self.keys_begun.saturating_sub(LAST_KEYS)..self.keys_begun;
            let reads = keys.map(|key| Operation::GetAtLast { key });
            let others = [
                Operation::Leave { group: 2 },
                Operation::Move { shard: 0, group: 1 },
                Operation::Config,
            ];
            let all = others.into_iter().chain(reads);
            last.due = all.map(|operation| (operation, turn.now)).collect();
        }
        let last = self.last.insert(last);
        let next = last.due.iter_mut().min_by_key(|(_, from)| *from);
        match next {
            _ if turn.now >= last.began + PATIENCE => Next::Done,
            None => Next::Done,
            Some((_, from)) if *from > turn.now => Next::Later(*from),
            Some((operation, from)) => {
                *from = turn.now + PAUSE;
                Next::Invoke(operation.clone())
            }
        }
    }

    fn begin(&mut self, worker: usize, operation: &Operation) -> Step<Self> {
        if let Operation::Put { key, .. } | Operation::Append { key, .. } = *operation {
            // In a replay nobody has asked for the keys before.
            self.keys_begun = self.keys_begun.max(key + 1);
        }
        let client = &mut self.clients[worker];
        *client = Client {
            serial: client.serial + 1,
            node: worker % self.nodes.len(),
            ..Client::default()
        };
        self.ask(worker, operation)
    }

    fn answer(&mut self, worker: usize, operation: &Operation, answer: Answer) -> Step<Self> {
        if let Some(last) = &mut self.last {
            last.due.retain(|(other, _)| other != operation);
        }
        match (operation, answer) {
            (Operation::Get { .. } | Operation::GetAtLast { .. }, Answer::GetOk { value }) => {
                Step::ok(Some(value))
            }
            (Operation::Put { .. }, Answer::PutOk {})
            | (Operation::Append { .. }, Answer::AppendOk {}) => Step::ok(None),
            (Operation::Move { .. }, Answer::MoveOk {}) => self.configured(worker, None),
            (&Operation::Join { group, .. }, Answer::JoinOk {}) => {
                self.joined.retain(|other| *other != group);
                self.joined.push(group);
                self.configured(worker, None)
            }
            (&Operation::Leave { group }, Answer::LeaveOk {}) => {
                self.joined.retain(|other| *other != group);
                self.configured(worker, None)
            }
            (Operation::Config, Answer::ConfigOk { shards }) => {
                self.configured(worker, Some(shards))
            }
            (operation, answer) => {
                Step::malformed(format!("{answer:?} is no answer to {operation:?}"))
            }
        }
    }

    fn error(
        &mut self,
        worker: usize,
        operation: &Operation,
        error: &ErrorAnswer<'_>,
    ) -> Step<Self> {
        #[derive(Deserialize)]
        struct Redirect {
            node: String,
        }
        let client = &mut self.clients[worker];
        if error.code == ASK_ANOTHER {
            let Some(Redirect { node }) = error.read() else {
                return Step::malformed("error 1000 has no field \"node\" with the node to ask");
            };
            let Some(node) = self.nodes.iter().position(|name| *name == node) else {
                return Step::malformed(format!("error 1000 names {node:?}, which is no node"));
            };
            if client.redirects < REDIRECTS_MAX {
                client.redirects += 1;
                client.node = node;
                return self.ask(worker, operation);
            }
        }
        let has_certainly_failed =
            client.retries == 0 && (error.code == ASK_ANOTHER || error.is_definite());
        self.release(worker);
        match has_certainly_failed {
            true => Step::fail(format!("error {}", error.code)),
            // An earlier request of this operation got no answer.
            false => Step::info(format!("error {}", error.code)),
        }
    }

    fn timed_out(&mut self, worker: usize, operation: &Operation) -> Step<Self> {
        let client = &mut self.clients[worker];
        // Only what has a serial may be sent again. What is read may be read again, too.
        let is_change_of_groups = matches!(
            operation,
            Operation::Join { .. } | Operation::Leave { .. } | Operation::Move { .. }
        );
        if is_change_of_groups || client.retries == RETRIES_MAX {
            self.release(worker);
            return Step::info("no answer");
        }
        client.retries += 1;
        client.redirects = 0;
        client.node = (client.node + 1) % self.nodes.len();
        self.ask(worker, operation)
    }

    fn reopened(&mut self, worker: usize) {
        self.release(worker);
    }

    fn check(history: &History<Self>) -> Findings {
        specification::check(history)
    }
}

impl ShardKv {
    /// Sends the request of an operation to the node whose turn it is.
    fn ask(&self, worker: usize, operation: &Operation) -> Step<Self> {
        let Client { serial, node, .. } = self.clients[worker];
        let client = worker;
        let request = match *operation {
            Operation::Get { key } | Operation::GetAtLast { key } => Request::Get { key },
            Operation::Put { key, value } => Request::Put {
                key,
                value,
                client,
                serial,
            },
            Operation::Append { key, value } => Request::Append {
                key,
                value,
                client,
                serial,
            },
            Operation::Join { group, ref nodes } => Request::Join {
                group,
                nodes: nodes.clone(),
            },
            Operation::Leave { group } => Request::Leave { group },
            Operation::Move { shard, group } => Request::Move { shard, group },
            Operation::Config => Request::Config {},
        };
        Step::call(request).at(node)
    }

    fn write(&mut self, place: usize, operation: impl Fn(u64, u64) -> Operation) -> Operation {
        self.values_written += 1;
        let (key, writes) = &mut self.keys[place];
        let operation = operation(*key, self.values_written);
        *writes += 1;
        if *writes >= self.options.writes_per_key {
            (*key, *writes) = (self.keys_begun, 0);
            self.keys_begun += 1;
        }
        operation
    }

    /// The next operation on groups: most move the shard of a key that is in use.
    fn configure(&self, draws: &mut Draws) -> Operation {
        let groups = 1..=(self.nodes.len() / self.options.group_size) as u64;
        let absent: Vec<u64> = groups
            .filter(|group| !self.joined.contains(group))
            .collect();
        let may_join = !absent.is_empty();
        let (key, _) = self.keys[draws.index(self.keys.len())];
        match (self.joined.len(), draws.below(10)) {
            (0, _) => self.join(absent[0]),
            (1, 0..=6) | (_, 0) if may_join => self.join(draws.pick(&absent)),
            (2.., 1) => Operation::Leave {
                group: draws.pick(&self.joined),
            },
            (_, 2..=3) => Operation::Config,
            _ => Operation::Move {
                shard: key % SHARDS,
                group: draws.pick(&self.joined),
            },
        }
    }

    fn join(&self, group: u64) -> Operation {
        let size = self.options.group_size;
        let groups = (1..).zip(self.nodes.chunks(size));
        let nodes = groups.filter(|(number, _)| *number == group);
        let nodes = nodes.flat_map(|(_, nodes)| nodes.to_vec()).collect();
        Operation::Join { group, nodes }
    }

    fn configured(&mut self, worker: usize, outcome: Option<Vec<u64>>) -> Step<Self> {
        self.release(worker);
        Step::ok(outcome)
    }

    /// Lets another worker change the groups, if this one did.
    fn release(&mut self, worker: usize) {
        self.changing = self.changing.filter(|changing| *changing != worker);
    }
}

guest_sdk::export_workload!(ShardKv);
