//! `host grade --report`: the page of the class, and pages of runs.
//!
//! What failed is run once more with the seed on which it failed. With a single submission, what
//! was accepted has a page too, of its first seed: that is what a student wants to look at.

use std::path::Path;

use rayon::prelude::*;

use host_grade::judge::Bench;
use host_grade::report::{ChallengeGrade, State, SubmissionGrade};
use host_grade::{Challenge, Grade, Verdict, Work};
use host_protocol::text::one_line;
use host_report::{Class, Failed, ReportedRun};
use host_trial::Trial;
use host_trial::scenario::schedule_command;

/// The largest journal of a page, in bytes.
const JOURNAL_BYTES_MAX: u64 = 64 << 20;

/// Writes a report on a grade to a folder.
pub(super) fn write(
    dir: &Path,
    grade: &Grade,
    work: &Work<'_>,
    bench: &Bench<'_>,
) -> Result<(), Failed> {
    let class = Class::create(dir)?;
    let is_single = grade.submissions.len() == 1;
    let runs: Vec<Run<'_>> = (grade.submissions.iter())
        .flat_map(|submission| {
            let runs = submission.challenges.iter();
            runs.filter_map(move |challenge| Run::of(work, submission, challenge, is_single))
        })
        .collect();
    runs.into_par_iter()
        .try_for_each(|run| run.write(&class, bench))?;
    class.finish(grade)
}

/// A run to have a page of.
struct Run<'a> {
    submission: &'a str,
    challenge: &'a Challenge,
    /// Where the module is.
    module: &'a Path,
    seed: u64,
}

impl<'a> Run<'a> {
    /// The run of a submission's challenge that is worth a page.
    fn of(
        work: &'a Work<'_>,
        submission: &'a SubmissionGrade,
        grade: &ChallengeGrade,
        is_single: bool,
    ) -> Option<Self> {
        let State::Judged(judgement) = &grade.state else {
            return None;
        };
        let challenge = work.suite.challenges.iter().find(|it| it.id == grade.id)?;
        let seed = match (&judgement.failure, judgement.verdict) {
            (_, Verdict::Internal) => None,
            (Some(failure), _) => failure.seed,
            (None, _) => challenge.seeds.first().copied().filter(|_| is_single),
        }?;
        let mut submissions = work.submissions.iter();
        let files = submissions.find(|it| it.name == submission.name)?;
        Some(Run {
            submission: &submission.name,
            challenge,
            module: &files.module_for(challenge)?.path,
            seed,
        })
    }

    fn write(&self, class: &Class, bench: &Bench<'_>) -> Result<(), Failed> {
        let scenario = &self.challenge.scenario;
        let limits = &scenario.options.limits;
        let module = (bench.sandbox).load_untrusted(self.module, limits, bench.compiler);
        let module = match module {
            Ok(module) => module,
            Err(error) => {
                // It was there when it was judged.
                let error = error.to_string();
                tracing::warn!(
                    "no page of {}: {}",
                    one_line(self.submission),
                    one_line(&error)
                );
                return Ok(());
            }
        };
        let played = ReportedRun {
            trial: &Trial::of(&module, scenario.clone()),
            seed: self.seed,
            script: None,
            replay: &|schedule| match schedule {
                None => scenario.command(self.module, self.seed, None),
                Some(schedule) => schedule_command(self.module, schedule),
            },
        };
        let files = class.run(self.submission, &self.challenge.id)?;
        files.report(&played, JOURNAL_BYTES_MAX)?;
        Ok(())
    }
}
