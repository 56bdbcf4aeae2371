//! Fates: the goals that a cluster shows by itself, on the way from a state to its end.
//!
//! The way is that of [`ends`](crate::ends), up to the last operations: faults are over, messages arrive, timers fire in order, and the
//! cluster has as long as in a run to recover. It is *closed* if it comes to a state that it had, or nothing is left to happen: then
//! more time shows nothing more. Otherwise it was cut off.
//!
//! Ways come together. What is known of a state on one way is used on another only if that would have been found out in the
//! time that is left there. So what comes of a state does not depend on the order in which they are looked at.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use dashmap::DashMap;
use host_sim::GoalSet;

use crate::ends::{Ending, RECOVERY_NS};
use crate::hash::{BuildQuick, Hash};
use crate::model::{Model, Sink};
use crate::state::{Done, State};
use crate::wrong::Wrong;

/// What a known state takes, in a map that is between half full and full.
const KNOWN_BYTES: usize = 64;

/// What a cluster shows by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) goals: GoalSet,
    /// Whether that is all, however long it takes.
    pub(crate) is_closed: bool,
}

/// What is known of a state in which no request is open.
#[derive(Clone, Copy)]
struct Known {
    fate: Fate,
    /// After how long that was known, at most.
    within_ns: u64,
}

/// What is known of states on the way to ends.
#[derive(Default)]
pub(crate) struct Fates {
    known: DashMap<Hash, Known, BuildQuick>,
}

/// A state on a way.
struct Passed {
    hash: Hash,
    now_ns: u64,
    /// The goals that are shown from it on, up to the next one.
    goals: GoalSet,
    /// How much was written down before it.
    logged: usize,
}

/// A way, as far as it was gone.
struct Way<'m, 'a> {
    model: &'m Model<'a>,
    ending: Ending<'m, 'a>,
    /// What was shown before all that it has passed.
    before: GoalSet,
    passed: Vec<Passed>,
    places: HashMap<Hash, usize, BuildQuick>,
}

/// How a way ends.
enum WayEnd {
    /// All goals that are looked for are shown.
    Shown,
    /// It joins one of which this is known.
    Joins(Known),
    /// It comes back to the state with this place among those that were passed.
    GoesRound(usize),
    /// Nothing is left to happen.
    StandsStill,
    CutOff,
}

impl Fates {
    /// Which of the goals `wanted` a cluster shows by itself from a state on.
    pub(crate) fn of(
        &self,
        model: &Model<'_>,
        state: &State,
        wanted: GoalSet,
    ) -> Result<Fate, Wrong> {
        let begin = model.shown(state)?;
        let all = Fate {
            goals: wanted,
            is_closed: true,
        };
        if wanted.without(begin).is_empty() {
            return Ok(all);
        }
        let steps = AtomicU64::new(0);
        let mut way = Way::of(model, state, Sink::default(), &steps)?;
        way.before = way.before.with(begin);
        let end = way.go(wanted, |hash| self.known.get(&hash).map(|known| *known))?;
        let now_ns = way.ending.state.now_ns;
        let (joined, cycle) = match end {
            WayEnd::Shown => (None, None),
            WayEnd::Joins(known) => (Some(known), None),
            WayEnd::GoesRound(place) => (None, Some(place)),
            WayEnd::StandsStill | WayEnd::CutOff => (None, None),
        };
        let is_closed = match end {
            WayEnd::GoesRound(_) | WayEnd::StandsStill => true,
            WayEnd::Joins(known) => known.fate.is_closed,
            WayEnd::Shown | WayEnd::CutOff => false,
        };
        let mut goals = joined.map_or(GoalSet::default(), |known| known.fate.goals);
        let later_ns = joined.map_or(0, |known| known.within_ns);
        // Whatever is shown on a circle is shown from each of its states on, and it takes the whole circle to know that it is one.
        let first = cycle.unwrap_or(way.passed.len());
        let circle = way.passed[first..].iter();
        goals = circle.fold(goals, |goals, it| goals.with(it.goals));
        for (place, passed) in way.passed.iter().enumerate().rev() {
            goals = goals.with(passed.goals);
            let has_all = wanted.without(goals).is_empty();
            if !has_all && !is_closed {
                continue;
            }
            let begins_ns = match place >= first {
                true => way.passed[first].now_ns,
                false => passed.now_ns,
            };
            let known = Known {
                fate: if has_all {
                    all
                } else {
                    Fate { goals, is_closed }
                },
                within_ns: now_ns - begins_ns + later_ns,
            };
            if self.known.insert(passed.hash, known).is_none() {
                model.account.hold(KNOWN_BYTES);
            }
        }
        let goals = goals.with(way.before);
        Ok(match wanted.without(goals).is_empty() {
            true => all,
            false => Fate { goals, is_closed },
        })
    }
}

