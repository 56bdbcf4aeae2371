//! The loop of the live node.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::thread;
use std::time::Duration;

use host_protocol::abi::Log;
use host_protocol::clock::Clock;
use host_protocol::message::{Error, ErrorCode, Identity, Message, write_error};
use host_protocol::timers::Timers;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::{error, warn};

use super::input::{self, Checked, Input, Lines};
use super::program::{Program, Swapped, repeat_init};
use super::watch::{Version, Watch, watch};
use host_guest::{Effect, Event, EventKind, Guest, GuestError, Limits, check_timers};
use host_protocol::text::printable;

/// How a live node is run.
#[derive(Debug, Clone, Copy)]
pub struct NodeOptions {
    /// The guest's bounds.
    pub limits: Limits,
    /// Longer input lines are skipped, in bytes.
    pub line_bytes_max: usize,
}

/// Why a live node ended before its input did.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The guest failed.
    #[error(transparent)]
    Guest(#[from] Box<GuestError>),
    /// Stdin or stdout failed.
    #[error("{0}")]
    Io(String),
}

/// Output is written early when this much has gathered, in bytes.
const OUTPUT_GATHERED_MAX: usize = 64 << 10;

/// Batches of lines that may wait for the guest; reading stops meanwhile.
const BATCHES_WAITING_MAX: usize = 4;

/// Runs `guest` on stdin and stdout until the input ends, somebody closes the
/// output, or SIGTERM or SIGINT arrives. What was read by then has been handled,
/// and what the guest sent has been written.
///
/// With a `watch`, every new version of the module takes the guest's place, and a
/// guest that fails does not end the node: its requests are answered with error 13
/// until the next version comes.
///
/// # Errors
/// When the guest fails: its earlier effects have been performed, none of those of
/// the failed step. Also when stdin or stdout break.
pub fn run(
    guest: Box<dyn Guest + Send>,
    options: &NodeOptions,
    watching: Option<Watch>,
) -> Result<(), NodeError> {
    let (sender, inputs) = mpsc::sync_channel(BATCHES_WAITING_MAX);
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
        wires: Wires {
            timers: Timers::default(),
            out: Vec::new(),
            log: Vec::new(),
        },
        clock: Clock::start(),
        stop,
    };
    let end = node.serve(&inputs);
    let flushed = node.wires.flush();
    match end.and(flushed) {
        Err(End::OutputClosed) | Ok(()) => Ok(()),
        Err(End::Failed(error)) => Err(error),
    }
}

/// Has SIGTERM and SIGINT set the flag and wake the loop, and SIGHUP ask for a
/// `reload` if there is one.
fn handle_signals(
    sender: SyncSender<Input>,
    reload: Option<Sender<()>>,
) -> Result<Arc<AtomicBool>, NodeError> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let hangup = reload.is_some().then_some(SIGHUP);
    let mut signals = Signals::new([SIGTERM, SIGINT].into_iter().chain(hangup))
        .map_err(|error| NodeError::Io(format!("cannot handle signals: {error}")))?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if let (SIGHUP, Some(reload)) = (signal, &reload) {
                // Who no longer watches does not reload.
                let _ = reload.send(());
                continue;
            }
            flag.store(true, Ordering::Relaxed);
            // A full queue is being worked on, and the flag is seen between lines.
            let _ = sender.try_send(Input::Stop);
        }
    });
    Ok(stop)
}

/// Why the loop stops early.
enum End {
    OutputClosed,
    Failed(NodeError),
}

impl From<Box<GuestError>> for End {
    fn from(error: Box<GuestError>) -> Self {
        End::Failed(error.into())
    }
}

