//! `host grade`: judges submissions against a suite of challenges.

mod annotations;
mod feedback;
mod gradescope;
mod junit;
mod leaderboard;
mod markdown;
mod standing;
mod table;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

pub(super) use feedback::{GradeFormat, GradeOutput};

use super::limits::{CacheArgs, fit_threads};
use super::mounts::MountArgs;
use super::{Exit, Failure, interrupt, progress, suite_file};
use host_grade::assemble::assemble;
use host_grade::class_page::ClassReport;
use host_grade::grade::{JudgeFacts, Shard};
use host_grade::judge::{JudgeContext, guests_max, guests_of_run, judge};
use host_grade::resume::Resume;
use host_grade::runtimes::Runtimes;
use host_grade::suite::Runtime;
use host_grade::{Grade, Submission, Suite, Work, class_report, submission};
use host_guest::Interrupt;
use host_protocol::text::one_line;
use host_sandbox::{Compiler, Sandbox};
use host_sim::SeedRange;
use host_trial::shrink::Budget;

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    every submission passed
  1    a submission failed, or was not judged to the end
  254  invalid usage, or an input file that cannot be read or has the wrong contents
  255  internal error";

/// Judge submissions in the sandbox, on several seeds for each challenge of a suite
///
/// A PATH is a module, a folder of modules (one submission), or a folder of such folders (a
/// class). The name of a module selects its challenges: broadcast.wasm or 3c.wasm.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct GradeArgs {
    /// Submissions to judge.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Suite of challenges, as TOML [default: the Gossip Glomers challenges; see host suite].
    #[arg(long, value_name = "FILE", help_heading = WHAT)]
    suite: Option<PathBuf>,
    /// Judge only these challenges.
    ///
    /// They apply to a module given as PATH whatever its name is.
    #[arg(long, value_name = "ID,…", value_delimiter = ',', help_heading = WHAT)]
    challenge: Vec<String>,
    /// Seeds to judge on, from A to below B, instead of those of the suite; in worlds, too.
    #[arg(long, value_name = "A..B", help_heading = WHAT)]
    seeds: Option<SeedRange>,
    /// Judge only share I of N of the runs; `host merge` merges the JSON of the shares.
    #[arg(long, value_name = "I/N", help_heading = WHAT)]
    shard: Option<Shard>,
    /// Record finished runs in this file, and skip runs that it already has.
    #[arg(long, value_name = "FILE", help_heading = WHAT)]
    resume: Option<PathBuf>,
    /// Run scripts whose names end in .EXT with this module, an interpreter, as a [[runtime]] of a suite does. Repeatable.
    ///
    /// What --mount gives is mounted for it, under the folder of the submission. docs/grading.md has a whole command.
    #[arg(long, value_name = "EXT=FILE", value_parser = runtime_file, help_heading = WHAT)]
    runtime: Vec<(String, PathBuf)>,
    #[command(flatten)]
    mounts: MountArgs,
    /// Arguments of the runtime before the name of the script.
    #[arg(last = true, value_name = "RUNTIME_ARGS", requires = "runtime")]
    runtime_args: Vec<String>,
    #[command(flatten)]
    output: GradeOutput,
    /// Write a report to this folder: a page for the class and a page for each run that failed.
    ///
    /// For a single submission, also a page for each challenge that it passed.
    #[arg(long, value_name = "DIR", conflicts_with = "shard", help_heading = OUTPUT)]
    report: Option<PathBuf>,
    #[command(flatten)]
    cache: CacheArgs,
}

/// The headings of the options.
const WHAT: &str = "What is judged";
const OUTPUT: &str = "Output";

pub(super) fn run(args: &GradeArgs) -> Result<Exit, Failure> {
    let mut suite = suite_file::open(args.suite.as_deref())?;
    add_runtimes(&mut suite, args)?;
    let whole = suite.clone();
    pick(&mut suite, args)?;
    let mut submissions = submissions(args, &whole, &suite)?;
    for submission in submissions.iter_mut().filter(|it| it.is_single) {
        let taken = take_alone(submission, &suite, !args.challenge.is_empty());
        match taken {
            Ok(()) => {}
            // Its author is told in the result.
            Err(why) if args.output.is_of_one() => {
                submission.is_single = false;
                submission.notes.push(why);
            }
            Err(why) => return Err(Failure::new(Exit::Usage, why)),
        }
    }
    args.output.prepare()?;
    let work = Work::of(&suite, &submissions, args.shard);
    let resume = match &args.resume {
        Some(path) => Resume::open(path, &JudgeFacts::of_this_program(), &suite)?,
        None => Resume::default(),
    };
    let interrupt = interrupt::on_signal()?;
    if args.suite.is_some() {
        suite_file::warn_of_unmet(&suite, &interrupt);
    }
    fit_threads(guests_of_run(&work))?;
    let sandbox = args.cache.sandbox_for(guests_max(&work), &interrupt)?;
    let grade = judged(&work, &sandbox, &resume, &interrupt, args.report.as_deref())?;
    if let Some(path) = &args.resume {
        resume.finish(path)?;
    }
    args.output.write(&grade)?;
    if interrupt.is_requested() {
        interrupt::note(match &args.resume {
            Some(_) => "the same command goes on",
            None => "with --resume FILE it could go on from here",
        });
        return Ok(Exit::Invalid);
    }
    Ok(exit_of(&grade))
}

