//! Runs a module on one seed, and judges the run.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use super::explored;
use super::grade::Usage;
use super::proof::Proof;
use super::runtimes::trial;
use super::suite::{Setting, Target};
use super::{Verdict, sanitize};
use host_check::history::{History, Kind};
use host_check::is_timeout;
use host_check::text::render_problems;
use host_check::validity::Validity;
use host_check::workload::CheckResult;
use host_sandbox::GuestModule;
use host_sim::{ResourceUsage, RunOptions, StopReason, Stopped};
use host_trial::TrialResult;
use host_trial::heavy::{Focus, heavy};
use host_trial::scenario::bound_flag;
use host_trial::schedule::Schedule;
use host_trial::shrink::{Budget, cost_of, shrink};

/// A judged run of a module on one seed: what is kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SeedRun {
    /// The verdict on the run.
    pub verdict: Verdict,
    /// The names of the anomalies, the gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<String>,
    /// The anomaly in words, as lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomaly: Vec<String>,
    /// The functions of the guest that were active when it failed, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
    /// The trace of the shortest run that fails in the same way; absent until that has been looked
    /// for, empty if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Vec<String>>,
    /// Whether a shorter run may fail in the same way: the budget of the search was spent before
    /// that was known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trace_may_be_shorter: bool,
    /// Whether the checkers found nothing, and it missed a target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_missed_targets: bool,
    /// What it did that went over a limit or missed a target; absent until that has been looked at,
    /// empty if there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Vec<String>>,
    /// Whether the run passes for want of samples: some kind of operation was too rare to know whether
    /// it should have succeeded. If that is so on every seed, nothing is known of the module.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_too_few_samples: bool,
    /// The flag of `host sim` that sets the bound that the run exceeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_flag: Option<String>,
    /// The use of each limited resource.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<String, Usage>,
    /// The measurement for each target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, f64>,
    /// Whether it was to have faults, and none of them touched anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub faults_touched_nothing: bool,
    /// What its author should know though it decides nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What was tried without a failure, if it is an exploration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

impl SeedRun {
    /// Runs a challenge on a seed, in one of its settings, or explores it. An internal error becomes a verdict too.
    /// `None` if the run was interrupted.
    #[must_use]
    pub fn of(setting: Setting<'_>, module: &GuestModule, seed: u64) -> Option<Self> {
        Self::catching(|| {
            if let Some(explore) = setting.explore() {
                return explored::judge(setting, explore, module, seed);
            }
            let trial = trial(module, setting);
            trial.with(setting.run_seed(seed), None, |result| {
                (!result.is_interrupted()).then(|| Self::judged(setting, &result))
            })
        })
    }

