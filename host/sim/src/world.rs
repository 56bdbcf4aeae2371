//! What every part of a run shares: virtual time, names, the journal and the meter.

use std::sync::Arc;

use host_check::net::NetStats;
use host_disk::SharedDisk;
use host_guest::{ErrorKind, Guest, Interrupt};
use host_protocol::abi::Level;
use host_protocol::text::excerpt;
use host_protocol::timers::Timers;

use super::address::{Addr, Names};
use super::bounds::{Bound, Bounds};
use super::clock::Clock;
use super::coverage::Tally;
use super::journal::{DiskEvent, DropReason, Harm, Journal, Observer};
use super::logged::LoggedWarnings;
use super::memory::{Refusal, RunMemory};
use super::meter::{InFlight, Meter};
use super::nemesis::Fault;
use super::outcome::{StopReason, Stopped};
use super::packets::Packet;
use super::progress::{Chain, LENGTH_MAX, Progress};
use super::queue::{Alarm, Queue};
use super::scheduled::Scheduled;
use super::traffic::Note;

/// How much of a message's type is shown, in characters: the guest chooses it.
const TYPE_CHARS_MAX: usize = 40;

/// What makes things happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pacing {
    /// What is scheduled, at its time.
    Queue,
    /// The run's script, which directs it: nothing is scheduled, and moves have not begun.
    Script,
    /// Moves of the script. However many there are at a time, they come to an end.
    Moves,
}

/// What became of the messages of a client to a node.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// When the node last got one.
    got_ns: Option<u64>,
    /// When one was last dropped, and why.
    dropped: Option<(u64, DropReason)>,
}

/// The shared state of a run.
pub(super) struct World<'a> {
    now_ns: u64,
    /// When the event that is being handled was due.
    due_ns: u64,
    /// Whether events may be late, since time may pass by hand.
    may_be_late: bool,
    pacing: Pacing,
    queue: Queue<Scheduled>,
    names: Names,
    journal: Journal<'a>,
    /// How many entries the journal has.
    entries: u64,
    /// The same without those about disks.
    marks: u64,
    /// How many of those at which time: the last that has any.
    last_marks: (u64, u64),
    progress: Progress,
    /// The message counts, once they are final.
    figures: Option<NetStats>,
    meter: Meter,
    tally: Tally,
    logged: LoggedWarnings,
    /// What became of the messages of each client to a node, by the client's number.
    asked: Vec<Asked>,
    interrupt: Option<Interrupt>,
    /// What happened to messages since somebody looked, if somebody looks.
    notes: Option<Vec<Note>>,
    /// What the fault that starts has done to disks.
    harms: Vec<(String, Harm)>,
    /// What nodes hold, since somebody looked, if somebody looks: none if it has crashed.
    observed: Option<Vec<(usize, Option<Vec<u8>>)>>,
}

