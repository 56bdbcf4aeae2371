//! Programs as guests: a module with `_start` that reads Maelstrom's messages from
//! stdin and writes its own to stdout, like a native process.
//!
//! A program runs on a fiber and is suspended while it waits. A step passes a line or
//! the time to it and runs it until it waits again. The lines that it wrote are the
//! effects of the step, and the earliest time that it waits for is the node's only
//! timer. So a program observes only its events, like a guest of the ABI, and sleeping
//! takes no real time. A sync of a file ends a step too: its answer is the next event. docs/programs.md says what programs may rely on.

mod descriptors;
mod fiber;
mod files;
mod io;
mod last_words;
mod lines;
mod paths;
mod poll;
mod stat;
pub(super) mod wasi;

use std::mem;

use host_guest::effects::log_lines;
use host_guest::{Effect, ErrorKind, Event, EventKind, Guest, GuestError, Limits};
use host_protocol::abi::{Level, Log, SetTimer, TimerRef};
use wasmtime::InstancePre;

pub(super) use self::fiber::ProgramState;
use self::fiber::{Fiber, Turn};
use self::io::Io;
use self::last_words::LastWords;
use crate::failure::failure;
use crate::state::GuestState;
use crate::vet::PROGRAM_START;

/// The id of the timer that wakes a program. One is enough: a program waits at one place.
const TIMER: u64 = 0;

/// A running program.
pub(super) struct ProgramGuest {
    fiber: Fiber,
    io: Io,
    limits: Limits,
    /// The time of the driver's timer.
    timer_ns: Option<u64>,
    /// Whether it waits for the disk, and for nothing else.
    is_syncing: bool,
    /// How many bytes of stdout have been returned as effects.
    returned: usize,
    /// How many lines have been returned since the program's start.
    lines: u64,
    /// Whether the log says that the last line of stdout has no newline.
    unfinished_noted: bool,
    last_words: LastWords,
    fuel_used: u64,
}

impl ProgramGuest {
    /// Makes a program that begins to run with its first event.
    pub(super) fn new(
        pre: &InstancePre<ProgramState>,
        guest: GuestState,
        limits: Limits,
        stdin_blocks: bool,
    ) -> Self {
        ProgramGuest {
            fiber: Fiber::new(pre, guest, limits, stdin_blocks),
            io: Io::default(),
            limits,
            timer_ns: None,
            is_syncing: false,
            returned: 0,
            lines: 0,
            unfinished_noted: false,
            last_words: LastWords::default(),
            fuel_used: 0,
        }
    }

    /// The effect that sets the driver's timer to the time that the program waits for.
    fn timer_effect(&mut self, event: &Event<'_>) -> Option<Effect<'static>> {
        let wanted_ns = self.io.wait_until_ns;
        if wanted_ns == self.timer_ns {
            return None;
        }
        self.timer_ns = wanted_ns;
        Some(match wanted_ns {
            Some(at_ns) => Effect::SetTimer(SetTimer {
                id: TIMER,
                after_ns: at_ns.saturating_sub(event.now_ns),
            }),
            None => Effect::CancelTimer(TimerRef { id: TIMER }),
        })
    }

    /// Logs once that a line has no newline. The newline may follow, but if the program
    /// forgets it or does not flush, nothing else would tell.
    fn note_unfinished(&mut self) -> Option<Effect<'static>> {
        let unfinished = self.io.stdout.len() - self.returned;
        if self.returned > 0 || unfinished == 0 {
            self.unfinished_noted = false;
        }
        if unfinished == 0 || self.unfinished_noted {
            return None;
        }
        self.unfinished_noted = true;
        Some(Effect::Log(Log {
            level: Level::Warn,
            text: format!(
                "stdout ends with {unfinished} bytes without a newline: they are sent when \
                 their line is complete"
            )
            .into(),
        }))
    }
}

impl Guest for ProgramGuest {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let describe = || event.to_string();
        self.io.stdout.drain(..mem::take(&mut self.returned));
        self.io.log.clear();
        self.io.arrive_at(event.now_ns);
        match event.kind {
            EventKind::Message(text) => self
                .io
                .push_line(text)
                .map_err(|kind| GuestError::refusal(kind, PROGRAM_START, &describe, &[]))?,
            EventKind::Timer(_) => self.timer_ns = None,
            EventKind::Synced(result) => {
                self.is_syncing = false;
                self.io.synced = Some(result);
            }
        }
        if self.is_syncing {
            return Ok(Vec::new()); // it sees the event after the sync
        }
        let (unread, unfinished) = (self.io.stdin.len(), self.io.stdout.len());
        let turn = self.fiber.resume(&mut self.io);
        let goes_on = self.io.stdin.len() < unread || self.io.stdout.len() > unfinished;
        self.last_words.pass(event.now_ns, goes_on);
        let refused = self.io.refused.take();
        self.fuel_used += self.io.fuel_used;
        if let Turn::Ended { error } = turn {
            let error = error.unwrap_or_else(|| wasmtime::Error::new(ErrorKind::Exit(0)));
            let log = self.last_words.before(&self.io.log.text);
            let mut error = failure(
                &error,
                &self.limits,
                refused.or(self.last_words.refused.take()),
                &log,
                PROGRAM_START,
                &describe(),
            );
            if let Some(stderr) = self.io.log.ends(&log) {
                error.stderr = stderr;
            }
            error.unfinished = String::from_utf8_lossy(lines::unfinished(&self.io.stdout)).into();
            return Err(error);
        }
        self.last_words
            .note(event.now_ns, refused, &self.io.log.text);
        self.returned = self.io.stdout.len() - lines::unfinished(&self.io.stdout).len();
        let sync = self.io.sync.take();
        self.is_syncing = sync.is_some();
        // While it waits for the disk, its timer stays as it is and a line may be unfinished.
        let (timer, note) = match sync {
            Some(_) => (None, None),
            None => (self.timer_effect(event), self.note_unfinished()),
        };
        let mut effects: Vec<Effect<'_>> = log_lines(&self.io.log.text).collect();
        effects.extend(self.io.log.note_dropped());
        effects.extend(note);
        let stdout = &self.io.stdout[..self.returned];
        self.lines += lines::decode(stdout, event.node, self.lines, &self.limits, &mut effects)
            .map_err(|kind| {
                GuestError::refusal(kind, PROGRAM_START, &describe, &self.io.log.text)
            })?;
        effects.extend(timer);
        effects.extend(sync.map(Effect::Sync));
        Ok(effects)
    }

    fn keeps_state(&self) -> bool {
        false
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        Ok(None)
    }

    fn restore(&mut self, _snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        let kind = ErrorKind::Denied("a program cannot take over a state".into());
        Err(GuestError::refusal(kind, PROGRAM_START, &String::new, &[]))
    }

    fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    fn memory_bytes(&self) -> usize {
        self.io.memory_bytes + self.io.stdin.len() + self.io.stdout.len()
    }

    fn unfinished_output(&self) -> &[u8] {
        lines::unfinished(&self.io.stdout)
    }
}

#[cfg(test)]
mod tests;
