//! A trial: one run of a scenario in the simulator, judged.

use std::sync::Arc;

use crate::room::{Place, ROOM};
use crate::scenario::Scenario;
use host_check::anomalies::{AnomalyName, anomalies};
use host_check::evidence::{Anomaly, Evidence, evidence};
use host_check::history::{History, Kind};
use host_check::linear::Budgets;
use host_check::linear::NotJudged;
use host_check::net::NetResult;
use host_check::text::{closing_line, render_problems};
use host_check::validity::Validity;
use host_check::workload::{CheckOptions, CheckResult, check_any};
use host_guest::{Interrupt, Start};
use host_sim::journal::Observer;
use host_sim::service;
use host_sim::{
    Bounds, Coverage, LoggedWarnings, MemoryGrant, MemoryGrowth, Outcome, ResourceUsage,
    RunOptions, Script, Silence, Simulation, StopReason, Stopped, run,
};

/// What the checkers say of a history.
type Judged = Result<CheckResult, NotJudged>;

/// A scenario and the program that runs in it.
pub struct Trial<'a> {
    /// The program of every node.
    pub module: &'a dyn Start,
    /// The version that nodes change to under [`RunOptions::swap_after_ns`] or the fault
    /// `swap`; without one they change to `module` again.
    ///
    /// [`RunOptions::swap_after_ns`]: host_sim::RunOptions::swap_after_ns
    pub next_module: Option<&'a dyn Start>,
    /// Everything else that does not depend on the seed.
    pub scenario: Scenario,
}

/// A run and its verdict.
#[derive(Debug)]
pub struct TrialResult {
    /// The seed.
    pub seed: u64,
    /// What clients and the nemesis did; `None` if the simulator recorded a broken history.
    pub history: Option<History>,
    /// The verdict of the checkers, or why the run stopped before its end.
    pub result: Result<CheckResult, Stopped>,
    /// What was wrong for good before the run was stopped, if it was and something was.
    pub before_stop: Option<CheckResult>,
    /// Virtual time at its end, in nanoseconds.
    pub end_ns: u64,
    /// Number of messages that were sent.
    pub messages: u64,
    /// The most that it used of everything that has a limit.
    pub used: ResourceUsage,
    /// What its faults touched.
    pub coverage: Coverage,
    /// The memory of a node that grew through the whole main phase, if one did.
    pub growth: Option<MemoryGrowth>,
    /// What nodes warned of in their logs.
    pub logged: LoggedWarnings,
    /// The positions of the script's moves that were not possible.
    pub skipped_moves: Vec<usize>,
    /// The positions of the script's touches that were not possible, and why.
    pub skipped_touches: Vec<(usize, String)>,
}

/// How many moves a warning names.
const MOVES_NAMED_MAX: usize = 5;

impl TrialResult {
    /// The verdict: a run that had to stop is invalid.
    #[must_use]
    pub fn valid(&self) -> Validity {
        match &self.result {
            Ok(result) => result.valid,
            Err(_) => Validity::False,
        }
    }

