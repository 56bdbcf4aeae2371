//! `host explore`: tries all schedules of a small cluster, and says what was proved.

mod again;
mod args;
mod json;
mod progress;
mod resume;
mod show;

use std::path::Path;

use tracing::debug;

use again::Again;
pub(super) use args::ExploreArgs;
use args::Search;
use progress::ProgressLine;
use resume::ResumeFile;
use show::Shown;

use super::out_file::{Contents, OutFile, SCHEDULE, UNIT_TEST, distinct};
use super::output::Format;
use super::{Exit, Failure, interrupt, version};
use host_check::validity::Validity;
use host_explore::{
    Budget, End, Exploration, FailingSchedule, GoalFound, Guidance, Impossible, Kept, Mode,
    Progress, Tried, instances,
};
use host_guest::Start;
use host_report::{ReportDir, ReportError, ReportedRun};
use host_sandbox::mount;
use host_trial::TrialResult;
use host_trial::schedule::UnitTest;

/// The largest journal of a report, in bytes.
const JOURNAL_BYTES_MAX: u64 = 1 << 30;

pub(super) fn run(args: ExploreArgs) -> Result<Exit, Failure> {
    let (scenario, bounds, search) = (args.scenario()?, args.bounds()?, args.search()?);
    distinct(&[
        ("--write-schedule", args.write_schedule.as_ref()),
        ("--write-test", args.write_test.as_ref()),
        ("--resume", args.resume.as_ref()),
    ])?;
    let resume = args.resume.as_deref().map(ResumeFile::prepare);
    let resume = resume.transpose()?;
    let outputs = Outputs::prepare(&args)?;
    let threads = args.use_threads()?;
    let interrupt = interrupt::on_signal()?;
    let guests = instances(threads) + scenario.options.cluster.count;
    let sandbox = args.cache.sandbox_for(guests, &interrupt)?;
    let sandbox = sandbox.limited_to(args.modules.limits());
    let mounts = args.mounts.read()?;
    let module = sandbox.load(args.module(), &scenario.options.limits)?;
    let module = module.mounted(&mounts)?;
    let exploration = Exploration {
        module: &module,
        scenario: &scenario,
        bounds: &bounds,
        budget: Budget::default(),
        seed: args.seed,
        operations: host_explore::Operations::Drawn,
    };
    let failed = |impossible: Impossible| failure(&impossible);
    let operations = exploration.planned().map_err(failed)?;
    let mounted = mount::sha256(&mounts);
    let hashes = [
        ("the module", module.facts.sha256.as_str()),
        ("what is mounted", &mounted),
    ];
    let about = exploration.about(version::long(), &hashes);
    let kept = match &resume {
        Some(file) => file.read(&about)?,
        None => None,
    };
    debug!("exploring with {threads} threads");
    let (outcome, keeps) = explore(exploration, search, resume.is_some(), kept).map_err(failed)?;
    let written = match (resume, keeps) {
        (Some(file), Some(keeps)) => file.write(&keeps, &about),
        _ => Ok(()),
    };
    let mut shown = Shown {
        scenario: &scenario,
        bounds: &bounds,
        seed: args.seed,
        operations: &operations,
        outcome: &outcome,
        played: None,
        again: Again::of(&args),
        is_kept: args.resume.is_some(),
    };
    let failing = match &outcome.end {
        End::Failure(failing) => failing,
        End::Interrupted => {
            if let Format::Json = args.format {
                shown.print_json()?;
            }
            let next = match (&args.resume, &outcome.extent) {
                (Some(_), _) => "; the same command goes on",
                (None, Extent::All(_)) => "; with --resume FILE it could go on from here",
                (None, Extent::DepthFirst(_) | Extent::Chosen(..)) => "",
            };
            written?;
            interrupt::note(&format!("{}{next}", shown.how_far()));
            return Ok(Exit::Interrupted);
        }
        _ => {
            print(&shown, args.format)?;
            written?;
            return Ok(shown.valid().into());
        }
    };
    let played = failing.schedule.play(&module, None, Vec::new());
    if played.is_interrupted() {
        interrupt::note("a schedule fails, and was not played in the simulator");
        return Ok(Exit::Interrupted);
    }
    let program = module.is_program().then_some(args.module());
    outputs.write(failing, &module, program, &shown.again)?;
    shown.played = Some(&played);
    print(&shown, args.format)?;
    written?;
    confirmed(failing, &played)
}

/// The failure of a command that explores nothing.
fn failure(impossible: &Impossible) -> Failure {
    let exit = match impossible {
        Impossible::Scenario(_) | Impossible::OtherStates(_) => Exit::Usage,
        Impossible::Begin(_) => Exit::GuestFailed,
        Impossible::Internal(_) => Exit::Internal,
    };
    Failure::new(exit, impossible)
}

fn print(shown: &Shown<'_>, format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => shown.print_text(),
        Format::Json => shown.print_json(),
    }
}

