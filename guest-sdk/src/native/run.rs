//! The loop of a native node.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::node::Node;
use crate::outbox::{Format, Outbox, TimerChange};
use crate::runtime::Runtime;
use host_protocol::clock::Clock;
use host_protocol::fields::FieldList;
use host_protocol::lines::{Batch, LINE_BYTES_MAX, LineText, read_batches};
use host_protocol::message::{Identity, Message, write_error};
use host_protocol::timers::Timers;

/// When a native node writes what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// At once, as Maelstrom's own node libraries do, so that a debugger sees it.
    Each,
    /// When no input waits, or 64 KiB have gathered, as a host does.
    Gathered,
}

/// The most that is gathered before it is written, in bytes.
const GATHERED_MAX: usize = 64 << 10;

/// Runs the node on stdin and stdout until the input ends.
#[must_use]
pub fn run<N: Node>(writes: Writes) -> ExitCode {
    let (sender, batches) = mpsc::sync_channel(4);
    thread::spawn(move || {
        read_batches(io::stdin().lock(), LINE_BYTES_MAX, |batch| {
            sender.send(batch).is_ok()
        })
    });
    let mut driver = Driver::<N> {
        runtime: Runtime::New(Outbox::new(Format::Wire), None),
        identity: Identity::default(),
        timers: Timers::default(),
        clock: Clock::start(),
        writes,
        out: Vec::new(),
        has_synced: false,
    };
    match driver.run(&batches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write to stdout: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Driver<N: Node> {
    runtime: Runtime<N>,
    identity: Identity,
    timers: Timers,
    clock: Clock,
    writes: Writes,
    out: Vec<u8>,
    /// Whether the node has asked for a sync.
    has_synced: bool,
}

impl<N: Node> Driver<N> {
    /// Handles events in order.
    fn run(&mut self, batches: &Receiver<Batch>) -> io::Result<()> {
        loop {
            let now_ns = self.clock.now_ns();
            while let Some(timer) = self.timers.pop_due(now_ns) {
                self.runtime.timer(now_ns, timer);
                self.perform(now_ns)?;
            }
            if let Ok(batch) = batches.try_recv() {
                self.batch(&batch)?;
                continue;
            }
            self.flush()?;
            match self.wait(batches) {
                Ok(batch) => self.batch(&batch)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn wait(&self, batches: &Receiver<Batch>) -> Result<Batch, RecvTimeoutError> {
        match self.timers.next_deadline() {
            None => batches.recv().map_err(RecvTimeoutError::from),
            Some(deadline) => {
                let wait_ns = deadline.saturating_sub(self.clock.now_ns());
                batches.recv_timeout(Duration::from_nanos(wait_ns))
            }
        }
    }

    fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        for (number, line) in batch.lines() {
            let problem = match line {
                LineText::Bytes(bytes) => self.line(bytes)?,
                LineText::TooLong(length) => Some(format!("{length} bytes are too many")),
            };
            if let Some(problem) = problem {
                eprintln!("input line {number}: {problem}");
            }
        }
        Ok(())
    }

    /// Handles a line. Returns what is wrong with it, if anything is.
    fn line(&mut self, bytes: &[u8]) -> io::Result<Option<String>> {
        let message: Message<'_> = match serde_json::from_slice(bytes) {
            Ok(message) => message,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let header = match message.header() {
            Ok(header) => header,
            Err(error) => return Ok(Some(format!("in the body, {error}"))),
        };
        if let Err(error) = self.identity.admit(&message, &header) {
            write_error(&mut self.out, &message, &header, &error);
            self.flush_if_due()?;
            return Ok(Some(error.to_string()));
        }
        let now_ns = self.clock.now_ns();
        self.runtime
            .message(now_ns, &message, &header, &FieldList::default(), None);
        self.perform(now_ns)?;
        Ok(None)
    }

    fn perform(&mut self, now_ns: u64) -> io::Result<()> {
        let outbox = self.runtime.outbox();
        self.out.extend_from_slice(outbox.bytes());
        outbox.clear();
        if outbox.has_synced() && !std::mem::replace(&mut self.has_synced, true) {
            eprintln!("the disk of a native node ends with its process: nothing is kept");
        }
        for change in outbox.take_timers() {
            match change {
                TimerChange::Set(timer) => {
                    let deadline = now_ns.saturating_add(timer.after_ns);
                    self.timers.set(timer.id, deadline);
                }
                TimerChange::Cancel(timer) => self.timers.cancel(timer.id),
            }
        }
        self.flush_if_due()
    }

    fn flush_if_due(&mut self) -> io::Result<()> {
        match self.writes == Writes::Each || self.out.len() > GATHERED_MAX {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&self.out).and_then(|()| stdout.flush());
        self.out.clear();
        written
    }
}
