//! Locks with leases: who has one knows how long nobody else has it.
//!
//! A client that acquires a lock gets a *fencing token*, a number from 1 on, or null if somebody has the lock. From the answer
//! on the client has it, until it releases it or the lease is over. The client counts the lease from the moment at which it
//! *asked*, by a right clock: no node can have granted it earlier. A node's own clock may jump and runs at half to twice
//! the speed (`--nemesis clock-skew`); that is all that may be said of it, so a node that waits for the end of a lease waits twice as long, by a timer.
//!
//! Judged:
//! - No two clients have a lock at the same time (`held-twice`), and nobody gets one that it has already.
//! - A sequential specification: the tokens of a lock grow; a lock is refused only if it was granted and not released since;
//!   what is released is the last grant, by its token.
//! - After faults have ended, a lock that is asked for ten times within twenty leases is granted once (`never-granted`).
//!
//! Not judged: how long after its lease a lock is granted again; in which order those get it who want it; whether a client
//! that releases too late is told so (`released: false`).
//!
//! Clients keep a lock for a random time, and sometimes for too long.
//!
//! Sources: Gray and Cheriton, "Leases" (1989); Burrows, "The Chubby lock service" (2006), for tokens ("sequencers").

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::workload::prelude::*;

/// How many locks there are at a time.
const LOCKS: u64 = 2;
/// How often each lock is asked for at last.
const ATTEMPTS: u64 = 10;

/// What clients do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
pub enum Operation {
    /// Asks for a lock.
    Acquire {
        /// The lock.
        lock: u64,
        /// How long it is wanted, in milliseconds.
        lease_ms: u64,
        /// Whether faults have ended.
        last: bool,
    },
    /// Gives a lock back.
    Release {
        /// The lock.
        lock: u64,
        /// The token that came with it.
        token: u64,
    },
}

/// What an operation completes with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Whether the client had the lock, as far as the node knows.
    Released(bool),
    /// The token, if the lock is granted.
    Token(Option<u64>),
}

/// What nodes are asked.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// For a lock.
    Acquire {
        /// The lock.
        lock: u64,
        /// For how long.
        lease_ms: u64,
    },
    /// To take it back.
    Release {
        /// The lock.
        lock: u64,
        /// The token that came with it.
        token: u64,
    },
}

/// What nodes answer.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To a request for a lock.
    AcquireOk {
        /// The token, if it is granted.
        token: Option<u64>,
    },
}

/// The options.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Options {
    /// How long locks are wanted, in milliseconds.
    pub lease_ms: u64,
    /// How many operations pass until there are other locks.
    pub ops_per_lock: u64,
}

impl Default for Options {
    fn default() -> Self {
        let (lease_ms, ops_per_lock) = (500, 300);
        Options {
            lease_ms,
            ops_per_lock,
        }
    }
}

/// The workload, with what its clients have done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lock {
    options: Options,
    /// The lock and the token that each worker has got, and not released.
    held: BTreeMap<usize, (u64, u64)>,
    /// How many operations of the main phase have begun.
    begun: u64,
    /// The locks that were used.
    used: BTreeSet<u64>,
    /// How many of the last ones, and when the first was due.
    asked: u64,
    since: Option<Duration>,
}

