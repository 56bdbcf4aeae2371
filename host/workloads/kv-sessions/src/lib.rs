//! A key-value store with sessions. A client opens a session, reads and writes in it, and moves from node to node. A token goes
//! with it: each answer brings a new one, each request carries the last one, and what is in it is the node's own affair.
//!
//! ```text
//! > {"type":"open","msg_id":1,"guarantees":["read-your-writes","monotonic-reads"]}
//! < {"type":"open_ok","in_reply_to":1,"token":{}}
//! > {"type":"write","msg_id":2,"key":3,"value":17,"token":{}}
//! < {"type":"write_ok","in_reply_to":2,"token":{"n0":1}}
//! > {"type":"read","msg_id":3,"key":3,"token":{"n0":1}}
//! < {"type":"read_ok","in_reply_to":3,"value":17,"token":{"n0":1}}
//! ```
//!
//! `value` is left out by a `read_ok` if the key was never written. No value is written twice. A node that cannot serve a token
//! yet waits, or answers with error 11.
//!
//! # What is promised
//!
//! A node has executed some writes, in an order; a read returns the last of them to its key. What a session may demand
//! (`guarantees` of `open`; the option `--guarantees`):
//!
//! | guarantee | what it says about a node that serves the session |
//! |---|---|
//! | `read-your-writes` | it has executed the writes of the session that were acknowledged before the read began |
//! | `monotonic-reads` | it has executed the writes whose values the session has read |
//! | `monotonic-writes` | whoever executes a write of the session has executed those before it in the session, before it |
//! | `writes-follow-reads` | whoever executes a write of the session has executed those whose values the session had read, before it |
//! | `convergence` | all nodes execute the writes to a key in the same order, and after recovery all have executed all that was acknowledged |
//!
//! The first four together are causal consistency; with `convergence` it is causal convergence (COPS calls it causal+). Source: Terry and others, "Session
//! guarantees for weakly consistent replicated data", 1994; for the fifth: Bouajjani and others, "On verifying causal consistency", 2017.
//!
//! Anomalies have the names of the guarantees they break. Besides there are `thin-air` (a value that nobody has written to the key), `lost-write` (after recovery),
//! `not-converged` (nodes differ after recovery) and `unreachable` (a node does not serve a new session for ten seconds after recovery).
//!
//! Not judged: how old a read is. A store whose nodes never hear of each other is right while no session moves, until recovery is over.

mod check;
#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::workload::prelude::*;

/// How long nodes have to serve a new session after recovery, and how long one is left alone after it was asked.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(1);
/// So many keys are read at last.
const LAST_KEYS: usize = 8;

/// What a session demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// Reads see the session's own writes.
    ReadYourWrites,
    /// Reads see what earlier reads have seen.
    MonotonicReads,
    /// Writes come after the session's earlier writes.
    MonotonicWrites,
    /// Writes come after what the session has read.
    WritesFollowReads,
    /// There is one order of the writes to a key.
    Convergence,
}

impl Guarantee {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "read-your-writes",
            Guarantee::MonotonicReads => "monotonic-reads",
            Guarantee::MonotonicWrites => "monotonic-writes",
            Guarantee::WritesFollowReads => "writes-follow-reads",
            Guarantee::Convergence => "convergence",
        }
    }
}

/// Options of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    guarantees: String,
    key_count: usize,
    writes_per_key: u64,
    session_length: u64,
    move_percent: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            guarantees: "causal+convergence".to_owned(),
            key_count: 4,
            writes_per_key: 16,
            session_length: 12,
            move_percent: 20,
        }
    }
}

/// What clients do. `at` is the node that is asked, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Operation {
    /// Open a session.
    Open { session: u64, at: usize },
    /// Read a key.
    Read { session: u64, at: usize, key: u64 },
    /// Write a key.
    Write {
        session: u64,
        at: usize,
        key: u64,
        value: u64,
    },
    /// Read a key in a new session, after recovery.
    ReadAtLast { at: usize, key: u64 },
}

/// The body of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the crate describes the messages")]
pub enum Request {
    Open { guarantees: Vec<Guarantee> },
    Read { key: u64, token: Value },
    Write { key: u64, value: u64, token: Value },
}

/// The body of an answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the crate describes the messages")]
pub enum Answer {
    OpenOk { token: Value },
    ReadOk { value: Option<u64>, token: Value },
    WriteOk { token: Value },
}

/// A worker's session.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Session {
    number: u64,
    /// The last token that it got; none if the session is not open.
    token: Option<Value>,
    at: usize,
    operations_left: u64,
    /// The place of the key that it used last among those in use.
    place: usize,
}

