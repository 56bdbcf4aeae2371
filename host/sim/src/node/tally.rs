//! Counts what faults take from a node.

use super::Node;
use crate::clients::Clients;
use crate::coverage::Touched;
use crate::nemesis::Fault;
use crate::world::World;

impl Node {
    /// Counts what its end takes, before it is killed.
    pub(super) fn tally_kill(&mut self, by: Fault, world: &mut World<'_>, clients: &Clients) {
        self.tally_pause(world);
        let requests = clients.open_at(self.index);
        if requests > 0 {
            let what = Touched {
                requests,
                ..Touched::default()
            };
            world.tally().touch(by, what);
        }
        if self.handled > self.handled_before + 1 {
            world.tally().forget(by);
        }
    }

    /// Counts the timers that should have fired while it was paused, at the end of that.
    pub(in super::super) fn tally_pause(&self, world: &mut World<'_>) {
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
    pub(in super::super) fn tally_skew(&mut self, world: &mut World<'_>) {
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
}
