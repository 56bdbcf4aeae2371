//! `host sim`: runs a cluster of guests in virtual time, and judges what clients saw.

mod again;
pub(super) mod args;
mod console;
pub(super) mod figures;
mod resume;
pub(super) mod seeds;
pub(super) mod setting;
pub(super) mod show;
pub(super) mod summary;
pub(super) mod tally;
pub(super) mod watch;

use std::path::Path;

use again::{Again, done_in_words, fail_if_internal};
use args::Seeds;
pub(super) use args::SimArgs;
use console::Console;
use seeds::{SeedSet, try_all};

use super::out_file::{Contents, HISTORY, JOURNAL, OutFile, SCHEDULE, distinct, stream};
use super::output::{Format, cannot_write};
use super::{Exit, Failure, interrupt};
use host_check::history::{History, write_edn, write_json};
use host_check::validity::Validity;
use host_grade::suite::Target;
use host_grade::sweep::{Tally, Try};
use host_guest::Start;
use host_report::{ReportDir, ReportError, ReportedRun};
use host_sim::journal::{JsonLines, Observer};
use host_sim::{Script, short_seconds};
use host_trial::heavy::{Focus, heavy};
use host_trial::scenario::Replay;
use host_trial::schedule::Schedule;
use host_trial::shrink::{self, Budget};
use host_trial::{Trial, TrialResult};

pub(super) fn run(args: SimArgs) -> Result<Exit, Failure> {
    let runs = args.runs()?;
    if args.summarises() {
        return summary::run(&args, runs);
    }
    if args.resume.is_some() {
        let text = "--resume keeps what many runs show together: add --summary, or --shard";
        return Err(Failure::new(Exit::Usage, text));
    }
    if args.watch && matches!(args.format()?, Format::Json) {
        let text = "--watch shows what changed to people: it has no --format json";
        return Err(Failure::new(Exit::Usage, text));
    }
    distinct(&[
        ("--journal", args.journal.as_ref()),
        ("--history", args.history.as_ref()),
        ("--write-schedule", args.write_schedule.as_ref()),
        ("--shrink", args.shrink.as_ref()),
    ])?;
    let interrupt = interrupt::on_signal()?;
    let sandbox = args.cache.sandbox_for(runs.instances()?, &interrupt)?;
    let sandbox = sandbox.limited_to(args.modules.limits());
    let limits = runs.scenario.options.limits;
    let again = Again {
        limit_flags: runs.limit_flags,
        targets: runs.targets,
        report: args.report.clone(),
    };
    let run = |tally: &mut Tally| {
        let mounts = args.mounts.read()?;
        let module = sandbox.load(args.module(), &limits)?.mounted(&mounts)?;
        let next = match &args.swap_module {
            Some(path) => Some(sandbox.load(path, &limits)?.mounted(&mounts)?),
            None => None,
        };
        let trial = Trial {
            module: &module,
            next_module: next.as_ref().map(|next| next as &dyn Start),
            scenario: runs.scenario.clone(),
        };
        match runs.seeds {
            Seeds::One(seed) => one(&trial, seed, runs.script.as_ref(), &args, &again, tally),
            Seeds::Many(seeds) => many(&trial, &seeds, &args, &again, tally),
        }
    };
    match args.watch {
        true => watch::watch((args.module(), sandbox.module_bytes_max()), &interrupt, run),
        false => run(&mut Tally::default()),
    }
}