    /// Whether the program was asked to end before the run was judged.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(&self.result, Err(stopped) if stopped.is_interrupted())
    }

    /// The names of its anomalies, the gravest first; empty unless it is invalid.
    #[must_use]
    pub fn anomalies(&self) -> Vec<AnomalyName> {
        match &self.result {
            Ok(result) => anomalies(result),
            Err(stopped) => {
                let mut names: Vec<AnomalyName> =
                    self.before_stop.iter().flat_map(anomalies).collect();
                names.push(AnomalyName(stopped.reason.name().to_owned()));
                names
            }
        }
    }

    /// The same with what they rest on, judged with these options; empty if the history is gone.
    #[must_use]
    pub fn evidence(&self, options: &CheckOptions) -> Vec<Anomaly> {
        let Some(history) = &self.history else {
            return Vec::new();
        };
        match &self.result {
            Ok(result) => evidence(result, history, options),
            Err(stopped) => {
                let before = self.before_stop.iter();
                let mut all: Vec<Anomaly> = before
                    .flat_map(|result| evidence(result, history, options))
                    .collect();
                all.push(Anomaly {
                    name: AnomalyName(stopped.reason.name().to_owned()),
                    evidence: Evidence::History,
                });
                all
            }
        }
    }

    /// Why the run stopped and what was wrong before that, in lines; `None` if it did not stop.
    #[must_use]
    pub fn stop_in_words(&self) -> Option<String> {
        let stopped = self.result.as_ref().err()?;
        let mut text = format!("The run could not go on: {stopped}");
        if let Some(before) = &self.before_stop {
            let problems = render_problems(before);
            text += &format!("\nWhat had happened until then was wrong:\n{problems}");
        }
        if self.logged.count > 0 {
            text += &format!("\nUntil then, {}", self.logged);
        }
        Some(text)
    }

    /// What its reader should know though it decides nothing, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let growth = self.growth.iter().map(ToString::to_string);
        let touches = self.skipped_touches.iter().take(MOVES_NAMED_MAX);
        let touches = touches.map(|(index, why)| {
            format!("touches[{index}] was not possible and was skipped: {why}")
        });
        growth
            .chain(self.skipped_in_words())
            .chain(touches)
            .collect()
    }

    fn skipped_in_words(&self) -> Option<String> {
        let first = self.skipped_moves.iter().take(MOVES_NAMED_MAX);
        let first: Vec<String> = first.map(|index| format!("moves[{index}]")).collect();
        let (what, more) = match self.skipped_moves.len() {
            0 => return None,
            1 => ("1 move was not possible and was skipped".to_owned(), ""),
            count => (
                format!("{count} moves were not possible and were skipped"),
                if count > first.len() { " …" } else { "" },
            ),
        };
        Some(format!("{what}: {}{more}", first.join(", ")))
    }

    /// The line with which Maelstrom ends its output.
    #[must_use]
    pub fn closing_line(&self) -> &'static str {
        closing_line(self.valid())
    }
}

/// Whether a run was given up because other runs held what it would have needed.
fn is_without_room(result: &TrialResult) -> bool {
    matches!(&result.result, Err(stopped) if stopped.is_without_room())
}

impl<'a> Trial<'a> {
    /// A scenario with one version of a program.
    #[must_use]
    pub fn of(module: &'a dyn Start, scenario: Scenario) -> Self {
        Trial {
            module,
            next_module: None,
            scenario,
        }
    }

