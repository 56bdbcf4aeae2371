//! The hand that a branch's run asks at each moment: it makes the run anew up to where it is wanted, lets it go
//! on, and does to it what pages ask for.
//!
//! It knows moments by how many events have happened. A run is a function of what is done to it, so the same touches
//! at the same moments give the same run: a branch that leaves another one in the past is made from the beginning,
//! with the touches of the other up to there. While it is, its record takes the states of nodes from the other's.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::branch::Branch;
use super::breakpoint::{Breakpoint, Watched, at_node};
use super::command::{Anew, AnewUntil, Command, Goal};
use super::doing::{Do, touch_of};
use super::judge::{Judge, judged};
use super::now::{Done, Hit, Made, Standing, holds};
use super::tape::{Tape, Writer};
use super::words::in_words;
use crate::game::limits;
use host_check::history::Op;
use host_report::live::LiveHistory;
use host_sim::{Act, Hand, Moment, Phase, Touch, TouchKind, TouchOutcome, short_seconds};
use host_trial::Scenario;

/// The longest wait for something that happens at a time, in seconds.
const WAIT_SECONDS_MAX: f64 = 86_400.0;

/// How often pages see a run that goes on.
const SHOWN_EVERY: Duration = Duration::from_millis(33);

/// What the run does.
enum Mode {
    /// It is made anew.
    Anew {
        touches: VecDeque<Made>,
        until: AnewUntil,
    },
    /// It waits for a command.
    Stands,
    /// It goes on.
    GoesOn(Pursuit),
}

/// A run that goes on.
struct Pursuit {
    goal: Goal,
    watched: Watched,
    stands: Sender<()>,
    /// The entries at its beginning.
    from: usize,
    /// When it began, really and virtually, for its speed.
    clock: (Instant, u64),
    /// Whether the time limit had passed before.
    is_late: bool,
}

/// A touch that was asked for.
enum Asked {
    /// By a page.
    ByPage(Touch, String, Sender<Result<(), String>>),
    /// By what is made anew.
    Again(Made),
    /// By the time limit.
    Finish(Touch),
}

/// What a run that goes on does next.
enum Next {
    Act(Act),
    /// Stand still, for this reason.
    Stand(Option<String>, Option<Hit>),
}

/// The hand of a branch's run.
pub(super) struct Player {
    branch: Arc<Branch>,
    tape: Rc<RefCell<Tape>>,
    commands: Receiver<Command>,
    /// What came while the run went on.
    pending: Option<Command>,
    /// Who waits for the run to have been made anew: they get why it was not.
    ready: Option<Sender<Result<(), String>>>,
    mode: Mode,
    asked: Option<Asked>,
    /// How many events have happened.
    events: u64,
    /// The entries at the moment before.
    before: usize,
    /// What was done so far.
    made: Vec<Made>,
    /// How many entries there were before each move of the script.
    moves: Vec<usize>,
    /// What came of the script's touches.
    scripted: Vec<Done>,
    /// When pages were shown the run last.
    shown: Instant,
    main_ns: Option<u64>,
    /// Who waits for a touch that was made.
    told: Option<Sender<Result<(), String>>>,
    /// Why touches were not possible for another program.
    skipped: Vec<String>,
    has_left: bool,
    scenario: Arc<Scenario>,
    judge: Arc<Judge>,
}

impl Player {
    pub(super) fn new(
        branch: Arc<Branch>,
        anew: Anew,
        commands: Receiver<Command>,
        ready: Sender<Result<(), String>>,
        judge: Arc<Judge>,
    ) -> Self {
        let tape = Tape {
            branch: Arc::clone(&branch),
            anew: Some((anew.record, LiveHistory::default())),
            generation: anew.generation,
        };
        let scenario = Arc::clone(&branch.known().base.scenario);
        Player {
            branch,
            tape: Rc::new(RefCell::new(tape)),
            commands,
            pending: None,
            ready: Some(ready),
            mode: Mode::Anew {
                touches: anew.touches,
                until: anew.until,
            },
            asked: None,
            events: 0,
            before: 0,
            made: Vec::new(),
            moves: Vec::new(),
            scripted: Vec::new(),
            shown: Instant::now(),
            main_ns: None,
            told: None,
            skipped: Vec::new(),
            has_left: false,
            scenario,
            judge,
        }
    }

    /// What its run is observed by.
    pub(super) fn writer(&self) -> Writer {
        Writer(Rc::clone(&self.tape))
    }

    /// Whether it has ended its run by itself.
    pub(super) fn has_left(&self) -> bool {
        self.has_left
    }

