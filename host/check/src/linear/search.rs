//! The search: layer after layer through a history, with few configurations at first. Where these do
//! not suffice, it goes back and keeps more.
//!
//! Wing and Gong's search goes deep first; with many crashed operations about, it then explains
//! each early mistake by some crashed write, and has to undo thousands of layers when it has none
//! left. This one goes broad: all configurations of a layer before any of the next ([`super::layer`]
//! says which there are). So it stops at the completion that cannot be explained, and
//! needs the memory of one layer only. Where no operation is open and none has crashed, the
//! configurations differ in their state alone: such quiet moments cut a history into independent
//! parts by themselves.
//!
//! Layers can be broader than is useful, so at first only the most frugal configurations are kept.
//! If one gets through, that is a linearization, and nothing more is needed. If none does, and none
//! was left out, the history has none. Otherwise the search tries to prove that what happened last
//! is impossible, whatever was before ([`super::refutation`]); or else goes back, the further the
//! more often, and keeps more.

use super::budgets::{Budget, Meter, Spent};
use super::calls::{CallEvent, Calls};
use super::dead_end::DeadEnd;
use super::layer::{LOOKS_PER_STEP, Layer, LayerEnd};
use super::model::Model;
use super::slots::Slots;
use super::stage::Stage;
use super::task::Limits;

/// What a search finds.
#[derive(Debug)]
pub(super) enum Verdict {
    /// There is a linearization.
    Linearizable,
    /// There is none.
    Not(Box<DeadEnd>),
    /// A budget was spent.
    Spent(Spent),
}

/// How many layers there are between two stages that the search can return to.
const STRIDE: usize = 64;

/// The most configurations of a stage that is worth keeping.
const STAGE_CONFIGS_MAX: usize = 1 << 10;

/// How thorough to be at first, and each time that was not enough: how many configurations a layer
/// keeps, and how many crashed operations more than the most frugal one they may use. Found by
/// trial, on histories of 4 to 30 processes that never rest. After the last, nothing is left out.
pub(super) const LEVELS: &[(usize, u32)] = &[(16, 0), (128, 0), (1_024, 1), (8_192, 4)];

/// For how many layers the search stays thorough after it has passed where it failed.
const HOLD_MAX: usize = 512;

/// How many times more configurations a layer may look at than it may keep. It has to find the
/// crashed operation that explains what happened, after all the ways in which open ones do not.
const SEEN_PER_KEPT: usize = 1_024;

/// How many words of slots take the memory of a configuration.
const WORDS_PER_CONFIG: usize = 16;

/// How large a configuration is, as a multiple of the usual.
fn config_size(calls: &Calls) -> usize {
    1 + calls.slot_count as usize / u64::BITS as usize / WORDS_PER_CONFIG
}

/// Looks for a linearization of the calls.
pub(super) fn search(model: &impl Model, calls: &Calls, meter: Meter) -> Verdict {
    if calls.slot_count <= u64::BITS {
        Search::<_, u64>::new(LEVELS, model, calls, meter).run()
    } else {
        Search::<_, Box<[u64]>>::new(LEVELS, model, calls, meter).run()
    }
}

pub(super) struct Search<'a, M, B> {
    levels: &'a [(usize, u32)],
    pub(super) model: &'a M,
    pub(super) calls: &'a Calls,
    pub(super) meter: Meter,
    layer: Layer<B>,
    pub(super) now: Stage<B>,
    /// Where to return to, the earliest first.
    pub(super) stages: Vec<Stage<B>>,
    level: usize,
    /// The layer from which the level is the first again.
    level_until: usize,
    /// The most layers passed.
    best: usize,
    /// The layer that was last tried to be refuted.
    pub(super) not_refuted: Option<usize>,
}

impl<'a, M: Model, B: Slots> Search<'a, M, B> {
    pub(super) fn new(
        levels: &'a [(usize, u32)],
        model: &'a M,
        calls: &'a Calls,
        mut meter: Meter,
    ) -> Self {
        meter.configs_max = (meter.configs_max / config_size(calls)).max(1);
        let now = Stage::first(model, calls.slot_count);
        Self {
            levels,
            model,
            calls,
            meter,
            layer: Layer::new(),
            stages: vec![now.clone()],
            now,
            level: 0,
            level_until: 0,
            best: 0,
            not_refuted: None,
        }
    }

    pub(super) fn run(mut self) -> Verdict {
        while let Some(&event) = self.calls.events.get(self.now.event) {
            match event {
                CallEvent::Open(number) => {
                    if let Err(verdict) = self.open(number) {
                        return verdict;
                    }
                }
                CallEvent::Close(number) => {
                    if let Err(verdict) = self.close(number) {
                        return verdict;
                    }
                }
            }
        }
        Verdict::Linearizable
    }

