//! The shortest schedule that fails in the same way.
//!
//! Takes pieces out of the list of moves and follows what is left; what is not possible any more is left out with them. A shorter list is
//! taken if it shows one of the anomalies that the whole one shows. Pieces are halves first, then ever
//! smaller ones, at last single moves, until none can be spared or enough was tried. The lists of one size are tried in parallel and
//! the first that fails is taken, so the result does not depend on threads.
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

/// How many moves are made at most to find a shorter list.
const MOVES_MAX: usize = 2_000_000;

/// How many lists are tried at a time.
const BATCH: usize = 16;

/// Shortens a failure of a run from the state `begin`.
pub(crate) struct Shortening<'s, 'm, 'a> {
    pub(crate) model: &'m Model<'a>,
    pub(crate) begin: &'s State,
    pub(crate) ends: &'s Ends,
    /// What is wrong with the whole run.
    pub(crate) names: Vec<String>,
    /// How many moves may still be made.
    left: usize,
}

impl<'s, 'm, 'a> Shortening<'s, 'm, 'a> {
    pub(crate) fn new(
        model: &'m Model<'a>,
        begin: &'s State,
        ends: &'s Ends,
        names: Vec<String>,
    ) -> Self {
        Shortening {
            model,
            begin,
            ends,
            names,
            left: MOVES_MAX,
        }
    }

    /// The failure with as few moves as were found.
    pub(crate) fn shorten(
        mut self,
        failure: Failure,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<Failure, Wrong> {
        let mut best = failure;
        let mut size = best.moves.len().div_ceil(2);
        while size > 0 && self.left > 0 && !is_interrupted() {
            let mut place = 0;
            let mut has_changed = false;
            while place < best.moves.len() && self.left > 0 {
                let batch: Vec<usize> = (0..BATCH).map(|it| place + it * size).collect();
                let batch = batch.into_iter().filter(|at| *at < best.moves.len());
                let batch: Vec<usize> = batch.collect();
                self.left = self.left.saturating_sub(batch.len() * best.moves.len());
                let this = &self;
                let tried: Vec<Result<Option<Failure>, Wrong>> = batch
                    .par_iter()
                    .map(|at| this.fails(without(&best.moves, *at, size)))
                    .collect();
                let tried: Result<Vec<Option<Failure>>, Wrong> = tried.into_iter().collect();
                let found = tried?.into_iter().enumerate();
                let mut found = found.filter_map(|(at, it)| Some((at, it?)));
                match found.next() {
                    Some((at, shorter)) => {
                        place += at * size;
                        best = shorter;
                        has_changed = true;
                    }
                    None => place += BATCH * size,
                }
            }
            size = match size {
                1 if has_changed => 1,
                1 => 0,
                _ => size.div_ceil(2).min(size - 1),
            };
        }
        Ok(best)
    }

    /// The failure that these moves lead to, if it is one of those that are looked for.
    pub(crate) fn fails(&self, moves: Vec<Move>) -> Result<Option<Failure>, Wrong> {
        let mut run = Run::begin(self.model, self.begin.clone());
        follow(self.model, &mut run, moves, &mut |_, _| {})?;
        run.judge(self.ends)?;
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

fn without(moves: &[Move], at: usize, size: usize) -> Vec<Move> {
    let end = (at + size).min(moves.len());
    [&moves[..at], &moves[end..]].concat()
}