/// A key that clients use at the moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Key {
    key: u64,
    writes: u64,
}

/// A read that is still due after recovery: the node, the key, and when to ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Due {
    at: usize,
    key: u64,
    from: Duration,
}

/// The clients.
#[derive(Debug, Serialize, Deserialize)]
pub struct KvSessions {
    nodes: usize,
    options: Options,
    guarantees: Vec<Guarantee>,
    sessions: Vec<Session>,
    sessions_opened: u64,
    keys: Vec<Key>,
    keys_begun: u64,
    values_written: u64,
    /// Once recovery is over: its end, and what is due.
    last: Option<(Duration, Vec<Due>)>,
}

impl Workload for KvSessions {
    const NAME: &'static str = "kv-sessions";
    const ABOUT: &'static str =
        "A key-value store whose clients move from node to node in sessions.";
    const OPERATIONS: &'static [OperationKind] = &[
        changes("open"),
        reads("read"),
        changes("write"),
        reads("read-at-last"),
    ];
    const MESSAGES: &'static [&'static str] = &[
        "open {guarantees: [string]} -> open_ok {token: any}",
        "read {key: integer, token: any} -> read_ok {value?: integer, token: any}",
        "write {key: integer, value: integer, token: any} -> write_ok {token: any}",
    ];
    const HELP: &'static [(&'static str, &'static str)] = &[
        (
            "guarantees",
            "what sessions demand: read-your-writes, monotonic-reads, monotonic-writes, writes-follow-reads, convergence, joined by +; causal is the first four",
        ),
        ("key-count", "how many keys are in use at a time"),
        (
            "writes-per-key",
            "after so many writes a new key replaces one",
        ),
        ("session-length", "how many operations a session has"),
        (
            "move-percent",
            "how often, of 100 operations, a session moves to another node before it",
        ),
    ];
    const HAS_LAST: bool = true;
    const CHECKS_HISTORY: bool = true;

    type Options = Options;
    type Operation = Operation;
    type Outcome = Option<u64>;
    type Request = Request;
    type Answer = Answer;
    type Specification = ();

    fn new(cluster: &Cluster, options: Options) -> Result<Self, String> {
        let guarantees = guarantees(&options.guarantees)?;
        for (name, value) in [
            ("key-count", options.key_count as u64),
            ("writes-per-key", options.writes_per_key),
            ("session-length", options.session_length),
        ] {
            if !(1..=1000).contains(&value) {
                return Err(format!(
                    "--{name} {value}: expected a number from 1 to 1000"
                ));
            }
        }
        let keys = (0..options.key_count as u64).map(|key| Key { key, writes: 0 });
        Ok(KvSessions {
            nodes: cluster.nodes.len(),
            guarantees,
            sessions: vec![Session::default(); cluster.workers],
            sessions_opened: 0,
            keys: keys.collect(),
            keys_begun: options.key_count as u64,
            values_written: 0,
            last: None,
            options,
        })
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let worker = turn.worker;
        let session = &mut self.sessions[worker];
        if session.token.is_none() || session.operations_left == 0 {
            self.sessions_opened += 1;
            return Next::Invoke(Operation::Open {
                session: self.sessions_opened,
                at: worker % self.nodes,
            });
        }
        session.operations_left -= 1;
        if turn.draws.below(100) < self.options.move_percent {
            session.at = turn.draws.index(self.nodes);
        }
        // Chains of causes show mistakes: read a key, and write the next one, as an answer to it; read a key, and then the one before it.
        let keys = self.keys.len();
        let (place, writes) = match turn.draws.below(4) {
            0 => (session.place, false),
            1 => (session.place + 1, true),
            2 => (session.place + keys - 1, false),
            _ => (turn.draws.index(keys), turn.draws.chance(500)),
        };
        session.place = place % keys;
        let (session, at, place) = (session.number, session.at, session.place);
        Next::Invoke(match writes {
            true => self.write(session, at, place),
            false => {
                let key = self.keys[place].key;
                Operation::Read { session, at, key }
            }
        })
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        if !self.guarantees.contains(&Guarantee::Convergence) {
            return Next::Done;
        }
        let (nodes, keys_begun) = (self.nodes, self.keys_begun);
        let (began, due) = self.last.get_or_insert_with(|| {
            let first = keys_begun.saturating_sub(LAST_KEYS as u64);
            let keys = first..keys_begun;
            let due = keys.flat_map(|key| (0..nodes).map(move |at| (at, key)));
            let due = due.map(|(at, key)| Due {
                at,
                key,
                from: turn.now,
            });
            (turn.now, due.collect())
        });
        if turn.now >= *began + PATIENCE {
            return Next::Done;
        }
        let Some(next) = due.iter_mut().min_by_key(|it| it.from) else {
            return Next::Done;
        };
        if next.from > turn.now {
            return Next::Later(next.from);
        }
        next.from = turn.now + PAUSE;
        Next::Invoke(Operation::ReadAtLast {
            at: next.at,
            key: next.key,
        })
    }

    fn begin(&mut self, worker: usize, operation: &Operation) -> Step<Self> {
        let (session, at, key) = match *operation {
            Operation::Open { at, .. } => {
                self.sessions[worker].token = None;
                let guarantees = self.guarantees.clone();
                return Step::call(Request::Open { guarantees }).at(at % self.nodes);
            }
            Operation::ReadAtLast { at, .. } => {
                let guarantees = Vec::new();
                return Step::call(Request::Open { guarantees }).at(at % self.nodes);
            }
            Operation::Read { session, at, key }
            | Operation::Write {
                session, at, key, ..
            } => (session, at, key),
        };
        // In a replay nobody has asked for the keys before.
        self.keys_begun = self.keys_begun.max(key + 1);
        let open = &self.sessions[worker];
        let Some(token) = open.token.clone().filter(|_| open.number == session) else {
            return Step::fail(format!("the session {session} is not open"));
        };
        let request = match *operation {
            Operation::Write { value, .. } => Request::Write { key, value, token },
            _ => Request::Read { key, token },
        };
        Step::call(request).at(at % self.nodes)
    }

    fn answer(&mut self, worker: usize, operation: &Operation, answer: Answer) -> Step<Self> {
        let session = &mut self.sessions[worker];
        match (operation, answer) {
            (
                &Operation::Open {
                    session: number,
                    at,
                },
                Answer::OpenOk { token },
            ) => {
                *session = Session {
                    number,
                    token: Some(token),
                    at,
                    operations_left: self.options.session_length,
                    place: session.place,
                };
                Step::ok(None)
            }
            (Operation::Read { .. }, Answer::ReadOk { value, token }) => {
                session.token = Some(token);
                Step::ok(value)
            }
            (Operation::Write { .. }, Answer::WriteOk { token }) => {
                session.token = Some(token);
                Step::ok(None)
            }
            (&Operation::ReadAtLast { at, key }, Answer::OpenOk { token }) => {
                Step::call(Request::Read { key, token }).at(at % self.nodes)
            }
            (&Operation::ReadAtLast { at, key }, Answer::ReadOk { value, .. }) => {
                if let Some((_, due)) = &mut self.last {
                    due.retain(|it| (it.at, it.key) != (at, key));
                }
                Step::ok(value)
            }
            (operation, answer) => {
                Step::malformed(format!("{answer:?} is no answer to {operation:?}"))
            }
        }
    }

    fn reopened(&mut self, worker: usize) {
        // The token of the operation that has been given up will not come.
        self.sessions[worker].token = None;
    }

    fn check(history: &History<Self>) -> Findings {
        match guarantees(&history.options.guarantees) {
            Ok(demanded) => check::check(history, demanded),
            Err(why) => {
                let mut findings = Findings::default();
                findings.unknown(why);
                findings
            }
        }
    }
}

