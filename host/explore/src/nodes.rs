//! A node: its guest's state, its timers, its disk, and the sync that it waits for.

use std::collections::VecDeque;
use std::sync::Arc;

use dashmap::DashMap;
use host_disk::{Scope, Survival};
use host_guest::{ErrorKind, Event, EventKind, GuestError};

use crate::guests::{Act, GuestStep, Guests, Life, Told};
use crate::hash::{BuildQuick, Contents, Hash};
use crate::participants::Messages;
use crate::table::{Content, STEP_BYTES, Table};
use crate::wrong::Wrong;

/// A node between two events.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) index: u8,
    /// The state of its guest; none while it is down.
    pub(crate) guest: Option<u32>,
    /// How often it was started.
    lives: u32,
    /// By the time that is left, then by id.
    pub(crate) timers: Vec<Timer>,
    disk: u32,
    sync: Option<PendingSync>,
}

impl Content for Node {
    fn heap_bytes(&self) -> usize {
        let behind = self.sync.as_ref().map_or(0, |sync| sync.behind.len());
        size_of_val(self.timers.as_slice()) + behind * size_of::<Act>()
    }
}

/// A timer that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timer {
    /// How long until it is due; negative if it is late.
    pub(crate) left_ns: i64,
    pub(crate) id: u64,
    /// How long it was set for, if that matters.
    pub(crate) span_ns: u64,
}

/// A sync that has begun, and what happens once it is done.
#[derive(Debug, Clone)]
struct PendingSync {
    scope: Scope,
    behind: VecDeque<Act>,
}

/// What happens to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Happens {
    /// A message is delivered.
    Message(u32),
    /// The same, and it was or will be asked whether that changes anything.
    Request(u32),
    /// A timer fires.
    Timer(u64),
    /// Its sync is done.
    Synced,
    /// Its process ends.
    Kill,
    /// Its power fails: what is not durable is lost.
    Power,
    /// It is started, and told this `init`.
    Start(u32),
    /// So much time passes.
    Age(u64),
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct NodeStep {
    pub(crate) next: u32,
    /// Messages, in the order of sending.
    pub(crate) sent: Vec<u32>,
    /// Whether a timer was set or cancelled.
    pub(crate) sets_timers: bool,
    /// How many syncs were done at once.
    pub(crate) syncs: u32,
}

/// What came of it, or why there is nothing.
type Taken = Result<Arc<NodeStep>, Wrong>;

/// All states of nodes that were met.
pub(crate) struct Nodes {
    table: Table<Node>,
    steps: DashMap<(u32, Happens, u64), Taken, BuildQuick>,
    /// Whether syncs take no time: nothing that is explored happens during one.
    pub(crate) instant_syncs: bool,
    /// Whether it matters how long timers were set for.
    pub(crate) keeps_spans: bool,
}

impl Nodes {
    pub(crate) fn new(instant_syncs: bool, keeps_spans: bool) -> Self {
        Nodes {
            table: Table::default(),
            steps: DashMap::default(),
            instant_syncs,
            keeps_spans,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// What they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes()
    }

    pub(crate) fn get(&self, node: u32) -> &Node {
        self.table.get(node)
    }

    pub(crate) fn hash(&self, node: u32) -> Hash {
        self.table.hash(node)
    }

    /// A node that was never started, with an empty disk.
    pub(crate) fn new_node(&self, index: u8, guests: &Guests<'_>, messages: &Messages) -> u32 {
        let node = Node {
            index,
            guest: None,
            lives: 0,
            timers: Vec::new(),
            disk: guests.empty_disk(),
            sync: None,
        };
        self.add(node, guests, messages)
    }

    pub(crate) fn add(&self, node: Node, guests: &Guests<'_>, messages: &Messages) -> u32 {
        let guest = node.guest.map_or(0, |guest| guests.hash(guest));
        let message = |sent| messages.hash(sent);
        let disk = guests.disks.hash(node.disk);
        let content = node.content(node.index, guest, disk, &message);
        self.table.add(content, || node)
    }

    /// What comes of something that happens to a node, at this time of the exploration.
    pub(crate) fn step(
        &self,
        node: u32,
        happens: Happens,
        now_ns: u64,
        guests: &Guests<'_>,
        messages: &Messages,
    ) -> Result<Arc<NodeStep>, Wrong> {
        // Every life begins at a time of its own, which its snapshots may tell from then on. States that differ in nothing
        // but when further lives will begin count as one.
        let is_start = matches!(happens, Happens::Start(_));
        let seen_ns = match guests.mode.reads_clock || is_start {
            true => now_ns,
            false => 0,
        };
        let key = (node, happens, seen_ns);
        if let Some(step) = self.steps.get(&key) {
            return step.clone();
        }
        let made = Taking {
            nodes: self,
            guests,
            messages,
            now_ns: seen_ns,
            node: self.get(node).clone(),
            sent: Vec::new(),
            sets_timers: false,
            syncs: 0,
        }
        .take(happens)
        .map(Arc::new);
        let sent = made.as_ref().map_or(0, |step| step.sent.len());
        self.table.note(STEP_BYTES + sent * size_of::<u32>());
        self.steps.insert(key, made.clone());
        made
    }
}

impl Node {
    /// Whether events can reach it: it runs, and waits for no sync.
    pub(crate) fn is_ready(&self) -> bool {
        self.guest.is_some() && self.sync.is_none()
    }

