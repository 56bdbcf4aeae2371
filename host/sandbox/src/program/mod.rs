//! Programs as guests: a module with `_start` that reads Maelstrom's messages from
//! stdin and writes its own to stdout, like a native process.
//!
//! A program runs on a fiber and is suspended while it waits. A step passes a line or
//! the time to it and runs it until it waits again. The lines that it wrote are the
//! effects of the step, and the earliest time that it waits for is the node's only
//! timer. So a program observes only its events, like a guest of the ABI, and sleeping
//! takes no real time. A sync of a file ends a step too: its answer is the next event. docs/programs.md says what programs may rely on.
//!
//! A program with threads has a fiber and a store for each. They share a [`Process`], which is
//! handed to the one that runs; a step ends when none can run.

mod atomics;
mod descriptors;
mod fiber;
mod files;
mod io;
mod last_words;
mod lines;
mod paths;
mod poll;
mod process;
mod stat;
mod threads;
pub(super) mod wasi;

use std::collections::BTreeMap;
use std::mem;

use host_guest::effects::log_lines;
use host_guest::{Effect, ErrorKind, Event, EventKind, Guest, GuestError, Limits};
use host_protocol::abi::{Level, Log, SetTimer, TimerRef};

pub(super) use self::fiber::{Code, Unlinked};
use self::fiber::{Fiber, Turn};
use self::last_words::LastWords;
use self::process::Process;
pub(super) use self::process::ProgramState;
use self::threads::{MAIN, Tid};
use crate::cost::{EVENT_UNITS, INPUT_BYTE_UNITS};
use crate::failure::{backtrace, failure};
use crate::state::GuestState;
use crate::vet::{PROGRAM_START, THREAD_START};

/// The id of the timer that wakes a program. One is enough: it is set to the earliest time that a
/// thread waits for.
const TIMER: u64 = 0;

/// A running program.
pub(super) struct ProgramGuest {
    /// Its threads; empty after it has ended.
    fibers: BTreeMap<Tid, Fiber>,
    /// `None` only while a thread runs.
    process: Option<Box<Process>>,
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
    built_by_go: bool,
    /// Whether the log says that it only yields.
    idle_noted: bool,
    last_words: LastWords,
    fuel_used: u64,
}

/// What a program in Go that is out of fuel may not know.
const GO_FUEL: &str = "compiled to WebAssembly, Go runs no other goroutine until this one blocks: a \
                       loop that waits for one has to call time.Sleep or runtime.Gosched";

/// How a program has ended.
struct End {
    /// Why, unless it just returned.
    error: wasmtime::Error,
    /// The function that ran.
    entry: &'static str,
}

impl ProgramGuest {
    /// Makes a program that begins to run with its first event. `seed` decides the order of its
    /// threads.
    pub(super) fn new(
        code: &Code,
        guest: GuestState,
        limits: Limits,
        seed: u64,
        built_by_go: bool,
    ) -> Self {
        ProgramGuest {
            fibers: BTreeMap::from([(MAIN, Fiber::main(code))]),
            process: Some(Box::new(Process::new(guest, limits, seed, !built_by_go))),
            limits,
            timer_ns: None,
            is_syncing: false,
            returned: 0,
            lines: 0,
            unfinished_noted: false,
            built_by_go,
            idle_noted: false,
            last_words: LastWords::default(),
            fuel_used: 0,
        }
    }

    /// Runs the threads until none can run, or one asks for the disk.
    fn run(&mut self) -> Result<(), End> {
        if self.fibers.is_empty() {
            return self.resume(MAIN); // it has ended before
        }
        while self.process().io.sync.is_none()
            && let Some(thread) = self.process().threads.next()
        {
            self.resume(thread)?;
        }
        match self.process().io.sync.is_none() && self.process().threads.find_deadlock() {
            true => Err(self.deadlock()),
            false => Ok(()),
        }
    }

    /// Runs a thread until it waits or ends. The program ends with its main thread, and when any
    /// thread fails.
    fn resume(&mut self, thread: Tid) -> Result<(), End> {
        let end = |error, entry| Err(End { error, entry });
        let exited = || wasmtime::Error::new(ErrorKind::Exit(0));
        let entry = match thread {
            MAIN => PROGRAM_START,
            _ => THREAD_START,
        };
        let Some(fiber) = self.fibers.get_mut(&thread) else {
            return end(exited(), entry);
        };
        let (turn, process) = fiber.resume(self.process.take().expect(DRIVER));
        let process = self.process.insert(process);
        if let Some(shared) = &process.shared {
            for (thread, argument) in process.threads.take_started() {
                let fiber = Fiber::thread(shared, thread, argument);
                self.fibers.insert(thread, fiber);
            }
        }
        match turn {
            Turn::Waits => Ok(()),
            Turn::Ended(Ok(())) if thread != MAIN => {
                process.threads.end(thread);
                process.io.has_advanced();
                self.fibers.remove(&thread);
                Ok(())
            }
            Turn::Ended(Ok(())) => end(exited(), entry),
            Turn::Ended(Err(error)) => end(error, entry),
        }
    }

    /// Ends all threads, and says where each was.
    fn deadlock(&mut self) -> End {
        let mut stacks = Vec::new();
        for thread in self.process().threads.ids() {
            if let Err(End { error, .. }) = self.resume(thread) {
                stacks.push(backtrace(&error).join(" < "));
            }
        }
        End {
            error: ErrorKind::Deadlock(stacks).into(),
            entry: PROGRAM_START,
        }
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect(DRIVER)
    }

