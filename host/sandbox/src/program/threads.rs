//! The threads of a program: which of them can run, what the others wait for, and who is next.
//!
//! One thread runs at a time, and only where it waits do others take over: for an address, in
//! `poll_oneoff`, for input, for the disk, and where it yields. Which of those that can run is next
//! is drawn from the seed. So a run with threads is a function of its inputs like any other.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::io::Io;
use crate::engine::STACK_BYTES;

/// The most threads of a program at a time, the main one included.
pub(super) const THREADS_MAX: usize = 256;

/// The largest number of a thread; the proposal reserves the bits above.
const TID_MAX: u32 = (1 << 29) - 1;

/// What a thread takes in memory besides the program's own: its stack, all of which may be in use.
const THREAD_BYTES: usize = STACK_BYTES + (64 << 10);

/// The stream of random numbers that the order is drawn from; that of the program is 0.
const ORDER_STREAM: u64 = 1;

/// The number of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tid(u32);

/// The thread that runs `_start`. It has no number in the program.
pub(super) const MAIN: Tid = Tid(0);

impl Tid {
    pub(super) fn as_i32(self) -> i32 {
        self.0.cast_signed()
    }
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It can run.
    Ready,
    /// It lets others run first.
    Yields,
    /// It waits for a time, for input, or for any event.
    WaitsFor {
        /// The time, in nanoseconds of the program's clock.
        until_ns: Option<u64>,
        what: Event,
    },
    /// It waits until another one notifies it, or for a time.
    WaitsAt { address: u32, until_ns: Option<u64> },
    /// It waits for the disk.
    Syncs,
}

/// What a thread waits for besides a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Nothing.
    Time,
    /// There is something to read on stdin.
    Input,
    /// Whatever comes.
    Any,
}

/// A thread of a program.
#[derive(Debug)]
struct Thread {
    state: State,
    /// The order in which threads began to wait.
    since: u64,
    /// Whether it stopped waiting because its time had come.
    timed_out: bool,
}

/// All threads of a program.
pub(super) struct Threads {
    all: BTreeMap<Tid, Thread>,
    last: u32,
    /// How often a thread has begun to wait.
    waits: u64,
    order: ChaCha8Rng,
    /// Those that were started and have no fiber yet, with what they were started with.
    started: Vec<(Tid, i32)>,
    /// Whether all wait and nothing can wake one.
    deadlocked: bool,
}

impl Threads {
    pub(super) fn new(seed: u64) -> Self {
        let mut order = ChaCha8Rng::seed_from_u64(seed);
        order.set_stream(ORDER_STREAM);
        let mut threads = Threads {
            all: BTreeMap::new(),
            last: 0,
            waits: 0,
            order,
            started: Vec::new(),
            deadlocked: false,
        };
        threads.add(MAIN);
        threads
    }

    fn add(&mut self, thread: Tid) {
        let state = State::Ready;
        let (since, timed_out) = (0, false);
        self.all.insert(
            thread,
            Thread {
                state,
                since,
                timed_out,
            },
        );
    }

    /// Starts a thread; `None` if there are too many.
    pub(super) fn start(&mut self, argument: i32) -> Option<Tid> {
        if self.all.len() >= THREADS_MAX || self.last == TID_MAX {
            return None;
        }
        self.last += 1;
        let thread = Tid(self.last);
        self.add(thread);
        self.started.push((thread, argument));
        Some(thread)
    }

    /// Those that were started since the last call.
    pub(super) fn take_started(&mut self) -> Vec<(Tid, i32)> {
        std::mem::take(&mut self.started)
    }

