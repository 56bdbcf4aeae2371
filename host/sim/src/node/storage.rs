//! A node's disk, and the sync that the node waits for.

use std::borrow::Cow;

use host_disk::disk::{data_len, owned};
use host_disk::{Disk, DiskLimits, Scope, SharedDisk, Survival, lock};
use host_guest::{Effect, EventKind};
use host_protocol::abi::{Level, Log};
use host_protocol::disk::{Change, SyncFailure};
use host_protocol::timers::Timers;

use super::Node;
use crate::address::Addr;
use crate::clients::Clients;
use crate::coverage::Touched;
use crate::journal::{DiskEvent, Harm};
use crate::latency::Latency;
use crate::nemesis::Fault;
use crate::network::Network;
use crate::outcome::Stopped;
use crate::progress::Chain;
use crate::queue::Alarm;
use crate::random::{Stream, Streams};
use crate::scheduled::Scheduled;
use crate::time::MS;
use crate::world::World;

/// The least that a slow disk adds to a sync.
const SLOW_NS: u64 = 100 * MS;

/// How many times longer a sync takes on a slow disk.
const SLOW_TIMES: u64 = 10;

/// A node's disk.
pub(super) struct Storage {
    pub(super) disk: SharedDisk,
    latency: Latency,
    stream: Stream,
    /// The fault that makes it slow, if one does.
    is_slow: bool,
    sync: Option<PendingSync>,
    /// Whether the guest that runs was told of a sync that failed.
    pub(super) has_failed: bool,
    /// How many of its changes are in the journal.
    noted: u64,
    /// What the meter knows that it holds, in bytes.
    counted_bytes: usize,
}

/// A sync that has begun.
struct PendingSync {
    scope: Scope,
    /// When it is over; `None` if it is, or while the run is directed.
    alarm: Option<Alarm>,
    /// Whether it is over, and the node has not gone on.
    is_over: bool,
    /// What was done when it began.
    cause: Chain,
    behind: Behind,
    /// What came of it.
    result: Result<(), SyncFailure>,
}

/// What happens once a sync is done. A step may have thousands of syncs: each goes on with what the one
/// before has left.
struct Behind {
    acts: std::vec::IntoIter<Act<'static>>,
    /// What all acts of the step hold in memory, in bytes.
    held_bytes: usize,
}

impl Behind {
    fn of<'a>(acts: impl Iterator<Item = Act<'a>>) -> Self {
        let acts: Vec<Act<'static>> = acts.map(Act::into_owned).collect();
        Behind {
            held_bytes: acts.iter().map(Act::held_bytes).sum(),
            acts: acts.into_iter(),
        }
    }
}

/// An effect of a guest that its driver has checked.
#[derive(Debug, Clone)]
pub(super) enum Act<'a> {
    /// Send a message.
    Send {
        /// The receiver.
        dest: Addr,
        /// The body.
        body: Cow<'a, str>,
    },
    /// Set a timer.
    SetTimer {
        /// The timer.
        id: u64,
        /// When it is due, by the node's clock.
        deadline_ns: u64,
    },
    /// Cancel a timer.
    CancelTimer(u64),
    /// Write a line to the log.
    Log(Level, Cow<'a, str>),
    /// Change the disk.
    Disk(Change<'a>),
    /// Make changes of the disk durable.
    Sync(Scope),
}

impl<'a> Act<'a> {
    /// What an effect asks for. `dest` is the receiver if it is a message; timers count from
    /// `elapsed_ns`.
    pub(super) fn new(effect: Effect<'a>, dest: Addr, elapsed_ns: u64) -> Self {
        match effect {
            Effect::Send(send) => Act::Send {
                dest,
                body: Cow::Borrowed(send.message.body),
            },
            Effect::SetTimer(timer) => Act::SetTimer {
                id: timer.id,
                deadline_ns: elapsed_ns.saturating_add(timer.after_ns),
            },
            Effect::CancelTimer(timer) => Act::CancelTimer(timer.id),
            Effect::Log(Log { level, text }) => Act::Log(level, text),
            Effect::Disk(change) => Act::Disk(change),
            Effect::Sync(scope) => Act::Sync(scope),
        }
    }

    fn into_owned(self) -> Act<'static> {
        match self {
            Act::Send { dest, body } => Act::Send {
                dest,
                body: Cow::Owned(body.into_owned()),
            },
            Act::SetTimer { id, deadline_ns } => Act::SetTimer { id, deadline_ns },
            Act::CancelTimer(id) => Act::CancelTimer(id),
            Act::Log(level, text) => Act::Log(level, Cow::Owned(text.into_owned())),
            Act::Disk(change) => Act::Disk(owned(change)),
            Act::Sync(scope) => Act::Sync(scope),
        }
    }

    /// What it holds in memory, in bytes.
    fn held_bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Act::Send { body, .. } => body.len(),
                Act::Log(_, text) => text.len(),
                Act::Disk(change) => data_len(change),
                _ => 0,
            }
    }
}

