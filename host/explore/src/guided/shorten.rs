//! The shortest schedule that fails in the same way.
//!
//! Takes pieces out of the list of moves and follows what is left; what is not possible any more is left out with them. A shorter list is
//! taken if it shows one of the anomalies that the whole one shows. Pieces are halves first, then ever
//! smaller ones, at last single moves, until none can be spared or enough was tried. The last pieces are tried first, since what comes
//! before a piece is known already. Some are tried in parallel, and the
//! first in their order that can be spared is, so the result does not depend on threads.
//!
//! Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002).

use rayon::prelude::*;

use super::follow::follow;
use super::run::{Fault, Run};
use crate::breadth::Failure;
use crate::ends::Ends;
use crate::model::Model;
use crate::moves::Move;
use crate::state::State;
use crate::wrong::Wrong;

/// How many steps are made at most to find a shorter list.
const STEPS_MAX: u64 = 400_000;

/// How many lists are tried at a time.
const BATCH: usize = 4;

/// Shortens failures of runs from the state `begin`.
pub(crate) struct Shortening<'s, 'm, 'a> {
    pub(crate) model: &'m Model<'a>,
    pub(crate) begin: &'s State,
    pub(crate) ends: &'s Ends,
    /// How many steps it takes to judge an end, about.
    pub(crate) end_steps: u64,
    /// What is wrong with the whole run.
    pub(crate) names: Vec<String>,
    /// Whether that shows only at its end. If not, ends of others are not judged.
    pub(crate) is_at_end: bool,
}

impl Shortening<'_, '_, '_> {
    /// The failure with as few moves as were found, when it was interrupted at the latest.
    pub(crate) fn shorten(
        &self,
        failure: Failure,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<Failure, Wrong> {
        let mut best = failure;
        let mut left = STEPS_MAX;
        let of_end = if self.is_at_end { self.end_steps } else { 0 };
        let mut size = best.moves.len().div_ceil(2);
        while size > 0 {
            let mut end = best.moves.len();
            let mut has_changed = false;
            while end > 0 {
                if left == 0 || is_interrupted() {
                    return Ok(best);
                }
                let batch: Vec<usize> =
                    (0..BATCH).map(|it| end.saturating_sub(it * size)).collect();
                let batch = batch.into_iter().filter(|end| *end > 0);
                let batch: Vec<usize> = batch.collect();
                let steps = best.moves.len() as u64 + of_end;
                left = left.saturating_sub(batch.len() as u64 * steps);
                let tried: Vec<Result<Option<Failure>, Wrong>> = batch
                    .par_iter()
                    .map(|end| self.fails(without(&best.moves, *end, size)))
                    .collect();
                let tried: Result<Vec<Option<Failure>>, Wrong> = tried.into_iter().collect();
                let tried = match tried {
                    Err(Wrong::Interrupted) => return Ok(best),
                    tried => tried?,
                };
                let found = batch.iter().zip(tried);
                let mut found = found.filter_map(|(end, it)| Some((*end, it?)));
                end = match found.next() {
                    Some((end, shorter)) => {
                        best = shorter;
                        has_changed = true;
                        end.saturating_sub(size).min(best.moves.len())
                    }
                    None => end.saturating_sub(BATCH * size),
                };
            }
            size = match size {
                1 if has_changed => 1,
                1 => 0,
                _ => size.div_ceil(2),
            };
        }
        Ok(best)
    }

    /// The failure that these moves lead to, if it is one of those that are looked for.
    pub(crate) fn fails(&self, moves: Vec<Move>) -> Result<Option<Failure>, Wrong> {
        let mut run = Run::begin(self.model, self.begin.clone());
        follow(self.model, &mut run, moves, &mut |_, _| {})?;
        run.judge_clients();
        if self.is_at_end {
            run.judge(self.ends)?;
        }
        let Some(Fault { names, is_at_end }) = run.fault().cloned() else {
            return Ok(None);
        };
        let is_same = names.iter().any(|name| self.names.contains(name));
        Ok(is_same.then_some(Failure {
            moves: run.moves,
            names,
            is_at_end,
        }))
    }
}