/// What a cluster does by itself that shows no goal any more.
pub(crate) enum Round {
    /// The same things, again and again, each time for so long, in nanoseconds.
    Again(Vec<Done>, u64),
    /// Nothing.
    Nothing,
    /// Something else, in the time that it has to recover.
    CutOff,
}

/// What goes round in the end, from a state on, and the state in which that begins.
pub(crate) fn round(model: &Model<'_>, state: &State) -> Result<(Round, State), Wrong> {
    let steps = AtomicU64::new(0);
    let mut way = Way::of(model, state, Sink::logging(), &steps)?;
    // A goal that nobody has is never shown.
    let end = way.go(GoalSet::from_bits(u32::MAX), |_| None)?;
    let now_ns = way.ending.state.now_ns;
    let round = match end {
        WayEnd::GoesRound(place) => {
            let first = &way.passed[place];
            let log = way.ending.sink.log.take().unwrap_or_default();
            let round = log[first.logged..].to_vec();
            Round::Again(round, now_ns - first.now_ns)
        }
        WayEnd::StandsStill => Round::Nothing,
        WayEnd::Shown | WayEnd::Joins(_) | WayEnd::CutOff => Round::CutOff,
    };
    Ok((round, way.ending.state))
}

impl<'m, 'a> Way<'m, 'a> {
    fn of(
        model: &'m Model<'a>,
        state: &State,
        sink: Sink,
        steps: &'m AtomicU64,
    ) -> Result<Self, Wrong> {
        let mut ending = Ending::of(model, state, sink, steps)?;
        Ok(Way {
            model,
            before: std::mem::take(&mut ending.sink.shown),
            ending,
            passed: Vec::new(),
            places: HashMap::default(),
        })
    }

    /// Goes on until all goals that are `wanted` are shown, or no more can be, or there is no more time.
    fn go(
        &mut self,
        wanted: GoalSet,
        known: impl Fn(Hash) -> Option<Known>,
    ) -> Result<WayEnd, Wrong> {
        let model = self.model;
        let mut recovers = false;
        let mut until_ns = self.ending.after(self.ending.timeout_ns());
        let mut seen = self.before;
        loop {
            self.ending.deliver_all()?;
            if !recovers && !self.ending.waits() {
                recovers = true;
                until_ns = self.ending.after(RECOVERY_NS);
            }
            let goals = std::mem::take(&mut self.ending.sink.shown);
            match self.passed.last_mut() {
                Some(last) => last.goals = last.goals.with(goals),
                None => self.before = self.before.with(goals),
            }
            seen = seen.with(goals);
            if wanted.without(seen).is_empty() {
                return Ok(WayEnd::Shown);
            }
            let hash = model.hash(&self.ending.state);
            let now_ns = self.ending.state.now_ns;
            if recovers {
                if let Some(known) = known(hash)
                    && now_ns.saturating_add(known.within_ns) <= until_ns
                {
                    return Ok(WayEnd::Joins(known));
                }
                if let Some(place) = self.places.insert(hash, self.passed.len()) {
                    return Ok(WayEnd::GoesRound(place));
                }
                let log = self.ending.sink.log.as_ref();
                self.passed.push(Passed {
                    hash,
                    now_ns,
                    goals: model.shown(&self.ending.state)?,
                    logged: log.map_or(0, Vec::len),
                });
                if self.ending.fire_next(until_ns)? {
                    continue;
                }
                return Ok(match model.next_timer(&self.ending.state) {
                    None => WayEnd::StandsStill,
                    Some(_) => WayEnd::CutOff,
                });
            }
            // A request is open: it times out, at the latest when nothing new happens before.
            let is_new = self.places.insert(hash, 0).is_none();
            if is_new && self.ending.fire_next(until_ns)? {
                continue;
            }
            self.ending.pass_until(until_ns)?;
            self.ending.time_out();
        }
    }
}
