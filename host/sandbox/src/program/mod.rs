//! Programs as guests: a module with `_start` that reads Maelstrom's messages from
//! stdin and writes its own to stdout, as it would as a native process.
//!
//! It runs on a fiber and is suspended where it waits. A step gives it a line or the
//! time, and lets it run until it waits again; what it wrote meanwhile are the step's
//! effects, and the earliest time that it waits for is the node's only timer. So all
//! that a program can observe are its events, as for a guest of the ABI, and its
//! sleeping costs no time. docs/programs.md says what programs may rely on.

mod fiber;
mod io;
mod lines;
mod poll;
pub(super) mod wasi;

use host_protocol::abi::{Level, Log, SetTimer, TimerRef};
use wasmtime::InstancePre;

use super::state::Common;
use super::vet::PROGRAM_START;
use crate::failure::failure;
pub(super) use fiber::ProgramState;
use fiber::{Fiber, Turn};
use host_guest::Limits;
use host_guest::effects::{Effect, log_lines};
use host_guest::{ErrorKind, GuestError};
use host_guest::{Event, EventKind, Guest};
use io::Io;

/// The timer that wakes a program. One is enough: a program waits in one place.
const TIMER: u64 = 0;

/// A running program.
pub(super) struct ProgramGuest {
    fiber: Fiber,
    io: Io,
    limits: Limits,
    /// The time that the driver's timer is set to.
    timer_ns: Option<u64>,
    /// How much of stdout has been handed out as effects.
    handed_out: usize,
    /// How many lines those were, and all before them.
    lines: u64,
    /// Whether it has been said that the last line of stdout is not ended.
    unfinished_noted: bool,
    fuel_used: u64,
}

impl ProgramGuest {
    /// A program that begins to run with its first event.
    pub(super) fn new(
        pre: &InstancePre<ProgramState>,
        common: Common,
        limits: Limits,
        stdin_blocks: bool,
    ) -> Self {
        ProgramGuest {
            fiber: Fiber::new(pre, common, limits, stdin_blocks),
            io: Io::default(),
            limits,
            timer_ns: None,
            handed_out: 0,
            lines: 0,
            unfinished_noted: false,
            fuel_used: 0,
        }
    }

    /// Sets the driver's timer to what the program waits for now.
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

    /// Says once that a line is not ended: it may still be, but if the program has
    /// forgotten the newline or to flush, nothing else would tell.
    fn note_unfinished(&mut self) -> Option<Effect<'static>> {
        let unfinished = self.io.stdout.len() - self.handed_out;
        if self.handed_out > 0 || unfinished == 0 {
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
        self.io.stdout.drain(..self.handed_out);
        self.io.log.clear();
        self.io.arrive_at(event.now_ns);
        match event.kind {
            EventKind::Message(text) => self
                .io
                .push_line(text)
                .map_err(|fault| GuestError::refusal(fault, PROGRAM_START, &describe, &[]))?,
            EventKind::Timer(_) => self.timer_ns = None,
        }
        let turn = self.fiber.resume(&mut self.io);
        self.fuel_used += self.io.fuel_used;
        if let Turn::Ended { error, refused } = turn {
            let error = error.unwrap_or_else(|| wasmtime::Error::new(ErrorKind::Exit(0)));
            let log = &self.io.log.text;
            let mut error = failure(
                &error,
                &self.limits,
                refused,
                log,
                PROGRAM_START,
                &describe(),
            );
            error.unfinished = String::from_utf8_lossy(lines::unfinished(&self.io.stdout)).into();
            return Err(error);
        }
        self.handed_out = self.io.stdout.len() - lines::unfinished(&self.io.stdout).len();
        let (timer, note) = (self.timer_effect(event), self.note_unfinished());
        let mut effects: Vec<Effect<'_>> = log_lines(&self.io.log.text).collect();
        effects.extend(self.io.log.note_dropped());
        effects.extend(note);
        let stdout = &self.io.stdout[..self.handed_out];
        self.lines += lines::decode(stdout, event.node, self.lines, &self.limits, &mut effects)
            .map_err(|fault| {
                GuestError::refusal(fault, PROGRAM_START, &describe, &self.io.log.text)
            })?;
        effects.extend(timer);
        Ok(effects)
    }

    fn keeps_state(&self) -> bool {
        false
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        Ok(None)
    }

    fn restore(&mut self, _snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        let fault = ErrorKind::Denied("a program cannot take over a state".into());
        Err(GuestError::refusal(fault, PROGRAM_START, &String::new, &[]))
    }

    fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    fn memory_bytes(&self) -> usize {
        self.io.memory_bytes + self.io.stdin.len() + self.io.stdout.len()
    }
}
