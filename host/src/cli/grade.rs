//! `host grade`: judges submissions against a suite.

mod gradescope;
mod junit;
mod pages;
mod progress;
mod table;

use std::cell::Cell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::{Args, ValueEnum};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::limits::CacheArgs;
use super::output::{print, print_json};
use super::{Exit, Failure, suite};
use host_grade::assemble::assemble;
use host_grade::judge::{Bench, guests_max, judge};
use host_grade::report::{Judge, Shard};
use host_grade::resume::Resume;
use host_grade::run::SHRINKING;
use host_grade::{Grade, Submission, Suite, Work, csv, submission};
use host_protocol::text::{one_line, printable};
use host_sandbox::{CompileLimits, Compiler, Sandbox};
use host_sim::SeedRange;

/// The most shares.
const SHARDS_MAX: u32 = 100_000;

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    every submission passed
  1    one did not, or has not been judged to the end
  254  the command line makes no sense, or names a file that cannot be read or is
       not what it should be
  255  something else broke";

/// Judge submissions in the sandbox, on several seeds for each challenge of a suite
///
/// A PATH is a module, a folder of modules (one submission), or a folder of such folders (a
/// class). A module's name says which challenges it is for: broadcast.wasm, or 3c.wasm.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct GradeArgs {
    /// What to judge by, as TOML [default: the Gossip Glomers challenges; see host suite].
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,
    /// Judge only these challenges. A module that is given as PATH is judged by them
    /// whatever its name is.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    challenge: Vec<String>,
    /// Judge on the seeds from A to below B, whatever the suite says.
    #[arg(long, value_name = "A..B")]
    seeds: Option<SeedRange>,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = GradeFormat::Text)]
    format: GradeFormat,
    /// Keep finished runs in this file, and do not make those again that it has.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Write a report to this folder: a page of the class, a page of each run that failed, and of
    /// a single submission's other runs too.
    #[arg(long, value_name = "DIR", conflicts_with = "shard")]
    report: Option<PathBuf>,
    /// Do share I of N of the work; `host merge` joins what the shares write as JSON.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
    #[command(flatten)]
    cache: CacheArgs,
    /// What to judge.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

/// How a grade is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GradeFormat {
    /// A table, and what failed, for people.
    Text,
    /// Everything, for programs.
    Json,
    /// JUnit's XML, for continuous integration.
    Junit,
    /// Gradescope's results.json, for one submission.
    Gradescope,
    /// A line for each submission, for spreadsheets.
    Csv,
}

fn shard(text: &str) -> Result<Shard, String> {
    let shard = text.split_once('/').and_then(|(index, of)| {
        let (index, of) = (u32::from_str(index).ok()?, u32::from_str(of).ok()?);
        let makes_sense = (1..=of).contains(&index) && of <= SHARDS_MAX;
        makes_sense.then_some(Shard { index, of })
    });
    shard.ok_or_else(|| format!("expected I/N, with I from 1 to N and N up to {SHARDS_MAX}"))
}

