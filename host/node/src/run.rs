//! The loop of the live node.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::thread;
use std::time::Duration;

use host_disk::{SharedDisk, StoreError};
use host_guest::{Effect, Event, EventKind, Guest, GuestError, Limits, check_disk, check_timers};
use host_protocol::abi::Log;
use host_protocol::clock::Clock;
use host_protocol::line_kind::LineKind;
use host_protocol::message::{Error, ErrorCode, Identity, Message, write_error};
use host_protocol::text::printable;
use host_protocol::timers::Timers;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::{error, warn};

use crate::disk::LiveDisk;
use crate::input::{self, Input, Lines};
use crate::program::{Program, Swapped, is_init_ok};
use crate::version::Version;
use crate::watch::{Watch, watch};

/// The options of a live node.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The guest's limits.
    pub limits: Limits,
    /// The longest input line, in bytes; longer ones are skipped.
    pub line_bytes_max: usize,
    /// The disk, which guests have too.
    pub disk: SharedDisk,
    /// Where the disk is kept, in a folder for each node. Without, it lives as long as the process.
    pub data_dir: Option<PathBuf>,
}

/// Why a live node ended before its input did.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The guest failed.
    #[error(transparent)]
    Guest(#[from] Box<GuestError>),
    /// The disk cannot be opened, or has failed. What has not been answered may be lost.
    #[error(transparent)]
    Disk(StoreError),
    /// The signal handlers cannot be installed.
    #[error("cannot handle signals: {0}")]
    Signals(io::Error),
    /// Reading stdin failed.
    #[error("cannot read stdin: {0}")]
    Stdin(io::Error),
    /// Writing stdout failed.
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
}

/// Output is written early when its buffer exceeds this, in bytes.
const OUTPUT_BUFFERED_MAX: usize = 64 << 10;

/// Inputs that may wait for the loop; the reader thread blocks when there are more.
const INPUTS_WAITING_MAX: usize = 4;

/// Runs `guest` on stdin and stdout until the input ends, stdout is closed, or
/// SIGTERM or SIGINT arrives. By then all lines that were read have been handled, and
/// all messages that the guest sent have been written.
///
/// With `watching`, every new version of the module replaces the guest, and a guest
/// that fails does not end the node: its requests are answered with error 13 until
/// the next version is loaded.
///
/// # Errors
/// If the guest fails: its earlier effects have been performed, none of those of the
/// failed step. Also if reading stdin or writing stdout fails, or the disk: then nothing leaves that
/// was to wait for it.
pub fn run(
    guest: Box<dyn Guest + Send>,
    options: &NodeOptions,
    watching: Option<Watch>,
) -> Result<(), NodeError> {
    let (sender, inputs) = mpsc::sync_channel(INPUTS_WAITING_MAX);
    let (reload, reloads) = mpsc::channel();
    let outlives_crashes = watching.is_some();
    let program = match &watching {
        None => Program::new(guest, String::new(), false),
        Some(watch) => Program::new(guest, watch.sha256.clone(), watch.state_required),
    };
    let reload = watching.is_some().then_some(reload);
    let stop = handle_signals(sender.clone(), reload)?;
    if let Some(watching) = watching {
        let sender = sender.clone();
        thread::spawn(move || watch(watching, &reloads, &sender));
    }
    let line_bytes_max = options.line_bytes_max;
    thread::spawn(move || input::read(io::stdin().lock(), line_bytes_max, &sender));
    let mut node = Node {
        program,
        outlives_crashes,
        limits: options.limits,
        identity: Identity::default(),
        init: String::new(),
        output: Output {
            timers: Timers::default(),
            disk: LiveDisk::new(options.disk.clone(), options.data_dir.clone()),
            out: Vec::new(),
            log: Vec::new(),
        },
        clock: Clock::start(),
        stop,
    };
    let end = node.serve(&inputs);
    let flushed = node.output.flush();
    match end.and(flushed) {
        Err(End::OutputClosed) | Ok(()) => Ok(()),
        Err(End::Failed(error)) => Err(error),
    }
}

/// Installs signal handlers: SIGTERM and SIGINT set the returned flag and wake the
/// loop, SIGHUP asks for a `reload` if there is one.
fn handle_signals(
    sender: SyncSender<Input>,
    reload: Option<Sender<()>>,
) -> Result<Arc<AtomicBool>, NodeError> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let hangup = reload.is_some().then_some(SIGHUP);
    let mut signals =
        Signals::new([SIGTERM, SIGINT].into_iter().chain(hangup)).map_err(NodeError::Signals)?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if let (SIGHUP, Some(reload)) = (signal, &reload) {
                // Fails only if the watch has ended.
                let _ = reload.send(());
                continue;
            }
            flag.store(true, Ordering::Relaxed);
            // If the queue is full, the loop is busy and checks the flag between lines.
            let _ = sender.try_send(Input::Stop);
        }
    });
    Ok(stop)
}

/// Why the loop ends early.
enum End {
    OutputClosed,
    Failed(NodeError),
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        End::Failed(NodeError::Disk(error))
    }
}