fn one(
    trial: &Trial<'_>,
    seed: u64,
    script: Option<&Script>,
    args: &SimArgs,
    again: &Again,
    tally: &mut Tally,
) -> Result<Exit, Failure> {
    let shown = args.console();
    let mut console = Console::new(shown);
    let history = prepared(args.history.as_deref(), &HISTORY)?;
    let written = prepared(args.write_schedule.as_deref(), &SCHEDULE)?;
    let shortest = prepared(args.shrink.as_deref(), &SCHEDULE)?;
    let mut journal = match &args.journal {
        Some(path) => Some(JsonLines::new(
            stream(path, &JOURNAL)?,
            args.journal_bytes_max(),
        )),
        None => None,
    };
    let files = match &args.report {
        Some(dir) => Some(ReportDir::create(dir)?),
        None => None,
    };
    let mut watch = match &files {
        Some(files) => Some(files.observer(args.journal_bytes_max())?),
        None => None,
    };
    let mut observers: Vec<&mut dyn Observer> = Vec::new();
    if shown.shows_anything() {
        observers.push(&mut console);
    }
    if let Some(journal) = &mut journal {
        observers.push(journal);
    }
    if let Some(watch) = &mut watch {
        observers.push(watch);
    }
    let (mut report, played) = match script {
        Some(script) => (trial.play(seed, script, observers), script.clone()),
        None => trial.record(seed, observers),
    };
    if let (Some(journal), Some(path)) = (journal, &args.journal) {
        let finished = journal.finish();
        finished.map_err(|error| cannot_write(path.display(), &error))?;
    }
    if let (Some(file), Some(history)) = (history, &report.history) {
        let text = history_text(file.path(), history);
        file.write(&text)?;
    }
    fail_if_internal(&report)?;
    let replay = match script {
        Some(_) => Replay::Same,
        None => Replay::Seed(seed),
    };
    if let Err(stopped) = &report.result
        && stopped.is_interrupted()
    {
        let at = short_seconds(stopped.at_ns);
        interrupt::note(&format!(
            "the run with seed {seed} had come to {at} s, and is not judged"
        ));
        return Ok(Exit::Interrupted);
    }
    let missed = again.judge(&mut report);
    *tally = Tally::of(&Try::of(&report));
    if let Some(watch) = watch {
        let run = ReportedRun {
            trial,
            seed,
            script,
            replay: &|schedule| again.command(schedule.map_or(replay, Replay::Schedule)),
        };
        if is_interrupted(watch.finish(&run, &report))? {
            interrupt::note("the report is not complete");
        }
    }
    let schedule = Schedule::of(trial, seed, played);
    if let Some(file) = written {
        file.write(&schedule.write())?;
    }
    let can_shrink = report.valid() == Validity::False && missed.is_none();
    if let (Some(file), true) = (shortest, can_shrink) {
        return shrunk(trial, schedule, report, file, args, again);
    }
    let evidence = evidence(trial, &report, script, missed);
    let workload = trial.scenario.workload.name();
    match args.format()? {
        Format::Text => {
            let next = again.next(replay, can_shrink);
            show::report_as_text(&report, &evidence, workload, &next)?;
        }
        Format::Json => show::report_as_json(&report, evidence, &again.command(replay))?,
    }
    Ok(report.valid().into())
}

/// What a run did that went over a limit, or did nothing wrong but to miss a target.
fn evidence(
    trial: &Trial<'_>,
    report: &TrialResult,
    script: Option<&Script>,
    missed: Option<Target>,
) -> Vec<String> {
    let stopped = report.result.as_ref().err();
    let missed = missed.map(|target| target.measure.focus());
    match stopped.and_then(Focus::of_stop).or(missed) {
        Some(focus) => heavy(trial, report.seed, script, focus),
        None => Vec::new(),
    }
}

/// Shrinks a run that is invalid, and shows what is left of it.
fn shrunk(
    trial: &Trial<'_>,
    schedule: Schedule,
    report: TrialResult,
    file: OutFile,
    args: &SimArgs,
    again: &Again,
) -> Result<Exit, Failure> {
    let (module, next_module) = (trial.module, trial.next_module);
    let whole = shrink::size(&schedule);
    let budget = Budget::default();
    let Some(shrunk) = shrink::shrink(schedule, report, module, next_module, budget) else {
        interrupt::note("the run was not made again, so it is not shrunk");
        return Ok(Exit::Interrupted);
    };
    let path = file.path().to_owned();
    file.write(&shrunk.schedule.write())?;
    if trial.is_interrupted() {
        interrupt::note(&format!(
            "the shortest run found so far has {} and is in {}",
            shrunk.size(),
            path.display()
        ));
        return Ok(shrunk.report.valid().into());
    }
    match args.format()? {
        Format::Text => {
            let story = shrunk.story(module, next_module);
            let next = again.next(Replay::Schedule(&path), false);
            show::shrunk_as_text(&shrunk, &whole, &story, &next)?;
        }
        Format::Json => {
            let trace = shrunk.trace(module, next_module);
            let replay = again.command(Replay::Schedule(&path));
            show::shrunk_as_json(&shrunk, &trace, &replay)?;
        }
    }
    Ok(shrunk.report.valid().into())
}

