//! `host grade --report`: writes the report on a class, and reports on runs.
//!
//! A module that failed is run again on the seed on which it failed. If there is a single
//! submission, an accepted module has a page of its first seed: students want to look at that. Its
//! reports have all files.
//!
//! The reports of a class are to be mailed and put on servers, so they have only pages, and each
//! shows the part of the run around the failure that fits into its share of the whole.

use std::path::Path;

use rayon::prelude::*;

use super::class_page::ClassReport;
use super::explored;
use super::grade::{ChallengeGrade, ChallengeState, Grade, SubmissionGrade};
use super::judge::JudgeContext;
use super::runtimes::{NotLoaded, trial, untrusted};
use super::submission::ModuleFile;
use super::suite::{PlannedRun, Suite, Target, judge_targets};
use super::verdict::Verdict;
use super::work::Work;
use host_report::{Extent, PageSize, ReportError, ReportedRun};

/// About how many bytes the pages of all runs of a class have together …
const PAGES_BYTES_MAX: usize = 8_000_000;

/// … if there are few enough of them: what the script and the style of one take.
const PAGE_BYTES_MIN: usize = 100_000;

/// The least that the data of a page may have, in bytes.
const DATA_BYTES_MIN: usize = 20_000;

/// The largest journal of a run, in bytes.
const JOURNAL_BYTES_MAX: u64 = 64 << 20;

/// A submission without a page of its run, since the module is not there any more.
#[derive(Debug)]
#[non_exhaustive]
pub struct MissingPage {
    /// The name of the submission.
    pub submission: String,
    /// Why, in words.
    pub why: String,
}

/// Writes the report on a grade to a folder, and returns which pages of runs are missing.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    dir: &Path,
    grade: &Grade,
    work: &Work<'_>,
    context: &JudgeContext<'_>,
) -> Result<Vec<MissingPage>, ReportError> {
    let is_single = grade.submissions.len() == 1;
    let runs: Vec<RunToReport<'_>> = (grade.submissions.iter())
        .flat_map(|submission| {
            let challenges = submission.challenges.iter();
            challenges.filter_map(move |it| RunToReport::of(work, submission, it, is_single))
        })
        .collect();
    let extent = match is_single {
        true => Extent::All,
        false => extent(runs.len()),
    };
    let report = ClassReport::create(dir)?.with(extent);
    let missing: Vec<Option<MissingPage>> = runs
        .into_par_iter()
        .map(|run| run.write(&report, context))
        .collect::<Result<_, _>>()?;
    report.finish(grade)?;
    Ok(missing.into_iter().flatten().collect())
}

/// How much the report on each of so many runs has.
fn extent(runs: usize) -> Extent {
    let share = PAGES_BYTES_MAX / runs.max(1);
    let of_two = share.saturating_sub(2 * PAGE_BYTES_MIN);
    let shortest = of_two >= DATA_BYTES_MIN;
    let data = match shortest {
        true => of_two,
        false => share.saturating_sub(PAGE_BYTES_MIN).max(DATA_BYTES_MIN),
    };
    Extent::Pages {
        size: PageSize::of_data(data),
        shortest,
    }
}

/// A run that gets a page.
struct RunToReport<'a> {
    submission: &'a str,
    run: PlannedRun<'a>,
    suite: &'a Suite,
    module: &'a ModuleFile,
}

impl<'a> RunToReport<'a> {
    /// Chooses the run of a submission's challenge; `None` if it needs no page.
    fn of(
        work: &'a Work<'_>,
        submission: &'a SubmissionGrade,
        grade: &'a ChallengeGrade,
        is_single: bool,
    ) -> Option<Self> {
        let ChallengeState::Judged(judgement) = &grade.state else {
            return None;
        };
        let challenge = work.suite.challenges.iter().find(|it| it.id == grade.id)?;
        let run = match (&judgement.failure, judgement.verdict) {
            (_, Verdict::Internal) => None,
            (Some(failure), _) => {
                let setting = match &failure.world {
                    None => challenge.official(),
                    Some(world) => challenge.world(&world.name)?,
                };
                failure.seed.map(|seed| PlannedRun { setting, seed })
            }
            (None, _) => challenge.runs().next().filter(|_| is_single),
        }?;
        let mut submissions = work.submissions.iter();
        let files = submissions.find(|it| it.name == submission.name)?;
        Some(RunToReport {
            submission: &submission.name,
            run,
            suite: work.suite,
            module: files.module_for(challenge)?,
        })
    }

    fn write(
        &self,
        report: &ClassReport,
        context: &JudgeContext<'_>,
    ) -> Result<Option<MissingPage>, ReportError> {
        if context.interrupt.is_requested() {
            return Ok(None);
        }
        let PlannedRun { setting, seed } = self.run;
        let scenario = setting.scenario();
        let load = untrusted(context.sandbox, context.compiler);
        let limits = &scenario.options.limits;
        let loaded = (context.runtimes).module(self.module, self.suite, limits, load);
        let missing = |why: String| {
            let submission = self.submission.to_owned();
            Ok(Some(MissingPage { submission, why }))
        };
        let module = match loaded {
            Ok(module) => module,
            Err(NotLoaded::Changed(_)) => {
                return missing("the module has changed since it was judged".to_owned());
            }
            Err(error) => return missing(error.to_string()),
        };
        let own_seed = seed;
        let seed = setting.run_seed(seed);
        let schedule = match setting.explore() {
            None => None,
            Some(explore) => match explored::failing(setting, explore, &module, own_seed) {
                Some(schedule) => Some(schedule),
                None => return missing("its schedule was not found again".to_owned()),
            },
        };
        let script = schedule.as_ref().map(|schedule| &schedule.script);
        let trial = match &schedule {
            None => trial(&module, setting),
            Some(schedule) => schedule.trial(&module, None),
        };
        let dir = report.run_dir(self.submission, &setting.challenge.id)?;
        let mut observer = dir.observer(JOURNAL_BYTES_MAX)?;
        let among_others = match script {
            None => trial.run_among_others(seed, vec![&mut observer]),
            Some(script) => Some(trial.play(seed, script, vec![&mut observer])),
        };
        let mut result = match among_others {
            Some(result) => result,
            None => {
                observer = dir.observer(JOURNAL_BYTES_MAX)?;
                trial.run(seed, vec![&mut observer])
            }
        };
        judge_targets(setting.targets(), &mut result);
        let misses = (result.result.as_ref()).is_ok_and(|it| !it.missed_targets.is_empty());
        let targets = setting.targets().iter().filter(|_| misses);
        let targets: Vec<String> = targets.flat_map(Target::flags).collect();
        let run = ReportedRun {
            trial: &trial,
            seed,
            script,
            replay: &|schedule| match schedule {
                None => self.module.command(self.suite, setting, seed, &targets),
                Some(schedule) => self.module.schedule_command(self.suite, schedule),
            },
        };
        match observer.finish(&run, &result) {
            Ok(()) | Err(ReportError::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
