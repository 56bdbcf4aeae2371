//! A node: a guest with its timers and its clock.

use host_protocol::timers::Timers;

use super::clock::Clock;
use super::packets::Slot;
use host_guest::Guest;

/// A node of the cluster.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) life: Life,
    /// Whether it is stopped for the moment.
    pub(super) paused: bool,
    /// What arrived while it was paused.
    pub(super) backlog: Vec<Slot>,
    /// By the node's own clock.
    pub(super) timers: Timers,
    pub(super) clock: Clock,
    /// Whether it runs the next version of the program, if there is one.
    pub(super) has_next_version: bool,
    /// How often it was started.
    pub(super) incarnation: u64,
    /// The client that waits for the answer to its `init`.
    pub(super) init_client: Option<usize>,
    /// The virtual time at which it will be woken for its timers.
    pub(super) wake_ns: Option<u64>,
    /// What its guest has used, as far as the run's sums have it.
    pub(super) counted: Counted,
}

/// What one guest has used.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) fuel: u64,
    pub(super) memory_bytes: usize,
}

/// Where a node is in its life.
pub(super) enum Life {
    /// It does not run.
    Down,
    /// It runs, and the first message that it gets will be `init`.
    Starting(Box<dyn Guest + Send>),
    /// It has been given `init`.
    Running(Box<dyn Guest + Send>),
}

impl Life {
    /// Its first message has arrived.
    pub(super) fn run(&mut self) {
        *self = match std::mem::replace(self, Life::Down) {
            Life::Starting(guest) | Life::Running(guest) => Life::Running(guest),
            Life::Down => Life::Down,
        };
    }
}

impl Node {
    /// A node that does not run yet.
    pub(super) fn new(name: String) -> Self {
        Node {
            name,
            life: Life::Down,
            paused: false,
            backlog: Vec::new(),
            timers: Timers::default(),
            clock: Clock::new(),
            has_next_version: false,
            incarnation: 0,
            init_client: None,
            wake_ns: None,
            counted: Counted::default(),
        }
    }

    /// Its guest, if it runs.
    pub(super) fn guest(&mut self) -> Option<&mut (dyn Guest + Send + 'static)> {
        match &mut self.life {
            Life::Down => None,
            Life::Starting(guest) | Life::Running(guest) => Some(guest.as_mut()),
        }
    }

    /// When it has to be woken for its next timer, if that is earlier than it will be.
    pub(super) fn earlier_wake(&mut self, now_ns: u64) -> Option<u64> {
        let deadline_ns = self.timers.next_deadline()?;
        // A timer may have become due while the node was paused.
        let at_ns = self.clock.when_ns(deadline_ns).max(now_ns);
        if self.paused || self.wake_ns.is_some_and(|wake_ns| wake_ns <= at_ns) {
            return None;
        }
        self.wake_ns = Some(at_ns);
        self.wake_ns
    }
}