/// Tries many seeds. What is shown is the first that fails; later ones may not even be tried. If they are asked for,
/// the worst of all is the result.
fn many(
    trial: &Trial<'_>,
    seeds: &SeedSet,
    args: &SimArgs,
    again: &Again,
    tally: &mut Tally,
) -> Result<Exit, Failure> {
    let (first, count, format) = (seeds.first, seeds.count, args.format()?);
    let shortest = prepared(args.shrink.as_deref(), &SCHEDULE)?;
    let files = match &args.report {
        Some(dir) => Some(ReportDir::create(dir)?),
        None => None,
    };
    let mut tries: Vec<Try> = Vec::new();
    try_all(
        &[trial],
        &again.targets,
        seeds,
        !args.keep_going,
        |_, one| {
            tally.add(&one);
            if let Format::Json = format {
                tries.push(one);
            }
        },
    );
    // A run is cheap to have again, and reports of all runs are not cheap to keep.
    let mut failure = tally.first_failure.map(|seed| trial.run(seed, Vec::new()));
    let missed = failure.as_mut().and_then(|report| again.judge(report));
    if trial.is_interrupted() {
        return show_done(trial, &tries, tally, count, format, again);
    }
    if let Some(report) = &failure {
        fail_if_internal(report)?;
    }
    if let Some(files) = files {
        let seed = failure.as_ref().map_or(first, |report| report.seed);
        let replay = Replay::Seed(seed);
        let played = ReportedRun {
            trial,
            seed,
            script: None,
            replay: &|schedule| again.command(schedule.map_or(replay, Replay::Schedule)),
        };
        let mut watch = files.observer(args.journal_bytes_max())?;
        let mut observed = trial.run(seed, vec![&mut watch]);
        again.judge(&mut observed);
        if is_interrupted(watch.finish(&played, &observed))? {
            interrupt::note("the report is not complete");
        }
    }
    let can_shrink = missed.is_none()
        && failure
            .as_ref()
            .is_some_and(|it| it.valid() == Validity::False);
    if let (true, Format::Text, Some(_)) = (args.keep_going, format, &failure) {
        show::tally_as_text(tally, trial.scenario.workload.name(), first)?;
    }
    if let (Some(report), Some(file)) = (&failure, shortest)
        && can_shrink
    {
        let (recorded, script) = trial.record(report.seed, Vec::new());
        let schedule = Schedule::of(trial, report.seed, script);
        return shrunk(trial, schedule, recorded, file, args, again);
    }
    let failed = failure.as_ref();
    let evidence = failed.map_or_else(Vec::new, |report| evidence(trial, report, None, missed));
    let workload = trial.scenario.workload.name();
    match (format, failed) {
        (Format::Text, Some(report)) => {
            let next = again.next(Replay::Seed(report.seed), can_shrink);
            match args.keep_going {
                true => show::report_as_text(report, &evidence, workload, &next)?,
                false => {
                    show::failed_try_as_text(tally, count, report, &evidence, workload, &next)?;
                }
            }
        }
        (Format::Text, None) => show::tries_as_text(tally, first, count, workload)?,
        (Format::Json, _) => show::tries_as_json(&tries, count, failed, evidence, tally, again)?,
    }
    Ok(tally.verdict().unwrap_or(Validity::True).into())
}

/// Shows what is known of many runs when the program was asked to end.
fn show_done(
    trial: &Trial<'_>,
    tries: &[Try],
    tally: &Tally,
    count: usize,
    format: Format,
    again: &Again,
) -> Result<Exit, Failure> {
    match format {
        Format::Text if tally.runs == 0 => {}
        Format::Text => show::interrupted_as_text(tally, trial.scenario.workload.name(), count)?,
        Format::Json => show::tries_as_json(tries, count, None, Vec::new(), tally, again)?,
    }
    interrupt::note(&done_in_words(tally, count, again));
    Ok(Exit::Interrupted)
}

/// Whether a report was not written because the program was asked to end.
fn is_interrupted(reported: Result<(), ReportError>) -> Result<bool, ReportError> {
    match reported {
        Ok(()) => Ok(false),
        Err(ReportError::Interrupted) => Ok(true),
        Err(error) => Err(error),
    }
}

fn prepared(path: Option<&Path>, contents: &Contents) -> Result<Option<OutFile>, Failure> {
    path.map(|path| OutFile::prepare(path, contents))
        .transpose()
}

fn history_text(path: &Path, history: &History) -> String {
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    match is_json {
        true => write_json(history),
        false => write_edn(history),
    }
}