    /// Opens a call, which is compared with all that are open.
    fn open(&mut self, number: u32) -> Result<(), Verdict> {
        let open_calls = &self.now.open_calls;
        let count = open_calls.open.len() + open_calls.crashed.len();
        if open_calls.open.len() >= self.meter.configs_max {
            return Err(self.spent(Budget::Configs, self.meter.configs_max as u64));
        }
        self.meter
            .steps(1 + count as u64 / LOOKS_PER_STEP)
            .map_err(|(budget, limit)| self.spent(budget, limit))?;
        self.now.open(self.model, self.calls, number);
        Ok(())
    }

    /// Goes through the layer in which an operation completes, or back.
    fn close(&mut self, number: u32) -> Result<(), Verdict> {
        if self.now.layers >= self.level_until {
            self.level = 0;
        }
        let limits = self.limits();
        match self.now.layer(
            self.model,
            self.calls,
            number,
            limits,
            &mut self.layer,
            &mut self.meter,
        ) {
            LayerEnd::Configs { configs, is_cut } => {
                self.now.is_exact &= !is_cut;
                self.now.close(self.calls, number, configs);
                self.best = self.best.max(self.now.layers);
                if self.now.layers.is_multiple_of(STRIDE) {
                    self.now.compact(self.calls.span(number).completed);
                    self.keep_stage();
                } else if self.now.is_bloated(self.meter.configs_max) {
                    self.now.compact(self.calls.span(number).completed);
                }
                Ok(())
            }
            LayerEnd::NoConfigs { is_cut } => {
                if self.now.is_exact && !is_cut || self.is_refuted()? {
                    return Err(self.not(number));
                }
                self.retreat();
                Ok(())
            }
            LayerEnd::Spent(budget, limit) => Err(self.spent(budget, limit)),
        }
    }

    fn limits(&self) -> Limits {
        let configs_max = self.meter.configs_max;
        let level = self.levels.get(self.level);
        let kept_max = level.map_or(configs_max, |&(kept_max, _)| kept_max);
        let seen_max = kept_max.saturating_mul(SEEN_PER_KEPT);
        Limits {
            kept_max,
            seen_max: seen_max.min(configs_max),
            slack: level.map_or(u32::MAX, |&(_, slack)| slack),
            is_last: level.is_none(),
            is_relaxed: false,
            is_complete: false,
        }
    }

    fn not(&mut self, number: u32) -> Verdict {
        let states = self.possible(number);
        let dead_end = DeadEnd::of(&self.now, self.calls, number, states);
        Verdict::Not(Box::new(dead_end))
    }

    pub(super) fn spent(&self, budget: Budget, limit: u64) -> Verdict {
        Verdict::Spent(Spent {
            budget,
            limit,
            linearized_count: self.best,
            completed_count: self.calls.completed_count,
        })
    }

    /// Makes it possible to return here, and forgets some of the places in between where it is
    /// possible already.
    fn keep_stage(&mut self) {
        let here = self.now.layers;
        if self.now.configs.len() > STAGE_CONFIGS_MAX
            || self.stages.last().is_some_and(|last| last.layers >= here)
        {
            return;
        }
        let last_exact = self.stages.iter().rposition(|stage| stage.is_exact);
        let mut at = 0;
        self.stages.retain(|stage| {
            at += 1;
            // The further back, the fewer: all of the last 512 layers, every eighth of 4096, …
            let mut stride = STRIDE;
            while here - stage.layers > 8 * stride {
                stride *= 8;
            }
            stage.layers.is_multiple_of(stride) || last_exact == Some(at - 1)
        });
        self.stages.push(self.now.clone());
    }

    /// Returns to an earlier stage, to be more thorough from there.
    fn retreat(&mut self) {
        let failed_at = self.now.layers;
        self.level = if failed_at < self.level_until {
            (self.level + 1).min(self.levels.len())
        } else {
            1
        };
        let distance = (0..self.level).fold(STRIDE / 8, |distance, _| 8 * distance);
        self.level_until = failed_at + distance.min(HOLD_MAX);
        let is_far = |stage: &Stage<B>| stage.layers + distance <= failed_at;
        let back_to = self
            .stages
            .iter()
            .rposition(|stage| stage.is_exact || self.level < self.levels.len() && is_far(stage))
            .unwrap_or(0);
        self.stages.truncate(back_to + 1);
        self.now = self.stages[back_to].clone();
    }
}