impl<'a> World<'a> {
    pub(super) fn new(
        names: Names,
        observers: Vec<&'a mut (dyn Observer + 'a)>,
        bounds: Bounds,
        memory: Arc<RunMemory>,
    ) -> Self {
        World {
            now_ns: 0,
            due_ns: 0,
            may_be_late: false,
            pacing: Pacing::Queue,
            queue: Queue::new(),
            names,
            journal: Journal::new(observers),
            entries: 0,
            marks: 0,
            last_marks: (0, 0),
            progress: Progress::default(),
            figures: None,
            meter: Meter::new(bounds, memory),
            tally: Tally::default(),
            logged: LoggedWarnings::default(),
            asked: Vec::new(),
            interrupt: None,
            notes: None,
            harms: Vec::new(),
            observed: None,
        }
    }

    /// Whether time may pass by hand.
    pub(super) fn let_be_late(&mut self, may_be_late: bool) {
        self.may_be_late = may_be_late;
    }

    /// Whether somebody looks at what nodes hold.
    pub(super) fn observe_nodes(&mut self, observes: bool) {
        self.observed = observes.then(Vec::new);
    }

    /// Whether somebody does.
    pub(super) fn observes_nodes(&self) -> bool {
        self.observed.is_some()
    }

    /// A node holds this now; none if it has crashed.
    pub(super) fn observed(&mut self, node: usize, state: Option<Vec<u8>>) {
        if let Some(observed) = &mut self.observed {
            observed.push((node, state));
        }
    }

    /// What nodes held since this was last called, in order.
    pub(super) fn take_observed(&mut self) -> Vec<(usize, Option<Vec<u8>>)> {
        self.observed
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Stops the run when `interrupt` is requested.
    pub(super) fn interrupted_by(self, interrupt: Option<&Interrupt>) -> Self {
        World {
            interrupt: interrupt.cloned(),
            ..self
        }
    }

    /// Counts what these faults touch.
    pub(super) fn with_faults(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        World {
            tally: Tally::new(faults),
            ..self
        }
    }

    /// Stops the run if the program was asked to end.
    pub(super) fn check_interrupt(&self) -> Result<(), Stopped> {
        match &self.interrupt {
            Some(interrupt) if interrupt.is_requested() => Err(self.stop(StopReason::Interrupted)),
            _ => Ok(()),
        }
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// When what is being handled was scheduled for. It is late only where time has passed by hand, and a script has to say
    /// this time: what is late comes in the order in which it was due.
    pub(super) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// Whether a script directs the run: messages, timers, syncs and timeouts wait for it.
    pub(super) fn is_directed(&self) -> bool {
        self.pacing != Pacing::Queue
    }

    /// Something else makes things happen from now on.
    pub(super) fn set_pacing(&mut self, pacing: Pacing) {
        self.pacing = pacing;
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// What faults touch.
    pub(super) fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// What nodes have warned of so far.
    pub(super) fn logged(&self) -> &LoggedWarnings {
        &self.logged
    }

    /// What became of a message of a client since `since_ns`: `None` if it is on its way, or waits for its node.
    pub(super) fn asked(&self, client: usize, since_ns: u64) -> Option<Result<(), DropReason>> {
        let Asked { got_ns, dropped } = self.asked.get(client)?;
        if got_ns.is_some_and(|at_ns| at_ns >= since_ns) {
            return Some(Ok(()));
        }
        let dropped = dropped.filter(|(at_ns, _)| *at_ns >= since_ns);
        dropped.map(|(_, why)| Err(why))
    }

    /// What is known of the sender of a message, if that is a client.
    fn asked_by(&mut self, packet: &Packet) -> Option<&mut Asked> {
        let Addr::Client(client) = packet.src else {
            return None;
        };
        if self.asked.len() <= client {
            self.asked.resize(client + 1, Asked::default());
        }
        self.asked.get_mut(client)
    }

    /// The message counts so far, or until they were final.
    pub(super) fn stats(&self) -> &NetStats {
        self.figures.as_ref().unwrap_or(self.journal.stats())
    }

    /// What happens from now on does not count in the figures of the run.
    pub(super) fn end_figures(&mut self) {
        self.figures = Some(self.journal.stats().clone());
    }

    /// Has something happen at `at_ns`.
    pub(super) fn schedule(&mut self, at_ns: u64, what: Scheduled) {
        self.queue.push(at_ns, what);
    }

    /// Has something happen at `at_ns`, unless it is cancelled.
    pub(super) fn set_alarm(&mut self, at_ns: u64, what: Scheduled) -> Alarm {
        self.queue.set(at_ns, what)
    }

    /// The same, before all else that happens at `at_ns` and has no rank or a higher one.
    pub(super) fn set_first_alarm(&mut self, at_ns: u64, rank: u8, what: Scheduled) -> Alarm {
        self.queue.set_first(at_ns, rank, what)
    }

    /// Cancels an alarm, if it has not come.
    pub(super) fn cancel(&mut self, alarm: Alarm) {
        self.queue.cancel(alarm);
    }

    /// Advances time to the next scheduled event, and takes it.
    pub(super) fn next(&mut self) -> Option<Scheduled> {
        let (at_ns, what) = self.queue.pop()?;
        let is_late = at_ns < self.now_ns;
        assert!(!is_late || self.may_be_late, "time does not go backwards");
        self.pass_to(at_ns);
        self.due_ns = at_ns;
        Some(what)
    }

    /// When the next scheduled event happens.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.queue.next_ns()
    }

    /// What is scheduled.
    pub(super) fn queue(&self) -> &Queue<Scheduled> {
        &self.queue
    }

    /// How many entries the journal has.
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    /// How many entries it has that are there whoever looks: all but those about disks.
    pub(super) fn marks(&self) -> u64 {
        self.marks
    }

    /// How many of them at this very time.
    pub(super) fn marks_now(&self) -> u64 {
        let (at_ns, marks) = self.last_marks;
        if at_ns == self.now_ns { marks } else { 0 }
    }

    fn mark(&mut self) {
        self.entries += 1;
        self.marks += 1;
        self.last_marks = (self.now_ns, self.marks_now() + 1);
    }

    /// Advances time to `at_ns`, unless it is later already.
    pub(super) fn pass_to(&mut self, at_ns: u64) {
        self.now_ns = at_ns.max(self.now_ns);
        self.progress.begin(self.now_ns);
    }

    /// The events up to the current one that take no time, for what this one causes.
    pub(super) fn cause(&self) -> Chain {
        self.progress.current()
    }

    /// An event that another one has caused; `what` says what happens.
    pub(super) fn follow(&mut self, cause: Chain, what: impl FnOnce() -> String) {
        if self.pacing != Pacing::Moves {
            self.progress.follow(cause, self.now_ns, what);
        }
    }

    /// Stops the run if the program was asked to end, or the journal is broken, or the run exceeds
    /// a bound, or time stands still.
    pub(super) fn check(&mut self, in_flight: InFlight) -> Result<(), Stopped> {
        self.check_interrupt()?;
        if self.journal.is_broken()
            && let Some(error) = self.journal.take_broken()
        {
            return Err(self.stop(StopReason::Journal(error)));
        }
        if let Some(bound) = self.meter.check(in_flight) {
            return Err(self.stop(StopReason::Bound(bound)));
        }
        if let Some(round) = self.progress.standstill() {
            return Err(self.stop(StopReason::Standstill {
                events: LENGTH_MAX,
                round: round.to_vec(),
            }));
        }
        if let Some(limit) = self.meter.out_of_time() {
            return Err(self.stop(StopReason::ProcessorTime { limit }));
        }
        match self.meter.refusal() {
            Some(Refusal::NoRoom) => Err(self.stop(StopReason::NoRoom)),
            Some(Refusal::Bound(_)) | None => Ok(()),
        }
    }

    /// The end of the run, now, for a reason that is no single node's.
    pub(super) fn stop(&self, reason: StopReason) -> Stopped {
        Stopped {
            at_ns: self.now_ns,
            node: None,
            reason,
        }
    }

    /// The end of the run, now, because of a node: unless that failed since the run may not hold
    /// more memory.
    pub(super) fn stop_at(&self, node: usize, reason: StopReason) -> Stopped {
        if let StopReason::Guest(error) = &reason
            && error.kind == ErrorKind::Interrupted
        {
            return self.stop(StopReason::Interrupted); // no node's doing
        }
        match self.meter.refusal() {
            Some(Refusal::NoRoom) => return self.stop(StopReason::NoRoom),
            Some(Refusal::Bound(_)) => {
                let bound = Bound::Memory(self.meter.bounds().memory_bytes);
                return self.stop(StopReason::Bound(bound));
            }
            None => {}
        }
        Stopped {
            at_ns: self.now_ns,
            node: Some(self.names.nodes()[node].clone()),
            reason,
        }
    }

    /// Notes from now on what happens to messages.
    pub(super) fn take_notes(&mut self) {
        self.notes = Some(Vec::new());
    }

    /// What happened to messages since the last call.
    pub(super) fn notes(&mut self) -> Option<&mut Vec<Note>> {
        self.notes.as_mut()
    }

    fn note(&mut self, packet: &Packet, note: fn(Addr, Addr) -> Note) {
        if let Some(notes) = &mut self.notes {
            notes.push(note(packet.src, packet.dest));
        }
    }

    /// Journals a message that was given to the network.
    pub(super) fn sent(&mut self, packet: &Packet) {
        self.note(packet, |src, dest| Note::Sent { src, dest });
        self.mark();
        self.journal.sent(self.now_ns, &self.names, packet);
    }

    /// Journals a message that has reached its receiver.
    pub(super) fn received(&mut self, packet: &Packet) {
        self.note(packet, |src, dest| Note::Received { src, dest });
        self.mark();
        if self.pacing != Pacing::Moves {
            let names = &self.names;
            self.progress.follow(packet.cause, self.now_ns, || {
                let dest = match packet.src == packet.dest {
                    true => "itself".to_owned(),
                    false => names.name(packet.dest),
                };
                let header = packet.header();
                let kind = header.as_ref().map_or("", |header| &*header.kind);
                let kind = excerpt(kind, TYPE_CHARS_MAX);
                format!("{} sends {dest} {kind:?}", names.name(packet.src))
            });
        }
        let now_ns = self.now_ns;
        if let Some(asked) = self.asked_by(packet) {
            asked.got_ns = Some(now_ns);
        }
        self.journal.received(self.now_ns, &self.names, packet);
    }

    /// Journals a message that will not reach its receiver.
    pub(super) fn dropped(&mut self, packet: &Packet, why: DropReason) {
        if why == DropReason::Loss {
            self.note(packet, |src, dest| Note::Lost { src, dest });
        }
        let now_ns = self.now_ns;
        if let Some(asked) = self.asked_by(packet) {
            asked.dropped = Some((now_ns, why));
        }
        self.mark();
        self.journal.dropped(self.now_ns, &self.names, packet, why);
    }

    /// Journals a message that a fault takes, so that it will not reach its receiver.
    pub(super) fn taken(&mut self, packet: &Packet, why: DropReason, by: Fault) {
        self.tally.take(by, packet);
        self.dropped(packet, why);
    }

    /// Journals a timer that fires.
    pub(super) fn timer(&mut self, node: &str, id: u64) {
        self.mark();
        self.journal.timer(self.now_ns, node, id);
    }

    /// Journals a line of a node's log.
    pub(super) fn log(&mut self, node: &str, level: Level, text: &str) {
        self.logged.note(self.now_ns, node, level, text);
        self.mark();
        self.journal.log(self.now_ns, node, level, text);
    }

    /// Journals what the nemesis did; `value` is JSON.
    pub(super) fn fault(&mut self, f: &str, value: &str) {
        self.mark();
        self.journal.fault(self.now_ns, f, value);
        for (node, harm) in std::mem::take(&mut self.harms) {
            self.entries += 1;
            self.journal.disk(self.now_ns, &node, harm.event());
        }
    }

    /// Journals what a fault has done to a node's disk, after the fault.
    pub(super) fn harm(&mut self, node: &str, harm: Harm) {
        if self.is_seen() {
            self.harms.push((node.to_owned(), harm));
        }
    }

    /// Shows observers a node that has handled an event.
    pub(super) fn stepped(
        &mut self,
        node: &str,
        guest: &mut (dyn Guest + Send + 'static),
        disk: &SharedDisk,
        timers: &Timers,
        clock: &Clock,
    ) {
        self.journal
            .stepped(self.now_ns, node, guest, disk, timers, clock);
    }

    /// Whether anybody sees what happens.
    pub(super) fn is_seen(&self) -> bool {
        self.journal.is_seen()
    }

    /// Journals what happened to a node's disk.
    pub(super) fn disk(&mut self, node: &str, what: DiskEvent<'_>) {
        self.entries += 1;
        self.journal.disk(self.now_ns, node, what);
    }
}
