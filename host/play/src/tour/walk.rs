//! Makes the runs of a tour, and finds the moments of its steps.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use host_check::history::{History, Op};
use host_check::validity::Validity;
use host_guest::Start;
use host_sim::journal::Observer;
use host_sim::{Act, Hand, MS, Moment, Phase, Touch};
use host_trial::{Scenario, Trial, TrialResult};

use super::claim::{Claim, Condition};
use super::deed::Deed;
use super::error::{At, TourError};
use super::event::Event;
use super::file::{Line, Mark, Origin, Step, TourFile};
use super::look::Look;
use super::seen::{Noted, Seen, Watcher};
use super::walked::{Run, Tour, TourStep};
use crate::session::{Made, holds};

impl TourFile {
    /// Makes the runs with nodes that `start` starts, and finds the moment of each step.
    ///
    /// # Errors
    /// A moment does not come, something cannot be done, or what the file says of a moment is not so.
    pub fn walk(&self, start: &dyn Start) -> Result<Tour, TourError> {
        let mut tour = Tour {
            title: self.title.clone(),
            show: self.show.clone(),
            runs: Vec::new(),
            steps: Vec::new(),
        };
        let mut from = 0;
        while from < self.steps.len() {
            let next = self.steps[from + 1..].iter();
            let goes_on = next
                .take_while(|step| step.origin == Origin::Before)
                .count();
            let steps = from..from + 1 + goes_on;
            from = steps.end;
            self.make_run(steps, start, &mut tour)?;
        }
        Ok(tour)
    }

    /// Makes a run with these steps, and adds it and them to the tour.
    fn make_run(
        &self,
        steps: Range<usize>,
        start: &dyn Start,
        tour: &mut Tour,
    ) -> Result<(), TourError> {
        let mut base = self.base.clone();
        let mut parent = None;
        let mut again: Vec<Made> = Vec::new();
        match &self.steps[steps.start].origin {
            Origin::Before | Origin::Again(None) => {}
            Origin::Again(Some(args)) => {
                let mut scenario = Scenario::clone(&base.scenario);
                scenario.options.guest_args.clone_from(args);
                base.scenario = Arc::new(scenario);
            }
            Origin::Back(step) => {
                let step = &tour.steps[*step];
                let run = &tour.runs[step.run];
                base = run.base.clone();
                again.extend_from_slice(&run.made[..step.made]);
                parent = Some((step.run, step.at));
            }
        }
        let options = &base.scenario.options;
        let trial = Trial::of(start, Scenario::clone(&base.scenario));
        let seen = Rc::new(RefCell::new(Seen::default()));
        let items = again.into_iter().map(Item::Again);
        let items = items.chain(parent.iter().map(|(_, at)| Item::Wait(*at)));
        let items = items.chain(steps.clone().flat_map(|at| self.items(at)));
        let mut walker = Walker {
            steps: &self.steps,
            look: Look {
                cluster: options.cluster,
                workers: options.concurrency,
                seen: Rc::clone(&seen),
            },
            scenario: Scenario::clone(&base.scenario),
            items: items.collect(),
            next: 0,
            cursor: Cursor::default(),
            asked: None,
            events: 0,
            message: None,
            marks: Vec::new(),
            made: Vec::new(),
            found: Vec::new(),
            error: None,
        };
        let mut watcher = Watcher(seen);
        let observers: Vec<&mut dyn Observer> = vec![&mut watcher];
        let (result, _) = trial.by_hand(base.seed, base.script.as_deref(), &mut walker, observers);
        walker.end(&result)?;
        let Walker {
            made,
            found,
            events,
            ..
        } = walker;
        let is_over = found.last().is_some_and(|last| last.events.is_none());
        let run = tour.runs.len();
        for (step, found) in steps.zip(found) {
            let Step {
                title,
                text,
                question,
                ..
            } = &self.steps[step];
            tour.steps.push(TourStep {
                title: title.what.clone(),
                text: text.clone(),
                run,
                at: found.at,
                made: found.made,
                marks: found.marks,
                question: question.clone(),
            });
        }
        tour.runs.push(Run {
            base,
            made,
            parent,
            events: (!is_over).then_some(events),
        });
        Ok(())
    }

