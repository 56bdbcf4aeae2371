//! Goals of workloads: which were reached, and from where they can be.
//!
//! A goal that can be *reached* is shown by some state, or on the way of one to its end. One that can be reached *always*
//! can be reached from each state without further faults. Most states show that by themselves: the goal is shown in them, or on
//! the way to their ends ([`Fates`](crate::fates::Fates)). A state of which that is not true *lacks* the goal, and only of such
//! states it is kept where their moves lead. What lacks a goal and leads to no state with it, whatever happens, has
//! lost it.
//!
//! What is not known is no failure: a state that waits to be tried is *open*, and what leads to an open state may have the goal yet.
//! The way to an end takes as long as a run has to recover. If it does not go round by then, it is *cut off*: that the goal is lost
//! is true of this time then, and not for ever.

use std::collections::{BTreeSet, VecDeque};

use host_sim::{Goal, GoalKind, GoalSet};

/// Which goals were shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sighted {
    /// The goals that some state has shown.
    pub seen: GoalSet,
    /// Whether some node was up and said nothing about goals, so that it is not known which were not.
    pub is_untold: bool,
}

impl Sighted {
    /// What was shown in either.
    #[must_use]
    pub fn with(self, other: Sighted) -> Self {
        Sighted {
            seen: self.seen.with(other.seen),
            is_untold: self.is_untold || other.is_untold,
        }
    }
}

/// A goal, and what an exploration says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoalFound {
    /// The goal.
    pub goal: Goal,
    /// What is known of it.
    pub found: Reach,
}

/// What an exploration says of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It was shown.
    Seen,
    /// It was not shown so far.
    Unseen,
    /// Everything was tried, and it was not shown: a failure.
    Never,
    /// From each of so many states it can be reached, and these are all.
    Always(usize),
    /// It is not known of all states.
    Open {
        /// From so many it can be reached.
        reached: usize,
        /// Of so many others it is not known.
        open: usize,
    },
    /// From some states it cannot be reached: a failure.
    Lost(usize),
    /// Nothing is known of it.
    NotJudged(Unjudged),
}

/// Why nothing is known of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unjudged {
    /// Nodes do not say which goals they show: they have no snapshot, or one that the workload cannot read.
    Untold,
    /// Schedules are not tried in a way in which it shows.
    Strategy,
    /// States are not brought to their ends.
    Ends,
}

impl Reach {
    /// Whether it leaves open whether there is a failure.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        matches!(self, Reach::Unseen | Reach::Open { .. })
    }
}

/// A goal that is out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LostGoal {
    /// Its place among those of the workload.
    pub(crate) place: u32,
    /// How many states can follow without a fault, none of which shows it; 0 if none at all does.
    pub(crate) following: u32,
    /// Whether each of them comes back to a state that it had, or to a standstill, without it.
    pub(crate) is_for_ever: bool,
}

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    All,
    /// All schedules of some length: no state that they lead to is left.
    AllOfDepth,
    Some,
}

/// A state whose end does not show all goals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) id: u32,
    /// Those that it does not show.
    pub(crate) goals: GoalSet,
    /// Whether the way to its end was cut off.
    pub(crate) is_cut: bool,
}

/// What a search that goes breadth first knows of goals. States have the numbers in the order in which they were met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GoalTable {
    pub(crate) sighted: Sighted,
    /// Of states with lower numbers it is known which goals they lack.
    pub(crate) judged: u32,
    /// Of states with lower numbers it is known where their moves lead.
    pub(crate) tried: u32,
    /// The states that lack some, in their order.
    pub(crate) lacks: Vec<Lack>,
    /// From a state that lacks some to one that a move without a fault leads to. In the order of the former.
    pub(crate) edges: Vec<(u32, u32)>,
}

/// What a goal can be reached from.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Reachable {
    pub(crate) reached: usize,
    pub(crate) open: usize,
    /// The states from which it cannot, in their order.
    pub(crate) lost: Vec<u32>,
}

/// What a state has to do with a goal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Reached,
    Open,
    /// It lacks the goal; its place among those that do.
    Lacks(usize),
}

impl GoalTable {
    /// The goals that a state lacks which was judged.
    pub(crate) fn lacking(&self, id: u32) -> GoalSet {
        let place = self.lacks.binary_search_by_key(&id, |lack| lack.id);
        place.map_or(GoalSet::default(), |place| self.lacks[place].goals)
    }

