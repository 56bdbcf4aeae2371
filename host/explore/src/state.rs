//! The state of a cluster.

use crate::bounds::Bounds;
use crate::hash::{Hash, spread};

/// A cluster between two moves. Numbers stand for contents in tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The nodes, then the services.
    pub(crate) parts: Vec<u32>,
    pub(crate) clients: u32,
    pub(crate) left: Left,
    /// The nodes on one side of a split, a bit for each; 0 if there is none.
    pub(crate) cut: u16,
    /// Virtual time since the main phase began; 0 if time is no part of states.
    pub(crate) now_ns: u64,
    /// Messages in flight: in the order of their hashes; or, if delays are bounded, in the order of sending.
    pub(crate) messages: Vec<u32>,
    /// Messages that are late, in the order of their hashes.
    pub(crate) late: Vec<u32>,
}

impl State {
    /// What it takes besides its contents, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let lists = [&self.parts, &self.messages, &self.late];
        let numbers = lists.map(|list| list.len()).iter().sum::<usize>();
        size_of::<State>() + numbers * size_of::<u32>()
    }

    /// Whether a fault has happened. A message that is late is one; so is a timer that fires, which may have overtaken messages, unless delays
    /// are bounded.
    pub(crate) fn has_had_faults(&self, bounds: &Bounds) -> bool {
        let Left {
            fires,
            delays,
            drops,
            duplicates: _,
            kills,
            power,
            partitions,
            timeouts,
        } = self.left;
        let is_late = match bounds.delays {
            Some(most) => delays != most,
            None => fires != bounds.fires,
        };
        is_late
            || (drops, kills, power, partitions, timeouts)
                != (
                    bounds.drops,
                    bounds.kills,
                    bounds.power,
                    bounds.partitions,
                    bounds.timeouts,
                )
    }
}

/// What is left of each budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Left {
    pub(crate) fires: u32,
    pub(crate) delays: u32,
    pub(crate) drops: u8,
    pub(crate) duplicates: u8,
    pub(crate) kills: u8,
    pub(crate) power: u8,
    pub(crate) partitions: u8,
    pub(crate) timeouts: u8,
}

impl Left {
    /// Nothing: all faults are over.
    pub(crate) const NOTHING: Left = Left {
        fires: 0,
        delays: 0,
        drops: 0,
        duplicates: 0,
        kills: 0,
        power: 0,
        partitions: 0,
        timeouts: 0,
    };

    /// A hash of it and of the split.
    pub(crate) fn hash(self, cut: u16) -> Hash {
        let faults = [
            self.drops,
            self.duplicates,
            self.kills,
            self.power,
            self.partitions,
            self.timeouts,
            0,
            1,
        ];
        let time = u64::from(self.fires) << 32 | u64::from(self.delays);
        spread(u64::from_le_bytes(faults))
            .wrapping_add(spread(u64::from(cut) << 8 | 2))
            .wrapping_add(spread(time).rotate_left(1))
    }
}

/// A move as the simulator can replay it, or a message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// A message was sent.
    Sent(u32),
    /// Virtual time is this now.
    Time(u64),
    /// A worker began the operation of its plan with this place.
    Invoke(u16, usize),
    Deliver(u32),
    Lose(u32),
    Copy(u32),
    Fire(u8, u64),
    Synced(u8),
    TimeOut(u16),
    Kill(u8),
    Power(u8),
    Start(u8),
    Cut(u16),
    Heal,
}
