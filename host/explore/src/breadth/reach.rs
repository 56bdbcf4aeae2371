//! Which goals each state lacks, and where its moves lead then.
//!
//! The states of a level are looked at before their moves are tried. So it is known of which states edges are needed: of those that
//! do not come to a goal by themselves, which are few if the program is right. From these all moves without a fault are
//! tried, also such as sleep: sleep sets leave out what is met elsewhere, and whether it is met after *this* state matters here.

use host_sim::{GoalKind, GoalSet, UNREACHED_GOAL};
use rayon::prelude::*;

use super::search::{Breadth, Found, LostGoal, Open, Over, PIECE};
use crate::fates::Fates;
use crate::goals::{GoalTable, Lack, Reach, Tried};
use crate::model::Model;
use crate::wrong::Wrong;

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
}

/// Each edge once, in order.
fn in_order(edges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut edges = edges.to_vec();
    edges.sort_unstable();
    edges.dedup();
    edges
}

impl Breadth<'_, '_> {
    /// Finds out which goals the states of the level lack.
    pub(super) fn judge_goals(
        &mut self,
        is_interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Wrong> {
        let Goals { wanted, fates, .. } = &self.goals;
        if wanted.is_empty() {
            return Ok(());
        }
        let model = self.model;
        let look = |open: &Open| {
            if is_interrupted() {
                return Err(Wrong::Interrupted);
            }
            let lack = |goals, is_cut| Lack {
                id: open.id,
                goals,
                is_cut,
            };
            match fates.of(model, &open.state, *wanted) {
                Ok(fate) => {
                    let lacks = wanted.without(fate.goals);
                    Ok((!lacks.is_empty()).then(|| lack(lacks, !fate.is_closed)))
                }
                Err(wrong) if wrong.is_no_failure() => Err(wrong),
                // It was judged to end well, and does not even come that far.
                Err(_) => Ok(Some(lack(*wanted, true))),
            }
        };
        let looked: Vec<Result<Vec<Lack>, Wrong>> = self
            .level
            .par_chunks(PIECE)
            .map(|piece| {
                piece
                    .iter()
                    .filter_map(|open| look(open).transpose())
                    .collect()
            })
            .collect();
        for lacks in looked {
            let lacks = lacks?;
            model.account.hold(size_of_val(&*lacks));
            self.goals.table.lacks.extend(lacks);
        }
        Ok(())
    }

    /// What is known of goals now.
    pub(crate) fn goal_table(&self) -> GoalTable {
        let GoalTable {
            sighted,
            lacks,
            edges,
            ..
        } = &self.goals.table;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let next = self.start();
        let of_level = next - self.level.len();
        GoalTable {
            sighted: sighted.with(self.model.sighted()),
            judged: number(if self.is_judged { next } else { of_level }),
            tried: number(of_level + self.tried),
            lacks: lacks.clone(),
            edges: in_order(edges),
        }
    }

    /// The first goal that is out of reach, now that the search is over.
    pub(super) fn lost_goal(&self, over: &Over) -> Option<Found> {
        let tried = match over {
            Over::Complete => Tried::All,
            Over::Depth => Tried::AllOfDepth,
            Over::States => Tried::Some,
            // What came of the last states is not known, or there is a failure already.
            Over::Spent(_) | Over::Interrupted | Over::Failure(_) => return None,
        };
        let goals = self.model.goals();
        if goals.is_empty() {
            return None;
        }
        let table = self.goal_table();
        let found = table.found(goals, tried, self.model.bounds.tries_ends);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        found.iter().enumerate().find_map(|(place, found)| {
            let (path, (following, is_for_ever)) = match found.found {
                Reach::Never => (Vec::new(), (0, true)),
                Reach::Lost(_) => {
                    // The nearest states have the lowest numbers.
                    let nearest = *table.reachable(place).lost.first()?;
                    (self.path(nearest), table.following(nearest))
                }
                _ => return None,
            };
            Some(Found {
                path,
                names: vec![UNREACHED_GOAL.to_owned()],
                is_at_end: true,
                goal: Some(LostGoal {
                    place: number(place),
                    following: number(following),
                    is_for_ever,
                }),
            })
        })
    }
}