    /// From which states the goal at this place can be reached.
    pub(crate) fn reachable(&self, goal: usize) -> Reachable {
        let lacks = self.lacks.iter().filter(|lack| lack.goals.contains(goal));
        let lacks: Vec<Lack> = lacks.copied().collect();
        let standing = |id: u32| {
            if id >= self.judged {
                return Standing::Open;
            }
            match lacks.binary_search_by_key(&id, |lack| lack.id) {
                Ok(place) => Standing::Lacks(place),
                Err(_) => Standing::Reached,
            }
        };
        let mut before = vec![Vec::new(); lacks.len()];
        let mut reached = Vec::new();
        let mut open: Vec<usize> = (0..lacks.len())
            .filter(|place| lacks[*place].id >= self.tried)
            .collect();
        for (from, to) in &self.edges {
            let Standing::Lacks(from) = standing(*from) else {
                continue;
            };
            match standing(*to) {
                Standing::Reached => reached.push(from),
                Standing::Open => open.push(from),
                Standing::Lacks(to) => before[to].push(from),
            }
        }
        let mut found: Vec<Option<Standing>> = vec![None; lacks.len()];
        for (seeds, what) in [(reached, Standing::Reached), (open, Standing::Open)] {
            let mut queue = VecDeque::from(seeds);
            while let Some(place) = queue.pop_front() {
                if found[place].is_none() {
                    found[place] = Some(what);
                    queue.extend(&before[place]);
                }
            }
        }
        let count = |what| found.iter().filter(|it| **it == Some(what)).count();
        let lost = lacks.iter().zip(&found).filter(|(_, it)| it.is_none());
        Reachable {
            reached: self.judged as usize - lacks.len() + count(Standing::Reached),
            open: count(Standing::Open),
            lost: lost.map(|(lack, _)| lack.id).collect(),
        }
    }

    /// The states that can follow on one that has lost a goal without a fault, itself included: how many they are, and whether
    /// the way to the end of none of them was cut off.
    pub(crate) fn following(&self, id: u32) -> (usize, bool) {
        let mut met = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let first = self.edges.partition_point(|(from, _)| *from < id);
            let edges = self.edges[first..].iter();
            for (_, to) in edges.take_while(|(from, _)| *from == id) {
                if met.insert(*to) {
                    open.push(*to);
                }
            }
        }
        let mut cut = self.lacks.iter().filter(|lack| lack.is_cut);
        (met.len(), !cut.any(|lack| met.contains(&lack.id)))
    }

    /// What is known of each goal. `ends` says whether states were brought to their ends.
    pub(crate) fn found(&self, goals: &[Goal], tried: Tried, ends: bool) -> Vec<GoalFound> {
        let found = goals.iter().enumerate().map(|(place, goal)| {
            let found = match goal.kind {
                GoalKind::Reachable => sighted(self.sighted, place, tried == Tried::All),
                GoalKind::AlwaysReachable if self.sighted.is_untold => {
                    Reach::NotJudged(Unjudged::Untold)
                }
                GoalKind::AlwaysReachable if !ends => Reach::NotJudged(Unjudged::Ends),
                GoalKind::AlwaysReachable => match self.reachable(place) {
                    Reachable { lost, .. } if !lost.is_empty() => Reach::Lost(lost.len()),
                    Reachable {
                        reached, open: 0, ..
                    } if tried != Tried::Some => Reach::Always(reached),
                    Reachable { reached, open, .. } => Reach::Open { reached, open },
                },
            };
            GoalFound {
                goal: goal.clone(),
                found,
            }
        });
        found.collect()
    }
}

/// What is known of goals if only what was shown is.
pub(crate) fn found_by_sight(goals: &[Goal], shown: Sighted, is_complete: bool) -> Vec<GoalFound> {
    let found = goals.iter().enumerate().map(|(place, goal)| GoalFound {
        goal: goal.clone(),
        found: match goal.kind {
            GoalKind::Reachable => sighted(shown, place, is_complete),
            GoalKind::AlwaysReachable if shown.is_untold => Reach::NotJudged(Unjudged::Untold),
            GoalKind::AlwaysReachable => Reach::NotJudged(Unjudged::Strategy),
        },
    });
    found.collect()
}

fn sighted(sighted: Sighted, place: usize, is_complete: bool) -> Reach {
    match (sighted.seen.contains(place), sighted.is_untold) {
        (true, _) => Reach::Seen,
        (false, true) => Reach::NotJudged(Unjudged::Untold),
        (false, false) if is_complete => Reach::Never,
        (false, false) => Reach::Unseen,
    }
}

#[cfg(test)]
mod tests;
