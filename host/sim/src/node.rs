//! A node: a guest with its timers and its clock.

use host_disk::{Survival, lock};
use host_guest::{
    Carried, Effect, Event, EventKind, Guest, GuestError, SwapError, carry_state, check_disk,
    check_timers,
};
use host_protocol::abi::Level;
use host_protocol::timers::Timers;

use super::address::Addr;
use super::clients::Clients;
use super::clock::{Clock, STEADY};
use super::growth::Sizes;
use super::journal::DropReason;
use super::meter::GuestUsage;
use super::nemesis::Fault;
use super::network::Network;
use super::outcome::{StopReason, Stopped};
use super::packets::{Packet, Slot};
use super::programs::Programs;
use super::progress::Chain;
use super::queue::Alarm;
use super::scheduled::Scheduled;
use super::world::World;

mod directed;
mod life;
mod storage;
mod tally;

use life::Life;
use storage::{Act, Hands, Storage};

/// A node of the cluster.
pub(super) struct Node {
    /// Its position in the cluster.
    index: usize,
    name: String,
    life: Life,
    /// The fault that has ended its process, if one has.
    down_by: Option<Fault>,
    storage: Storage,
    /// Whether its guest has failed, and the run goes on.
    has_crashed: bool,
    /// What has paused it, a bit for each [`Pause`].
    paused: u8,
    /// What arrived while it was paused.
    backlog: Vec<Slot>,
    /// Deadlines by the node's own clock.
    timers: Timers,
    /// What was done when a timer was set last.
    timer_cause: Chain,
    timers_max: usize,
    clock: Clock,
    /// Whether it runs the next version of the program, if there is one.
    has_next_version: bool,
    /// How often it was started.
    incarnation: u64,
    /// The client that waits for the response to its `init`.
    init_client: Option<usize>,
    /// What wakes it for its next timer.
    wake: Option<Alarm>,
    /// What its guest has used, as far as the meter has it.
    counted: GuestUsage,
    /// How many events its guests have handled.
    handled: u64,
    /// How many its guests had handled when the one that runs was started.
    handled_before: u64,
    /// How many they had handled when the clock went wrong, if it is.
    handled_right: Option<u64>,
    /// The sizes of the memory of the guest that runs.
    sizes: Sizes,
    /// The receivers of a step's messages, while they are checked.
    dests: Vec<Addr>,
}

/// What pauses a node. It goes on when nothing does any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// A fault at random.
    Drawn,
    /// A fault that was aimed at it.
    Aimed,
}

impl Pause {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How a node's guest was replaced by a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaced {
    /// The new guest goes on with the state of the old one.
    Swapped,
    /// The state cannot be carried over: the node has to be killed and started again.
    NeedsRestart,
    /// The new guest refuses the state, and the old one goes on.
    Refused,
    /// There is no guest that has state.
    NotRunning,
}

impl Node {
    /// A node that does not run yet. Its clock reads `date_ns` when the run begins.
    pub(super) fn new(index: usize, name: String, programs: &Programs<'_>, date_ns: u64) -> Self {
        let (limits, latency) = (programs.limits.disk(), programs.disk_latency);
        let timers_max = programs.limits.timers;
        Node {
            index,
            storage: Storage::new(&name, limits, latency, &programs.streams),
            name,
            life: Life::Down,
            down_by: None,
            has_crashed: false,
            paused: 0,
            backlog: Vec::new(),
            timers: Timers::default(),
            timer_cause: Chain::default(),
            timers_max,
            clock: Clock::new(date_ns),
            has_next_version: false,
            incarnation: 0,
            init_client: None,
            wake: None,
            counted: GuestUsage::default(),
            handled: 0,
            handled_before: 0,
            handled_right: None,
            sizes: Sizes::default(),
            dests: Vec::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.life, Life::Down)
    }

    /// Whether this has ended its process.
    pub(super) fn is_down_by(&self, fault: Fault) -> bool {
        self.is_down() && self.down_by == Some(fault)
    }

    /// What takes the messages to it while it is down.
    pub(super) fn down_by(&self) -> Fault {
        self.down_by.unwrap_or(Fault::Kill)
    }

    /// Whether its guest has failed, and the run goes on.
    pub(super) fn has_crashed(&self) -> bool {
        self.has_crashed
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused != 0
    }