    /// A hash of what it consists of, if it is the node with this index, and its guest, its disk and messages have these hashes.
    pub(crate) fn content(
        &self,
        index: u8,
        guest: Hash,
        disk: Hash,
        message: &dyn Fn(u32) -> Hash,
    ) -> Hash {
        let mut contents = Contents::of("node")
            .number(u64::from(index))
            .number(u64::from(self.lives))
            .hash(guest)
            .hash(disk)
            .number(self.timers.len() as u64);
        for timer in &self.timers {
            contents = contents
                .number(timer.left_ns.cast_unsigned())
                .number(timer.id)
                .number(timer.span_ns);
        }
        if let Some(sync) = &self.sync {
            contents = contents.bytes(format!("{:?}", sync.scope).as_bytes());
            for act in &sync.behind {
                contents = match act {
                    Act::Send(sent) => contents.bytes(b"send").hash(message(*sent)),
                    act => contents.bytes(format!("{act:?}").as_bytes()),
                };
            }
        }
        contents.finish()
    }

    /// Changes the numbers of contents to those that they have in another model.
    pub(crate) fn adopt(
        &mut self,
        old: &Guests<'_>,
        new: &Guests<'_>,
        message: &dyn Fn(u32) -> u32,
    ) {
        self.guest = self.guest.map(|guest| new.adopt(old, guest, message));
        self.disk = new.adopt_disk(old, self.disk);
        for act in self.sync.iter_mut().flat_map(|sync| &mut sync.behind) {
            if let Act::Send(sent) = act {
                *sent = message(*sent);
            }
        }
    }

    /// The life that it is in, or is about to begin.
    pub(crate) fn life(&self) -> Life {
        Life {
            node: self.index,
            lives: self.lives,
            disk: self.disk,
        }
    }

    pub(crate) fn is_syncing(&self) -> bool {
        self.sync.is_some()
    }
}

/// A step that is being taken.
struct Taking<'t, 'a> {
    nodes: &'t Nodes,
    guests: &'t Guests<'a>,
    messages: &'t Messages,
    now_ns: u64,
    node: Node,
    sent: Vec<u32>,
    sets_timers: bool,
    syncs: u32,
}

impl Taking<'_, '_> {
    fn take(mut self, happens: Happens) -> Result<NodeStep, Wrong> {
        match happens {
            Happens::Message(message) => self.tell(&Told::Message(message))?,
            Happens::Request(request) => self.ask(&Told::Message(request))?,
            Happens::Timer(id) => {
                self.node.timers.retain(|timer| timer.id != id);
                self.sets_timers = true;
                self.tell(&Told::Timer(id))?;
            }
            Happens::Synced => {
                if let Some(sync) = self.node.sync.take() {
                    self.end_sync(&sync.scope);
                    self.perform(sync.behind, Some(sync.scope))?;
                }
            }
            Happens::Kill | Happens::Power => {
                let mut disk = self.guests.disks.get(self.node.disk).clone();
                disk.kill();
                if happens == Happens::Power {
                    disk.lose_power(Survival::None);
                }
                self.node.disk = self.guests.add_disk(&disk);
                self.node.guest = None;
                self.node.sync = None;
                self.node.timers.clear();
                self.sets_timers = true;
            }
            Happens::Start(init) => {
                let life = self.node.life();
                self.node.lives += 1;
                let started = self.guests.start(life, init, self.now_ns, self.messages)?;
                self.node.guest = Some(started.next);
                self.node.disk = started.disk.unwrap_or(self.node.disk);
                self.perform(started.acts.iter().cloned().collect(), None)?;
            }
            Happens::Age(by_ns) => {
                let by_ns = i64::try_from(by_ns).unwrap_or(i64::MAX);
                for timer in &mut self.node.timers {
                    timer.left_ns -= by_ns;
                    if !self.nodes.keeps_spans {
                        timer.left_ns = timer.left_ns.max(0);
                    }
                }
                self.node.timers.sort_unstable();
            }
        }
        Ok(NodeStep {
            next: self.nodes.add(self.node, self.guests, self.messages),
            sent: self.sent,
            sets_timers: self.sets_timers,
            syncs: self.syncs,
        })
    }