    fn items(&self, step: usize) -> impl Iterator<Item = Item<'_>> {
        let lines = self.steps[step].lines.iter().map(Item::Line);
        lines.chain([Item::Show(step)])
    }
}

/// What is to do next in a run.
enum Item<'a> {
    /// Do again what an earlier run had done.
    Again(Made),
    /// Go on until the journal has so many entries.
    Wait(usize),
    Line(&'a At<Line>),
    /// The moment of this step.
    Show(usize),
}

/// The moment of a step.
struct Found {
    at: usize,
    /// How many events had happened; `None` if the run is over.
    events: Option<u64>,
    /// How many things the run has had done to it.
    made: usize,
    marks: Vec<String>,
}

/// From where on events are looked for.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    entry: usize,
    op: usize,
    at_ns: u64,
}

/// Goes through a run.
struct Walker<'a> {
    steps: &'a [Step],
    look: Look,
    scenario: Scenario,
    items: Vec<Item<'a>>,
    next: usize,
    cursor: Cursor,
    /// Where the moment before began and where this one does.
    asked: Option<(Cursor, Cursor)>,
    /// How many events have happened.
    events: u64,
    /// The message that was gone to last.
    message: Option<usize>,
    /// Those of the step that is being made.
    marks: Vec<String>,
    /// What was done so far.
    made: Vec<Made>,
    found: Vec<Found>,
    error: Option<TourError>,
}

impl Hand for Walker<'_> {
    fn next(&mut self, moment: &Moment<'_>) -> Act {
        if self.error.is_some() {
            return Act::Stop;
        }
        if moment.main_ns.is_none() {
            self.events += 1;
            return Act::GoOn;
        }
        self.note(moment);
        match self.go(moment) {
            Ok(act) => {
                self.events += u64::from(act == Act::GoOn);
                act
            }
            Err(error) => {
                self.error = Some(error);
                Act::Stop
            }
        }
    }

    /// As in a session.
    fn holds(&self) -> bool {
        holds(&self.made)
    }
}