    /// Whether it handles no event for now.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_paused() || self.storage.is_syncing() || self.has_crashed
    }

    /// Whether it can be paused.
    pub(super) fn can_pause(&self) -> bool {
        matches!(self.life, Life::Running(_))
    }

    /// Whether this message waits for it to go on.
    pub(super) fn holds(&self, slot: Slot) -> bool {
        self.backlog.contains(&slot)
    }

    pub(super) fn is_paused_by(&self, pause: Pause) -> bool {
        self.paused & pause.bit() != 0
    }

    /// A fault for which it is paused, if it is.
    fn paused_by(&self) -> Option<Fault> {
        match () {
            () if self.is_paused_by(Pause::Drawn) => Some(Fault::Pause),
            () if self.is_paused_by(Pause::Aimed) => Some(Fault::Stall),
            () => None,
        }
    }

    /// Whether it runs the next version of the program.
    pub(super) fn has_next_version(&self) -> bool {
        self.has_next_version
    }

    /// A guest for the node, of the version that it has now.
    pub(super) fn new_guest(
        &mut self,
        programs: &Programs<'_>,
        world: &World<'_>,
    ) -> Result<Box<dyn Guest + Send>, Stopped> {
        let is_next = self.has_next_version;
        let disk = &self.storage.disk;
        let guest = programs.start(&self.name, self.incarnation, is_next, disk);
        self.incarnation += 1;
        guest.map_err(|error| world.stop_at(self.index, StopReason::Guest(error)))
    }

    /// Starts with a new guest, which waits for the `init` that `init_client` sends.
    pub(super) fn start(
        &mut self,
        guest: Box<dyn Guest + Send>,
        init_client: usize,
        world: &mut World<'_>,
    ) {
        self.life = Life::Starting(guest);
        self.init_client = Some(init_client);
        self.handled_before = self.handled;
        self.count(world);
    }

    /// The response to its `init` has arrived.
    pub(super) fn initialised(&mut self) {
        self.init_client = None;
    }

    /// Ends the node's process, and with it all that it knows but its disk. What was in flight from
    /// it still arrives.
    pub(super) fn kill(
        &mut self,
        by: Fault,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) {
        // One that is down without power, or is being replaced, does not start sooner.
        let stays = self.is_down_by(Fault::Power) || self.is_down_by(Fault::Wipe);
        if !(by == Fault::Kill && stays) {
            self.down_by = Some(by);
        }
        self.tally_kill(by, world, clients);
        self.count_last(world);
        world.observed(self.index, None);
        self.life = Life::Down;
        self.has_crashed = false;
        self.storage.kill(world);
        self.paused = 0;
        self.timers = Timers::default();
        self.schedule_wake(world);
        if let Some(client) = self.init_client.take() {
            clients.close(client, world);
        }
        for slot in std::mem::take(&mut self.backlog) {
            if let Some(packet) = network.release(slot) {
                world.taken(&packet, DropReason::Down, by);
                network.recycle(packet);
            }
        }
    }

    /// Takes its power, after its process has ended: what survives of what it had not synced.
    pub(super) fn lose_power(&mut self, survival: Survival, world: &mut World<'_>) {
        self.storage.lose_power(&self.name, survival, world);
        self.storage.count(world);
    }

    /// Empties its disk, after its process has ended.
    pub(super) fn wipe(&mut self, world: &mut World<'_>) {
        self.storage.wipe(&self.name, world);
        self.storage.count(world);
    }

    /// Flips a bit on its disk.
    pub(super) fn rot(&mut self, byte: u64, bit: u8, world: &mut World<'_>) {
        self.storage.rot(&self.name, byte, bit, world);
    }

    /// Makes its disk slow, or as fast as before.
    pub(super) fn set_slow_disk(&mut self, is_slow: bool) {
        self.storage.set_slow(is_slow);
    }

    /// Has nothing be written to its disk, or ends that.
    pub(super) fn set_full_disk(&mut self, is_full: bool) {
        lock(&self.storage.disk).set_full(is_full);
    }

    /// Has syncs of its disk fail, or ends that.
    pub(super) fn set_failing_disk(&mut self, failing: Option<Survival>) {
        lock(&self.storage.disk).set_failing(failing);
    }

    /// Pauses the node. One that has not begun has nothing to pause.
    pub(super) fn pause(&mut self, pause: Pause) {
        if self.can_pause() {
            self.paused |= pause.bit();
        }
    }

    /// Has a paused node go on, unless something else pauses it: first with what arrived
    /// meanwhile, then with its timers.
    pub(super) fn resume(
        &mut self,
        pause: Pause,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.tally_pause(world);
        self.paused &= !pause.bit();
        match self.is_paused() {
            true => Ok(()),
            false => self.go_on(world, network, clients),
        }
    }

    /// Has its clock run at another rate, from a reading `jump_ns` further on.
    pub(super) fn skew(&mut self, rate_permille: u64, jump_ns: u64, world: &mut World<'_>) {
        self.tally_skew(world);
        if rate_permille != STEADY || jump_ns > 0 {
            self.handled_right = Some(self.handled);
        }
        self.clock.skew(world.now_ns(), rate_permille, jump_ns);
        self.schedule_wake(world);
    }

    /// Replaces the guest by one of the other version, or of the same, between two events.
    /// State and timers stay. A node that is down starts with the new version later.
    pub(super) fn replace_guest(
        &mut self,
        to_next: bool,
        programs: &Programs<'_>,
        world: &mut World<'_>,
    ) -> Result<Replaced, Stopped> {
        let before = std::mem::replace(&mut self.has_next_version, to_next);
        let Life::Running(old) = &mut self.life else {
            return Ok(Replaced::NotRunning);
        };
        let new = programs.start(&self.name, self.incarnation, to_next, &self.storage.disk);
        self.incarnation += 1;
        // What a guest used that does not come to run is not known if it fails at its start.
        let mut fuel = programs.limits.fuel;
        let carried = new.map_err(SwapError::Start).and_then(|mut new| {
            let carried = carry_state(old.as_mut(), new.as_mut(), false);
            fuel = new.fuel_used();
            Ok((carried?, new))
        });
        if !matches!(carried, Ok((Carried::State { .. }, _))) {
            world.meter().fuel(fuel);
        }
        match carried {
            Ok((Carried::State { .. }, new)) => {
                self.count_last(world);
                self.life = Life::Running(new);
                self.count(world);
                Ok(Replaced::Swapped)
            }
            Ok((Carried::Nothing(_), _)) => Ok(Replaced::NeedsRestart),
            // The old guest has failed, and is not called again.
            Err(SwapError::Snapshot(error)) => {
                Err(world.stop_at(self.index, StopReason::Guest(error)))
            }
            Err(refusal) => {
                self.has_next_version = before;
                let text = format!("swap refused: {refusal}");
                world.log(&self.name, Level::Error, &text);
                Ok(Replaced::Refused)
            }
        }
    }

    /// Hands a message over. Drops it if the node is down, keeps it if the node is paused.
    pub(super) fn deliver(
        &mut self,
        packet: Packet,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        let is_init = self.init_client.map(Addr::Client) == Some(packet.src);
        let is_up = match &self.life {
            Life::Down => false,
            Life::Starting(_) => is_init,
            Life::Running(_) => true,
        };
        if !is_up {
            world.taken(&packet, DropReason::Down, self.down_by());
            network.recycle(packet);
            return Ok(());
        }
        if self.is_blocked() {
            if let Some(fault) = self.paused_by() {
                world.tally().message(fault);
            }
            self.backlog.push(network.hold(packet));
            return Ok(());
        }
        self.life.run();
        world.received(&packet);
        network.received(&packet);
        let stepped = self.step(EventKind::Message(&packet.text), world, network, clients);
        network.recycle(packet);
        stepped
    }

    /// Fires the timers that are due.
    pub(super) fn wake(
        &mut self,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.wake = None;
        let elapsed_ns = self.clock.elapsed_ns(world.now_ns());
        let cause = self.timer_cause;
        while !self.is_blocked()
            && let Some(id) = self.timers.pop_due(elapsed_ns)
        {
            world.follow(cause, || format!("a timer of {} fires", self.name));
            world.timer(&self.name, id);
            self.step(EventKind::Timer(id), world, network, clients)?;
        }
        self.schedule_wake(world);
        Ok(())
    }

    /// Has the node woken for its next timer, and at no other time.
    fn schedule_wake(&mut self, world: &mut World<'_>) {
        if world.is_directed() {
            return; // its timers wait for the script
        }
        let next_ns = self.timers.next_deadline().filter(|_| !self.is_blocked());
        // A timer may have become due while the node was paused.
        let at_ns = next_ns.map(|it| self.clock.when_ns(it).max(world.now_ns()));
        if self.wake.map(|wake| wake.at_ns) == at_ns {
            return;
        }
        if let Some(wake) = self.wake.take() {
            world.cancel(wake);
        }
        let node = Scheduled::Wake(self.index);
        self.wake = at_ns.map(|at_ns| world.set_alarm(at_ns, node));
    }

    /// Has the guest handle an event, and does what it asks for: all of it or nothing.
    fn step(
        &mut self,
        kind: EventKind<'_>,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        world.check_interrupt()?; // between any two events: many may be due at a time
        world.meter().step();
        self.handled += 1;
        let stepped = self.try_step(kind, world, network, clients);
        if let Err(reason) = stepped {
            return self.fail(reason, world);
        }
        self.count(world);
        self.show(world);
        self.schedule_wake(world);
        Ok(())
    }

    /// A step has failed, which ends the run: unless the guest was told that a sync has failed, since
    /// to crash is right then. It is started again later.
    fn fail(&mut self, reason: StopReason, world: &mut World<'_>) -> Result<(), Stopped> {
        let stopped = world.stop_at(self.index, reason);
        match &stopped.reason {
            StopReason::Guest(error) if self.storage.has_failed && !stopped.is_internal() => {
                let text = format!("crashed after a sync that failed: {error}");
                world.log(&self.name, Level::Error, &text);
                world.schedule(world.now_ns(), Scheduled::Crashed(self.index));
                self.has_crashed = true;
                Ok(())
            }
            _ => Err(stopped),
        }
    }

    fn try_step(
        &mut self,
        kind: EventKind<'_>,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), StopReason> {
        let now_ns = world.now_ns();
        let Life::Running(guest) = &mut self.life else {
            return Ok(());
        };
        let event = Event {
            now_ns: self.clock.reads_ns(now_ns),
            node: &self.name,
            kind,
        };
        let effects = guest.step(&event).map_err(StopReason::Guest)?;
        check_timers(&self.timers, &effects, self.timers_max)
            .and_then(|()| check_disk(&self.storage.disk, &effects))
            .map_err(|error| StopReason::Guest(GuestError::in_effects(error, &event)))?;
        self.dests.clear();
        for effect in &effects {
            if let Effect::Send(send) = effect {
                let name = send.message.dest.as_ref();
                let exists = |dest: &Addr| match *dest {
                    Addr::Client(client) => clients.exists(client),
                    Addr::Node(_) | Addr::Service(_) => true,
                };
                let Some(dest) = world.names().find(name).filter(exists) else {
                    return Err(StopReason::UnknownDestination {
                        dest: name.to_owned(),
                        body: send.message.body.to_owned(),
                        event: event.to_string(),
                    });
                };
                self.dests.push(dest);
            }
        }
        let elapsed_ns = self.clock.elapsed_ns(now_ns);
        let mut dests = self.dests.iter();
        let acts = effects.into_iter().map(|effect| {
            let is_send = matches!(effect, Effect::Send(_));
            let dest = is_send.then(|| dests.next()).flatten();
            Act::new(
                effect,
                dest.copied().unwrap_or(Addr::Node(self.index)),
                elapsed_ns,
            )
        });
        let hands = Hands {
            index: self.index,
            name: &self.name,
            timers: &mut self.timers,
            timer_cause: &mut self.timer_cause,
            storage: &mut self.storage,
        };
        hands.perform(acts, world, network);
        Ok(())
    }

    /// Adds what the guest has used since it was last counted.
    pub(super) fn count(&mut self, world: &mut World<'_>) {
        let Some(guest) = self.life.guest() else {
            return;
        };
        let now = GuestUsage {
            fuel: guest.fuel_used(),
            memory_bytes: guest.memory_bytes(),
        };
        world.meter().guest(&self.counted, &now);
        if now.memory_bytes != self.counted.memory_bytes {
            self.sizes.note(world.now_ns(), now.memory_bytes);
        }
        self.counted = now;
        self.storage.count(world);
    }

    /// The same for the last time, before the guest is gone.
    fn count_last(&mut self, world: &mut World<'_>) {
        self.count(world);
        world.meter().guest_gone(&std::mem::take(&mut self.counted));
        self.sizes = Sizes::default();
    }

    /// The line that its guest has begun to write and not ended.
    pub(super) fn unfinished_output(&self) -> &[u8] {
        match &self.life {
            Life::Running(guest) => guest.unfinished_output(),
            _ => &[],
        }
    }

    /// The sizes of its memory, since its guest was started.
    pub(super) fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// Shows observers the node between two events. What their questions cost is not the
    /// run's.
    fn show(&mut self, world: &mut World<'_>) {
        if let Some(guest) = self.life.guest() {
            world.stepped(
                &self.name,
                guest,
                &self.storage.disk,
                &self.timers,
                &self.clock,
            );
            if world.observes_nodes()
                && let Ok(Some(state)) = guest.snapshot()
            {
                world.observed(self.index, Some(state));
            }
            self.counted.fuel = guest.fuel_used();
        }
    }
}