    /// Calls `judge`. If our own code panics, the verdict is [`Verdict::Internal`].
    #[must_use]
    pub fn catching(judge: impl FnOnce() -> Option<Self>) -> Option<Self> {
        // A panic leaves nothing behind that is used again.
        catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|panic| {
            let why = format!("the judge itself failed: {}", panic_text(&*panic));
            Some(Self::internal(&why))
        })
    }

    /// What the run cost, in the units of a [`Budget`].
    #[must_use]
    pub fn units(&self) -> u64 {
        let used = |name| self.usage.get(name).map_or(0, |usage| usage.used);
        cost_of(used("events"), used("fuel"), used("answer-bytes"))
    }

    /// The flags of `host sim` without which a replay would not fail: for the limit that the run
    /// exceeded, or the targets that it missed.
    #[must_use]
    pub fn replay_flags(&self, setting: Setting<'_>) -> Vec<String> {
        if setting.explore().is_some() {
            return Vec::new(); // an exploration has as much as a run, and no targets
        }
        let mut flags: Vec<String> = self.bound_flag.iter().cloned().collect();
        if self.anomalies.iter().any(|name| name == MISSED_TARGET) {
            flags.extend(setting.targets().iter().flat_map(Target::flags));
        }
        flags
    }

    /// Judges a run.
    #[must_use]
    pub fn judged(setting: Setting<'_>, trial: &TrialResult) -> Self {
        let mut run = match &trial.result {
            Ok(result) => {
                let is_idle = trial.history.as_ref().is_some_and(is_idle);
                Self::finished(setting, result, is_idle)
            }
            Err(stopped) => Self::stopped(stopped, trial),
        };
        let names = trial.anomalies().into_iter().map(|name| name.0);
        run.anomalies.splice(0..0, names);
        run.usage = usage(&trial.used, &setting.scenario().options);
        run.faults_touched_nothing = trial.coverage.touched_nothing();
        run.warnings = trial.warnings();
        run
    }

    /// Looks for the shortest run that fails in the same way, and adds its trace. A run that went over a
    /// limit, or only missed a target, is not made shorter: what it did is added instead.
    #[must_use]
    pub fn explained(
        self,
        setting: Setting<'_>,
        module: &GuestModule,
        seed: u64,
        shrinking: Budget,
    ) -> Self {
        if !self.needs_trace() || setting.explore().is_some() {
            return self; // an exploration has its trace already
        }
        let seed = setting.run_seed(seed);
        if let Some(focus) = self.focus(setting) {
            let told = catch_unwind(AssertUnwindSafe(|| {
                if shrinking.runs < 2 {
                    return Vec::new(); // it is not to be explained
                }
                let trial = trial(module, setting);
                sanitize::trace(&heavy(&trial, seed, None, focus))
            }));
            return SeedRun {
                evidence: Some(told.unwrap_or_default()),
                ..self
            };
        }
        let found = catch_unwind(AssertUnwindSafe(|| {
            let trial = trial(module, setting);
            let (report, script) = trial.record(seed, Vec::new());
            let schedule = Schedule::of(&trial, seed, script);
            let shrunk = shrink(schedule, report, module, None, shrinking)?;
            let mut lines = shrunk.trace(module, None);
            if lines.is_empty() {
                return None; // it fails before the first event
            }
            lines.insert(0, format!("{}:", shrunk.size()));
            let found = shrunk.report.result.as_ref().ok();
            if let Some(result) = found.or(shrunk.report.before_stop.as_ref()) {
                lines.extend(render_problems(result).lines().map(str::to_owned));
            }
            Some((sanitize::trace(&lines), !shrunk.is_minimal))
        }));
        let (trace, trace_may_be_shorter) = found.ok().flatten().unwrap_or_default();
        SeedRun {
            trace: Some(trace),
            trace_may_be_shorter,
            ..self
        }
    }

    /// Whether its trace, or what it did, still has to be looked for.
    #[must_use]
    pub fn needs_trace(&self) -> bool {
        if self.is_heavy() {
            return self.evidence.is_none();
        }
        let has_trace = matches!(
            self.verdict,
            Verdict::WrongAnswer | Verdict::Presentation | Verdict::Runtime
        );
        has_trace && self.trace.is_none()
    }

    /// Whether it went over a limit, or did nothing wrong but to miss a target.
    fn is_heavy(&self) -> bool {
        let is_over = matches!(
            self.verdict,
            Verdict::TimeLimit | Verdict::MemoryLimit | Verdict::OutputLimit
        );
        is_over || self.only_missed_targets
    }

    /// What is to be said of a run that is heavy.
    fn focus(&self, setting: Setting<'_>) -> Option<Focus> {
        match self.verdict {
            Verdict::TimeLimit => Some(Focus::Work),
            Verdict::MemoryLimit => Some(Focus::Memory),
            Verdict::OutputLimit => Some(Focus::Output),
            _ if self.only_missed_targets => {
                let is_missed = |target: &&Target| {
                    let measured = self.measured.get(target.measure.name());
                    measured.is_none_or(|measured| *measured >= target.below)
                };
                let missed = setting.targets().iter().find(is_missed);
                missed.map(|target| target.measure.focus())
            }
            _ => None,
        }
    }

    fn finished(setting: Setting<'_>, result: &CheckResult, is_idle: bool) -> Self {
        let mut run = Self::new(verdict(result, is_idle));
        if run.verdict != Verdict::Accepted {
            run.anomaly = sanitize::lines(&render_problems(result));
            if run.anomaly.is_empty() {
                run.anomaly = vec!["the history cannot be judged".to_owned()];
            }
            if result.valid == Validity::Unknown && !is_idle {
                run.anomalies.push(UNKNOWN.to_owned());
                run.anomaly.push(NOT_KNOWN.to_owned());
            }
        }
        if result.has_too_few_samples() {
            run.has_too_few_samples = true;
            run.anomaly = sanitize::lines(&render_problems(result));
        }
        for target in setting.targets() {
            let measured = target.measure.of(result);
            if let Some(measured) = measured {
                let name = target.measure.name().to_owned();
                run.measured.insert(name, measured);
            }
            if let Some(missed) = target.missed_by(result)
                && matches!(run.verdict, Verdict::Accepted | Verdict::WrongAnswer)
            {
                if run.verdict == Verdict::Accepted {
                    run.only_missed_targets = true; // the shortest run would miss none
                }
                run.verdict = Verdict::WrongAnswer;
                if !run.anomalies.iter().any(|name| name == MISSED_TARGET) {
                    run.anomalies.push(MISSED_TARGET.to_owned());
                }
                run.anomaly.push(missed);
            }
        }
        run
    }

    /// What went wrong first decides: a run that was wrong before it was stopped is a wrong answer.
    fn stopped(stopped: &Stopped, trial: &TrialResult) -> Self {
        let before_stop = trial.before_stop.as_ref();
        let mut run = Self::new(match before_stop {
            Some(result) if result.exceptions.missed.is_empty() => Verdict::WrongAnswer,
            Some(_) => Verdict::Presentation,
            None => Verdict::of_stop(&stopped.reason),
        });
        if let Some(result) = before_stop {
            run.anomaly = sanitize::lines(&render_problems(result));
            run.anomaly.push("then the run was stopped:".to_owned());
        }
        run.anomaly.extend(sanitize::lines(&stopped.to_string()));
        if trial.logged.count > 0 {
            let told = format!("until then, {}", trial.logged);
            run.anomaly.extend(sanitize::lines(&told));
        }
        match &stopped.reason {
            StopReason::Guest(error) => {
                run.backtrace = error
                    .backtrace
                    .iter()
                    .map(|name| sanitize::line(name))
                    .collect();
            }
            StopReason::Bound(bound) => run.bound_flag = Some(bound_flag(*bound)),
            _ => {}
        }
        run
    }

    /// The last of runs that all pass for want of samples: that does not count as passing.
    pub(super) fn without_samples(&mut self) {
        self.verdict = Verdict::WrongAnswer;
        self.trace = Some(Vec::new()); // a shorter run would have fewer
        self.anomaly.push(NO_SAMPLES.to_owned());
    }

    /// An exploration without a failure.
    pub(super) fn proved(proof: Proof) -> Self {
        SeedRun {
            proof: Some(proof),
            ..Self::new(Verdict::Accepted)
        }
    }

    pub(super) fn internal(why: &str) -> Self {
        SeedRun {
            anomaly: sanitize::lines(why),
            ..Self::new(Verdict::Internal)
        }
    }

    fn new(verdict: Verdict) -> Self {
        SeedRun {
            verdict,
            anomalies: Vec::new(),
            anomaly: Vec::new(),
            backtrace: Vec::new(),
            trace: None,
            trace_may_be_shorter: false,
            only_missed_targets: false,
            evidence: None,
            has_too_few_samples: false,
            bound_flag: None,
            usage: BTreeMap::new(),
            measured: BTreeMap::new(),
            faults_touched_nothing: false,
            warnings: Vec::new(),
            proof: None,
        }
    }
}