impl Walker<'_> {
    /// Notes where this moment begins: where the moment before it was.
    fn note(&mut self, moment: &Moment<'_>) {
        let now = Cursor {
            entry: self.look.seen.borrow().entries.len(),
            op: moment.ops.len(),
            at_ns: moment.at_ns,
        };
        let (_, before) = self.asked.unwrap_or((now, now));
        self.asked = Some((before, now));
    }

    /// What happened since the moment before still counts from here on, all else is past.
    fn reached(&mut self, moment: &Moment<'_>) {
        let (before, _) = self.asked.unwrap_or_default();
        self.cursor.entry = self.cursor.entry.max(before.entry);
        self.cursor.op = self.cursor.op.max(before.op);
        self.cursor.at_ns = moment.at_ns;
    }

    fn go(&mut self, moment: &Moment<'_>) -> Result<Act, TourError> {
        if let Some(Err(why)) = &moment.done {
            let why = format!("this is not possible here: {why}");
            return Err(match self.items.get(self.next.saturating_sub(1)) {
                Some(Item::Line(line)) => line.wrong(why),
                _ => At::new(1, ()).wrong(why),
            });
        }
        while let Some(item) = self.items.get(self.next) {
            match item {
                Item::Again(made) if made.events != self.events => return self.wait(moment),
                Item::Again(made) => {
                    let made = made.clone();
                    return Ok(self.act(made, moment));
                }
                Item::Wait(at) if self.entries() < *at => return self.wait(moment),
                Item::Wait(_) => self.reached(moment),
                Item::Show(_) => self.show(Some(self.events)),
                Item::Line(line) => {
                    let line = *line;
                    match &line.what {
                        Line::GoTo(event) if !self.has_come(event, moment) => {
                            return self.wait(moment);
                        }
                        Line::GoTo(_) => self.reached(moment),
                        Line::Do(deed, words) => {
                            let touch = self.touch(deed, moment).map_err(|why| line.wrong(why))?;
                            let made = Made {
                                events: self.events,
                                at: self.entries(),
                                words: words.clone(),
                                touch,
                            };
                            return Ok(self.act(made, moment));
                        }
                        Line::Expect(claim) => {
                            self.expect(claim, moment)
                                .map_err(|what| line.wrong(what))?;
                        }
                        Line::Mark(mark) => {
                            let mark = self.mark(mark, moment).map_err(|why| line.wrong(why))?;
                            self.marks.push(mark);
                        }
                    }
                }
            }
            self.next += 1;
        }
        Ok(Act::Stop)
    }

    /// How many entries the journal has.
    fn entries(&self) -> usize {
        self.look.seen.borrow().entries.len()
    }

    /// Does something, from which on all that has happened is past.
    fn act(&mut self, made: Made, moment: &Moment<'_>) -> Act {
        self.cursor = Cursor {
            entry: self.entries(),
            op: moment.ops.len(),
            at_ns: moment.at_ns,
        };
        let what = made.touch.what.clone();
        self.made.push(made);
        self.next += 1;
        Act::Touch(what)
    }

    /// This is the moment of a step, after so many events.
    fn show(&mut self, events: Option<u64>) {
        let found = Found {
            at: self.entries(),
            events,
            made: self.made.len(),
            marks: std::mem::take(&mut self.marks),
        };
        self.found.push(found);
    }

    /// Has the run go on, if it does.
    fn wait(&self, moment: &Moment<'_>) -> Result<Act, TourError> {
        let waits_for_end = self.waits_for_end();
        if waits_for_end && self.holds() {
            return Err(self.never_comes("the main phase goes on until a line `finish`"));
        }
        let is_over = moment.phase == Phase::Over;
        match moment.phase == Phase::Main && moment.idle {
            _ if waits_for_end || is_over => Ok(Act::GoOn),
            true => Err(self.never_comes("nothing is left to happen")),
            false => Ok(Act::GoOn),
        }
    }

    /// Whether what it waits for is the end.
    fn waits_for_end(&self) -> bool {
        let item = self.items.get(self.next);
        matches!(item, Some(Item::Line(line)) if line.what == Line::GoTo(Event::End))
    }

    /// Does what is left to do after the end of the run.
    fn end(&mut self, result: &TrialResult) -> Result<(), TourError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if self.next < self.items.len() && !self.waits_for_end() {
            let why = result.stop_in_words();
            return Err(self.never_comes(why.as_deref().unwrap_or("the run is over")));
        }
        let ops = result
            .history
            .as_ref()
            .map_or(&[][..], |history| history.ops());
        let items = std::mem::take(&mut self.items);
        for item in items.into_iter().skip(self.next) {
            match item {
                Item::Line(line) => match &line.what {
                    Line::GoTo(Event::End) => {}
                    Line::Expect(claim) => {
                        self.look_at_end(claim, ops, result)
                            .map_err(|what| line.wrong(what))?;
                    }
                    Line::Mark(Mark::Node(node)) => {
                        self.marks.push(self.look.cluster.node_name(*node));
                    }
                    Line::GoTo(_) | Line::Do(..) | Line::Mark(_) => {
                        return Err(line.wrong("the run is over here"));
                    }
                },
                Item::Show(_) => self.show(None),
                Item::Wait(_) | Item::Again(_) => {}
            }
        }
        Ok(())
    }

    fn look_at_end(&self, claim: &Claim, ops: &[Op], result: &TrialResult) -> Result<(), String> {
        match claim {
            Claim::Verdict(valid) => verdict(*valid, result.valid()),
            Claim::State(_) | Claim::Durable { .. } | Claim::Operation { .. } => {
                self.look.expect(claim, ops)
            }
            Claim::Node { .. } | Claim::InFlight { .. } => {
                Err("this cannot be looked up at the end of a run".to_owned())
            }
        }
    }

    fn never_comes(&self, why: &str) -> TourError {
        match self.items.get(self.next) {
            Some(Item::Line(line)) => line.wrong(format!("this does not come any more: {why}")),
            Some(Item::Show(step)) => self.steps[*step]
                .title
                .wrong(format!("its moment does not come: {why}")),
            _ => At::new(1, ()).wrong(format!(
                "a step that is gone back to does not come again: {why}"
            )),
        }
    }

    /// Whether the event has come since the moment before, and where. Moves the cursor behind it.
    fn has_come(&mut self, event: &Event, moment: &Moment<'_>) -> bool {
        let name = |node: &usize| self.look.cluster.node_name(*node);
        match event {
            Event::Message(pattern, fate) => {
                let found = self.look.message(self.cursor.entry, pattern, *fate);
                if let Some((at, id)) = found {
                    (self.cursor.entry, self.message) = (at + 1, Some(id));
                }
                found.is_some()
            }
            Event::Timer { node } => self.entry(&Noted::Timer { node: name(node) }),
            Event::Synced { node } => self.entry(&Noted::Synced { node: name(node) }),
            Event::Operation { f, node, ends } => {
                let found = self
                    .look
                    .operation(moment.ops, self.cursor.op, f, *node, *ends);
                if let Some(at) = found {
                    self.cursor.op = at + 1;
                }
                found.is_some()
            }
            Event::State(claim) => self.look.holds(claim),
            Event::Passed { ms } => {
                moment.at_ns >= self.cursor.at_ns.saturating_add(ms.saturating_mul(MS))
            }
            Event::End => false, // it is no moment: see `end`
        }
    }

    fn entry(&mut self, wanted: &Noted) -> bool {
        let found = self.look.entry(self.cursor.entry, wanted);
        if let Some(at) = found {
            self.cursor.entry = at + 1;
        }
        found.is_some()
    }

    fn touch(&self, deed: &Deed, moment: &Moment<'_>) -> Result<Touch, String> {
        let what = self.look.kind(deed, moment)?;
        let touch = moment.touch(what);
        touch.ok_or_else(|| "the main phase has not begun".to_owned())
    }

    fn mark(&self, mark: &Mark, moment: &Moment<'_>) -> Result<String, String> {
        Ok(match mark {
            Mark::Node(node) => self.look.cluster.node_name(*node),
            Mark::LastMessage => {
                let id = self
                    .message
                    .ok_or("no `go to` before this was for a message")?;
                format!("message {id}")
            }
            Mark::Message(pattern) => {
                let found = self.look.in_flight(pattern, moment).next();
                let id = found
                    .ok_or_else(|| format!("no {pattern} is on its way"))?
                    .id;
                format!("message {id}")
            }
        })
    }

    /// Checks what is said of this moment.
    fn expect(&self, claim: &Claim, moment: &Moment<'_>) -> Result<(), String> {
        match claim {
            Claim::Node { node, is } => {
                let now = moment.nodes()[*node];
                let found = match (now.is_up, now.is_paused) {
                    (false, _) => Condition::Down,
                    (true, true) => Condition::Paused,
                    (true, false) => Condition::Up,
                };
                match found == *is {
                    true => Ok(()),
                    false => Err(format!("{} is {found}", self.look.cluster.node_name(*node))),
                }
            }
            Claim::InFlight { count, message } => {
                let found = self.look.in_flight(message, moment).count();
                match found == *count {
                    true => Ok(()),
                    false => Err(format!("{message} in flight: {found}")),
                }
            }
            Claim::Verdict(valid) => {
                let history = History::new(moment.ops.to_vec()).ok();
                let found = history.and_then(|history| self.scenario.check_so_far(&history));
                let found = found.map_or(Validity::True, |result| result.valid);
                verdict(*valid, found)
            }
            Claim::State(_) | Claim::Durable { .. } | Claim::Operation { .. } => {
                self.look.expect(claim, moment.ops)
            }
        }
    }
}

fn verdict(said: Validity, found: Validity) -> Result<(), String> {
    let word = match found {
        Validity::True => "valid",
        Validity::False => "invalid",
        Validity::Unknown => "unknown",
    };
    match found == said {
        true => Ok(()),
        false => Err(format!("the verdict is {word}")),
    }
}
