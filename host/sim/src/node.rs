//! A node: a guest with its timers and its clock.

use host_guest::{
    Carried, Effect, Event, EventKind, Guest, GuestError, SwapError, carry_state, check_timers,
};
use host_protocol::abi::{Level, Log};
use host_protocol::timers::Timers;

use super::address::Addr;
use super::clients::Clients;
use super::clock::{Clock, STEADY};
use super::coverage::Touched;
use super::growth::Sizes;
use super::journal::DropReason;
use super::meter::GuestUsage;
use super::nemesis::Fault;
use super::network::Network;
use super::outcome::{StopReason, Stopped};
use super::packets::{Packet, Slot};
use super::programs::Programs;
use super::queue::Alarm;
use super::scheduled::Scheduled;
use super::world::World;

/// A node of the cluster.
pub(super) struct Node {
    /// Its position in the cluster.
    index: usize,
    name: String,
    life: Life,
    /// What has paused it, a bit for each [`Pause`].
    paused: u8,
    /// What arrived while it was paused.
    backlog: Vec<Slot>,
    /// Deadlines by the node's own clock.
    timers: Timers,
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

/// Where a node is in its life.
enum Life {
    /// It does not run.
    Down,
    /// It runs, and the first message that it gets will be `init`.
    Starting(Box<dyn Guest + Send>),
    /// It has been given `init`.
    Running(Box<dyn Guest + Send>),
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

impl Life {
    /// The guest, if there is one.
    fn guest(&mut self) -> Option<&mut (dyn Guest + Send + 'static)> {
        match self {
            Life::Down => None,
            Life::Starting(guest) | Life::Running(guest) => Some(guest.as_mut()),
        }
    }

    /// Its first message has arrived.
    fn run(&mut self) {
        *self = match std::mem::replace(self, Life::Down) {
            Life::Starting(guest) | Life::Running(guest) => Life::Running(guest),
            Life::Down => Life::Down,
        };
    }
}

impl Node {
    /// A node that does not run yet. Its guest may have `timers_max` timers, and its clock reads
    /// `date_ns` when the run begins.
    pub(super) fn new(index: usize, name: String, timers_max: usize, date_ns: u64) -> Self {
        Node {
            index,
            name,
            life: Life::Down,
            paused: 0,
            backlog: Vec::new(),
            timers: Timers::default(),
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

    pub(super) fn is_paused(&self) -> bool {
        self.paused != 0
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
        let guest = programs.start(&self.name, self.incarnation, self.has_next_version);
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

    /// Takes all that the node knows. What was in flight from it still arrives.
    pub(super) fn kill(
        &mut self,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) {
        self.tally_kill(world, clients);
        self.count_last(world);
        self.life = Life::Down;
        self.paused = 0;
        self.timers = Timers::default();
        self.schedule_wake(world);
        if let Some(client) = self.init_client.take() {
            clients.close(client, world);
        }
        for slot in std::mem::take(&mut self.backlog) {
            if let Some(packet) = network.release(slot) {
                world.taken(&packet, DropReason::Down, Fault::Kill);
                network.recycle(packet);
            }
        }
    }

    /// Pauses the node. One that has not begun has nothing to pause.
    pub(super) fn pause(&mut self, pause: Pause) {
        if matches!(self.life, Life::Running(_)) {
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
        if self.is_paused() {
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
        let new = programs.start(&self.name, self.incarnation, to_next);
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
            world.taken(&packet, DropReason::Down, Fault::Kill);
            network.recycle(packet);
            return Ok(());
        }
        if let Some(fault) = self.paused_by() {
            world.tally().message(fault);
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
        if self.is_paused() {
            return Ok(());
        }
        let elapsed_ns = self.clock.elapsed_ns(world.now_ns());
        while let Some(id) = self.timers.pop_due(elapsed_ns) {
            world.timer(&self.name, id);
            self.step(EventKind::Timer(id), world, network, clients)?;
        }
        self.schedule_wake(world);
        Ok(())
    }

    /// Has the node woken for its next timer, and at no other time.
    fn schedule_wake(&mut self, world: &mut World<'_>) {
        let next_ns = self.timers.next_deadline().filter(|_| !self.is_paused());
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
        stepped.map_err(|reason| world.stop_at(self.index, reason))?;
        self.count(world);
        self.show(world);
        self.schedule_wake(world);
        Ok(())
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
        for effect in &effects {
            match effect {
                Effect::Send(send) => {
                    if let Some(dest) = dests.next() {
                        network.send(world, Addr::Node(self.index), *dest, send.message.body);
                    }
                }
                Effect::SetTimer(timer) => {
                    let deadline_ns = elapsed_ns.saturating_add(timer.after_ns);
                    self.timers.set(timer.id, deadline_ns);
                }
                Effect::CancelTimer(timer) => self.timers.cancel(timer.id),
                Effect::Log(Log { level, text }) => world.log(&self.name, *level, text),
            }
        }
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

    /// Counts what its end takes, before it is killed.
    fn tally_kill(&mut self, world: &mut World<'_>, clients: &Clients) {
        self.tally_pause(world);
        let requests = clients.open_at(self.index);
        if requests > 0 {
            let what = Touched {
                requests,
                ..Touched::default()
            };
            world.tally().touch(Fault::Kill, what);
        }
        if self.handled > self.handled_before + 1 {
            world.tally().forget(Fault::Kill);
        }
    }

    /// Counts the timers that should have fired while it was paused, at the end of that.
    pub(super) fn tally_pause(&self, world: &mut World<'_>) {
        let Some(fault) = self.paused_by() else {
            return;
        };
        let elapsed_ns = self.clock.elapsed_ns(world.now_ns());
        let late = self.timers.iter().take_while(|(_, due)| *due < elapsed_ns);
        let timers = late.count() as u64;
        if timers > 0 {
            let what = Touched {
                timers,
                ..Touched::default()
            };
            world.tally().touch(fault, what);
        }
    }

    /// Counts the events that it handled by a wrong clock, at the end of that.
    pub(super) fn tally_skew(&mut self, world: &mut World<'_>) {
        let before = self.handled_right.take();
        let events = before.map_or(0, |before| self.handled - before);
        if events > 0 {
            let what = Touched {
                events,
                ..Touched::default()
            };
            world.tally().touch(Fault::ClockSkew, what);
        }
    }

    /// Shows observers the node between two events. What their questions cost is not the
    /// run's.
    fn show(&mut self, world: &mut World<'_>) {
        if let Some(guest) = self.life.guest() {
            world.stepped(&self.name, guest, &self.timers, &self.clock);
            self.counted.fuel = guest.fuel_used();
        }
    }
}