    fn tell(&mut self, told: &Told) -> Result<(), Wrong> {
        let Some(guest) = self.node.guest else {
            return Ok(()); // what reaches a node that is down is lost
        };
        let (life, messages) = (self.node.life(), self.messages);
        let step = self.guests.step(guest, life, told, self.now_ns, messages)?;
        self.take_over(&step)
    }

    /// The same; where nothing comes of it, its state stays the one that it is.
    fn ask(&mut self, told: &Told) -> Result<(), Wrong> {
        let Some(guest) = self.node.guest else {
            return Ok(());
        };
        let (life, messages) = (self.node.life(), self.messages);
        let step = self.guests.ask(guest, life, told, self.now_ns, messages)?;
        self.take_over(&step)
    }

    fn take_over(&mut self, step: &GuestStep) -> Result<(), Wrong> {
        self.node.guest = Some(step.next);
        self.node.disk = step.disk.unwrap_or(self.node.disk);
        self.perform(step.acts.iter().cloned().collect(), None)
    }

    /// Does what a guest asks for, up to a sync. `synced` is the sync behind which it stood.
    fn perform(&mut self, mut acts: VecDeque<Act>, mut synced: Option<Scope>) -> Result<(), Wrong> {
        while let Some(act) = acts.pop_front() {
            match act {
                Act::Send(message) => self.sent.push(message),
                Act::Set { id, after_ns } => self.set_timer(id, after_ns)?,
                Act::Cancel(id) => {
                    self.node.timers.retain(|timer| timer.id != id);
                    self.sets_timers = true;
                }
                Act::Disk(change) => {
                    self.guests.account.verify()?;
                    let mut disk = self.guests.disks.get(self.node.disk).clone();
                    disk.check(std::iter::once(&change))
                        .map_err(|error| self.wrong(ErrorKind::Disk(error)))?;
                    disk.apply(&change);
                    self.node.disk = self.guests.add_disk(&disk);
                }
                Act::Sync(scope) if self.nodes.instant_syncs => {
                    self.end_sync(&scope);
                    self.syncs += 1;
                    synced = Some(scope);
                }
                Act::Sync(scope) => {
                    self.node.sync = Some(PendingSync {
                        scope,
                        behind: acts,
                    });
                    return Ok(());
                }
            }
        }
        match synced {
            Some(scope) => self.tell(&Told::Synced(scope)),
            None => Ok(()),
        }
    }

    fn end_sync(&mut self, scope: &Scope) {
        let mut disk = self.guests.disks.get(self.node.disk).clone();
        // No fault of disks is explored, so it does not fail.
        let _ = disk.sync(scope);
        self.node.disk = self.guests.add_disk(&disk);
    }

    fn set_timer(&mut self, id: u64, after_ns: u64) -> Result<(), Wrong> {
        self.sets_timers = true;
        self.node.timers.retain(|timer| timer.id != id);
        let limit = self.guests.limits().timers;
        if self.node.timers.len() >= limit {
            return Err(self.wrong(ErrorKind::Timers { limit }));
        }
        let span_ns = if self.nodes.keeps_spans { after_ns } else { 0 };
        self.node.timers.push(Timer {
            left_ns: i64::try_from(after_ns).unwrap_or(i64::MAX),
            id,
            span_ns,
        });
        self.node.timers.sort_unstable();
        Ok(())
    }

    fn wrong(&self, kind: ErrorKind) -> Wrong {
        let event = Event {
            now_ns: self.now_ns,
            node: &self.messages.nodes()[usize::from(self.node.index)],
            kind: EventKind::Synced(Ok(())),
        };
        Wrong::Guest(GuestError::in_effects(kind, &event))
    }
}
