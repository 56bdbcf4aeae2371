//! The state of a search between two events, from which it can go on.

use std::collections::{BTreeMap, BTreeSet};

use super::budgets::Meter;
use super::calls::{CallEvent, Calls};
use super::layer::{Layer, LayerEnd};
use super::model::{ANY_OTHER, Call, Model, Shape, State};
use super::open_calls::OpenCalls;
use super::slots::Slots;
use super::task::{Config, Limits, Task};
use super::used::{UNUSED, UsedTable};

/// A moment of a search.
#[derive(Clone, Debug)]
pub(super) struct Stage<B> {
    /// The next event.
    pub(super) event: usize,
    /// How many operations have completed.
    pub(super) layers: usize,
    pub(super) open_calls: OpenCalls<B>,
    pub(super) configs: Vec<Config<B>>,
    /// Whether there are no others.
    pub(super) is_exact: bool,
    used: UsedTable,
    /// The crashed operations that have taken effect in every configuration, by call. The table is
    /// without them.
    used_by_all: BTreeMap<Call, u32>,
}

impl<B: Slots> Stage<B> {
    /// The beginning.
    pub(super) fn first(model: &impl Model, slot_count: u32) -> Self {
        Self {
            event: 0,
            layers: 0,
            open_calls: OpenCalls::new(slot_count),
            configs: vec![Config {
                state: model.initial(),
                used: UNUSED,
                done: B::none(slot_count),
            }],
            is_exact: true,
            used: UsedTable::new(),
            used_by_all: BTreeMap::new(),
        }
    }

    /// A span begins.
    pub(super) fn open(&mut self, model: &impl Model, calls: &Calls, number: u32) {
        let span = calls.span(number);
        self.open_calls.open(model, number, span);
        if let Shape::Keeps(state) = model.shape(span.call)
            && !span.is_crashed()
        {
            let configs = self.configs.iter_mut();
            for config in configs.filter(|config| config.state == state) {
                config.done.insert(span.slot);
            }
        }
        self.event += 1;
    }

    /// The layer in which a span completes.
    pub(super) fn layer<M: Model>(
        &mut self,
        model: &M,
        calls: &Calls,
        number: u32,
        limits: Limits,
        layer: &mut Layer<B>,
        meter: &mut Meter,
    ) -> LayerEnd<B> {
        let task = task(&self.open_calls, model, calls, number, limits);
        layer.run(&task, &self.configs, &mut self.used, meter)
    }

    /// The states that a layer with this end has met.
    pub(super) fn states<M: Model>(
        &self,
        model: &M,
        calls: &Calls,
        number: u32,
        limits: Limits,
        layer: &Layer<B>,
    ) -> Vec<State> {
        let task = task(&self.open_calls, model, calls, number, limits);
        layer.states(&task, &self.used)
    }

    /// A span has completed, with these configurations left.
    pub(super) fn close(&mut self, calls: &Calls, number: u32, configs: Vec<Config<B>>) {
        self.open_calls.close(number, calls.span(number));
        self.configs = configs;
        self.layers += 1;
        self.event += 1;
    }

    /// The crashed operations of which someone may still need what they make, that `config` has let
    /// take effect: by call, how many.
    pub(super) fn crashed_done(&self, config: &Config<B>) -> Vec<(Call, u32)> {
        let times = |call: Call| {
            self.used_by_all.get(&call).unwrap_or(&0) + self.used.times(config.used, call)
        };
        let calls = self.open_calls.crashed.iter().map(|crashed| crashed.call);
        calls
            .map(|call| (call, times(call)))
            .filter(|&(_, times)| times > 0)
            .collect()
    }

    /// Whether [`Stage::compact`] is due, to save memory.
    pub(super) fn is_bloated(&self, sets_max: usize) -> bool {
        self.used.len() > sets_max || self.used.entry_count() > sets_max
    }