impl Workload for Lock {
    const NAME: &'static str = "lock";
    const ABOUT: &'static str = "Locks with leases and fencing tokens.";
    const OPERATIONS: &'static [OperationKind] = &[changes("acquire"), changes("release")];
    const MESSAGES: &'static [&'static str] = &[
        "acquire {lock: integer, lease_ms: integer} -> acquire_ok {token: any}",
        "release {lock: integer, token: integer} -> release_ok {released: boolean}",
    ];
    const HELP: &'static [(&'static str, &'static str)] = &[
        ("lease-ms", "How long locks are wanted, in milliseconds"),
        (
            "ops-per-lock",
            "How many operations pass until there are other locks",
        ),
    ];
    const HAS_LAST: bool = true;
    const CHECKS_HISTORY: bool = true;

    type Options = Options;
    type Operation = Operation;
    type Outcome = Outcome;
    type Request = Request;
    type Answer = Answer;
    type Specification = Self;

    fn new(_: &Cluster, options: Options) -> Result<Self, String> {
        if options.lease_ms == 0 || options.ops_per_lock == 0 {
            return Err("lease-ms and ops-per-lock have to be at least 1".to_owned());
        }
        let held = BTreeMap::new();
        Ok(Lock {
            options,
            held,
            begun: 0,
            used: BTreeSet::new(),
            asked: 0,
            since: None,
        })
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let round = self.begun / self.options.ops_per_lock;
        self.begun += 1;
        if turn.draws.chance(500)
            && let Some((lock, token)) = self.held.remove(&turn.worker)
        {
            return Next::Invoke(Operation::Release { lock, token });
        }
        let lock = round * LOCKS + turn.draws.below(LOCKS);
        self.acquire(lock, false)
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let locks = self.used.len() as u64;
        if self.asked >= locks * ATTEMPTS {
            return Next::Done;
        }
        let spent = Duration::from_millis(2 * self.options.lease_ms * (self.asked / locks));
        let due = *self.since.get_or_insert(turn.now) + spent;
        if turn.now < due {
            return Next::Later(due);
        }
        let index = usize::try_from(self.asked % locks).unwrap_or(0);
        self.asked += 1;
        match self.used.iter().nth(index) {
            Some(&lock) => self.acquire(lock, true),
            None => Next::Done,
        }
    }

    fn begin(&mut self, _: usize, operation: &Operation) -> Step<Self> {
        // A replay asks for no operations but the last ones.
        self.used.insert(operation.lock());
        match *operation {
            Operation::Acquire { lock, lease_ms, .. } => {
                Step::call(Request::Acquire { lock, lease_ms })
            }
            Operation::Release { lock, token } => {
                Step::call(Request::Release { lock, token }).completes_with("released")
            }
        }
    }

    fn answer(&mut self, worker: usize, operation: &Operation, answer: Answer) -> Step<Self> {
        let Answer::AcquireOk { token } = answer;
        if let (Operation::Acquire { lock, .. }, Some(token)) = (operation, token) {
            self.held.insert(worker, (*lock, token));
        }
        Step::ok(Outcome::Token(token))
    }

    fn check(history: &History<Self>) -> Findings {
        let mut findings = Findings::default();
        let mut locks: BTreeMap<u64, Vec<Hold>> = BTreeMap::new();
        let mut releases: BTreeMap<(u64, u64), Vec<[Duration; 2]>> = BTreeMap::new();
        let mut refusals: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for record in history.iter() {
            match (&record.operation, record.outcome()) {
                (Operation::Acquire { lock, last, .. }, Some(Outcome::Token(None))) if *last => {
                    refusals.entry(*lock).or_default().push(record.index);
                }
                (Operation::Acquire { lock, lease_ms, .. }, Some(Outcome::Token(Some(token)))) => {
                    locks.entry(*lock).or_default().push(Hold {
                        index: record.index,
                        worker: record.worker,
                        token: *token,
                        invoked: record.invoked,
                        from: record.completed.unwrap_or(record.invoked),
                        until: record.invoked + Duration::from_millis(*lease_ms),
                    });
                }
                (Operation::Release { lock, token }, outcome) => {
                    let end = record.completed.filter(|_| outcome.is_some());
                    let span = [record.invoked, end.unwrap_or(Duration::MAX)];
                    releases.entry((*lock, *token)).or_default().push(span);
                }
                _ => {}
            }
        }
        for (lock, mut holds) in locks {
            for hold in &mut holds {
                let releases = releases.get(&(lock, hold.token)).into_iter().flatten();
                let later = releases.filter(|[_, end]| *end > hold.invoked);
                let first = later.map(|[invoked, _]| *invoked).min();
                hold.until = hold.until.min(first.unwrap_or(hold.until));
            }
            holds.retain(|hold| hold.from < hold.until);
            holds.sort_by_key(|hold| hold.from);
            for pair in holds.windows(2).filter(|pair| pair[1].from < pair[0].until) {
                let time = pair[1].until.min(pair[0].until) - pair[1].from;
                let [one, other] = [&pair[0], &pair[1]].map(|hold| hold.worker);
                let text = format!("workers {one} and {other} both had lock {lock} for {time:?}");
                findings.problem("held-twice", text, &[pair[0].index, pair[1].index]);
            }
        }
        for (lock, refused) in refusals {
            if refused.len() as u64 >= ATTEMPTS {
                let text =
                    format!("lock {lock} was refused {ATTEMPTS} times after faults had ended");
                findings.problem("never-granted", text, &refused);
            }
        }
        findings
    }
}

/// A lock in the hands of a client: from the answer to the end of the lease, or until somebody asks to release it.
struct Hold {
    index: u64,
    worker: usize,
    token: u64,
    invoked: Duration,
    from: Duration,
    until: Duration,
}

impl Lock {
    fn acquire(&self, lock: u64, last: bool) -> Next<Operation> {
        let lease_ms = self.options.lease_ms;
        Next::Invoke(Operation::Acquire {
            lock,
            lease_ms,
            last,
        })
    }
}

/// What is known of a lock without looking at a clock.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The last token.
    token: u64,
    /// Whether it was granted and not released since. Its lease may be over.
    is_held: bool,
}

impl Specification<Self> for Lock {
    type State = State;

    fn apply(state: &mut State, operation: &Operation) -> Outcome {
        match operation {
            Operation::Acquire { .. } if state.is_held => Outcome::Token(None),
            Operation::Acquire { .. } => {
                let token = state.token + 1;
                *state = State {
                    token,
                    is_held: true,
                };
                Outcome::Token(Some(token))
            }
            Operation::Release { token, .. } => {
                let released = state.is_held && *token == state.token;
                state.is_held &= !released;
                Outcome::Released(released)
            }
        }
    }

    fn accept(state: &mut State, operation: &Operation, outcome: &Outcome) -> Result<(), Outcome> {
        match *outcome {
            // The lease before may be over.
            Outcome::Token(Some(token)) if token > state.token => {
                *state = State {
                    token,
                    is_held: true,
                };
                Ok(())
            }
            Outcome::Released(false) => Ok(()),
            _ => match Self::apply(state, operation) {
                expected if expected == *outcome => Ok(()),
                expected => Err(expected),
            },
        }
    }

    fn key(operation: &Operation) -> Option<Value> {
        Some(json!(operation.lock()))
    }
}

impl Operation {
    fn lock(&self) -> u64 {
        let (Operation::Acquire { lock, .. } | Operation::Release { lock, .. }) = self;
        *lock
    }
}

guest_sdk::export_workload!(Lock);

#[cfg(test)]
mod tests;
