//! One layer of the search: from the configurations before an operation completes to those after
//! it.
//!
//! A configuration is what Lowe memoises: which of the open operations have taken effect, which
//! crashed ones, and the state. When an operation completes it must have taken effect, so each
//! configuration in which it has not is continued, by letting open operations take effect one after
//! the other, until it has. What need not be tried:
//!
//! - of equal open operations any but the first to complete (exchange them in any linearization),
//! - leaving out an open read that is right as things are (it changes nothing, so now is as good as
//!   later),
//! - a write of what nobody needs any more, except together with the write that comes next (leave it
//!   out until then),
//! - a crashed operation, unless what follows it at once would not be possible, or would have
//!   another effect, without it (leave it out of the linearization otherwise),
//! - a configuration that has used what another has, and more, and is otherwise the same.
//!
//! Configurations are tried in the order of how many crashed operations they use, then of how many
//! open ones. So a search that is told to stop early keeps those that have most left to explain the
//! rest with.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::antichains::Antichains;
use super::budgets::{Budget, Meter};
use super::model::{ANY_OTHER, Model, Shape, State};
use super::slots::Slots;
use super::task::{Config, Limits, Node, Task};
use super::used::UsedTable;

/// How many looks (at a call that may take effect, or at an entry of a multiset) take the time of a
/// configuration.
pub(super) const LOOKS_PER_STEP: u64 = 16;

/// How many entries of multisets there may be for each configuration that there may be.
const ENTRIES_PER_CONFIG: usize = 16;

/// How a layer ends.
#[derive(Debug)]
pub(super) enum LayerEnd<B> {
    /// With these configurations.
    Configs {
        configs: Vec<Config<B>>,
        /// Whether there may be others.
        is_cut: bool,
    },
    /// With none.
    NoConfigs {
        /// Whether there may be others.
        is_cut: bool,
    },
    /// With none yet, but a budget of this size is spent.
    Spent(Budget, u64),
}

/// When a node's turn is; the least is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    used: u32,
    done: u32,
    number: u32,
    /// Whether crashed operations are what to continue with: those come later than the others.
    with_crashed: bool,
    node: u32,
}

/// The memory of a layer, kept from layer to layer.
#[derive(Debug)]
pub(super) struct Layer<B> {
    nodes: Vec<Node<B>>,
    turns: BinaryHeap<Reverse<Turn>>,
    turn_count: u32,
    /// Looks at calls since this was last asked.
    looks: u64,
    seen: Antichains<(State, Option<State>, B)>,
    ended: Antichains<(State, B)>,
}

