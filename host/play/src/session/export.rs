//! What was done to a branch, as a schedule.
//!
//! The run is made once more for it, to its end, which gives its script. That is played as `host sim` plays it, and nobody
//! asks its guests for states: so it is known whether the schedule gives the journal that the page shows.

use super::branch::Branch;
use super::held::{Refused, Session};
use super::now::Made;
use crate::game::{Base, Programs};
use host_report::live::LiveRecord;
use host_sim::journal::Observer;
use host_sim::{Act, Hand, Moment, Script, TouchKind};
use host_trial::TrialResult;
use host_trial::schedule::Schedule;

/// A schedule of a branch.
#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) schedule: Schedule,
    /// What came of it.
    pub(crate) result: TrialResult,
    /// What was done, in words.
    pub(crate) story: Vec<String>,
    /// What its reader has to know.
    pub(crate) note: Option<String>,
}

/// How the main phase ends after all that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// When clients begin nothing more.
    ByItself,
    /// At this moment, in entries.
    At(usize),
}

impl Session {
    /// A branch up to a moment as a schedule, which goes on to the end of the run by itself.
    ///
    /// # Errors
    /// If there is no such moment.
    pub(crate) fn export(&self, id: u32, at: Option<usize>) -> Result<Exported, Refused> {
        let branch = self.branch(id)?;
        let programs = self.programs();
        export(&branch, &programs, at)
    }
}

fn export(branch: &Branch, programs: &Programs, at: Option<usize>) -> Result<Exported, Refused> {
    let (base, touches, story, at) = {
        let known = branch.known();
        let at = at.unwrap_or(known.position);
        if at > known.position {
            return Err(Refused::Wrong(format!(
                "the branch has {} entries, not {at}",
                known.position
            )));
        }
        let is_before = |its: usize| its < at || at == known.position;
        let touches = known.touches.iter().filter(|it| is_before(it.at));
        let touches: Vec<Made> = touches.cloned().collect();
        let done = known.done().into_iter().filter(|it| is_before(it.at));
        let story: Vec<String> = done.map(|it| it.words).collect();
        let base = match at == known.position {
            true => known.base.clone(),
            false => known.base_at(at).map_err(Refused::NotNow)?,
        };
        (base, touches, story, at)
    };
    let difference = |made: &MadeAgain| {
        let played = play(&base, programs, &made.script);
        let known = branch.known();
        let is_whole = at == known.position && known.is_over;
        let is_longer = is_whole && played.entries() > at;
        let differs = known.record.first_difference(&played, at);
        differs.or(is_longer.then_some(at))
    };
    let mut made = make(&base, programs, &touches, End::ByItself);
    let mut differs = difference(&made);
    if differs.is_some() {
        // The run went on for longer than it does by itself.
        let finished = make(&base, programs, &touches, End::At(at));
        if difference(&finished).is_none() {
            (made, differs) = (finished, None);
        }
    }
    let note = differs.map(|entry| {
        format!(
            "this schedule gives another run than the page shows, from entry {entry} on: the program does something else \
             when it is asked for its state, or not the same each time; or what was done late in the run is not what a \
             schedule can say"
        )
    });
    let scenario = host_trial::Scenario::clone(&base.scenario);
    let trial = host_trial::Trial {
        scenario,
        ..base.trial(programs)
    };
    Ok(Exported {
        schedule: Schedule::of(&trial, base.seed, made.script),
        result: made.result,
        story,
        note,
    })
}

/// A run that was made once more.
struct MadeAgain {
    script: Script,
    result: TrialResult,
}

/// The journal of a script as `host sim` plays it.
fn play(base: &Base, programs: &Programs, script: &Script) -> LiveRecord {
    let mut record = LiveRecord::without_states();
    let observers: Vec<&mut dyn Observer> = vec![&mut record];
    base.trial(programs)
        .show(base.seed, Some(script), observers);
    record
}

fn make(base: &Base, programs: &Programs, touches: &[Made], end: End) -> MadeAgain {
    let trial = base.trial(programs);
    let mut hand = Again {
        touches,
        done: 0,
        events: 0,
        end,
        finish: None,
        is_finished: false,
    };
    let script = base.script.as_deref();
    let (result, drawn) = trial.by_hand(base.seed, script, &mut hand, Vec::new());
    let finish = hand.finish.take();
    let mut script = match &base.script {
        Some(script) => Script::clone(script),
        None => drawn,
    };
    script
        .touches
        .extend(touches.iter().map(|it| it.touch.clone()));
    script.touches.extend(finish);
    MadeAgain { script, result }
}

/// Does again what was done.
struct Again<'a> {
    touches: &'a [Made],
    done: usize,
    events: u64,
    end: End,
    finish: Option<host_sim::Touch>,
    is_finished: bool,
}

impl Hand for Again<'_> {
    fn next(&mut self, moment: &Moment<'_>) -> Act {
        if let Some(next) = self.touches.get(self.done)
            && next.events == self.events
        {
            self.done += 1;
            self.is_finished |= next.touch.what == TouchKind::Finish;
            return Act::Touch(next.touch.what.clone());
        }
        if let End::At(entries) = self.end
            && self.done == self.touches.len()
            && !self.is_finished
            && moment.entries >= entries as u64
        {
            self.is_finished = true;
            self.finish = moment.touch(TouchKind::Finish);
            if self.finish.is_some() {
                return Act::Touch(TouchKind::Finish);
            }
        }
        self.events += 1;
        Act::GoOn
    }

    fn holds(&self) -> bool {
        self.end != End::ByItself && self.done > 0 && !self.is_finished
    }
}
