//! Guests that are known by what they were told: from their start, or since a snapshot.
//!
//! The instance that took a step is kept, and takes the next one. If nobody has it in a state, another one is told the same.

use std::sync::{Arc, PoisonError};

use host_disk::{SharedDisk, lock};
use host_guest::Guest;

use super::{GuestState, GuestStep, Guests, Life, Told};
use crate::hash::Contents;
use crate::participants::Messages;
use crate::wrong::Wrong;

/// How many guests without snapshots are kept where they are.
pub(super) const LIVE_MAX: usize = 48;

/// An instance, and the disk that it has.
pub(super) struct Live {
    pub(super) guest: Box<dyn Guest + Send>,
    pub(super) disk: SharedDisk,
}

impl Guests<'_> {
    /// Has a guest that is known by what it was told take a step.
    pub(super) fn tell(
        &self,
        before: Option<u32>,
        start: Life,
        told: &Told,
        now_ns: u64,
        messages: &Messages,
    ) -> Result<Arc<GuestStep>, Wrong> {
        let (mut live, start) = match before {
            Some(before) => self.brought_to(before, start, messages)?,
            None => (self.instance(start, messages)?, start),
        };
        // A guest of the ABI leaves its disk to effects.
        let writes = self.mode.by_replay;
        let disk_before = writes.then(|| self.add_disk(&lock(&live.disk)));
        live.begin(told);
        let guest = live.guest.as_mut();
        let acts = self.act(guest, start.node, told, now_ns, messages)?;
        let hash = Contents::of("told")
            .hash(before.map_or(0, |before| self.states.hash(before)))
            .number(u64::from(start.node))
            .number(u64::from(start.lives))
            .hash(self.disks.hash(start.disk))
            .number(now_ns)
            .hash(match told {
                Told::Message(message) => messages.hash(*message),
                Told::Timer(id) => u128::from(*id),
                Told::Synced(_) => u128::MAX,
            })
            .finish();
        let next = self.states.add(hash, || GuestState::Path {
            before,
            start,
            told: told.clone(),
            now_ns,
        });
        let disk = writes.then(|| self.add_disk(&lock(&live.disk)));
        self.put_back(next, live);
        Ok(Arc::new(GuestStep {
            next,
            acts,
            disk: disk.filter(|_| disk != disk_before),
        }))
    }

    /// Keeps a guest that is in this state.
    pub(super) fn put_back(&self, state: u32, live: Live) {
        let mut all = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back((state, live));
        if all.len() > LIVE_MAX {
            all.pop_front();
        }
    }

    /// A guest in this state: one that is there already, or one that is told all again. `life` is the one that it is in.
    pub(super) fn brought_to(
        &self,
        state: u32,
        mut life: Life,
        messages: &Messages,
    ) -> Result<(Live, Life), Wrong> {
        let mut missing = Vec::new();
        let mut at = state;
        let (mut live, life) = loop {
            let (before, start) = match self.states.get(at) {
                GuestState::Path { before, start, .. } => (before, start),
                GuestState::Snapshot(snapshot) => {
                    let mut live = self.instance(life, messages)?;
                    self.paid(live.guest.as_mut(), |guest| guest.restore(snapshot))?;
                    break (live, life);
                }
            };
            life = *start;
            let mut all = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            let place = all.iter().position(|(id, _)| *id == at);
            if let Some((_, live)) = place.and_then(|place| all.remove(place)) {
                break (live, *start);
            }
            drop(all);
            missing.push(at);
            match before {
                Some(before) => at = *before,
                None => {
                    let live = self.instance(*start, messages);
                    break (live?, *start);
                }
            }
        };
        for id in missing.into_iter().rev() {
            if let GuestState::Path { told, now_ns, .. } = self.states.get(id) {
                live.begin(told);
                self.act(live.guest.as_mut(), life.node, told, *now_ns, messages)?;
            }
        }
        Ok((live, life))
    }
}

impl Live {
    /// Does to its disk what comes before an event.
    fn begin(&mut self, told: &Told) {
        if let Told::Synced(scope) = told {
            // No fault of disks is explored, so it does not fail.
            let _ = lock(&self.disk).sync(scope);
        }
    }
}
