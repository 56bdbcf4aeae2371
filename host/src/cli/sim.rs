//! `host sim`: runs a cluster of guests in virtual time, and judges what clients saw.

mod args;
mod console;
mod show;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use args::Seeds;
pub(super) use args::SimArgs;
use console::Console;

use super::output::Format;
use super::{Exit, Failure};
use host_check::history::{History, write_edn, write_json};
use host_check::validity::Validity;
use host_guest::Start;
use host_report::{ReportDir, ReportedRun};
use host_sim::Script;
use host_sim::journal::{JsonLines, Observer};
use host_trial::scenario::Replay;
use host_trial::schedule::{Schedule, trace};
use host_trial::shrink::{self, Budget};
use host_trial::{Trial, TrialResult};

pub(super) fn run(args: SimArgs) -> Result<Exit, Failure> {
    let runs = args.runs()?;
    let sandbox = args.cache.sandbox_for(runs.instances())?;
    let limits = &runs.scenario.options.limits;
    let module = sandbox.load(&args.module, limits)?;
    let next = match &args.swap_module {
        Some(path) => Some(sandbox.load(path, limits)?),
        None => None,
    };
    let trial = Trial {
        module: &module,
        next_module: next.as_ref().map(|next| next as &dyn Start),
        scenario: runs.scenario,
    };
    match runs.seeds {
        Seeds::One(seed) => one(&trial, seed, runs.script.as_ref(), &args),
        Seeds::Many(first, count) => many(&trial, first, count, &args),
    }
}

/// The command that was given, changed so that it makes another run.
fn command(replay: Replay<'_>) -> String {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    replay.command(&words)
}

fn one(
    trial: &Trial<'_>,
    seed: u64,
    script: Option<&Script>,
    args: &SimArgs,
) -> Result<Exit, Failure> {
    let shown = args.console();
    let mut console = Console::new(shown);
    let mut journal = match &args.journal {
        Some(path) => Some(JsonLines::new(create(path)?, args.journal_bytes_max())),
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
    let (report, played) = match script {
        Some(script) => (trial.play(seed, script, observers), script.clone()),
        None => trial.record(seed, observers),
    };
    if let (Some(journal), Some(path)) = (journal, &args.journal) {
        let finished = journal.finish();
        finished.map_err(|error| cannot_write(path, &error))?;
    }
    if let (Some(path), Some(history)) = (&args.history, &report.history) {
        write_history(path, history)?;
    }
    fail_if_internal(&report)?;
    let replay = match script {
        Some(_) => Replay::Same,
        None => Replay::Seed(seed),
    };
    if let Some(watch) = watch {
        let run = ReportedRun {
            trial,
            seed,
            script,
            replay: &|schedule| command(schedule.map_or(replay, Replay::Schedule)),
        };
        watch.finish(&run, &report)?;
    }
    let schedule = Schedule::of(trial, seed, played);
    if let Some(path) = &args.write_schedule {
        write(path, &schedule.write())?;
    }
    if let (Some(path), Validity::False) = (&args.shrink, report.valid()) {
        return shrunk(trial, schedule, path, args);
    }
    match args.format {
        Format::Text => show::report_as_text(&report, trial.scenario.workload, &command(replay))?,
        Format::Json => show::report_as_json(&report, &command(replay))?,
    }
    Ok(report.valid().into())
}

/// Shrinks a run that is invalid, and shows what is left of it.
fn shrunk(
    trial: &Trial<'_>,
    schedule: Schedule,
    path: &Path,
    args: &SimArgs,
) -> Result<Exit, Failure> {
    let (module, next_module) = (trial.module, trial.next_module);
    let whole = shrink::size(&schedule);
    let Some(shrunk) = shrink::shrink(schedule, module, next_module, Budget::default()) else {
        let text = "the run was invalid, and when it was played again it was not";
        return Err(Failure::new(Exit::Internal, text));
    };
    write(path, &shrunk.schedule.write())?;
    let replay = command(Replay::Schedule(path));
    match args.format {
        Format::Text => {
            let story = shrunk.story(module, next_module);
            show::shrunk_as_text(&shrunk, &whole, &story, &replay)?;
        }
        Format::Json => {
            let trace = trace(&shrunk.schedule, module, next_module);
            show::shrunk_as_json(&shrunk, &trace, &replay)?;
        }
    }
    Ok(shrunk.report.valid().into())
}

/// Tries many seeds in parallel. The result is that of the first seed that fails, however
/// many threads there are; later ones may not even be tried.
fn many(trial: &Trial<'_>, first: u64, count: usize, args: &SimArgs) -> Result<Exit, Failure> {
    let first_failure = AtomicUsize::new(usize::MAX);
    let tries: Vec<Option<show::Try>> = (0..count)
        .into_par_iter()
        .map(|index| {
            if index > first_failure.load(Ordering::Relaxed) {
                return None;
            }
            let seed = first + index as u64;
            let (tried, valid) = trial.with(seed, None, |report| {
                (show::Try::of(&report), report.valid())
            });
            if valid != Validity::True {
                first_failure.fetch_min(index, Ordering::Relaxed);
            }
            Some(tried)
        })
        .collect();
    let failed = first_failure.into_inner();
    let tries: Vec<show::Try> = tries
        .into_iter()
        .take(failed.saturating_add(1))
        .flatten()
        .collect();
    let failure = match failed {
        usize::MAX => None,
        // A run is cheap to have again, and reports of all runs are not cheap to keep.
        index => Some(trial.run(first + index as u64, Vec::new())),
    };
    if let Some(report) = &failure {
        fail_if_internal(report)?;
    }
    if let Some(dir) = &args.report {
        let seed = failure.as_ref().map_or(first, |report| report.seed);
        let replay = Replay::Seed(seed);
        let played = ReportedRun {
            trial,
            seed,
            script: None,
            replay: &|schedule| command(schedule.map_or(replay, Replay::Schedule)),
        };
        ReportDir::create(dir)?.report(&played, args.journal_bytes_max())?;
    }
    if let (Some(report), Some(path)) = (&failure, &args.shrink)
        && report.valid() == Validity::False
    {
        let (_, script) = trial.record(report.seed, Vec::new());
        let schedule = Schedule::of(trial, report.seed, script);
        return shrunk(trial, schedule, path, args);
    }
    match args.format {
        Format::Text => {
            show::tries_as_text(&tries, count, failure.as_ref(), trial.scenario.workload)?;
        }
        Format::Json => show::tries_as_json(&tries, count, failure.as_ref())?,
    }
    let valid = failure.map_or(Validity::True, |report| report.valid());
    Ok(valid.into())
}

fn fail_if_internal(report: &TrialResult) -> Result<(), Failure> {
    match &report.result {
        Err(stopped) if stopped.is_internal() => {
            let text = format!("seed {}: {stopped}", report.seed);
            Err(Failure::new(Exit::Internal, text))
        }
        _ => Ok(()),
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    let file = File::create(path).map_err(|error| {
        let text = format!("cannot write {}: {error}", path.display());
        Failure::new(Exit::Usage, text)
    })?;
    Ok(BufWriter::with_capacity(1 << 16, file))
}

fn write_history(path: &Path, history: &History) -> Result<(), Failure> {
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let text = if is_json {
        write_json(history)
    } else {
        write_edn(history)
    };
    write(path, &text)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = create(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
    written.map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Internal,
        format!("cannot write {}: {error}", path.display()),
    )
}
