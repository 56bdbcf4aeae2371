//! Steps of guests, as functions of a state and an event.
//!
//! A guest with snapshots is known by its snapshot: it is restored before each step and asked for a
//! new one after it. That is right only if the snapshot is the whole state and the step reads
//! nothing else. So each new step is taken twice, in two instances with different pasts and different random
//! numbers, the second an odd while later. If the results differ, the guest reads the clock, or it is not a
//! function of its snapshot; the exploration begins again with what was found ([`Mode`]).
//!
//! A guest without snapshots (a program, or one whose snapshot is not all) is known by what it was told, and is
//! started again and told the same when nobody has it in that state.

mod images;
mod told_again;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;
use host_disk::{Disk, SharedDisk};
use host_guest::{
    Effect, Event, EventKind, Guest, GuestError, GuestOptions, Interrupt, Limits, Start,
};
use host_sim::random::Streams;

use self::told_again::{LIVE_MAX, Live};
use crate::account::{Account, COPIED_UNITS, Instance};
use crate::hash::{BuildQuick, Contents, Quick};
use crate::participants::{Addr, Messages};
use crate::symmetry::{Came, Symmetry};
use crate::table::{Content, STEP_BYTES, Table};
pub(crate) use crate::told::{Act, GuestStep, Life, Told};
use crate::wrong::{Mode, Wrong};

enum GuestState {
    Snapshot(Box<[u8]>),
    Path {
        /// The state before; none if it was started.
        before: Option<u32>,
        start: Life,
        told: Told,
        now_ns: u64,
    },
}

impl Content for GuestState {
    fn heap_bytes(&self) -> usize {
        match self {
            GuestState::Snapshot(snapshot) => snapshot.len(),
            GuestState::Path { .. } => 0,
        }
    }
}

impl Content for Disk {
    fn heap_bytes(&self) -> usize {
        self.held_bytes()
    }
}

fn acts_bytes(acts: &[Act]) -> usize {
    let bytes = acts.iter().map(|act| match act {
        Act::Disk(change) => host_disk::disk::data_len(change),
        _ => 0,
    });
    size_of_val(acts) + bytes.sum::<usize>()
}

/// What came of a step.
type Taken = Result<Arc<GuestStep>, Wrong>;

/// All guests that were met, and what steps them.
pub(crate) struct Guests<'a> {
    module: &'a dyn Start,
    pub(crate) account: Arc<Account>,
    pub(crate) mode: Mode,
    limits: Limits,
    args: &'a [String],
    streams: Streams,
    /// What clocks read when the main phase begins.
    begins_ns: u64,
    /// How many clients there may ever be.
    clients: u32,
    /// If nodes are to be alike.
    pub(crate) symmetry: Option<Arc<Symmetry>>,
    states: Table<GuestState>,
    pub(crate) disks: Table<Disk>,
    steps: DashMap<(u32, u64, u64), Taken, BuildQuick>,
    /// Of so many new steps of guests with snapshots one is taken twice, chosen by content.
    pub(crate) compares_one_in: u64,
    /// Whether steps are taken by the instance that took the one before, without snapshots. States are known by a
    /// snapshot and what was told since then.
    pub(crate) continues: bool,
    /// Pairs of instances for guests with snapshots.
    pairs: Mutex<Vec<[Box<dyn Guest + Send>; 2]>>,
    /// Whether a guest takes over a state only before it has one.
    restores_once: AtomicBool,
    /// Guests that are known by what they were told, by their states.
    live: Mutex<VecDeque<(u32, Live)>>,
}

/// How many instances of a guest there are at a time, at most, in an exploration by so many threads.
#[must_use]
pub fn instances(threads: usize) -> usize {
    // Each thread takes a step in a pair, of which one may start anew, or brings one to a state.
    LIVE_MAX + 3 * threads
}

/// How much later the second instance takes a step: no unit of time divides it.
const LATER_NS: u64 = 90_061_001_001_001;

