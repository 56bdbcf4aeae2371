//! All that passes between a program and its driver. Whoever runs has it.

use std::collections::VecDeque;
use std::io::Read;

use host_protocol::abi::{Level, Log};

use host_guest::ErrorKind;
use host_guest::effects::Effect;

/// Input that a program may leave unread, in bytes. Far more than an honest program
/// has waiting, and little enough for a cluster of them.
const STDIN_BYTES_MAX: usize = 16 << 20;

/// Reading the clock moves it when it has been read this often in one step.
const READS_BEFORE_SPINNING: u32 = 1000;

/// How far it moves then, and with each `sched_yield`.
const SPIN_NS: u64 = 1000;

/// See the module.
#[derive(Default)]
pub(super) struct Io {
    /// The program's clock: the driver's, or ahead of it if the program has spun.
    now_ns: u64,
    clock_reads: u32,
    /// What has not been read yet.
    pub(super) stdin: VecDeque<u8>,
    /// What has not been handed out yet, and perhaps an unfinished line.
    pub(super) stdout: Vec<u8>,
    /// What the step has written to stderr.
    pub(super) log: StepLog,
    /// The earliest time that the program waits for.
    pub(super) wait_until_ns: Option<u64>,
    /// What the step has used.
    pub(super) fuel_used: u64,
    /// The size of the program's memory after it.
    pub(super) memory_bytes: usize,
}

/// What a step writes to stderr, bounded. Maelstrom's libraries log every message
/// twice, so too much of it is cut off and no reason to fail.
#[derive(Default)]
pub(super) struct StepLog {
    pub(super) text: Vec<u8>,
    dropped: usize,
}

impl Io {
    /// A step begins at the driver's time `now_ns`. The clock never shows zero, which Go
    /// takes for a broken one: it refuses to start.
    pub(super) fn arrive_at(&mut self, now_ns: u64) {
        self.now_ns = self.now_ns.max(now_ns).max(1);
        self.clock_reads = 0;
    }

    /// What the clock shows, without moving it.
    pub(super) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Reads the clock. It stands still during a step, but a program that waits for it
    /// in a loop must see it move, or it would never come to an end.
    pub(super) fn read_clock(&mut self) -> u64 {
        self.clock_reads = self.clock_reads.saturating_add(1);
        if self.clock_reads > READS_BEFORE_SPINNING {
            self.spin();
        }
        self.now_ns
    }

    /// Lets a moment pass.
    pub(super) fn spin(&mut self) {
        self.now_ns = self.now_ns.saturating_add(SPIN_NS);
    }

    /// A line arrives on stdin.
    pub(super) fn push_line(&mut self, text: &str) -> Result<(), ErrorKind> {
        if self.stdin.len() + text.len() >= STDIN_BYTES_MAX {
            return Err(ErrorKind::Unread {
                limit: STDIN_BYTES_MAX,
            });
        }
        self.stdin.extend(text.as_bytes());
        self.stdin.push_back(b'\n');
        Ok(())
    }

    /// Moves as much of stdin as fits into `target`.
    pub(super) fn read_stdin(&mut self, target: &mut [u8]) -> usize {
        // Reading from memory does not fail.
        self.stdin.read(target).unwrap_or(0)
    }
}

impl StepLog {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.dropped = 0;
    }

    pub(super) fn write(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.text.len()).min(bytes.len());
        self.text.extend_from_slice(&bytes[..room]);
        self.dropped += bytes.len() - room;
    }

    /// Says how much was cut off.
    pub(super) fn note_dropped(&self) -> Option<Effect<'static>> {
        (self.dropped > 0).then(|| {
            Effect::Log(Log {
                level: Level::Warn,
                text: format!(
                    "{} more bytes of stderr in this step are not shown (--max-log-bytes)",
                    self.dropped
                )
                .into(),
            })
        })
    }
}