impl From<Box<GuestError>> for End {
    fn from(error: Box<GuestError>) -> Self {
        End::Failed(error.into())
    }
}

struct Node {
    program: Program,
    /// Whether the node waits for the next version after the guest has failed.
    outlives_crashes: bool,
    limits: Limits,
    identity: Identity,
    /// The text of the `init` message, for a guest that starts afresh.
    init: String,
    output: Output,
    clock: Clock,
    stop: Arc<AtomicBool>,
}

impl Node {
    fn serve(&mut self, inputs: &Receiver<Input>) -> Result<(), End> {
        loop {
            self.fire_timers()?;
            let input = match inputs.try_recv() {
                Ok(input) => input,
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {
                    self.output.flush()?;
                    match self.wait(inputs) {
                        Ok(input) => input,
                        Err(RecvTimeoutError::Timeout) => continue,
                        Err(RecvTimeoutError::Disconnected) => return Ok(()),
                    }
                }
            };
            match input {
                Input::Lines(lines) => self.lines(&lines)?,
                Input::Stop => {}
                Input::Swap(version) => self.swap(version)?,
                Input::End(Ok(())) => return Ok(()),
                Input::End(Err(error)) => {
                    return Err(End::Failed(NodeError::Stdin(error)));
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
    }

    fn wait(&self, inputs: &Receiver<Input>) -> Result<Input, RecvTimeoutError> {
        match self.output.timers.next_deadline() {
            None => inputs.recv().map_err(RecvTimeoutError::from),
            Some(deadline) => {
                let wait_ns = deadline.saturating_sub(self.clock.now_ns());
                inputs.recv_timeout(Duration::from_nanos(wait_ns))
            }
        }
    }

    /// Fires the timers that are due now. Timers that are set meanwhile wait for the next
    /// round, so a guest that keeps setting them cannot starve its input.
    fn fire_timers(&mut self) -> Result<(), End> {
        let now_ns = self.clock.now_ns();
        while let Some(id) = self.output.timers.pop_due(now_ns) {
            self.step(now_ns, EventKind::Timer(id))?;
            self.output.flush_if_large()?;
        }
        Ok(())
    }

    fn lines(&mut self, lines: &Lines) -> Result<(), End> {
        for (number, text, kind) in lines.iter() {
            match kind {
                LineKind::Message if self.identity.id().is_some() => {
                    self.step(self.clock.now_ns(), EventKind::Message(text))?;
                }
                LineKind::Message | LineKind::Init => self.admit(number, text)?,
                LineKind::Untyped(_) if self.takes_untyped() => {
                    self.step(self.clock.now_ns(), EventKind::Message(text))?;
                }
                LineKind::Blank => {}
                LineKind::Untyped(reason) | LineKind::Invalid(reason) => {
                    warn!("input line {number} ignored: {reason}");
                }
            }
            self.output.flush_if_large()?;
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the guest, which knows its name, takes messages without the reserved fields.
    fn takes_untyped(&mut self) -> bool {
        let takes = self.program.guest().is_some_and(|it| it.takes_untyped());
        takes && self.identity.id().is_some()
    }

    /// Handles an `init`, or a message that arrives before it.
    fn admit(&mut self, number: u64, text: &str) -> Result<(), End> {
        // Both always succeed: the reader thread has classified the line as a message.
        let Ok(message) = serde_json::from_str::<Message<'_>>(text) else {
            return Ok(());
        };
        let Ok(header) = message.header() else {
            return Ok(());
        };
        if let Err(error) = self.identity.admit(&message, &header) {
            warn!("input line {number}: {}", printable(&error.to_string()));
            write_error(&mut self.output.out, &message, &header, &error);
            return Ok(());
        }
        text.clone_into(&mut self.init);
        let node = self.identity.id().unwrap_or_default();
        self.output.disk.open(node)?;
        self.step(self.clock.now_ns(), EventKind::Message(text))
    }

    /// Passes an event to the guest and performs its effects. Replies with an error if
    /// the guest has crashed.
    fn step(&mut self, now_ns: u64, kind: EventKind<'_>) -> Result<(), End> {
        self.step_for(now_ns, kind, Wanted::All)
    }

    /// Passes an event to the guest, and then the end of each sync that it asks for. Performs those
    /// effects that are wanted.
    fn step_for(
        &mut self,
        mut now_ns: u64,
        mut kind: EventKind<'_>,
        wanted: Wanted,
    ) -> Result<(), End> {
        loop {
            let node = self.identity.id().unwrap_or_default();
            let event = Event { now_ns, node, kind };
            let Some(guest) = self.program.guest() else {
                self.output.answer_for_crashed(&event);
                return Ok(());
            };
            let performed = guest.step(&event).and_then(|mut effects| {
                if wanted == Wanted::AllButInitOk {
                    effects.retain(|effect| !is_init_ok(effect));
                }
                self.output.perform(&effects, &event, &self.limits)
            });
            match performed {
                Ok(Performed::Synced) => {}
                Ok(Performed::Whole) => return Ok(()),
                Err(failure) => return self.after_failure(failure),
            }
            // A program may sync again and again.
            self.output.flush_if_large()?;
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            (now_ns, kind) = (self.clock.now_ns(), EventKind::Synced(Ok(())));
        }
    }

    /// Ends the node, unless it waits for the next version.
    fn after_failure(&mut self, failure: Box<GuestError>) -> Result<(), End> {
        if !self.outlives_crashes {
            return Err(failure.into());
        }
        error!("{failure}\n  requests are answered with error 13 until the module changes");
        self.program.crash();
        self.output.end_of_guest();
        Ok(())
    }

    fn swap(&mut self, version: Version) -> Result<(), End> {
        match self.program.swap(version) {
            Swapped::Continues | Swapped::Refused => return Ok(()),
            Swapped::Afresh => {}
            Swapped::Crashed(error, version) => {
                self.after_failure(error)?;
                return self.swap(version); // of a crashed module, which is asked for nothing
            }
        }
        self.output.end_of_guest();
        if self.identity.id().is_none() {
            return Ok(()); // init has not arrived yet
        }
        // The node has sent its init_ok before.
        let init = std::mem::take(&mut self.init);
        let now_ns = self.clock.now_ns();
        let stepped = self.step_for(now_ns, EventKind::Message(&init), Wanted::AllButInitOk);
        self.init = init;
        stepped
    }
}

/// Which effects are performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// Of a guest that gets `init` although the node has answered it.
    AllButInitOk,
}

/// What becomes of a step.
enum Performed {
    /// All of it has happened.
    Whole,
    /// All of it has happened, and the guest is to be told that a sync has ended.
    Synced,
}

/// The outputs of the node: its timers, its disk, and buffers for stdout and stderr.
struct Output {
    timers: Timers,
    disk: LiveDisk,
    out: Vec<u8>,
    log: Vec<u8>,
}

impl Output {
    /// Performs the effects of a step, or none of them.
    fn perform(
        &mut self,
        effects: &[Effect<'_>],
        event: &Event<'_>,
        limits: &Limits,
    ) -> Result<Performed, Box<GuestError>> {
        check_timers(&self.timers, effects, limits.timers)
            .and_then(|()| check_disk(&self.disk.disk, effects))
            .map_err(|kind| GuestError::in_effects(kind, event))?;
        let mut performed = Performed::Whole;
        for effect in effects {
            match effect {
                Effect::Send(send) => send.write_line(&mut self.out),
                Effect::SetTimer(timer) => {
                    let deadline = event.now_ns.saturating_add(timer.after_ns);
                    self.timers.set(timer.id, deadline);
                }
                Effect::CancelTimer(timer) => self.timers.cancel(timer.id),
                Effect::Log(log) => self.log(event.node, log),
                Effect::Disk(change) => self.disk.change(change),
                Effect::Sync(scope) => {
                    self.disk.sync(scope, event.node);
                    performed = Performed::Synced;
                }
            }
        }
        if !self.disk.is_sync_due() {
            self.flush_log();
        }
        Ok(performed)
    }

    /// The guest has ended, and another may begin afresh.
    fn end_of_guest(&mut self) {
        self.timers = Timers::default();
        self.disk.end_of_guest();
    }

    /// Replies to a request while there is no guest.
    fn answer_for_crashed(&mut self, event: &Event<'_>) {
        let EventKind::Message(text) = event.kind else {
            return;
        };
        let message: Result<Message<'_>, _> = serde_json::from_str(text);
        if let Ok((message, header)) = message.and_then(|m| m.header().map(|h| (m.clone(), h))) {
            let text = "the module of this node has crashed and waits for its next version";
            let error = Error::new(ErrorCode::Crash, text);
            write_error(&mut self.out, &message, &header, &error);
        }
    }

    fn log(&mut self, node: &str, log: &Log<'_>) {
        let (node, text) = (printable(node), printable(&log.text));
        for line in text.lines() {
            // Writing to a Vec cannot fail.
            let _ = writeln!(self.log, "{node} {} {line}", log.level.name());
        }
    }

    fn flush_log(&mut self) {
        if !self.log.is_empty() {
            // A closed stderr is not an error: logs are optional.
            let _ = io::stderr().write_all(&self.log);
            self.log.clear();
        }
    }

    /// Writes the buffers if they are large.
    fn flush_if_large(&mut self) -> Result<(), End> {
        let buffered = self.out.len() + self.log.len();
        match buffered > OUTPUT_BUFFERED_MAX || self.disk.is_large() {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Writes to the disk, and then what may have waited for it.
    fn flush(&mut self) -> Result<(), End> {
        if let Err(error) = self.disk.flush() {
            self.out.clear();
            self.log.clear();
            return Err(error.into());
        }
        self.flush_log();
        if self.out.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&self.out).and_then(|()| stdout.flush());
        self.out.clear();
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => End::OutputClosed,
            _ => End::Failed(NodeError::Stdout(error)),
        })
    }
}