/// `EXT=FILE`
fn runtime_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((end, file)) if !end.is_empty() && !file.is_empty() => {
            let end = end.strip_prefix('.').unwrap_or(end);
            Ok((end.to_owned(), file.into()))
        }
        _ => Err("expected EXT=FILE, such as py=python.wasm".to_owned()),
    }
}

/// Adds the runtimes that the flags name.
fn add_runtimes(suite: &mut Suite, args: &GradeArgs) -> Result<(), Failure> {
    let (mounts, limits) = args.mounts.given();
    if args.runtime.is_empty() && !mounts.is_empty() {
        let text = "--mount is for what runs scripts: name it with --runtime EXT=FILE";
        return Err(Failure::new(Exit::Usage, text));
    }
    for (extension, module) in &args.runtime {
        let mut runtime = Runtime::new(
            extension.clone(),
            module.clone(),
            args.runtime_args.clone(),
            mounts.to_vec(),
        );
        runtime.mount_limits = limits;
        let added = suite.add_runtime(runtime);
        let sentences =
            added.map_err(|why| Failure::new(Exit::Usage, format!("--runtime: {why}")))?;
        for sentence in sentences {
            tracing::warn!("--mount: {sentence}");
        }
    }
    Ok(())
}

/// Judges the work, and writes a report on it to the folder `report`, if there is one.
pub(super) fn judged(
    work: &Work<'_>,
    sandbox: &Sandbox,
    resume: &Resume,
    interrupt: &Interrupt,
    report: Option<&Path>,
) -> Result<Grade, Failure> {
    let begin = Instant::now();
    if let Some(dir) = report {
        // A folder that cannot be used is told before hours of judging.
        ClassReport::create(dir)?;
    }
    let limits = &work.suite.limits;
    let compiler = Compiler::new(limits.compile)?.limited_to(limits.module);
    let runtimes = Runtimes::load(work, sandbox)?;
    let progress = progress::bar(work.runs());
    let context = JudgeContext {
        sandbox,
        runtimes: &runtimes,
        compiler: &compiler,
        resume,
        progress: &|runs| progress.inc(runs as u64),
        shrinking: Budget::ONE_SECOND,
        interrupt,
    };
    let results = judge(work, &context);
    progress.finish_and_clear();
    let wall_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let grade = assemble(work, &results, wall_ms);
    if let Some(dir) = report {
        for missing in class_report::write(dir, &grade, work, &context)? {
            let (name, why) = (&missing.submission, &missing.why);
            tracing::warn!("no page of {}: {}", one_line(name), one_line(why));
        }
    }
    Ok(grade)
}

/// The exit code for a grade.
pub(super) fn exit_of(grade: &Grade) -> Exit {
    let is_whole = grade.complete || grade.shard.is_some();
    if grade.passed && is_whole {
        Exit::Success
    } else {
        Exit::Invalid
    }
}

/// The submissions at the paths. Gradescope has one, whatever is in its folder.
fn submissions(
    args: &GradeArgs,
    suite: &Suite,
    judged: &Suite,
) -> Result<Vec<Submission>, Failure> {
    if !args.output.is_of_one() {
        let found = submission::find_and_tell(&args.paths, suite, judged)?;
        for remark in &found.remarks {
            tracing::warn!("{remark}");
        }
        return Ok(found.submissions);
    }
    match args.paths.as_slice() {
        [path] => {
            let found = submission::find_one(path, suite, judged)?;
            for remark in &found.remarks {
                tracing::warn!("{remark}; for a class, --each DIR writes a file for each");
            }
            Ok(found.submissions)
        }
        paths => Err(feedback::not_one(paths.len())),
    }
}

/// Picks the challenges and seeds that the flags ask for.
fn pick(suite: &mut Suite, args: &GradeArgs) -> Result<(), Failure> {
    suite_file::keep(suite, &args.challenge)?;
    for challenge in &mut suite.challenges {
        // Picked challenges are not optional.
        challenge.optional &= args.challenge.is_empty();
    }
    if let Some(seeds) = args.seeds {
        for challenge in &mut suite.challenges {
            challenge.seeds = seeds.all().collect();
            for world in &mut challenge.worlds {
                world.seeds.clone_from(&challenge.seeds);
            }
        }
    }
    Ok(())
}

/// Makes a module that was given as PATH, and whose name is for no challenge, be for all challenges
/// if these were picked.
fn take_alone(submission: &mut Submission, suite: &Suite, picked: bool) -> Result<(), String> {
    let is_for = |challenge| submission.module_for(challenge).is_some();
    if suite.challenges.iter().any(is_for) {
        return Ok(());
    }
    if picked {
        submission.takes_all = true;
        return Ok(());
    }
    Err(format!(
        "{} is for no challenge of the suite: modules are looked for as {}; rename it, or pick with \
         --challenge",
        submission.modules.first().map_or_else(
            || submission.name.clone(),
            |it| one_line(&format!("{}.wasm", it.stem)).into_owned()
        ),
        submission::wanted(suite)
    ))
}