/// What came of an exploration, whichever schedules it tried.
struct Outcome {
    /// What it was resumed from.
    resumed: Option<Resumed>,
    end: End,
    mode: Mode,
    extent: Extent,
    /// What is known of the workload's goals.
    goals: Vec<GoalFound>,
}

/// An exploration that was kept.
struct Resumed {
    /// How many states were met before.
    states: usize,
    /// Whether nothing was left to be tried.
    is_over: bool,
}

/// How far it came.
enum Extent {
    All(Progress),
    DepthFirst(Progress),
    Chosen(Guidance, Tried),
}

fn explore(
    exploration: Exploration<'_>,
    search: Search,
    keeps: bool,
    kept: Option<Kept>,
) -> Result<(Outcome, Option<Kept>), Impossible> {
    let line = ProgressLine::begin();
    let outcome = match search {
        Search::All(budget) => {
            let exploration = Exploration {
                budget,
                ..exploration
            };
            let resumed = kept.as_ref().map(|kept| Resumed {
                states: kept.progress().states,
                is_over: kept.is_over(),
            });
            let mut show = |progress| line.all(progress);
            let explored = match keeps {
                true => exploration.resume(kept, &mut show),
                false => exploration.search(&mut show).map(|it| (it, None)),
            };
            explored.map(|(explored, kept)| {
                let outcome = Outcome {
                    resumed,
                    end: explored.end,
                    mode: explored.mode,
                    extent: Extent::All(explored.progress),
                    goals: explored.goals,
                };
                (outcome, kept)
            })
        }
        Search::DepthFirst(budget) => {
            let exploration = Exploration {
                budget,
                ..exploration
            };
            let explored =
                exploration.search_depth_first(&mut |progress| line.depth_first(progress));
            explored.map(|explored| {
                let outcome = Outcome {
                    resumed: None,
                    end: explored.end,
                    mode: explored.mode,
                    extent: Extent::DepthFirst(explored.progress),
                    goals: explored.goals,
                };
                (outcome, None)
            })
        }
        Search::Chosen(guidance, budget) => {
            let exploration = Exploration {
                budget,
                ..exploration
            };
            let guided = exploration.guide(guidance, &mut |tried| line.chosen(tried));
            guided.and_then(|guided| {
                let goals = match guided.end {
                    End::Failure(_) => Vec::new(),
                    _ => exploration.goals_by_sight(guided.tried.goals, false)?,
                };
                let outcome = Outcome {
                    goals,
                    resumed: None,
                    end: guided.end,
                    mode: guided.mode,
                    extent: Extent::Chosen(guidance, guided.tried),
                };
                Ok((outcome, None))
            })
        }
    };
    line.end();
    outcome
}

/// A failure is one only if the simulator says so too.
fn confirmed(failing: &FailingSchedule, played: &TrialResult) -> Result<Exit, Failure> {
    if played.valid() == Validity::False {
        return Ok(Exit::Invalid);
    }
    let text = format!(
        "the exploration ends in {}, and the simulator finds nothing wrong when it plays that schedule: one \
         of them is wrong, which is a bug of this program; please report it with the module and the \
         schedule (--write-schedule FILE)",
        failing.names.join(", ")
    );
    Err(Failure::new(Exit::Internal, text))
}

/// What is written of a schedule that fails.
struct Outputs {
    schedule: Option<OutFile>,
    test: Option<OutFile>,
    report: Option<ReportDir>,
}

impl Outputs {
    fn prepare(args: &ExploreArgs) -> Result<Self, Failure> {
        let file = |path: Option<&Path>, contents: &Contents| {
            path.map(|path| OutFile::prepare(path, contents))
                .transpose()
        };
        Ok(Outputs {
            schedule: file(args.write_schedule.as_deref(), &SCHEDULE)?,
            test: file(args.write_test.as_deref(), &UNIT_TEST)?,
            report: args.report.as_deref().map(ReportDir::create).transpose()?,
        })
    }

    fn write(
        self,
        failing: &FailingSchedule,
        module: &dyn Start,
        program: Option<&Path>,
        again: &Again,
    ) -> Result<(), Failure> {
        let schedule = &failing.schedule;
        if let Some(file) = self.schedule {
            file.write(&schedule.write())?;
        }
        if let Some(file) = self.test {
            let test = UnitTest {
                from: "found by `host explore`",
                names: &failing.names,
                story: &failing.story,
                schedule,
                program,
            };
            file.write(&test.write())?;
        }
        let Some(dir) = self.report else {
            return Ok(());
        };
        let run = ReportedRun {
            trial: &schedule.trial(module, None),
            seed: schedule.seed,
            script: Some(&schedule.script),
            replay: &|path| path.map_or_else(|| again.replay(), Again::play),
        };
        match dir.report(&run, JOURNAL_BYTES_MAX) {
            Err(ReportError::Interrupted) => interrupt::note("the report is not complete"),
            reported => drop(reported?),
        }
        Ok(())
    }
}