    fn io(&self) -> &io::Io {
        &self.process.as_ref().expect(DRIVER).io
    }

    /// The effect that sets the driver's timer to the time that the program waits for.
    fn timer_effect(&mut self, event: &Event<'_>) -> Option<Effect<'static>> {
        let wanted_ns = self.process().threads.wait_until_ns();
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

    /// Takes what the driver brings. Returns whether the program sees it now.
    fn take(&mut self, event: &Event<'_>) -> Result<bool, ErrorKind> {
        let returned = mem::take(&mut self.returned);
        let process = self.process.as_mut().expect(DRIVER);
        process.io.stdout.drain(..returned);
        process.io.log.clear();
        process.io.arrive_at(event.now_ns);
        process.guest.limiter.refused = None;
        match event.kind {
            EventKind::Message(text) => process.io.push_message(text)?,
            EventKind::Timer(_) => self.timer_ns = None,
            EventKind::Synced(result) => {
                self.is_syncing = false;
                process.io.synced = Some(result);
            }
        }
        if self.is_syncing {
            return Ok(false); // it sees the event after the sync
        }
        process.guest.watch.begin(&self.limits);
        let units = EVENT_UNITS + INPUT_BYTE_UNITS * mem::take(&mut process.io.arrived_bytes);
        let limit = self.limits.fuel;
        process.fuel_left = limit.checked_sub(units).ok_or(ErrorKind::Fuel { limit })?;
        process.threads.arrive(&mut process.io);
        Ok(true)
    }

    /// Logs once that the program does nothing but yield, since it may wait for what never comes.
    fn note_idle(&mut self) -> Option<Effect<'static>> {
        if self.idle_noted || !self.io().is_idle() {
            return None;
        }
        self.idle_noted = true;
        let signals = match self.built_by_go {
            true => "; if it waits for signals (os/signal), build it without -ldflags=-s",
            false => "",
        };
        Some(Effect::Log(Log {
            level: Level::Warn,
            text: format!(
                "it yields or reads the clock in a loop and does nothing else, so it sleeps between the \
                 calls until something arrives{signals}"
            )
            .into(),
        }))
    }

    /// Logs once that a line has no newline. The newline may follow, but if the program
    /// forgets it or does not flush, nothing else would tell.
    fn note_unfinished(&mut self) -> Option<Effect<'static>> {
        let unfinished = self.io().stdout.len() - self.returned;
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

/// Why the driver finds a process: no thread runs between two steps.
const DRIVER: &str = "the process is here while no thread runs";

impl Guest for ProgramGuest {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let describe = || event.to_string();
        let sees_it = self
            .take(event)
            .map_err(|kind| GuestError::refusal(kind, PROGRAM_START, &describe, &[]))?;
        if !sees_it {
            return Ok(Vec::new());
        }
        let before = self.process().io.left();
        let ended = self.run();
        let process = self.process.as_mut().expect(DRIVER);
        let (unread, unfinished) = process.io.left();
        let goes_on = unread < before.0 || unfinished > before.1;
        self.last_words.pass(event.now_ns, goes_on);
        let refused = process.guest.limiter.refused.take();
        let fuel_used = self.limits.fuel - process.fuel_left;
        if let Err(End { error, entry }) = ended {
            let log = self.last_words.before(&process.io.log.text);
            let refused = refused.or(self.last_words.refused.take());
            let mut error = failure(&error, &self.limits, refused, &log, entry, &describe());
            if let Some(stderr) = process.io.log.ends(&log) {
                error.stderr = stderr;
            }
            if self.built_by_go && matches!(error.kind, ErrorKind::Fuel { .. }) {
                error.hint = GO_FUEL.to_owned();
            }
            error.unfinished =
                String::from_utf8_lossy(lines::unfinished(&process.io.stdout)).into();
            self.fuel_used += fuel_used;
            self.fibers.clear(); // frees its memory before the guest is dropped
            return Err(error);
        }
        self.fuel_used += fuel_used;
        self.last_words
            .note(event.now_ns, refused, &process.io.log.text);
        let stdout = &self.io().stdout;
        self.returned = stdout.len() - lines::unfinished(stdout).len();
        let sync = self.process().io.sync.take();
        self.is_syncing = sync.is_some();
        // While it waits for the disk, its timer stays as it is and a line may be unfinished.
        let (timer, note) = match sync {
            Some(_) => (None, None),
            None => (self.timer_effect(event), self.note_unfinished()),
        };
        let idle = self.note_idle();
        let io = &self.process.as_ref().expect(DRIVER).io;
        let mut effects: Vec<Effect<'_>> = log_lines(&io.log.text).collect();
        effects.extend(io.log.note_dropped());
        effects.extend(note);
        effects.extend(idle);
        let stdout = &io.stdout[..self.returned];
        self.lines += lines::decode(stdout, event.node, self.lines, &self.limits, &mut effects)
            .map_err(|kind| GuestError::refusal(kind, PROGRAM_START, &describe, &io.log.text))?;
        effects.extend(timer);
        effects.extend(sync.map(Effect::Sync));
        Ok(effects)
    }

    fn takes_untyped(&self) -> bool {
        true
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
        self.process.as_ref().expect(DRIVER).memory_bytes()
    }

    fn unfinished_output(&self) -> &[u8] {
        lines::unfinished(&self.io().stdout)
    }
}

#[cfg(test)]
mod tests;