    /// The operations that are open and will complete.
    pub(super) fn open_numbers(&self, calls: &Calls) -> Vec<u32> {
        let mut open = BTreeSet::new();
        for event in &calls.events[..self.event] {
            match event {
                CallEvent::Open(number) if !calls.span(*number).is_crashed() => {
                    open.insert(*number);
                }
                CallEvent::Open(_) => {}
                CallEvent::Close(number) => {
                    open.remove(number);
                }
            }
        }
        open.into_iter().collect()
    }

    /// Shortens what is said of crashed operations: of those that nobody will need after `position`
    /// nothing, and of those that every configuration has used only how many.
    pub(super) fn compact(&mut self, position: u32) {
        let crashed = &mut self.open_calls.crashed;
        crashed.retain(|crashed| crashed.wanted_until > position);
        let is_wanted = |call: Call| crashed.iter().any(|crashed| crashed.call == call);
        let mut of_all: Option<Vec<(Call, u32)>> = None;
        for config in &self.configs {
            let of_one = |call: Call| self.used.times(config.used, call);
            of_all = Some(match of_all {
                None => self.used.set(config.used).to_vec(),
                Some(before) => before
                    .into_iter()
                    .map(|(call, times)| (call, times.min(of_one(call))))
                    .filter(|&(_, times)| times > 0)
                    .collect(),
            });
        }
        let of_all = of_all.unwrap_or_default();
        let times_of_all = |call: Call| {
            of_all
                .binary_search_by_key(&call, |&(call, _)| call)
                .map_or(0, |at| of_all[at].1)
        };
        let mut used = UsedTable::new();
        for config in &mut self.configs {
            let set = self.used.set(config.used).iter();
            let rest = set
                .filter(|(call, _)| is_wanted(*call))
                .map(|&(call, times)| (call, times - times_of_all(call)))
                .filter(|&(_, times)| times > 0);
            config.used = used.id(rest.collect());
        }
        self.used = used;
        for crashed in &mut self.open_calls.crashed {
            crashed.supply -= times_of_all(crashed.call);
        }
        for (call, times) in of_all {
            *self.used_by_all.entry(call).or_insert(0) += times;
        }
    }

    /// Replaces the configurations by all there could be, as far as the events of `rest` can tell
    /// them apart. `None` if they may be able to tell more apart than there are states to try.
    pub(super) fn forget(
        &mut self,
        model: &impl Model,
        calls: &Calls,
        rest: &[CallEvent],
    ) -> Option<()> {
        let opening = rest.iter().filter_map(|event| match event {
            CallEvent::Open(number) => Some(calls.span(*number).call),
            CallEvent::Close(_) => None,
        });
        let open = self.open_calls.open.iter().map(|open| open.call);
        let crashed = self.open_calls.crashed.iter().map(|crashed| crashed.call);
        let mut states: BTreeSet<State> = self.open_calls.kept_states().collect();
        for call in opening.chain(open).chain(crashed) {
            match model.shape(call) {
                Shape::Any => return None,
                shape => states.extend(shape.needs()),
            }
        }
        // All states that nobody needs are alike.
        states.insert(ANY_OTHER);
        let mut done = vec![self.open_calls.all_keepers()];
        for open in &self.open_calls.open {
            let with: Vec<B> = done
                .iter()
                .map(|done| {
                    let mut done = done.clone();
                    done.insert(open.slot);
                    done
                })
                .collect();
            done.extend(with);
        }
        self.used = UsedTable::new();
        self.used_by_all.clear();
        self.configs = states
            .into_iter()
            .flat_map(|state| {
                done.iter().map(move |done| Config {
                    state,
                    used: UNUSED,
                    done: done.clone(),
                })
            })
            .collect();
        Some(())
    }
}

fn task<'a, M, B>(
    open_calls: &'a OpenCalls<B>,
    model: &'a M,
    calls: &Calls,
    number: u32,
    limits: Limits,
) -> Task<'a, M, B> {
    let span = calls.span(number);
    Task {
        model,
        open_calls,
        slot: span.slot,
        position: span.completed,
        limits,
    }
}