    /// The run has ended at this virtual time, with this history.
    pub(super) fn end(&mut self, at_ns: u64, ops: &[Op]) {
        self.tape.borrow_mut().take(ops, self.before);
        // What was being done has been done: it is what ended the run.
        let _ = self.touched(Ok(()));
        let mut known = self.branch.known();
        self.tape.borrow_mut().arrive(&mut known);
        known.main_ns = known.main_ns.or(self.main_ns);
        known.moves.clone_from(&self.moves);
        known.touches.clone_from(&self.made);
        known.scripted.clone_from(&self.scripted);
        known.events = self.events;
        known.position = known.record.entries();
        known.standing.end(at_ns);
        (known.is_running, known.is_over) = (false, true);
        known.revision += 1;
    }

    /// Says that the run has been made anew, or why not.
    pub(super) fn tell_ready(&mut self, how: Result<(), String>) {
        if let Some(ready) = self.ready.take() {
            // Who waited may be gone.
            let _ = ready.send(how);
        }
    }

    fn go_on(&mut self) -> Act {
        self.events += 1;
        Act::GoOn
    }

    fn leave(&mut self) -> Act {
        self.has_left = true;
        Act::Stop
    }

    /// Takes what came of a touch. An error says why the run cannot be made anew.
    fn touched(&mut self, done: Result<(), String>) -> Result<(), String> {
        let (events, at) = (self.events, self.before);
        match (self.asked.take(), done) {
            (Some(Asked::ByPage(touch, words, told)), Ok(())) => {
                self.made.push(Made {
                    events,
                    at,
                    words,
                    touch,
                });
                // The moment is shown before who asked looks.
                self.told = Some(told);
            }
            (Some(Asked::ByPage(_, _, told)), Err(why)) => drop(told.send(Err(why))),
            (Some(Asked::Again(made)), Ok(())) => self.made.push(Made { events, at, ..made }),
            (Some(Asked::Again(made)), Err(why)) => {
                let why = format!(
                    "\u{201c}{}\u{201d} was not possible again: {why}",
                    made.words
                );
                match &self.mode {
                    Mode::Anew {
                        until: AnewUntil::Time(_),
                        ..
                    } => self.skipped.push(why),
                    _ => return Err(why),
                }
            }
            (Some(Asked::Finish(touch)), Ok(())) => self.made.push(Made {
                events,
                at,
                words: "finish, since the time limit is reached".to_owned(),
                touch,
            }),
            (Some(Asked::Finish(_)) | None, _) => {}
        }
        Ok(())
    }

    /// Shows pages where the run is.
    fn show(&mut self, moment: &Moment<'_>, is_running: bool) {
        let mut known = self.branch.known();
        self.tape.borrow_mut().arrive(&mut known);
        known.standing = Standing::of(moment, self.scenario.options.cluster);
        known.position = known.record.entries();
        if known.touches.len() != self.made.len() {
            known.touches.clone_from(&self.made);
        }
        if known.scripted.len() != self.scripted.len() {
            known.scripted.clone_from(&self.scripted);
        }
        known.main_ns = moment.main_ns;
        known.moves.clone_from(&self.moves);
        known.events = self.events;
        known.is_running = is_running;
        known.revision += 1;
        drop(known);
        self.shown = Instant::now();
        self.judge.wants(&self.branch);
    }

    /// Stands still, and says so to who waits for it.
    fn stand(&mut self, moment: &Moment<'_>, why: Option<String>, hit: Option<Hit>) {
        {
            let mut known = self.branch.known();
            (known.why, known.hit) = (why, hit);
        }
        let mode = std::mem::replace(&mut self.mode, Mode::Stands);
        self.show(moment, false);
        if let Mode::GoesOn(pursuit) = mode {
            let _ = pursuit.stands.send(());
        }
    }

    /// Begins to go on.
    fn pursue(
        &mut self,
        moment: &Moment<'_>,
        (goal, breakpoints): (Goal, Vec<Breakpoint>),
        stands: Sender<()>,
    ) {
        let is_late = self.is_late(moment);
        let mut known = self.branch.known();
        (known.why, known.hit) = (None, None);
        let nodes = self.scenario.options.cluster.node_names();
        let pursuit = Pursuit {
            goal,
            watched: Watched::begin(breakpoints, &nodes, &known),
            stands,
            from: known.record.entries(),
            clock: (Instant::now(), moment.at_ns),
            is_late,
        };
        drop(known);
        let is_run = matches!(pursuit.goal, Goal::Run(..));
        self.mode = Mode::GoesOn(pursuit);
        if is_run {
            self.show(moment, true);
        }
    }

    /// Whether the time limit has passed and the main phase goes on, since something was done.
    fn is_late(&self, moment: &Moment<'_>) -> bool {
        let until_ns = moment
            .main_ns
            .map(|main_ns| main_ns + self.scenario.options.time_limit_ns);
        let is_main = self.holds() && moment.phase == Phase::Main;
        is_main && until_ns.is_some_and(|until_ns| moment.at_ns >= until_ns)
    }