/// The lives, which no node has, in which the two instances that take a step were begun.
const SPARE_LIVES: [u32; 2] = [u32::MAX, u32::MAX - 1];

/// What guests are made with.
pub(crate) struct GuestsOptions<'a> {
    pub(crate) module: &'a dyn Start,
    pub(crate) account: Arc<Account>,
    pub(crate) mode: Mode,
    pub(crate) limits: Limits,
    pub(crate) args: &'a [String],
    pub(crate) seed: u64,
    pub(crate) clients: u32,
    pub(crate) symmetry: Option<Arc<Symmetry>>,
}

/// What an instance made of an event.
#[derive(PartialEq)]
struct Made {
    acts: Vec<Act>,
    snapshot: Vec<u8>,
}

impl Made {
    fn came(&self) -> Came<'_> {
        (&self.acts, &self.snapshot)
    }
}

impl<'a> Guests<'a> {
    pub(crate) fn new(options: GuestsOptions<'a>) -> Self {
        Guests {
            module: options.module,
            account: options.account,
            mode: options.mode,
            limits: options.limits,
            args: options.args,
            streams: Streams::new(options.seed),
            begins_ns: host_sim::begins_ns(options.seed),
            clients: options.clients,
            symmetry: options.symmetry,
            states: Table::default(),
            disks: Table::default(),
            steps: DashMap::default(),
            compares_one_in: 1,
            continues: false,
            pairs: Mutex::default(),
            restores_once: AtomicBool::new(false),
            live: Mutex::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn hash(&self, guest: u32) -> crate::hash::Hash {
        self.states.hash(guest)
    }

    /// The number of a disk.
    pub(crate) fn add_disk(&self, disk: &Disk) -> u32 {
        let mut text = Vec::new();
        disk.write_state(&mut text);
        self.account
            .charge((text.len() + disk.held_bytes()) as u64 * COPIED_UNITS);
        let hash = Contents::of("disk").bytes(&text).finish();
        self.disks.add(hash, || disk.clone())
    }

    /// An empty disk.
    pub(crate) fn empty_disk(&self) -> u32 {
        self.add_disk(&Disk::new(self.limits.disk()))
    }

    /// The snapshot of a state, in the life in which the guest is; none if guests have no snapshots.
    pub(crate) fn snapshot(
        &self,
        guest: u32,
        life: Life,
        messages: &Messages,
    ) -> Option<Cow<'_, [u8]>> {
        if let GuestState::Snapshot(snapshot) = self.states.get(guest) {
            return Some(Cow::Borrowed(snapshot));
        }
        if self.mode.by_replay {
            return None;
        }
        // Whatever goes wrong here goes wrong again in the next step, where it counts.
        let (mut live, _) = self.brought_to(guest, life, messages).ok()?;
        let snapshot = self.paid(live.guest.as_mut(), |guest| guest.snapshot());
        let snapshot = snapshot.ok()??;
        self.put_back(guest, live);
        Some(Cow::Owned(snapshot))
    }

    /// The same state, known by its snapshot alone.
    pub(crate) fn frozen(&self, guest: u32, life: Life, messages: &Messages) -> u32 {
        match self.snapshot(guest, life, messages) {
            Some(Cow::Owned(snapshot)) => self.add_snapshot(snapshot),
            _ => guest,
        }
    }

    /// The number of a disk of another table.
    pub(crate) fn adopt_disk(&self, other: &Guests<'_>, disk: u32) -> u32 {
        let content = || other.disks.get(disk).clone();
        self.disks.add(other.disks.hash(disk), content)
    }

    /// The number of a state of another table. `message` says the numbers of its messages.
    pub(crate) fn adopt(
        &self,
        other: &Guests<'_>,
        guest: u32,
        message: &dyn Fn(u32) -> u32,
    ) -> u32 {
        let mut path = vec![guest];
        let mut at = guest;
        while let GuestState::Path {
            before: Some(before),
            ..
        } = other.states.get(at)
        {
            path.push(*before);
            at = *before;
        }
        let mut last = None;
        for id in path.into_iter().rev() {
            let content = || match other.states.get(id) {
                GuestState::Snapshot(snapshot) => GuestState::Snapshot(snapshot.clone()),
                GuestState::Path {
                    start,
                    told,
                    now_ns,
                    ..
                } => GuestState::Path {
                    before: last,
                    start: Life {
                        disk: self.adopt_disk(other, start.disk),
                        ..*start
                    },
                    told: match told {
                        Told::Message(told) => Told::Message(message(*told)),
                        other => other.clone(),
                    },
                    now_ns: *now_ns,
                },
            };
            last = Some(self.states.add(other.hash(id), content));
        }
        last.unwrap_or(0)
    }

    /// Whether the program is asked to end.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.module.interrupt().is_some_and(Interrupt::is_requested)
    }