impl<B: Slots> Layer<B> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            turns: BinaryHeap::new(),
            turn_count: 0,
            looks: 0,
            seen: Antichains::new(),
            ended: Antichains::new(),
        }
    }

    /// Finds the configurations after the layer. None of `configs` says so by being empty.
    pub(super) fn run<M: Model>(
        &mut self,
        task: &Task<'_, M, B>,
        configs: &[Config<B>],
        used: &mut UsedTable,
        meter: &mut Meter,
    ) -> LayerEnd<B> {
        if configs.iter().all(|config| config.done.has(task.slot)) {
            let closed = configs.iter().map(|config| close(config, task.slot));
            return LayerEnd::Configs {
                configs: closed.collect(),
                is_cut: false,
            };
        }
        self.clear();
        let overwritten = if task.limits.is_complete {
            task.open_calls.overwritten(0)
        } else {
            task.open_calls.overwritten(task.position)
        };
        for config in configs {
            self.push(
                Node {
                    config: config.clone(),
                    before: None,
                },
                used,
            );
        }
        let Limits {
            kept_max,
            seen_max,
            slack,
            is_last,
            ..
        } = task.limits;
        let mut kept = Vec::new();
        let mut used_max = u32::MAX;
        let mut is_cut = false;
        while let Some(Reverse(turn)) = self.turns.pop() {
            let is_full = self.nodes.len() >= seen_max
                || used.entry_count() / ENTRIES_PER_CONFIG >= meter.configs_max;
            if is_full && is_last {
                return LayerEnd::Spent(Budget::Configs, meter.configs_max as u64);
            }
            is_cut = is_full || kept.len() >= kept_max || turn.used > used_max;
            if is_cut {
                break;
            }
            let looks = self.seen.take_looks() + self.ended.take_looks() + self.looks;
            self.looks = 0;
            if let Err((budget, limit)) = meter.steps(1 + looks / LOOKS_PER_STEP) {
                return LayerEnd::Spent(budget, limit);
            }
            let node = self.nodes[turn.node as usize].clone();
            if !node.config.done.has(task.slot) {
                self.go_on(task, &node, turn, &overwritten, used);
                continue;
            }
            let config = close(&node.config, task.slot);
            let place = (config.state, config.done.clone());
            if self.ended.add(place, config.used, used) {
                used_max = used_max.min(turn.used.saturating_add(slack));
                kept.push(config);
            }
        }
        if kept.is_empty() {
            LayerEnd::NoConfigs { is_cut }
        } else {
            LayerEnd::Configs {
                configs: kept,
                is_cut,
            }
        }
    }

    /// Continues a node: with open operations first, and when it is its turn again with crashed
    /// ones.
    fn go_on<M: Model>(
        &mut self,
        task: &Task<'_, M, B>,
        node: &Node<B>,
        turn: Turn,
        overwritten: &B,
        used: &mut UsedTable,
    ) {
        if turn.with_crashed {
            self.use_crashed(task, node, overwritten, used);
            return;
        }
        self.let_open(task, node, overwritten, used);
        if !task.open_calls.crashed.is_empty() {
            self.turns.push(Reverse(Turn {
                used: turn.used + u32::from(!task.limits.is_relaxed),
                with_crashed: true,
                ..turn
            }));
        }
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.turns.clear();
        self.turn_count = 0;
        self.seen.clear();
        self.ended.clear();
    }

    /// The states of all that the last run looked at, and those that crashed operations can make of
    /// them: these are not tried unless someone needs what they make.
    pub(super) fn states<M: Model>(&self, task: &Task<'_, M, B>, used: &UsedTable) -> Vec<State> {
        let mut states = BTreeSet::new();
        for Node { config, .. } in &self.nodes {
            states.insert(config.state);
            let crashed = task.open_calls.crashed.iter();
            let left = crashed.filter(|crashed| task.is_left(crashed, config.used, used));
            states.extend(left.filter_map(|it| task.model.step(config.state, it.call)));
        }
        states.into_iter().collect()
    }

    /// Gives a node its turn, unless another can do all that it can.
    fn push(&mut self, node: Node<B>, used: &UsedTable) {
        let Config {
            state,
            used: id,
            ref done,
        } = node.config;
        if node.before.is_some() && self.seen.covers(&(state, None, done.clone()), id, used) {
            return;
        }
        if !self.seen.add((state, node.before, done.clone()), id, used) {
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the budget of configurations is below 2^32"
        )]
        let number = self.nodes.len() as u32;
        self.turns.push(Reverse(Turn {
            used: used.total(id),
            done: done.len(),
            number: self.turn_count,
            with_crashed: false,
            node: number,
        }));
        self.turn_count += 1;
        self.nodes.push(node);
    }

    /// Lets each open operation that it makes sense to try take effect.
    fn let_open<M: Model>(
        &mut self,
        task: &Task<'_, M, B>,
        node: &Node<B>,
        overwritten: &B,
        used: &UsedTable,
    ) {
        let Config {
            state, ref done, ..
        } = node.config;
        self.looks += task.open_calls.open.len() as u64;
        for open in &task.open_calls.open {
            if done.has(open.slot)
                || !done.has_all(&open.twins)
                || overwritten.has(open.slot) && open.slot != task.slot
            {
                continue;
            }
            let Some(next) = task.step_after(node, open.call) else {
                continue;
            };
            let mut config = Config {
                state: next,
                ..node.config.clone()
            };
            config.done.insert(open.slot);
            if let Shape::Sets(_) = task.model.shape(open.call) {
                config.done.insert_all(overwritten);
            }
            if next != state {
                task.keep(&mut config);
            }
            self.push(
                Node {
                    config,
                    before: None,
                },
                used,
            );
        }
    }

    /// Lets each crashed operation that it makes sense to try take effect.
    fn use_crashed<M: Model>(
        &mut self,
        task: &Task<'_, M, B>,
        node: &Node<B>,
        overwritten: &B,
        used: &mut UsedTable,
    ) {
        let Config {
            state,
            used: id,
            ref done,
        } = node.config;
        self.looks += task.open_calls.crashed.len() as u64;
        for crashed in &task.open_calls.crashed {
            let is_left = task.limits.is_relaxed || used.times(id, crashed.call) < crashed.supply;
            if !is_left || !done.has_all(&crashed.twins) {
                continue;
            }
            let Some(next) = task.step_after(node, crashed.call) else {
                continue;
            };
            let mut config = Config {
                state: next,
                ..node.config.clone()
            };
            let mut before = state;
            if let Shape::Sets(_) = task.model.shape(crashed.call)
                && !done.has_all(overwritten)
            {
                // Without it the last of these writes would remain, which nobody needs.
                config.done.insert_all(overwritten);
                before = ANY_OTHER;
            }
            if next == before {
                continue;
            }
            let done_before = config.done.clone();
            task.keep(&mut config);
            self.looks += task.call_count();
            let before = if config.done != done_before {
                None
            } else if task.leads_on(&config, before) {
                Some(before)
            } else {
                continue;
            };
            if !task.limits.is_relaxed {
                config.used = used.plus(id, crashed.call);
                self.looks += used.set(config.used).len() as u64;
            }
            self.push(Node { config, before }, used);
        }
    }
}

/// The configuration once the operation in `slot` has completed.
fn close<B: Slots>(config: &Config<B>, slot: u32) -> Config<B> {
    let mut config = config.clone();
    config.done.remove(slot);
    config
}