    /// What is done next while the run is made anew; nothing if it is where it is wanted.
    fn anew(&mut self, moment: &Moment<'_>) -> Option<Act> {
        let (entries, events) = (self.tape.borrow().entries(), self.events);
        let holds = self.holds();
        let Mode::Anew { touches, until } = &mut self.mode else {
            return None;
        };
        let has_come = match *until {
            AnewUntil::Entries(position) => entries >= position,
            AnewUntil::Main => moment.phase == Phase::Main,
            AnewUntil::Events(_) | AnewUntil::End | AnewUntil::Time(_) => false,
        };
        if has_come {
            return None;
        }
        let main_ns = moment.main_ns.unwrap_or(u64::MAX);
        let is_due = |made: &mut Made| match *until {
            AnewUntil::Time(_) => {
                let at_ns = main_ns.saturating_add(made.touch.at_ns);
                (moment.at_ns, moment.after) >= (at_ns, made.touch.after) || moment.idle
            }
            _ => made.events == events,
        };
        if let Some(made) = touches.pop_front_if(is_due) {
            let what = made.touch.what.clone();
            self.asked = Some(Asked::Again(made));
            return Some(Act::Touch(what));
        }
        let has_come = match *until {
            AnewUntil::Events(number) => events >= number,
            AnewUntil::Time(at_ns) => {
                touches.is_empty() && (moment.at_ns >= at_ns || moment.idle && holds)
            }
            _ => false,
        };
        (!has_come).then(|| self.go_on())
    }

    /// What a run that goes on does next.
    fn next_of_pursuit(&mut self, moment: &Moment<'_>) -> Next {
        let (holds, is_late, before) = (self.holds(), self.is_late(moment), self.before);
        let Mode::GoesOn(pursuit) = &mut self.mode else {
            return Next::Stand(None, None);
        };
        let mut known = self.branch.known();
        if pursuit.watched.wants_verdict(&known) {
            // To stop where it becomes wrong, each answer has to be looked at.
            known.verdict = judged(&self.scenario, &known.history);
            known.judged = known.history.completed();
        }
        if let Some(hit) = pursuit.watched.hit(&known, before) {
            return Next::Stand(Some(hit.words.clone()), Some(hit));
        }
        if let Some(why) = known.is_full() {
            return Next::Stand(Some(why), None);
        }
        let entries = known.record.entries();
        let has_gone_on = entries > pursuit.from;
        match &pursuit.goal {
            Goal::Step if has_gone_on => return Next::Stand(None, None),
            Goal::Step => {}
            Goal::Run(until, _) => {
                let node = until.node.as_ref().filter(|_| has_gone_on);
                if let Some(words) = node.and_then(|node| at_node(&known, before, node)) {
                    return Next::Stand(Some(words), None);
                }
                let is_time = until.at_ns.is_some_and(|at_ns| moment.at_ns >= at_ns);
                if is_time || until.position.is_some_and(|position| entries >= position) {
                    return Next::Stand(None, None);
                }
            }
        }
        let ends = matches!(&pursuit.goal, Goal::Run(until, _) if until.end);
        if ends
            && holds
            && (is_late || moment.idle)
            && let Some(touch) = moment.touch(TouchKind::Finish)
        {
            self.asked = Some(Asked::Finish(touch));
            return Next::Act(Act::Touch(TouchKind::Finish));
        }
        if moment.idle && holds {
            let why = "nothing is left to happen: do something, or finish";
            return Next::Stand(Some(why.to_owned()), None);
        }
        if is_late && !pursuit.is_late && matches!(pursuit.goal, Goal::Run(..)) {
            let why = format!(
                "the time limit of {} s is reached, and clients begin nothing more by themselves: go on, do \
                 something, or finish",
                short_seconds(self.scenario.options.time_limit_ns)
            );
            return Next::Stand(Some(why), None);
        }
        drop(known);
        Next::Act(self.go_on())
    }