struct Node {
    program: Program,
    /// Whether the node goes on without a guest until the next version comes.
    outlives_crashes: bool,
    limits: Limits,
    identity: Identity,
    /// The `init` message, for a guest that starts afresh.
    init: String,
    wires: Wires,
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
                    self.wires.flush()?;
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
                    let text = format!("cannot read stdin: {error}");
                    return Err(End::Failed(NodeError::Io(text)));
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
    }

    fn wait(&self, inputs: &Receiver<Input>) -> Result<Input, RecvTimeoutError> {
        match self.wires.timers.next_deadline() {
            None => inputs.recv().map_err(RecvTimeoutError::from),
            Some(deadline) => {
                let wait_ns = deadline.saturating_sub(self.clock.now_ns());
                inputs.recv_timeout(Duration::from_nanos(wait_ns))
            }
        }
    }

    /// Fires what is due now. Timers set meanwhile wait for the next round, so a
    /// guest that keeps setting them cannot starve its input.
    fn fire_timers(&mut self) -> Result<(), End> {
        let now_ns = self.clock.now_ns();
        while let Some(id) = self.wires.timers.pop_due(now_ns) {
            self.step(now_ns, EventKind::Timer(id))?;
            self.wires.flush_much()?;
        }
        Ok(())
    }

    fn lines(&mut self, lines: &Lines) -> Result<(), End> {
        for (number, text, checked) in lines.iter() {
            match checked {
                Checked::Message if self.identity.id().is_some() => {
                    self.step(self.clock.now_ns(), EventKind::Message(text))?;
                }
                Checked::Message | Checked::Init => self.admit(number, text)?,
                Checked::Blank => {}
                Checked::Bad(reason) => warn!("input line {number} ignored: {reason}"),
            }
            self.wires.flush_much()?;
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Handles an `init`, or a message that came before it.
    fn admit(&mut self, number: u64, text: &str) -> Result<(), End> {
        // The reader thread has read the line as a message already.
        let Ok(message) = serde_json::from_str::<Message<'_>>(text) else {
            return Ok(());
        };
        let Ok(header) = message.header() else {
            return Ok(());
        };
        if let Err(error) = self.identity.admit(&message, &header) {
            warn!("input line {number}: {}", printable(&error.to_string()));
            write_error(&mut self.wires.out, &message, &header, &error);
            return Ok(());
        }
        text.clone_into(&mut self.init);
        self.step(self.clock.now_ns(), EventKind::Message(text))
    }

    /// Handles an event, if there is a guest to handle it.
    fn step(&mut self, now_ns: u64, kind: EventKind<'_>) -> Result<(), End> {
        let node = self.identity.id().unwrap_or_default();
        let event = Event { now_ns, node, kind };
        let Some(guest) = self.program.guest() else {
            self.wires.answer_for_crashed(&event);
            return Ok(());
        };
        let performed = guest
            .step(&event)
            .and_then(|effects| self.wires.perform(&effects, &event, &self.limits));
        self.survive(performed)
    }

    /// A failed step ends the node, unless it waits for a better module.
    fn survive(&mut self, performed: Result<(), Box<GuestError>>) -> Result<(), End> {
        match performed {
            Err(failure) if self.outlives_crashes => {
                error!("{failure}\n  requests are answered with error 13 until the module changes");
                self.program.crash();
                self.wires.timers = Timers::default();
                Ok(())
            }
            performed => Ok(performed?),
        }
    }

    fn swap(&mut self, version: Version) -> Result<(), End> {
        if !matches!(self.program.swap(version), Swapped::Afresh) {
            return Ok(());
        }
        self.wires.timers = Timers::default();
        let (Some(guest), Some(node)) = (self.program.guest(), self.identity.id()) else {
            return Ok(()); // its init is yet to come
        };
        let now_ns = self.clock.now_ns();
        let event = Event {
            now_ns,
            node,
            kind: EventKind::Message(&self.init),
        };
        let performed = repeat_init(guest, &event)
            .and_then(|effects| self.wires.perform(&effects, &event, &self.limits));
        self.survive(performed)
    }
}

/// Where effects go.
struct Wires {
    timers: Timers,
    out: Vec<u8>,
    log: Vec<u8>,
}

impl Wires {
    /// Performs the effects of a step, or none of them.
    fn perform(
        &mut self,
        effects: &[Effect<'_>],
        event: &Event<'_>,
        limits: &Limits,
    ) -> Result<(), Box<GuestError>> {
        check_timers(&self.timers, effects, limits.timers)
            .map_err(|fault| GuestError::in_effects(fault, event))?;
        for effect in effects {
            self.perform_one(effect, event);
        }
        self.flush_log();
        Ok(())
    }

    /// Answers a request that nobody can handle.
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

    fn perform_one(&mut self, effect: &Effect<'_>, event: &Event<'_>) {
        match effect {
            Effect::Send(send) => send.write_line(&mut self.out),
            Effect::SetTimer(timer) => {
                let deadline = event.now_ns.saturating_add(timer.after_ns);
                self.timers.set(timer.id, deadline);
            }
            Effect::CancelTimer(timer) => self.timers.cancel(timer.id),
            Effect::Log(log) => self.log(event.node, log),
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
            // Who closes stderr does not want to know.
            let _ = io::stderr().write_all(&self.log);
            self.log.clear();
        }
    }

    /// Writes what has gathered if it is much.
    fn flush_much(&mut self) -> Result<(), End> {
        match self.out.len() > OUTPUT_GATHERED_MAX {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&self.out).and_then(|()| stdout.flush());
        self.out.clear();
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => End::OutputClosed,
            _ => End::Failed(NodeError::Io(format!("cannot write to stdout: {error}"))),
        })
    }
}
