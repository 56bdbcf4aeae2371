//! A search without the numbers of contents, so that another process can go on.
//!
//! Which number a content gets differs from process to process, and the order in which moves are possible in a state
//! does not. So a state that was met is known by the one before it and the *place* of its move, and what it consists of is
//! found by going there again. Only the states that lead further are needed, and those on the way to them.

use std::collections::VecDeque;

use super::search::{Breadth, Open};
use crate::bounds::Progress;
use crate::goals::GoalTable;
use crate::hash::Hash;
use crate::model::{Model, Sink};
use crate::moves::Move;
use crate::state::State;
use crate::wrong::Wrong;

/// Where a state that was met comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Met {
    /// The one before it.
    pub(crate) from: u32,
    /// The place of the move among those that are possible there.
    pub(crate) by: u32,
}

/// A search that was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stopped {
    /// Of all states that were met, in their order.
    pub(crate) hashes: Vec<Hash>,
    pub(crate) met: Vec<Met>,
    pub(crate) transitions: u64,
    /// The number of the first state that is not expanded.
    pub(crate) tried: usize,
    /// The number of the first state of the next level.
    pub(crate) next: usize,
    pub(crate) depth: u32,
    /// Whether the ends of the level were judged.
    pub(crate) is_judged: bool,
    /// Of the states that were not expanded what sleeps in them: places of moves, in their order.
    pub(crate) sleeps: Vec<Vec<u32>>,
    /// The states whose ends are known to be right, in the order of hashes.
    pub(crate) right: Vec<Hash>,
    /// What is known of goals.
    pub(crate) goals: GoalTable,
}

impl Stopped {
    /// How far it has come.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            states: self.met.len(),
            transitions: self.transitions,
            depth: match self.is_judged {
                true => self.depth,
                false => self.depth.saturating_sub(1),
            },
            frontier: self.sleeps.len(),
        }
    }
}

impl<'m, 'a> Breadth<'m, 'a> {
    /// The search as it is now.
    pub(crate) fn stop(self) -> Stopped {
        let next = self.start();
        let open = self.level[self.tried..].iter().chain(&self.next);
        let mut moves = Vec::new();
        let places = |open: &Open| {
            if open.sleeps.is_empty() {
                return Vec::new();
            }
            self.model.moves(&open.state, &mut moves);
            // What is not possible sleeps without being told.
            let places = (0..).zip(&moves);
            let asleep = places.filter(|(_, it)| open.sleeps.binary_search(it).is_ok());
            asleep.map(|(place, _)| place).collect()
        };
        Stopped {
            goals: self.goal_table(),
            sleeps: open.map(places).collect(),
            right: self.ends.right(),
            transitions: self.transitions,
            tried: next - self.level.len() + self.tried,
            next,
            depth: self.depth,
            is_judged: self.is_judged,
            hashes: self.hashes,
            met: self.met,
        }
    }

    /// A search that goes on where another was stopped.
    ///
    /// # Errors
    /// If its states are not those of this model, or cannot be reached within the budget.
    pub(crate) fn resume(
        model: &'m Model<'a>,
        begin: State,
        stopped: Stopped,
    ) -> Result<Self, Wrong> {
        let mut open = opened(model, begin, &stopped)?;
        let mut breadth = Breadth::empty(model);
        let is_next = |open: &Open| (open.id as usize) >= stopped.next;
        breadth.next = open.split_off(open.partition_point(|it| !is_next(it)));
        // Those of the level that were expanded have no part in what follows.
        breadth.level = open;
        for open in breadth.level.iter().chain(&breadth.next) {
            model.account.hold(open.bytes);
        }
        for (hash, met) in stopped.hashes.into_iter().zip(stopped.met) {
            breadth.note(hash, met);
        }
        breadth.ends.know(model, stopped.right);
        breadth.goals.resumed(model, stopped.goals);
        breadth.transitions = stopped.transitions;
        breadth.depth = stopped.depth;
        breadth.is_judged = stopped.is_judged;
        model.account.verify()?;
        Ok(breadth)
    }
}

/// The states that were not expanded, reached again.
fn opened(model: &Model<'_>, begin: State, stopped: &Stopped) -> Result<Vec<Open>, Wrong> {
    let Stopped { hashes, met, .. } = stopped;
    let mut needed = vec![false; met.len()];
    needed[stopped.tried..].fill(true);
    for id in (1..met.len()).rev() {
        if needed[id] {
            needed[met[id].from as usize] = true;
        }
    }
    if model.canonical(&begin) != hashes[0] {
        return Err(Wrong::OtherStates);
    }
    // Children have the order of their parents, so a parent is needed until there is a child of a later one.
    let mut states = VecDeque::from([(0_u32, begin)]);
    let mut moves = Vec::new();
    let mut moves_of = None;
    let mut sink = Sink::default();
    for (id, (hash, Met { from, by })) in (0_u32..).zip(hashes.iter().zip(met)).skip(1) {
        if !needed[id as usize] {
            continue;
        }
        while states.front().is_some_and(|(front, _)| front < from) {
            states.pop_front();
        }
        let parent = states.front().filter(|(front, _)| front == from);
        let Some((_, parent)) = parent else {
            return Err(Wrong::OtherStates);
        };
        if moves_of != Some(*from) {
            model.moves(parent, &mut moves);
            moves_of = Some(*from);
        }
        let it = *moves.get(*by as usize).ok_or(Wrong::OtherStates)?;
        let state = match model.apply(parent, it, &mut sink) {
            Ok(state) if model.canonical(&state) == *hash => state,
            Err(wrong) if wrong.is_no_failure() => return Err(wrong),
            _ => return Err(Wrong::OtherStates),
        };
        states.push_back((id, state));
    }
    let open = states.into_iter();
    let open = open.filter(|(id, _)| *id as usize >= stopped.tried);
    let open: Vec<(u32, State)> = open.collect();
    if open.len() != stopped.sleeps.len() {
        return Err(Wrong::OtherStates);
    }
    let with_sleeps = |((id, state), places): ((u32, State), &Vec<u32>)| {
        let mut sleeps = Vec::new();
        if !places.is_empty() {
            model.moves(&state, &mut moves);
            for place in places {
                let it = moves.get(*place as usize);
                sleeps.push(*it.ok_or(Wrong::OtherStates)?);
            }
            sleeps.sort_unstable();
        }
        Ok(Open::new(id, state, sleeps))
    };
    open.into_iter()
        .zip(&stopped.sleeps)
        .map(with_sleeps)
        .collect()
}

/// The moves of a way from a state on.
///
/// # Errors
/// If there is no such way, or it cannot be gone within the budget.
pub(crate) fn follow(model: &Model<'_>, begin: &State, path: &[u32]) -> Result<Vec<Move>, Wrong> {
    let mut made = Vec::with_capacity(path.len());
    let mut state = begin.clone();
    let mut moves = Vec::new();
    let mut sink = Sink::default();
    for (left, by) in (0..path.len()).rev().zip(path) {
        model.moves(&state, &mut moves);
        let it = *moves.get(*by as usize).ok_or(Wrong::OtherStates)?;
        made.push(it);
        if left > 0 {
            state = match model.apply(&state, it, &mut sink) {
                Err(wrong) if !wrong.is_no_failure() => return Err(Wrong::OtherStates),
                state => state?,
            };
        }
    }
    Ok(made)
}