    /// A thread has ended.
    pub(super) fn end(&mut self, thread: Tid) {
        self.all.remove(&thread);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// What threads take in memory besides the main one, in bytes.
    pub(super) fn held_bytes(&self) -> usize {
        (self.all.len() - 1) * THREAD_BYTES
    }

    /// What one more takes.
    pub(super) fn bytes_of_one() -> usize {
        THREAD_BYTES
    }

    pub(super) fn set(&mut self, thread: Tid, state: State) {
        self.waits += 1;
        if let Some(thread) = self.all.get_mut(&thread) {
            thread.state = state;
            thread.since = self.waits;
            thread.timed_out = false;
        }
    }

    /// Whether the thread stopped waiting because its time had come.
    pub(super) fn has_timed_out(&self, thread: Tid) -> bool {
        self.all.get(&thread).is_some_and(|it| it.timed_out)
    }

    /// Whether another thread than this one can run and does not yield.
    pub(super) fn others_are_ready(&self, this: Tid) -> bool {
        self.others(this).any(|state| state == State::Ready)
    }

    /// Whether another thread than this one can run.
    pub(super) fn others_can_run(&self, this: Tid) -> bool {
        let can_run = |state| matches!(state, State::Ready | State::Yields);
        self.others(this).any(can_run)
    }

    fn others(&self, this: Tid) -> impl Iterator<Item = State> {
        let others = self.all.iter().filter(move |(thread, _)| **thread != this);
        others.map(|(_, it)| it.state)
    }

    /// Wakes up to `count` of those that wait at an address, those that have waited longest first.
    /// Returns how many.
    pub(super) fn notify(&mut self, address: u32, count: u32) -> u32 {
        let waits_here =
            |it: &Thread| matches!(it.state, State::WaitsAt { address: at, .. } if at == address);
        let mut waiting: Vec<&mut Thread> =
            self.all.values_mut().filter(|it| waits_here(it)).collect();
        waiting.sort_by_key(|it| it.since);
        let mut woken = 0;
        for thread in waiting.into_iter().take(count as usize) {
            thread.state = State::Ready;
            woken += 1;
        }
        woken
    }

    /// An event has come: those can run that have waited for it.
    pub(super) fn arrive(&mut self, io: &Io) {
        let is_due = |until_ns: Option<u64>| until_ns.is_some_and(|at_ns| at_ns <= io.now_ns());
        for thread in self.all.values_mut() {
            let (due, comes) = match thread.state {
                State::Ready | State::Yields => continue,
                State::WaitsFor { until_ns, what } => {
                    let comes = match what {
                        Event::Time => false,
                        Event::Input => !io.stdin.is_empty(),
                        Event::Any => true,
                    };
                    (is_due(until_ns), comes)
                }
                State::WaitsAt { until_ns, .. } => (is_due(until_ns), false),
                State::Syncs => (false, io.synced.is_some()),
            };
            if due || comes {
                thread.timed_out = due;
                thread.state = State::Ready;
            }
        }
    }

    /// The thread that runs next: one of those that can, or else one that yields.
    pub(super) fn next(&mut self) -> Option<Tid> {
        let of = |state: State| {
            let all = self.all.iter().filter(move |(_, it)| it.state == state);
            all.map(|(thread, _)| *thread)
        };
        let mut count = of(State::Ready).count();
        let mut state = State::Ready;
        if count == 0 {
            state = State::Yields;
            count = of(state).count();
        }
        let index = match count {
            0 => return None,
            // A program with one thread draws nothing.
            1 => 0,
            _ => self.order.next_u32() as usize % count,
        };
        of(state).nth(index)
    }

    /// The earliest time that a thread waits for, in nanoseconds of the program's clock.
    pub(super) fn wait_until_ns(&self) -> Option<u64> {
        let times = self.all.values().filter_map(|it| match it.state {
            State::WaitsFor { until_ns, .. } | State::WaitsAt { until_ns, .. } => until_ns,
            State::Ready | State::Yields | State::Syncs => None,
        });
        times.min()
    }

    /// Finds out whether all threads wait for one another, so that nothing that comes wakes one.
    /// If so, each ends when it runs the next time.
    pub(super) fn find_deadlock(&mut self) -> bool {
        let waits = |it: &Thread| matches!(it.state, State::WaitsAt { until_ns: None, .. });
        self.deadlocked = self.all.values().all(waits);
        self.deadlocked
    }

    pub(super) fn is_deadlocked(&self) -> bool {
        self.deadlocked
    }

    /// All threads, the main one first.
    pub(super) fn ids(&self) -> Vec<Tid> {
        self.all.keys().copied().collect()
    }
}