/// What acts change besides the world and the network.
pub(super) struct Hands<'n> {
    pub(super) index: usize,
    pub(super) name: &'n str,
    pub(super) timers: &'n mut Timers,
    pub(super) timer_cause: &'n mut Chain,
    pub(super) storage: &'n mut Storage,
}

impl Hands<'_> {
    /// Does what a guest asks for, up to a sync: that begins, and the rest waits for it.
    pub(super) fn perform<'a>(
        mut self,
        mut acts: impl Iterator<Item = Act<'a>>,
        world: &mut World<'_>,
        network: &mut Network,
    ) {
        if let Some(scope) = self.perform_to_sync(&mut acts, world, network) {
            self.begin(scope, Behind::of(acts), world);
        }
    }

    /// The same with what waited for a sync.
    fn perform_behind(mut self, mut behind: Behind, world: &mut World<'_>, network: &mut Network) {
        if let Some(scope) = self.perform_to_sync(&mut behind.acts, world, network) {
            self.begin(scope, behind, world);
        }
    }

    fn begin(self, scope: Scope, behind: Behind, world: &mut World<'_>) {
        self.storage
            .begin(self.index, self.name, scope, behind, world);
    }

    /// Does what a guest asks for, up to a sync, whose scope it returns.
    fn perform_to_sync<'a>(
        &mut self,
        acts: &mut impl Iterator<Item = Act<'a>>,
        world: &mut World<'_>,
        network: &mut Network,
    ) -> Option<Scope> {
        let sync = acts.find_map(|act| {
            match act {
                Act::Send { dest, body } => {
                    network.send(world, Addr::Node(self.index), dest, &body);
                }
                Act::SetTimer { id, deadline_ns } => {
                    self.timers.set(id, deadline_ns);
                    *self.timer_cause = world.cause();
                }
                Act::CancelTimer(id) => self.timers.cancel(id),
                Act::Log(level, text) => world.log(self.name, level, &text),
                Act::Disk(change) => lock(&self.storage.disk).apply(&change),
                Act::Sync(scope) => return Some(scope),
            }
            None
        });
        self.storage.note_changes(self.name, world);
        sync
    }
}

impl Storage {
    /// An empty disk of the node of this name.
    pub(super) fn new(name: &str, limits: DiskLimits, latency: Latency, streams: &Streams) -> Self {
        Storage {
            disk: Disk::shared(limits),
            latency,
            stream: streams.stream(&format!("disk {name}")),
            is_slow: false,
            sync: None,
            has_failed: false,
            noted: 0,
            counted_bytes: 0,
        }
    }

    /// Whether the node waits for a sync.
    pub(super) fn is_syncing(&self) -> bool {
        self.sync.is_some()
    }

    fn begin(
        &mut self,
        node: usize,
        name: &str,
        scope: Scope,
        behind: Behind,
        world: &mut World<'_>,
    ) {
        world.disk(name, DiskEvent::Sync);
        let alarm = (!world.is_directed()).then(|| {
            let at_ns = world.now_ns() + self.latency_ns(world);
            world.set_alarm(at_ns, Scheduled::Synced(node))
        });
        self.sync = Some(PendingSync {
            scope,
            alarm,
            is_over: false,
            cause: world.cause(),
            behind,
            result: Ok(()),
        });
    }

    fn latency_ns(&mut self, world: &mut World<'_>) -> u64 {
        let latency_ns = self.latency.draw_ns(&mut self.stream);
        if !self.is_slow {
            return latency_ns;
        }
        world.tally().touch(Fault::DiskSlow, one_sync());
        (latency_ns * SLOW_TIMES).max(latency_ns + SLOW_NS)
    }

    /// Has a sync be over now that began while the run was directed.
    pub(super) fn end_at_once(&mut self, node: usize, world: &mut World<'_>) {
        if let Some(sync) = &mut self.sync {
            sync.alarm = Some(world.set_alarm(world.now_ns(), Scheduled::Synced(node)));
        }
    }