/// The name of the anomaly of a run that the checkers could not decide.
const UNKNOWN: &str = "unknown";

/// The name of the anomaly of a run that misses a target.
const MISSED_TARGET: &str = "missed-target";

/// What is said of a run that the checkers could not decide.
const NOT_KNOWN: &str = "it is not known whether this run is right, so it does not count as right: \
                         fewer operations that are never answered make it possible to know";

/// What is said if no seed has enough samples.
const NO_SAMPLES: &str = "this is so on every seed, so it is not known whether the module is right: \
                          if such operations can succeed, a longer time-limit shows it";

/// The message of a panic.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say why")
}

/// Whether clients invoked operations and never got a reply.
fn is_idle(history: &History) -> bool {
    let mut asked = false;
    history.client_ops().all(|(_, op)| {
        asked |= op.kind == Kind::Invoke;
        op.kind == Kind::Invoke || is_timeout(op)
    }) && asked
}

/// The verdict on a run that finished, without its targets. A checker that gives up is made to by what
/// the submission did, so nothing is to be gained from it: the run is not known to be right. That
/// operations of a kind are too few is chance.
fn verdict(result: &CheckResult, is_idle: bool) -> Verdict {
    match result.valid {
        Validity::True => Verdict::Accepted,
        _ if result.has_too_few_samples() => Verdict::Accepted,
        _ if is_idle => Verdict::Idle,
        _ if !result.exceptions.missed.is_empty() => Verdict::Presentation,
        Validity::Unknown | Validity::False => Verdict::WrongAnswer,
    }
}

fn usage(used: &ResourceUsage, options: &RunOptions) -> BTreeMap<String, Usage> {
    let (bounds, limits) = (&options.bounds, &options.limits);
    let bytes = |count: usize| count as u64;
    [
        ("events", used.steps, bounds.steps),
        ("fuel", used.fuel, bounds.fuel),
        (
            "node-memory-bytes",
            bytes(used.node_memory_bytes),
            bytes(limits.memory_bytes),
        ),
        (
            "memory-bytes",
            bytes(used.memory_bytes),
            bytes(bounds.memory_bytes),
        ),
        (
            "messages-in-flight",
            bytes(used.in_flight),
            bytes(bounds.in_flight),
        ),
        (
            "bytes-in-flight",
            bytes(used.in_flight_bytes),
            bytes(bounds.in_flight_bytes),
        ),
        (
            "answer-bytes",
            bytes(used.answer_bytes),
            bytes(bounds.answer_bytes),
        ),
    ]
    .into_iter()
    .map(|(name, used, limit)| (name.to_owned(), Usage { used, limit }))
    .collect()
}
