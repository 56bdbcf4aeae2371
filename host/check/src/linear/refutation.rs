//! Proves that some layers are impossible, whatever came before them. So a search that has left
//! configurations out need not return to them: they would not have helped.

use std::collections::BTreeSet;

use super::calls::CallEvent;
use super::layer::{Layer, LayerEnd};
use super::model::{ANY_OTHER, Call, Model, State};
use super::search::{Search, Verdict};
use super::slots::Slots;
use super::stage::Stage;
use super::task::Limits;

/// How many layers a search may go through again without leaving anything out, and how much of each
/// it may look at.
const EXACT_LAYERS_MAX: usize = 1 << 10;
const EXACT_SEEN_MAX: usize = 1 << 12;

/// The most operations that may be open where a refutation starts, and how many layers before the
/// end that is at most.
const REFUTED_OPEN_MAX: usize = 8;
const REFUTED_LAYERS_MAX: usize = 256;

impl<M: Model, B: Slots> Search<'_, M, B> {
    /// Whether no configuration at all can pass the layer in which the search failed.
    ///
    /// If the search has not left anything out for long, it is tried again with everything.
    /// Otherwise the last layers are tried from a moment at which few operations were open: from
    /// every state that matters, with any of the open operations done, and with crashed operations
    /// that can be used again and again. If even that fails where the search did, then so would
    /// everything that the search has left out.
    pub(super) fn is_refuted(&mut self) -> Result<bool, Verdict> {
        if self.not_refuted == Some(self.now.layers) {
            return Ok(false);
        }
        self.not_refuted = Some(self.now.layers);
        let exact = self.stages.iter().rev().find(|stage| stage.is_exact);
        if let Some(exact) = exact
            && self.now.layers - exact.layers <= EXACT_LAYERS_MAX
        {
            let mut stage = exact.clone();
            let limits = self.all_of(EXACT_SEEN_MAX);
            if self.dead_end_of(&mut stage, limits)?.is_some() {
                self.now = stage;
                return Ok(true);
            }
        }
        let Some(mut stage) = self.before_refutation() else {
            return Ok(false);
        };
        let limits = Limits {
            is_relaxed: true,
            ..self.all_of(usize::MAX)
        };
        Ok(self.dead_end_of(&mut stage, limits)?.is_some())
    }

    /// The only states that are possible where the search failed. `None` if it costs too much to find
    /// out.
    pub(super) fn possible(&mut self, number: u32) -> Option<Vec<State>> {
        let (mut stage, is_relaxed, seen_max) = if self.now.layers <= EXACT_LAYERS_MAX {
            (self.stages.first()?.clone(), false, EXACT_SEEN_MAX)
        } else {
            (self.before_refutation()?, true, usize::MAX)
        };
        let limits = Limits {
            is_relaxed,
            is_complete: true,
            ..self.all_of(seen_max)
        };
        let mut states = self.dead_end_of(&mut stage, limits).ok()??;
        self.add_unneeded(&mut states, self.calls.span(number).completed, is_relaxed);
        (!states.contains(&ANY_OTHER)).then_some(states)
    }

    /// Adds the states that crashed operations can make of these until `end`, of the operations that
    /// a search never sees because nobody needs what they make; with `is_relaxed` also of those
    /// that it no longer sees.
    fn add_unneeded(&self, states: &mut Vec<State>, end: u32, is_relaxed: bool) {
        let spans = self.calls.spans.iter();
        let no_longer =
            spans.filter(|span| is_relaxed && span.is_crashed() && span.wanted_until < end);
        let unneeded: BTreeSet<Call> = no_longer
            .chain(&self.calls.inert)
            .filter(|span| span.invoked < end)
            .map(|span| span.call)
            .collect();
        let mut at = 0;
        while let Some(&state) = states.get(at) {
            for &call in &unneeded {
                let made = self.model.step(state, call);
                states.extend(made.filter(|made| !states.contains(made)));
            }
            at += 1;
        }
    }

    /// To leave nothing out, as long as a layer has no more than `seen_max` configurations.
    fn all_of(&self, seen_max: usize) -> Limits {
        Limits {
            kept_max: usize::MAX,
            seen_max: self.meter.configs_max.min(seen_max),
            slack: u32::MAX,
            is_last: false,
            is_relaxed: false,
            is_complete: false,
        }
    }

    /// Goes on from `stage` to where the search failed. If no configuration is left there, returns the
    /// states that it met last.
    fn dead_end_of(
        &mut self,
        stage: &mut Stage<B>,
        limits: Limits,
    ) -> Result<Option<Vec<State>>, Verdict> {
        let (model, calls) = (self.model, self.calls);
        let mut layer = Layer::new();
        while let Some(&event) = calls.events.get(stage.event) {
            let number = match event {
                CallEvent::Open(number) => {
                    stage.open(model, calls, number);
                    continue;
                }
                CallEvent::Close(number) => number,
            };
            match stage.layer(model, calls, number, limits, &mut layer, &mut self.meter) {
                LayerEnd::Configs { configs, is_cut } => {
                    if is_cut || stage.layers == self.now.layers {
                        return Ok(None);
                    }
                    stage.close(calls, number, configs);
                }
                LayerEnd::NoConfigs { is_cut: true } => return Ok(None),
                LayerEnd::NoConfigs { is_cut: false } => {
                    return Ok(Some(stage.states(model, calls, number, limits, &layer)));
                }
                LayerEnd::Spent(budget, limit) => return Err(self.spent(budget, limit)),
            }
        }
        Ok(None)
    }

    /// The stage from which to try a refutation: that with the fewest operations open, the earliest
    /// of these. One too close to the end would refute nothing.
    fn before_refutation(&self) -> Option<Stage<B>> {
        let first = self.now.layers.saturating_sub(REFUTED_LAYERS_MAX);
        let last = self.now.layers - (self.now.layers - first) / 4;
        let from = self
            .stages
            .iter()
            .rposition(|stage| stage.layers <= first)
            .unwrap_or(0);
        let mut stage = self.stages[from].clone();
        let mut best: Option<Stage<B>> = None;
        while stage.layers < last {
            match self.calls.events[stage.event] {
                CallEvent::Open(number) => stage.open(self.model, self.calls, number),
                CallEvent::Close(number) => stage.close(self.calls, number, Vec::new()),
            }
            let is_better =
                |best: &Stage<B>| stage.open_calls.open.len() < best.open_calls.open.len();
            if stage.layers >= first && best.as_ref().is_none_or(is_better) {
                best = Some(stage.clone());
            }
        }
        let mut best = best.filter(|best| best.open_calls.open.len() <= REFUTED_OPEN_MAX)?;
        let rest = best.event..self.now.event + 1;
        best.forget(self.model, self.calls, &self.calls.events[rest])?;
        Some(best)
    }
}