pub(super) fn run(args: &GradeArgs) -> Result<Exit, Failure> {
    let usage =
        |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, printable(&error.to_string()));
    let mut suite = suite::open(args.suite.as_deref())?;
    let mut submissions = submission::find(&args.paths).map_err(|error| usage(&error))?;
    for submission in submissions.iter_mut().filter(|it| !it.is_single) {
        submission.note_unused(&suite);
    }
    pick(&mut suite, args)?;
    for submission in submissions.iter_mut().filter(|it| it.is_single) {
        take_alone(submission, &suite, !args.challenge.is_empty())?;
    }
    if args.format == GradeFormat::Gradescope && submissions.len() != 1 {
        let text = format!(
            "--format gradescope is for one submission; here are {}",
            submissions.len()
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    let work = Work::of(&suite, &submissions, args.shard);
    let resume = match &args.resume {
        Some(path) => Resume::open(path, &Judge::this(), &suite).map_err(|error| usage(&error))?,
        None => Resume::default(),
    };
    let interrupted = on_interrupt()?;
    keep_panics_quiet();
    let sandbox = args.cache.sandbox_for(guests_max(&work))?;
    let grade = judged(
        &work,
        &sandbox,
        &resume,
        &interrupted,
        args.report.as_deref(),
    )?;
    if let (Err(error), Some(path)) = (resume.finish(), &args.resume) {
        let text = format!("cannot write {}: {error}", path.display());
        return Err(Failure::new(Exit::Internal, printable(&text)));
    }
    show(&grade, args.format)?;
    if interrupted.load(Ordering::Relaxed) {
        let go_on = match &args.resume {
            Some(_) => "the same command goes on",
            None => "with --resume FILE it could go on from here",
        };
        // Who closed stderr does not want to know.
        let _ = writeln!(io::stderr(), "interrupted: {go_on}");
        return Ok(Exit::Invalid);
    }
    Ok(exit_of(&grade))
}

/// Does the work, and writes a report on it if there is a folder for one.
pub(super) fn judged(
    work: &Work<'_>,
    sandbox: &Sandbox,
    resume: &Resume,
    interrupted: &AtomicBool,
    report: Option<&Path>,
) -> Result<Grade, Failure> {
    let begin = Instant::now();
    let compiler = Compiler::new(CompileLimits::default())
        .map_err(|error| Failure::new(Exit::Internal, error))?;
    let progress = progress::bar(work.runs());
    let bench = Bench {
        sandbox,
        compiler: &compiler,
        resume,
        progress: &|runs| progress.inc(runs as u64),
        shrinking: SHRINKING,
        interrupted,
    };
    let outcomes = judge(work, &bench);
    progress.finish_and_clear();
    let wall_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let grade = assemble(work, &outcomes, wall_ms);
    if let Some(dir) = report {
        pages::write(dir, &grade, work, &bench)?;
    }
    Ok(grade)
}

/// What a grade says to a shell.
pub(super) fn exit_of(grade: &Grade) -> Exit {
    let is_whole = grade.complete || grade.shard.is_some();
    if grade.passed && is_whole {
        Exit::Success
    } else {
        Exit::Invalid
    }
}

/// Shows a grade on stdout.
pub(super) fn show(grade: &Grade, format: GradeFormat) -> Result<(), Failure> {
    let internal = |error: String| Failure::new(Exit::Internal, error);
    match format {
        GradeFormat::Text => print(&table::render(grade)),
        GradeFormat::Json => print_json(grade),
        GradeFormat::Junit => print(&junit::render(grade).map_err(internal)?),
        GradeFormat::Gradescope => match grade.submissions.as_slice() {
            [one] => print_json(&gradescope::results(grade, one)),
            _ => Err(Failure::new(
                Exit::Usage,
                "--format gradescope is for one submission",
            )),
        },
        GradeFormat::Csv => print(&csv::render(grade)),
    }
}

/// Leaves what is to be judged, on the seeds that were asked for.
fn pick(suite: &mut Suite, args: &GradeArgs) -> Result<(), Failure> {
    suite::keep(suite, &args.challenge)?;
    for challenge in &mut suite.challenges {
        // What was picked may not be left out.
        challenge.optional &= args.challenge.is_empty();
    }
    if let Some(seeds) = args.seeds {
        for challenge in &mut suite.challenges {
            challenge.seeds = seeds.all().collect();
        }
    }
    Ok(())
}

/// A module that was given alone, and whose name says nothing, is for all challenges if these
/// were picked.
fn take_alone(submission: &mut Submission, suite: &Suite, picked: bool) -> Result<(), Failure> {
    let is_for = |challenge| submission.module_for(challenge).is_some();
    if suite.challenges.iter().any(is_for) {
        return Ok(());
    }
    if picked {
        submission.takes_all = true;
        return Ok(());
    }
    let text = format!(
        "{}.wasm is for no challenge of the suite: name it for one, such as {}.wasm, or pick \
         with --challenge",
        submission.name,
        suite.challenges.first().map_or("echo", |it| &it.module)
    );
    Err(Failure::new(Exit::Usage, text))
}

/// Set by the first Ctrl-C, or by a scheduler that wants the machine back; the second one ends
/// the process.
fn on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let flag = || Arc::clone(&interrupted);
        signal_hook::flag::register_conditional_default(signal, flag())
            .and_then(|_| signal_hook::flag::register(signal, flag()))
            .map_err(|error| {
                Failure::new(Exit::Internal, format!("cannot take signals: {error}"))
            })?;
    }
    Ok(interrupted)
}

thread_local! {
    /// Whether a panic on this thread has been told.
    static TOLD: Cell<bool> = const { Cell::new(false) };
}

/// A panic while judging is a verdict, which says what it says; here it is only told where
/// it was, in one line, for whoever reports it.
fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|info| {
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        if !TOLD.replace(true) {
            tracing::error!("internal error at {}", one_line(&at));
        }
    }));
}