/// The moves without those of a piece that ends there.
fn without(moves: &[Move], end: usize, size: usize) -> Vec<Move> {
    [&moves[..end.saturating_sub(size)], &moves[end..]].concat()
}

#[cfg(test)]
mod tests {
    use host_check::{Checks, Workload};
    use host_guest::Limits;
    use host_sandbox::{Cache, Sandbox};
    use host_sim::Cluster;
    use host_sim::random::Streams;
    use host_sim::workload::Topology;
    use host_trial::Scenario;
    use test_support::built;

    use super::*;
    use crate::account::Account;
    use crate::bounds::{Bounds, Budget};
    use crate::exploration::{Exploration, Operations};
    use crate::explore::begin;
    use crate::guided::agenda::Agenda;
    use crate::guided::schedulers::Uniform;
    use crate::wrong::Mode;

    /// Every list that is left when some of the moves are taken out, at least one.
    fn parts(moves: &[Move]) -> impl Iterator<Item = Vec<Move>> {
        let all = (1_u32 << moves.len()) - 1;
        (0..all).map(|which| {
            let kept = moves.iter().enumerate();
            let kept = kept.filter(|(place, _)| which >> place & 1 == 1);
            kept.map(|(_, it)| *it).collect()
        })
    }

    #[test]
    fn no_part_of_a_shortened_schedule_fails() {
        let sandbox = Sandbox::new(Cache::open(test_support::compiled()).ok()).expect("it starts");
        let module = sandbox.load(&built("broadcast-flood"), &Limits::default());
        let module = module.expect("it is a guest");
        let mut scenario = Scenario::of(Workload::Broadcast);
        scenario.options.cluster = Cluster::of(3);
        scenario.options.concurrency = 3;
        scenario.topology = Topology::Total;
        scenario.checks.checks = Checks::Strict;
        let bounds = Bounds {
            operations: 6,
            drops: 3,
            ..Bounds::default()
        };
        let exploration = Exploration {
            module: &module,
            scenario: &scenario,
            bounds: &bounds,
            budget: Budget::default(),
            seed: 1,
            operations: Operations::Drawn,
        };
        let account = Account::of(&exploration.budget);
        let model = crate::model::Model::new(&exploration, Mode::default(), &account);
        let model = model.expect("there is such a workload");
        let begin = begin(&model).expect("the cluster begins");
        let ends = Ends::default();
        let mut lengths = Vec::new();
        for number in 0..20 {
            let mut stream = Streams::new(1).stream(&format!("test {number}"));
            let mut agenda = Agenda::new(&model, &begin, 0, 12, &mut stream);
            let mut run = Run::begin(&model, begin.clone());
            run.finish(&mut agenda, &mut Uniform, &mut stream, &mut |_, _| true)
                .expect("steps are functions");
            run.judge(&ends).expect("steps are functions");
            let Some(fault) = run.fault().cloned() else {
                continue;
            };
            let shortening = Shortening {
                model: &model,
                begin: &begin,
                ends: &ends,
                end_steps: 1,
                names: fault.names.clone(),
                is_at_end: fault.is_at_end,
            };
            let failure = Failure {
                moves: run.moves,
                names: fault.names,
                is_at_end: fault.is_at_end,
            };
            let before = failure.moves.len();
            let short = shortening.shorten(failure, &|| false);
            let short = short.expect("steps are functions").moves;
            for part in parts(&short) {
                let fails = shortening.fails(part.clone());
                let fails = fails.expect("steps are functions");
                assert!(fails.is_none(), "{part:?} of {short:?} fails");
            }
            lengths.push((before, short.len()));
        }
        // Each node passes a value on to the others. One of them misses it if the first sender's message to it is lost
        // and the other node's too, or that node misses it as well; before it a value may be told that another reads.
        assert!(lengths.len() >= 5, "{lengths:?}");
        let is_shortest = |short: usize| (3..=5).contains(&short);
        let all_are = lengths.iter().all(|(_, short)| is_shortest(*short));
        assert!(all_are, "{lengths:?}");
    }
}
