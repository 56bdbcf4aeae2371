//! `host sim`: runs a cluster of guests in virtual time, and judges what clients saw.

mod args;
mod console;
mod show;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

pub(super) use args::SimArgs;
use args::{Plan, Seeds};
use console::Console;

use super::output::Format;
use super::{Exit, Failure};
use crate::check::history::{History, write_edn, write_json};
use crate::check::validity::Validity;
use crate::guest::Start;
use crate::report::{Failed, Files};
use crate::sim::journal::{JsonLines, Observer};
use crate::trial::{Report, Trial};

pub(super) fn run(args: SimArgs) -> Result<Exit, Failure> {
    let plan = Plan::of(&args)?;
    let sandbox = args.cache.sandbox_for(plan.instances())?;
    let module = sandbox.load(&args.module, &plan.options.limits)?;
    let next = match &args.swap_module {
        Some(path) => Some(sandbox.load(path, &plan.options.limits)?),
        None => None,
    };
    let trial = Trial {
        module: &module,
        next_module: next.as_ref().map(|next| next as &dyn Start),
        workload: plan.workload,
        topology: plan.topology,
        txn: plan.txn,
        options: plan.options.clone(),
        checks: plan.checks.clone(),
    };
    match plan.seeds {
        Seeds::One(seed) => one(&trial, seed, &plan),
        Seeds::Many(first, count) => many(&trial, first, count, &plan),
    }
}

fn one(trial: &Trial<'_>, seed: u64, plan: &Plan) -> Result<Exit, Failure> {
    let mut console = Console::new(plan.console);
    let mut journal = match &plan.journal {
        Some(path) => Some(JsonLines::new(create(path)?, plan.journal_bytes_max)),
        None => None,
    };
    let files = match &plan.report {
        Some(dir) => Some(Files::create(dir)?),
        None => None,
    };
    let mut watch = match &files {
        Some(files) => Some(files.watch(plan.journal_bytes_max)?),
        None => None,
    };
    let mut observers: Vec<&mut dyn Observer> = Vec::new();
    if plan.console.shows_anything() {
        observers.push(&mut console);
    }
    if let Some(journal) = &mut journal {
        observers.push(journal);
    }
    if let Some(watch) = &mut watch {
        observers.push(watch);
    }
    let report = trial.run(seed, observers);
    if let (Some(journal), Some(path)) = (journal, &plan.journal) {
        let finished = journal.finish();
        finished.map_err(|error| cannot_write(path, &error))?;
    }
    if let (Some(path), Some(history)) = (&plan.history, &report.history) {
        write_history(path, history)?;
    }
    fail_if_internal(&report)?;
    if let Some(watch) = watch {
        watch.finish(trial, &report, &show::replay(seed))?;
    }
    match plan.format {
        Format::Text => show::report_as_text(&report, plan)?,
        Format::Json => show::report_as_json(&report)?,
    }
    Ok(report.valid().into())
}

/// Tries many seeds in parallel. The result is that of the first seed that fails, however
/// many threads there are; later ones may not even be tried.
fn many(trial: &Trial<'_>, first: u64, count: usize, plan: &Plan) -> Result<Exit, Failure> {
    let first_failure = AtomicUsize::new(usize::MAX);
    let tries: Vec<Option<show::Try>> = (0..count)
        .into_par_iter()
        .map(|index| {
            if index > first_failure.load(Ordering::Relaxed) {
                return None;
            }
            let report = trial.run(first + index as u64, Vec::new());
            let tried = show::Try::of(&report);
            if report.valid() != Validity::True {
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
    if let Some(dir) = &plan.report {
        let seed = failure.as_ref().map_or(first, |report| report.seed);
        let files = Files::create(dir)?;
        let mut watch = files.watch(plan.journal_bytes_max)?;
        let report = trial.run(seed, vec![&mut watch]);
        watch.finish(trial, &report, &show::replay(seed))?;
    }
    match plan.format {
        Format::Text => show::tries_as_text(&tries, count, failure.as_ref(), plan)?,
        Format::Json => show::tries_as_json(&tries, count, failure.as_ref())?,
    }
    let valid = failure.map_or(Validity::True, |report| report.valid());
    Ok(valid.into())
}

fn fail_if_internal(report: &Report) -> Result<(), Failure> {
    match &report.result {
        Err(stopped) if stopped.is_internal() => {
            let text = format!("seed {}: {stopped}", report.seed);
            Err(Failure::new(Exit::Internal, text))
        }
        _ => Ok(()),
    }
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        let exit = match failed {
            Failed::Write { .. } => Exit::Usage,
            Failed::Json(_) => Exit::Internal,
        };
        Failure::new(exit, failed)
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