impl KvSessions {
    fn write(&mut self, session: u64, at: usize, place: usize) -> Operation {
        self.values_written += 1;
        let key = &mut self.keys[place];
        let operation = Operation::Write {
            session,
            at,
            key: key.key,
            value: self.values_written,
        };
        key.writes += 1;
        if key.writes >= self.options.writes_per_key {
            *key = Key {
                key: self.keys_begun,
                writes: 0,
            };
            self.keys_begun += 1;
        }
        operation
    }
}

/// All guarantees; the first four are causal consistency.
const ALL: [Guarantee; 5] = [
    Guarantee::ReadYourWrites,
    Guarantee::MonotonicReads,
    Guarantee::MonotonicWrites,
    Guarantee::WritesFollowReads,
    Guarantee::Convergence,
];

/// Reads a list of guarantees.
fn guarantees(list: &str) -> Result<Vec<Guarantee>, String> {
    let names: Vec<&str> = list.split('+').map(str::trim).collect();
    let is_known = |name: &str| name == "causal" || ALL.iter().any(|it| it.name() == name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let all = ALL.map(Guarantee::name).join(", ");
        return Err(format!(
            "--guarantees: there is no {name:?}; expected {all} or causal, joined by +"
        ));
    }
    let demanded = ALL.iter().enumerate().filter(|(place, it)| {
        names.contains(&it.name()) || (*place < 4 && names.contains(&"causal"))
    });
    Ok(demanded.map(|(_, it)| *it).collect())
}

guest_sdk::export_workload!(KvSessions);