    /// The time of the sync is over.
    fn end(&mut self, name: &str, world: &mut World<'_>) {
        let Some(sync) = &mut self.sync else { return };
        sync.alarm = None;
        sync.is_over = true;
        world.follow(sync.cause, || format!("{name} syncs its disk"));
        sync.result = lock(&self.disk).sync(&sync.scope);
        match sync.result {
            Ok(()) => world.disk(name, DiskEvent::Synced),
            Err(reason) => {
                let fault = match reason {
                    SyncFailure::Full => Fault::DiskFull,
                    SyncFailure::Error => Fault::DiskError,
                };
                world.tally().touch(fault, one_sync());
                world.disk(name, DiskEvent::SyncFailed(reason));
                self.has_failed = true;
            }
        }
    }

    /// The process ends, and with it the sync that it waits for.
    pub(super) fn kill(&mut self, world: &mut World<'_>) {
        if let Some(alarm) = self.sync.take().and_then(|sync| sync.alarm) {
            world.cancel(alarm);
        }
        self.has_failed = false;
        lock(&self.disk).kill();
    }

    /// The power fails.
    pub(super) fn lose_power(&mut self, name: &str, survival: Survival, world: &mut World<'_>) {
        let lost = lock(&self.disk).lose_power(survival);
        if lost.count > 0 {
            let changes = lost.count as u64;
            let what = Touched {
                changes,
                ..Touched::default()
            };
            world.tally().touch(Fault::Power, what);
        }
        let more = lost.count - lost.first.len();
        for (path, change) in lost.first {
            world.harm(name, Harm::Lost { path, change });
        }
        if more > 0 {
            world.harm(name, Harm::MoreLost(more as u64));
        }
    }

    /// The disk is replaced.
    pub(super) fn wipe(&mut self, name: &str, world: &mut World<'_>) {
        let mut disk = lock(&self.disk);
        if !disk.is_empty() {
            world.tally().touch(Fault::Wipe, Touched::default());
            world.harm(name, Harm::Wiped);
        }
        disk.wipe();
    }

    /// A bit flips.
    pub(super) fn rot(&mut self, name: &str, byte: u64, bit: u8, world: &mut World<'_>) {
        if let Some((path, at)) = lock(&self.disk).rot(byte, bit) {
            world.tally().touch(Fault::BitRot, Touched::default());
            world.harm(name, Harm::Rotten { path, at });
        }
    }

    /// Makes the disk slow, or as fast as before.
    pub(super) fn set_slow(&mut self, is_slow: bool) {
        self.is_slow = is_slow;
    }

    /// Journals what was changed since it was last called.
    fn note_changes(&mut self, name: &str, world: &mut World<'_>) {
        let disk = lock(&self.disk);
        let new = disk.changes() - self.noted;
        if new == 0 {
            return;
        }
        self.noted = disk.changes();
        if world.is_seen() {
            let told = disk.last_changes(new);
            for (path, change) in &told {
                world.disk(name, DiskEvent::Changed { path, change });
            }
            let more = new - told.len() as u64;
            if more > 0 {
                world.disk(name, DiskEvent::MoreChanged(more));
            }
        }
    }

    /// Tells the meter what it holds.
    pub(super) fn count(&mut self, world: &mut World<'_>) {
        let behind = self.sync.as_ref().map(|sync| sync.behind.held_bytes);
        let now = lock(&self.disk).held_bytes() + behind.unwrap_or(0);
        if now != self.counted_bytes {
            world.meter().disk(self.counted_bytes, now);
            self.counted_bytes = now;
        }
    }
}

impl Node {
    /// The sync that it waits for is over. It goes on, unless it is paused.
    pub(in super::super) fn synced(
        &mut self,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.storage.end(&self.name, world);
        match self.is_paused() {
            true => Ok(()),
            false => self.go_on(world, network, clients),
        }
    }

    /// Goes on after a pause or a sync: with what stands behind a sync that is over, then with what
    /// has arrived meanwhile, then with timers.
    pub(super) fn go_on(
        &mut self,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        if let Some(sync) = self.storage.sync.take_if(|sync| sync.is_over) {
            if sync.result.is_ok() {
                let hands = Hands {
                    index: self.index,
                    name: &self.name,
                    timers: &mut self.timers,
                    timer_cause: &mut self.timer_cause,
                    storage: &mut self.storage,
                };
                hands.perform_behind(sync.behind, world, network);
            }
            if !self.storage.is_syncing() || sync.result.is_err() {
                self.step(EventKind::Synced(sync.result), world, network, clients)?;
            }
        }
        if self.is_blocked() {
            return Ok(());
        }
        for slot in std::mem::take(&mut self.backlog) {
            if let Some(packet) = network.release(slot) {
                self.deliver(packet, world, network, clients)?;
            }
        }
        self.schedule_wake(world);
        Ok(())
    }
}

fn one_sync() -> Touched {
    Touched {
        syncs: 1,
        ..Touched::default()
    }
}