    /// Waits until it is time for what has happened, if the run has a speed. Returns what is asked for meanwhile.
    fn wait(&self, moment: &Moment<'_>) -> Option<Command> {
        let Mode::GoesOn(pursuit) = &self.mode else {
            return None;
        };
        let left = match pursuit.goal {
            Goal::Run(_, Some(speed)) => {
                let (began, from_ns) = pursuit.clock;
                let passed = Duration::from_nanos(moment.at_ns.saturating_sub(from_ns));
                let passed = (passed.as_secs_f64() / speed).min(WAIT_SECONDS_MAX);
                Duration::from_secs_f64(passed).saturating_sub(began.elapsed())
            }
            _ => Duration::ZERO,
        };
        if left.is_zero() {
            return self.commands.try_recv().ok();
        }
        match self.commands.recv_timeout(left) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Command::Leave),
        }
    }

    /// Notes what the script has done since the moment before.
    fn note_scripted(&mut self, touched: &[TouchOutcome]) {
        if touched.len() == self.scripted.len() {
            return;
        }
        let script = self.branch.known().base.script.clone();
        let touches = script.iter().flat_map(|script| &script.touches);
        let new = touches.zip(touched).skip(self.scripted.len());
        let cluster = self.scenario.options.cluster;
        let tape = self.tape.borrow();
        for (touch, TouchOutcome { entries, why }) in new {
            let words = tape.look(|record| in_words(&touch.what, cluster, record));
            self.scripted.push(Done {
                at: usize::try_from(*entries).unwrap_or(usize::MAX),
                words: match why {
                    None => words,
                    Some(why) => format!("{words} (not possible: {why})"),
                },
            });
        }
    }

    /// Whether each event is shown when its time has come.
    fn has_speed(&self) -> bool {
        matches!(&self.mode, Mode::GoesOn(pursuit) if matches!(pursuit.goal, Goal::Run(_, Some(_))))
    }

    /// Prepares what a page wants done. Why it is not possible is told.
    fn ask(
        &mut self,
        moment: &Moment<'_>,
        what: &Do,
        told: Sender<Result<(), String>>,
    ) -> Option<Act> {
        let touch = match self.made.len() < limits::TOUCHES {
            true => touch_of(what, moment, &self.branch.known()),
            false => Err(format!("a branch has at most {} touches", limits::TOUCHES)),
        };
        let touch = touch.and_then(|(kind, words)| match moment.touch(kind) {
            Some(touch) => Ok((touch, words)),
            None => Err("the nodes are being started: wait for the main phase".to_owned()),
        });
        match touch {
            Ok((touch, words)) => {
                let act = Act::Touch(touch.what.clone());
                self.asked = Some(Asked::ByPage(touch, words, told));
                Some(act)
            }
            Err(why) => {
                let _ = told.send(Err(why));
                None
            }
        }
    }

    fn act(&mut self, moment: &Moment<'_>) -> Act {
        loop {
            match &self.mode {
                Mode::Anew { .. } => match self.anew(moment) {
                    Some(act) => return act,
                    None => {
                        let skipped = std::mem::take(&mut self.skipped);
                        let why = (!skipped.is_empty()).then(|| skipped.join("; "));
                        self.stand(moment, why, None);
                        self.tell_ready(Ok(()));
                    }
                },
                Mode::GoesOn(_) => {
                    if let Some(command) = self.wait(moment) {
                        self.pending = Some(command);
                        self.stand(moment, None, None);
                        continue;
                    }
                    match self.next_of_pursuit(moment) {
                        Next::Act(act) => {
                            if self.has_speed() || self.shown.elapsed() >= SHOWN_EVERY {
                                self.show(moment, true);
                            }
                            return act;
                        }
                        Next::Stand(why, hit) => self.stand(moment, why, hit),
                    }
                }
                Mode::Stands => {
                    let command = self.pending.take();
                    // Without a branch that could ask, there is nothing to wait for.
                    match command.or_else(|| self.commands.recv().ok()) {
                        None | Some(Command::Leave) => return self.leave(),
                        Some(Command::Pause(told)) => drop(told.send(())),
                        Some(Command::GoOn {
                            goal,
                            breakpoints,
                            stands,
                        }) => self.pursue(moment, (goal, breakpoints), stands),
                        Some(Command::Touch(what, told)) => {
                            if let Some(act) = self.ask(moment, &what, told) {
                                return act;
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Hand for Player {
    fn next(&mut self, moment: &Moment<'_>) -> Act {
        let was_asked = self.asked.is_some();
        // The last of them has been made since the moment before; others were not possible.
        self.moves.resize(moment.moves, self.before);
        self.note_scripted(moment.touched);
        self.main_ns = moment.main_ns;
        self.tape.borrow_mut().take(moment.ops, self.before);
        if let Some(done) = &moment.done
            && let Err(why) = self.touched(done.clone())
        {
            self.tell_ready(Err(format!(
                "the run goes another way when it is made again, so nothing can be done at this moment: {why}"
            )));
            return self.leave();
        }
        if let (true, Mode::Stands) = (was_asked, &self.mode) {
            self.show(moment, false);
        }
        if let Some(told) = self.told.take() {
            let _ = told.send(Ok(()));
        }
        let act = self.act(moment);
        self.before = self.tape.borrow().entries();
        act
    }

    /// What was touched goes on until it is finished.
    fn holds(&self) -> bool {
        holds(&self.made)
    }
}
