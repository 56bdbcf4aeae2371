//! Grades programs of the zoo, which the tests and the command `./runner.sh zoo` share.

use std::collections::{BTreeMap, BTreeSet};

use host_grade::assemble::assemble;
use host_grade::grade::{ChallengeState, Judgement};
use host_grade::judge::{JudgeContext, guests_max, judge};
use host_grade::resume::Resume;
use host_grade::runtimes::Runtimes;
use host_grade::{Suite, Work, submission};
use host_guest::Interrupt;
use host_sandbox::{CompileLimits, Compiler, Sandbox};
use host_trial::shrink::Budget;

/// By the ids of challenges.
pub(crate) type ById<T> = BTreeMap<String, T>;

/// Grades the workspace's modules as `host grade` does: a judgement for each challenge, and the
/// milliseconds of its runs.
///
/// # Panics
/// If a module is missing, or older than its sources.
pub(crate) fn grade(suite: &Suite, shrinking: Budget) -> (ById<Judgement>, ById<u64>) {
    let modules = suite.challenges.iter().map(|it| it.module.as_str());
    for module in BTreeSet::from_iter(modules) {
        test_support::built(module);
    }
    let submissions =
        submission::find(&[test_support::guests()], suite).expect("the modules can be read");
    let work = Work::of(suite, &submissions, None);
    let context = JudgeContext {
        sandbox: &Sandbox::pooled(None, guests_max(&work)).expect("the engine starts"),
        compiler: &Compiler::with_program(test_support::host().into(), CompileLimits::default()),
        runtimes: &Runtimes::default(),
        resume: &Resume::default(),
        progress: &|_| {},
        shrinking,
        interrupt: &Interrupt::default(),
    };
    let results = judge(&work, &context);
    let mut grade = assemble(&work, &results, 0);
    let submission = grade.submissions.remove(0);
    let ms = grade.timings.runs_ms.remove(&submission.name);
    let judgement = |state| match state {
        ChallengeState::Judged(judgement) => *judgement,
        ChallengeState::Missing | ChallengeState::Pending => {
            panic!("a module is missing: run ./runner.sh build")
        }
    };
    let challenges = submission.challenges.into_iter();
    let judgements = challenges.map(|challenge| (challenge.id, judgement(challenge.state)));
    (judgements.collect(), ms.unwrap_or_default())
}

/// Whether a line of a trace is one of messages between servers.
pub(crate) fn is_message(line: &str) -> bool {
    let mut words = line.split_whitespace().skip(1);
    let [src, verb, dest] = std::array::from_fn(|_| words.next().unwrap_or_default());
    let is_verb = matches!(verb, "tells" | "asks" | "answers");
    is_verb && src != "client" && dest.ends_with(':')
}
