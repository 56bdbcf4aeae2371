//! What earlier runs have found that was new: states to begin with, schedules to change.
//!
//! Each is chosen with a probability that falls with how often its shape was reached and how often it was chosen, as seeds of a fuzzer are
//! by their energy (Böhme, Pham and Roychoudhury, "Coverage-based greybox fuzzing as Markov chain", 2016).

use std::collections::HashMap;

use host_sim::random::Stream;

use super::run::Reached;
use super::shape::Shape;
use crate::hash::BuildQuick;

/// How many states or schedules are kept.
pub(crate) const POOL_MAX: usize = 512;

/// How many shapes are counted.
const SHAPES_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) reached: Reached,
    chosen: u64,
}

/// What was new.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) entries: Vec<Entry>,
    /// How many runs have reached a state of each shape.
    shapes: HashMap<Shape, u64, BuildQuick>,
}

impl Pool {
    /// Whether no run that was counted has reached the shape, as far as there was room to count.
    pub(crate) fn is_new(&self, shape: Shape) -> bool {
        self.shapes.len() < SHAPES_MAX && !self.shapes.contains_key(&shape)
    }

    /// Counts a shape that a run has reached.
    pub(crate) fn count(&mut self, shape: Shape) {
        let has_room = self.shapes.len() < SHAPES_MAX;
        if let Some(count) = self.shapes.get_mut(&shape) {
            *count += 1;
        } else if has_room {
            self.shapes.insert(shape, 1);
        }
    }

    /// Keeps what was new. Returns what is chosen least, if there is no room for it.
    pub(crate) fn add(&mut self, reached: Reached) -> Option<Reached> {
        self.entries.push(Entry { reached, chosen: 0 });
        if self.entries.len() > POOL_MAX {
            let weights = self.entries.iter().map(|it| self.weight(it)).enumerate();
            if let Some((least, _)) = weights.min_by_key(|(place, weight)| (*weight, *place)) {
                return Some(self.entries.remove(least).reached);
            }
        }
        None
    }

    /// Chooses an entry, if there is one.
    pub(crate) fn choose(&mut self, stream: &mut Stream) -> Option<&Reached> {
        let weights: Vec<u64> = self.entries.iter().map(|it| self.weight(it)).collect();
        let mut at = stream.below(weights.iter().sum());
        let place = weights.iter().position(|weight| {
            let is_it = at < *weight;
            at = at.saturating_sub(*weight);
            is_it
        })?;
        let entry = &mut self.entries[place];
        entry.chosen += 1;
        Some(&entry.reached)
    }

    fn weight(&self, entry: &Entry) -> u64 {
        let count = self.shapes.get(&entry.reached.shape).copied().unwrap_or(1);
        ((1 << 32) / ((1 + entry.chosen) * (1 + entry.chosen) * count)).max(1)
    }
}
