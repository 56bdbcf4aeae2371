//! Which goals each state lacks, and where its moves lead then.
//!
//! The states of a level are looked at before their moves are tried. So it is known of which states edges are needed: of those that
//! do not come to a goal by themselves, which are few if the program is right. From these all moves without a fault are
//! tried, also such as sleep: sleep sets leave out what is met elsewhere, and whether it is met after *this* state matters here.

use host_sim::{GoalKind, GoalSet};
use rayon::prelude::*;

use crate::fates::Fates;
use crate::goals::{GoalTable, Lack, LostGoal, Reach, Tried};
use crate::model::Model;
use crate::state::State;
use crate::wrong::Wrong;

/// How many states a thread takes at a time.
const PIECE: usize = 64;

/// What a search knows of goals.
pub(super) struct Goals {
    /// The goals that can be reached always, as far as states are brought to their ends.
    wanted: GoalSet,
    fates: Fates,
    pub(super) table: GoalTable,
}

impl Goals {
    /// Of a search that begins.
    pub(super) fn of(model: &Model<'_>) -> Self {
        let goals = model.goals().iter().enumerate();
        let always = goals.filter(|(_, goal)| goal.kind == GoalKind::AlwaysReachable);
        let mut wanted = GoalSet::default();
        if model.bounds.tries_ends {
            always.for_each(|(place, _)| wanted.insert(place));
        }
        Goals {
            wanted,
            fates: Fates::default(),
            table: GoalTable::default(),
        }
    }

    /// Of a search that goes on.
    pub(super) fn resumed(&mut self, model: &Model<'_>, table: GoalTable) {
        let bytes = size_of_val(&*table.lacks) + size_of_val(&*table.edges);
        model.account.hold(bytes);
        self.table = table;
    }

    /// Keeps where moves lead.
    pub(super) fn keep(&mut self, model: &Model<'_>, edges: &[(u32, u32)]) {
        if !edges.is_empty() {
            model.account.hold(size_of_val(edges));
            self.table.edges.extend(edges);
        }
    }

    /// Finds out which goals the states of a level lack, each with its number.
    pub(super) fn judge<'l, L: Sync + 'l>(
        &mut self,
        model: &Model<'_>,
        level: &'l [L],
        open: impl Fn(&'l L) -> (u32, &'l State) + Sync,
        is_interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Wrong> {
        let Goals { wanted, fates, .. } = self;
        if wanted.is_empty() {
            return Ok(());
        }
        let look = |(id, state): (u32, &State)| {
            if is_interrupted() {
                return Err(Wrong::Interrupted);
            }
            let lack = |goals, is_cut| Lack { id, goals, is_cut };
            match fates.of(model, state, *wanted) {
                Ok(fate) => {
                    let lacks = wanted.without(fate.goals);
                    Ok((!lacks.is_empty()).then(|| lack(lacks, !fate.is_closed)))
                }
                Err(wrong) if wrong.is_no_failure() => Err(wrong),
                // It was judged to end well, and does not even come that far.
                Err(_) => Ok(Some(lack(*wanted, true))),
            }
        };
        let looked: Vec<Result<Vec<Lack>, Wrong>> = level
            .par_chunks(PIECE)
            .map(|piece| {
                let looked = piece.iter().map(|it| look(open(it)));
                looked.filter_map(Result::transpose).collect()
            })
            .collect();
        for lacks in looked {
            let lacks = lacks?;
            model.account.hold(size_of_val(&*lacks));
            self.table.lacks.extend(lacks);
        }
        Ok(())
    }

    /// What is known of goals, now that so many states were judged, and so many tried.
    pub(super) fn table(&self, model: &Model<'_>, judged: usize, tried: usize) -> GoalTable {
        GoalTable {
            sighted: self.table.sighted.with(model.sighted()),
            judged: number(judged),
            tried: number(tried),
            lacks: self.table.lacks.clone(),
            edges: in_order(&self.table.edges),
        }
    }
}

/// The first goal that is out of reach, and the nearest state from which it is, now that this was tried. It is the first state
/// of all if no state shows the goal.
pub(super) fn lost(model: &Model<'_>, table: &GoalTable, tried: Tried) -> Option<(u32, LostGoal)> {
    let found = table.found(model.goals(), tried, model.bounds.tries_ends);
    found.iter().enumerate().find_map(|(place, found)| {
        let (state, (following, is_for_ever)) = match found.found {
            Reach::Never => (0, (0, true)),
            Reach::Lost(_) => {
                // The nearest states have the lowest numbers.
                let nearest = *table.reachable(place).lost.first()?;
                (nearest, table.following(nearest))
            }
            _ => return None,
        };
        let goal = LostGoal {
            place: number(place),
            following: number(following),
            is_for_ever,
        };
        Some((state, goal))
    })
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Each edge once, in order.
fn in_order(edges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut edges = edges.to_vec();
    edges.sort_unstable();
    edges.dedup();
    edges
}