    /// What is kept of guests, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.states.bytes() + self.disks.bytes()
    }

    /// Why a call of a guest has failed.
    fn wrong(&self, error: Box<GuestError>) -> Wrong {
        match self.account.spent() {
            // It was refused memory that it could have had otherwise.
            Some(spent) => spent.into(),
            None => error.into(),
        }
    }

    /// Calls a guest, and pays what it has used.
    fn paid<T>(
        &self,
        guest: &mut dyn Guest,
        call: impl FnOnce(&mut dyn Guest) -> Result<T, Box<GuestError>>,
    ) -> Result<T, Wrong> {
        let before = guest.fuel_used();
        let result = call(guest);
        self.account.charge(guest.fuel_used() - before);
        result.map_err(|error| self.wrong(error))
    }

    /// Starts a guest, and tells it `init`.
    pub(crate) fn start(
        &self,
        life: Life,
        init: u32,
        now_ns: u64,
        messages: &Messages,
    ) -> Result<Arc<GuestStep>, Wrong> {
        let told = Told::Message(init);
        if self.mode.by_replay {
            return self.tell(None, life, &told, now_ns, messages);
        }
        let mut live = self.instance(life, messages)?;
        if !live.guest.keeps_state() {
            return Err(Wrong::Mode(Mode::BY_REPLAY));
        }
        let made = self.make(live.guest.as_mut(), life.node, &told, now_ns, messages)?;
        self.start_exchanged(life, &told, now_ns, &made, messages)?;
        Ok(Arc::new(self.keep(made)))
    }

    /// Has a guest take a step.
    pub(crate) fn step(
        &self,
        guest: u32,
        life: Life,
        told: &Told,
        now_ns: u64,
        messages: &Messages,
    ) -> Result<Arc<GuestStep>, Wrong> {
        let seen_ns = match self.mode.reads_clock {
            true => now_ns,
            false => 0,
        };
        if self.continues {
            return self.tell(Some(guest), life, told, seen_ns, messages);
        }
        self.known_step(guest, life, told, seen_ns, messages)
    }

    /// The same, if it may well be that the guest stays as it is: then its state is the same one after the step, also of guests that are
    /// known by what they were told since a snapshot.
    pub(crate) fn ask(
        &self,
        guest: u32,
        life: Life,
        told: &Told,
        now_ns: u64,
        messages: &Messages,
    ) -> Result<Arc<GuestStep>, Wrong> {
        if self.mode.by_replay || !self.continues {
            return self.step(guest, life, told, now_ns, messages);
        }
        let seen_ns = match self.mode.reads_clock {
            true => now_ns,
            false => 0,
        };
        let frozen = self.frozen(guest, life, messages);
        let step = self.known_step(frozen, life, told, seen_ns, messages)?;
        if step.next != frozen || frozen == guest {
            return Ok(step);
        }
        Ok(Arc::new(GuestStep {
            next: guest,
            acts: step.acts.clone(),
            disk: step.disk,
        }))
    }

    /// Has a guest take a step, unless it has taken the same one before.
    fn known_step(
        &self,
        guest: u32,
        life: Life,
        told: &Told,
        seen_ns: u64,
        messages: &Messages,
    ) -> Taken {
        let key = (guest, key_of(told), seen_ns);
        if let Some(step) = self.steps.get(&key) {
            return step.clone();
        }
        let step = match self.mode.by_replay {
            true => self.tell(Some(guest), life, told, seen_ns, messages),
            false => self.step_twice(guest, life.node, told, seen_ns, messages),
        };
        let acts = step.as_ref().map_or(0, |step| acts_bytes(&step.acts));
        self.states.note(STEP_BYTES + acts);
        self.steps.insert(key, step.clone());
        step
    }

    fn step_twice(
        &self,
        guest: u32,
        node: u8,
        told: &Told,
        now_ns: u64,
        messages: &Messages,
    ) -> Result<Arc<GuestStep>, Wrong> {
        let GuestState::Snapshot(snapshot) = self.states.get(guest) else {
            return Err(Wrong::Mode(self.mode)); // there are no others in this mode
        };
        let mut pair = match pop(&self.pairs) {
            Some(pair) => pair,
            None => [
                self.spare(node, SPARE_LIVES[0], messages)?,
                self.spare(node, SPARE_LIVES[1], messages)?,
            ],
        };
        let mut take = |which: usize, later_ns: u64| {
            let guest = &mut pair[which];
            self.restore(guest, SPARE_LIVES[which], node, snapshot, messages)?;
            self.make(guest.as_mut(), node, told, now_ns + later_ns, messages)
        };
        // An instance that has failed is not used again.
        let first = take(0, 0)?;
        let reads_clock = self.mode.reads_clock;
        let is_same = !self.compares(guest) || {
            let later_ns = if reads_clock { 0 } else { LATER_NS };
            first == take(1, later_ns)?
        };
        if is_same {
            let step = (node, told, now_ns);
            self.take_exchanged(&mut pair[1], (guest, snapshot), step, &first, messages)?;
            let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
            pairs.push(pair);
            drop(pairs);
            return Ok(Arc::new(self.keep(first)));
        }
        let is_the_clock = !reads_clock && first == take(1, 0)?;
        Err(Wrong::Mode(Mode {
            by_replay: !is_the_clock,
            reads_clock: true,
        }))
    }

    /// An instance that takes over states.
    fn spare(
        &self,
        node: u8,
        lives: u32,
        messages: &Messages,
    ) -> Result<Box<dyn Guest + Send>, Wrong> {
        let life = Life {
            node,
            lives,
            disk: self.empty_disk(),
        };
        self.instance(life, messages).map(|live| live.guest)
    }

    /// Has an instance take over a state.
    fn restore(
        &self,
        guest: &mut Box<dyn Guest + Send>,
        lives: u32,
        node: u8,
        snapshot: &[u8],
        messages: &Messages,
    ) -> Result<(), Wrong> {
        if self.restores_once.load(Ordering::Relaxed) {
            *guest = self.spare(node, lives, messages)?;
        }
        let Err(wrong) = self.paid(guest.as_mut(), |guest| guest.restore(snapshot)) else {
            return Ok(());
        };
        if wrong.is_no_failure() {
            return Err(wrong);
        }
        // Some take over a state only before they have one. What a new one refuses, all do.
        *guest = self.spare(node, lives, messages)?;
        self.paid(guest.as_mut(), |guest| guest.restore(snapshot))?;
        self.restores_once.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a step from this state is taken twice.
    fn compares(&self, guest: u32) -> bool {
        let hash = self.states.hash(guest);
        hash.is_multiple_of(u128::from(self.compares_one_in))
    }

    fn keep(&self, made: Made) -> GuestStep {
        GuestStep {
            next: self.add_snapshot(made.snapshot),
            acts: made.acts,
            disk: None,
        }
    }

    fn add_snapshot(&self, snapshot: Vec<u8>) -> u32 {
        let hash = Contents::of("snapshot").bytes(&snapshot).finish();
        let content = || GuestState::Snapshot(snapshot.into_boxed_slice());
        self.states.add(hash, content)
    }

    /// An instance, which has not begun.
    fn instance(&self, life: Life, messages: &Messages) -> Result<Live, Wrong> {
        self.account.verify()?;
        let disk = self.disks.get(life.disk).clone();
        let disk: SharedDisk = Arc::new(Mutex::new(disk));
        let name = &messages.nodes()[usize::from(life.node)];
        let own = self.symmetry.is_none().then_some(name.as_str());
        let guest = self.module.start(GuestOptions {
            limits: self.limits,
            args: self.args.to_vec(),
            seed: self.streams.guest_seed(own, u64::from(life.lives)),
            growth: Some(Instance::of(&self.account)),
            disk: SharedDisk::clone(&disk),
        });
        let guest = guest.map_err(|error| self.wrong(error))?;
        self.account.charge(guest.fuel_used());
        Ok(Live { guest, disk })
    }

    fn make(
        &self,
        guest: &mut dyn Guest,
        node: u8,
        told: &Told,
        now_ns: u64,
        messages: &Messages,
    ) -> Result<Made, Wrong> {
        let acts = self.act(guest, node, told, now_ns, messages)?;
        let snapshot = self.paid(guest, |guest| guest.snapshot())?;
        Ok(Made {
            acts,
            snapshot: snapshot.unwrap_or_default(),
        })
    }

    /// Has an instance handle an event.
    fn act(
        &self,
        guest: &mut dyn Guest,
        node: u8,
        told: &Told,
        now_ns: u64,
        messages: &Messages,
    ) -> Result<Vec<Act>, Wrong> {
        let name = &messages.nodes()[usize::from(node)];
        let event = Event {
            now_ns: self.begins_ns + now_ns,
            node: name,
            kind: match told {
                Told::Message(message) => EventKind::Message(&messages.get(*message).text),
                Told::Timer(id) => EventKind::Timer(*id),
                Told::Synced(_) => EventKind::Synced(Ok(())),
            },
        };
        let before = guest.fuel_used();
        let effects = guest.step(&event).map_err(|error| self.wrong(error))?;
        let mut acts = Vec::new();
        for effect in effects {
            acts.push(match effect {
                Effect::Send(send) => {
                    let name = send.message.dest.as_ref();
                    let Some(dest) = messages.find(name, self.clients) else {
                        return Err(Wrong::UnknownDestination(name.to_owned()));
                    };
                    Act::Send(messages.add(Addr::Node(node), dest, send.message.body))
                }
                Effect::SetTimer(timer) => Act::Set {
                    id: timer.id,
                    after_ns: timer.after_ns,
                },
                Effect::CancelTimer(timer) => Act::Cancel(timer.id),
                Effect::Log(_) => continue,
                Effect::Disk(change) => Act::Disk(host_disk::disk::owned(change)),
                Effect::Sync(scope) => Act::Sync(scope),
            });
        }
        self.account.pay(guest.fuel_used() - before)?;
        Ok(acts)
    }
}

/// A part of a key for what a guest is told.
fn key_of(told: &Told) -> u64 {
    let mut hasher = Quick::default();
    match told {
        Told::Message(message) => (0_u8, *message).hash(&mut hasher),
        Told::Timer(id) => (1_u8, *id).hash(&mut hasher),
        Told::Synced(_) => 2_u8.hash(&mut hasher),
    }
    hasher.finish()
}

fn pop<T>(shared: &Mutex<Vec<T>>) -> Option<T> {
    let mut all = shared.lock().unwrap_or_else(PoisonError::into_inner);
    all.pop()
}