    /// Whether the program was asked to end: what runs then is interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.module.interrupt().is_some_and(Interrupt::is_requested)
    }

    /// Runs it with one seed; `observers` see everything that happens. A run with observers goes on
    /// alone, without others that would take much memory: see [`with`](Self::with).
    #[must_use]
    pub fn run<'o>(
        &'o self,
        seed: u64,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> TrialResult {
        self.make(seed, None, false, observers).0
    }

    /// The same, and also returns the operations and faults of the run.
    #[must_use]
    pub fn record<'o>(
        &'o self,
        seed: u64,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> (TrialResult, Script) {
        let (report, script) = self.make(seed, None, true, observers);
        (report, script.unwrap_or_default())
    }

    /// Runs the operations and faults of a script instead of drawing them. The scenario's rate,
    /// faults and interval do not matter then.
    #[must_use]
    pub fn play<'o>(
        &'o self,
        seed: u64,
        script: &'o Script,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> TrialResult {
        self.make(seed, Some(script), false, observers).0
    }

    /// Runs it with one seed and these observers among others, as [`with`](Self::with) does. `None`
    /// if there was no room for it: they have seen a part of the run then, and it has to be made again
    /// by [`run`](Self::run), with other observers.
    #[must_use]
    pub fn run_among_others<'o>(
        &'o self,
        seed: u64,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> Option<TrialResult> {
        let (place, checks) = (ROOM.place(), Budgets::default());
        let (result, _) = self.run_as(seed, None, false, Some(place), observers, &checks);
        (!is_without_room(&result)).then_some(result)
    }

    /// Makes a run again for these observers among others, and does not judge it. Whether there was
    /// room for it: if not, it has to be made again by [`show`](Self::show), for other observers.
    #[must_use]
    pub fn show_among_others<'o>(
        &'o self,
        seed: u64,
        script: Option<&'o Script>,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> bool {
        let options = &self.scenario.options;
        let place = ROOM.place();
        let shown = self.simulation(options, seed, script, false, Some(place), observers);
        let stopped = shown.ok().and_then(|simulation| run(simulation).stopped);
        !stopped.is_some_and(|stopped| stopped.is_without_room())
    }

    /// The same alone, as [`run`](Self::run) with observers does.
    pub fn show<'o>(
        &'o self,
        seed: u64,
        script: Option<&'o Script>,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) {
        let _alone = ROOM.alone();
        let options = &self.scenario.options;
        // What cannot be made shows nothing.
        let _ = self
            .simulation(options, seed, script, false, None, observers)
            .map(run);
    }

    /// Runs it with one seed, or plays a script, and hands the result to `use_it`, before other runs
    /// may take the memory that it holds. Where many runs go on at a time, what is kept of each has
    /// to be small. `use_it` must not run anything.
    pub fn with<T>(
        &self,
        seed: u64,
        script: Option<&Script>,
        use_it: impl FnOnce(TrialResult) -> T,
    ) -> T {
        let checks = Budgets::default();
        self.in_room(seed, script, false, &checks, |result, _| use_it(result))
    }

    /// Plays a script as [`with`](Self::with) does, and lets the checkers spend no more than
    /// `checks`.
    pub fn play_within<T>(
        &self,
        seed: u64,
        script: &Script,
        checks: &Budgets,
        use_it: impl FnOnce(TrialResult) -> T,
    ) -> T {
        self.in_room(seed, Some(script), false, checks, |result, _| {
            use_it(result)
        })
    }

    /// Makes a run again for an observer, within these bounds, and does not judge it. Goes on alone, as
    /// [`run`](Self::run) with observers does. `None` if the workload cannot be made in this scenario.
    pub(crate) fn watch(
        &self,
        seed: u64,
        script: Option<&Script>,
        within: Bounds,
        observer: &mut dyn Observer,
    ) -> Option<Outcome> {
        let options = RunOptions {
            bounds: within,
            ..self.scenario.options.clone()
        };
        let _alone = ROOM.alone();
        self.simulation(&options, seed, script, false, None, vec![observer])
            .map(run)
            .ok()
    }

    fn make<'o>(
        &'o self,
        seed: u64,
        script: Option<&'o Script>,
        records: bool,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> (TrialResult, Option<Script>) {
        let checks = Budgets::default();
        if observers.is_empty() {
            let both = |result, script| (result, script);
            return self.in_room(seed, script, records, &checks, both);
        }
        // They cannot forget a run that is given up.
        let _alone = ROOM.alone();
        self.run_as(seed, script, records, None, observers, &checks)
    }

    /// Makes the run among others; or alone, if there is no room for it.
    fn in_room<T>(
        &self,
        seed: u64,
        script: Option<&Script>,
        records: bool,
        checks: &Budgets,
        use_it: impl FnOnce(TrialResult, Option<Script>) -> T,
    ) -> T {
        let place = ROOM.place();
        let (result, written) = self.run_as(
            seed,
            script,
            records,
            Some(place.clone()),
            Vec::new(),
            checks,
        );
        if !is_without_room(&result) {
            let used = use_it(result, written);
            drop(place);
            return used;
        }
        drop((result, written, place));
        let _alone = ROOM.alone();
        let (result, written) = self.run_as(seed, script, records, None, Vec::new(), checks);
        use_it(result, written)
    }

    fn run_as<'o>(
        &'o self,
        seed: u64,
        script: Option<&'o Script>,
        records: bool,
        place: Option<Arc<Place>>,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
        checks: &Budgets,
    ) -> (TrialResult, Option<Script>) {
        let options = &self.scenario.options;
        match self.simulation(options, seed, script, records, place, observers) {
            Ok(simulation) => {
                let mut outcome = run(simulation);
                let written = outcome.script.take();
                (self.judge(seed, outcome, checks), written)
            }
            Err(why) => (impossible(seed, why), None),
        }
    }

    /// A run that is to be made, in a place among others or alone. An error says why there is no such run.
    pub(crate) fn simulation<'o>(
        &'o self,
        options: &'o RunOptions,
        seed: u64,
        script: Option<&'o Script>,
        records: bool,
        place: Option<Arc<Place>>,
        observers: Vec<&'o mut (dyn Observer + 'o)>,
    ) -> Result<Simulation<'o>, String> {
        let workload = self
            .scenario
            .workload
            .client(&self.scenario.workload_options())?;
        Ok(Simulation {
            module: self.module,
            next_module: self.next_module,
            options,
            seed,
            workload,
            services: service::all(),
            observers,
            script,
            records,
            hand: None,
            memory: place.map(|place| place as Arc<dyn MemoryGrant>),
        })
    }

    pub(crate) fn judge(&self, seed: u64, outcome: Outcome, checks: &Budgets) -> TrialResult {
        let skipped_moves = outcome.skipped_moves();
        let skipped_touches = outcome.skipped_touches();
        let (silences, logged) = (outcome.silences, outcome.logged);
        let end_ns = outcome.end_ns;
        let broken = |why: String| Stopped {
            at_ns: end_ns,
            node: None,
            reason: StopReason::Internal(why),
        };
        let mut before_stop = None;
        let (history, mut result) = match History::new(outcome.ops) {
            Err(why) => (None, Err(broken(format!("the history is broken: {why}")))),
            Ok(history) => {
                let workload = &self.scenario.workload;
                let invoked = history
                    .client_ops()
                    .filter(|(_, op)| op.kind == Kind::Invoke && !workload.is_inspection(op));
                let net = outcome.net.result(invoked.count() as u64);
                match outcome.stopped {
                    Some(stopped) if stopped.is_internal() || stopped.is_interrupted() => {
                        (Some(history), Err(stopped))
                    }
                    Some(stopped) => match self.check_so_far(history) {
                        Some((history, found)) => {
                            before_stop = found;
                            (Some(history), Err(stopped))
                        }
                        None => (None, Err(interrupted(end_ns))),
                    },
                    None => match self.check(history, net, checks) {
                        Some((history, Ok(result))) => (Some(history), Ok(result)),
                        Some((history, Err(NotJudged::Unexpected(why)))) => {
                            (Some(history), Err(broken(why.to_string())))
                        }
                        Some((history, Err(NotJudged::Failed(why)))) => {
                            let stopped = Stopped {
                                at_ns: end_ns,
                                node: None,
                                reason: StopReason::Workload(why),
                            };
                            (Some(history), Err(stopped))
                        }
                        None => (None, Err(interrupted(end_ns))),
                    },
                }
            }
        };
        if let Ok(result) = &mut result {
            tell(result, &silences);
            if result.valid != Validity::True && logged.count > 0 {
                result.notes.push(logged.to_string());
            }
        }
        if let Some(before) = &mut before_stop {
            tell(before, &silences);
        }
        TrialResult {
            seed,
            history,
            result,
            logged,
            before_stop,
            end_ns,
            messages: outcome.messages,
            used: outcome.used,
            coverage: outcome.coverage,
            growth: outcome.growth,
            skipped_moves,
            skipped_touches,
        }
    }

    /// Hands a history to the checkers; `None` if the program is asked to end before they have.
    fn check(
        &self,
        history: History,
        net: NetResult,
        budgets: &Budgets,
    ) -> Option<(History, Judged)> {
        let (workload, checks) = (
            self.scenario.workload.clone(),
            self.scenario.check_options(),
        );
        let budgets = *budgets;
        self.unless_interrupted(move || {
            let judged = check_any(workload.rules(), &history, Some(net), &checks, &budgets);
            (history, judged)
        })
    }

    /// The same with the history of a run that stopped before its end.
    fn check_so_far(&self, history: History) -> Option<(History, Option<CheckResult>)> {
        let scenario = self.scenario.clone();
        self.unless_interrupted(move || {
            let found = scenario.check_so_far(&history);
            (history, found)
        })
    }

    fn unless_interrupted<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        match self.module.interrupt() {
            Some(interrupt) => interrupt.wait_for(work),
            None => Some(work()),
        }
    }
}

/// Adds to requests without an answer what the simulator knows of them, and no history does.
fn tell(result: &mut CheckResult, silences: &[Silence]) {
    for missing in &mut result.answers.missing {
        if let Some(silence) = silences.iter().find(|it| it.f == missing.f) {
            missing.text = silence.to_string();
        }
    }
}

/// The end of a run whose checkers were interrupted.
fn interrupted(at_ns: u64) -> Stopped {
    Stopped {
        at_ns,
        node: None,
        reason: StopReason::Interrupted,
    }
}

/// The result of a workload that cannot be made in its scenario.
pub(crate) fn impossible(seed: u64, why: String) -> TrialResult {
    TrialResult {
        seed,
        history: None,
        result: Err(Stopped {
            at_ns: 0,
            node: None,
            reason: StopReason::Internal(why),
        }),
        before_stop: None,
        end_ns: 0,
        messages: 0,
        used: ResourceUsage::default(),
        coverage: Coverage::default(),
        growth: None,
        skipped_moves: Vec::new(),
        skipped_touches: Vec::new(),
        logged: LoggedWarnings::default(),
    }
}
