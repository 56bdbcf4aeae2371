//! `--summary` and `--shard`: what many runs show together.

use std::fmt::{self, Write};

use tracing::debug;

use super::again::{Again, done_in_words, fail_if_internal};
use super::args::{Runs, Seeds, SimArgs};
use super::resume::ResumeFile;
use super::seeds::try_all;
use super::tally::{write_remarks, write_tally};
use crate::cli::output::{TableFormat, print, print_json, print_styled};
use crate::cli::style::{HEAD, Styled, of_verdict};
use crate::cli::{Exit, Failure, interrupt};
use host_check::validity::Validity;
use host_disk::Mounts;
use host_grade::grade::JudgeFacts;
use host_grade::sweep::{FirstFailure, Summary, SweepFacts, SweepRun, Tally, csv};
use host_guest::Start;
use host_protocol::text::{grouped, one_line};
use host_sandbox::{GuestModule, mount};
use host_trial::Trial;
use host_trial::scenario::Replay;

pub(super) fn run(args: &SimArgs, runs: Runs) -> Result<Exit, Failure> {
    let instances = runs.instances()?;
    let Seeds::Many(seeds) = runs.seeds else {
        // It was refused when the seeds were read.
        return Err(Failure::new(Exit::Usage, "--summary is for several runs"));
    };
    let resume = args.resume.as_deref().map(ResumeFile::prepare);
    let mut resume = resume.transpose()?;
    let interrupt = interrupt::on_signal()?;
    let sandbox = args.cache.sandbox_for(instances, &interrupt)?;
    let sandbox = sandbox.limited_to(args.modules.limits());
    let limits = runs.scenario.options.limits;
    let mounts = args.mounts.read()?;
    let module = sandbox.load(args.module(), &limits)?.mounted(&mounts)?;
    let next = match &args.swap_module {
        Some(path) => Some(sandbox.load(path, &limits)?.mounted(&mounts)?),
        None => None,
    };
    let trial = Trial {
        module: &module,
        next_module: next.as_ref().map(|next| next as &dyn Start),
        scenario: runs.scenario,
    };
    let again = Again {
        limit_flags: runs.limit_flags,
        targets: runs.targets,
        report: None,
    };
    let sweep = SweepFacts {
        judge: JudgeFacts::of_this_program(),
        run: facts(&trial, &module, next.as_ref(), &mounts, &again),
        first_seed: seeds.range.first,
        seeds: seeds.range.count,
    };
    let summary = |tally: &Tally| Summary {
        sweep: sweep.clone(),
        shard: args.shard,
        first_failure: tally.first_failure.map(|seed| FirstFailure {
            seed,
            replay: again.command(Replay::Seed(seed)),
        }),
        tally: tally.clone(),
    };
    let kept = match &resume {
        Some(file) => file.read(&sweep, args.shard)?,
        None => None,
    };
    let mut tally = kept.map_or_else(Tally::default, |kept| kept.tally);
    let left = seeds.after(tally.runs);
    debug!("running {} seeds", left.count);
    try_all(&[&trial], &again.targets, &left, false, |_, one| {
        tally.add(&one);
        if let Some(file) = &mut resume {
            file.write_at_times(|| summary(&tally));
        }
    });
    let summary = summary(&tally);
    let written = resume.map_or(Ok(()), |file| file.write(&summary));
    if let (Some(seed), false) = (tally.first_failure, trial.is_interrupted()) {
        fail_if_internal(&trial.run(seed, Vec::new()))?;
    }
    show(&summary, args.table_format())?;
    written?;
    if trial.is_interrupted() {
        let next = match args.resume {
            Some(_) => "the same command goes on from here",
            None => "with --resume FILE it could go on from here",
        };
        let done = done_in_words(&tally, seeds.count, &again);
        interrupt::note(&format!("{next}; {done}"));
        return Ok(Exit::Interrupted);
    }
    Ok(summary.valid().into())
}

fn facts(
    trial: &Trial<'_>,
    module: &GuestModule,
    next: Option<&GuestModule>,
    mounts: &Mounts,
    again: &Again,
) -> SweepRun {
    let targets = again.targets.iter();
    SweepRun {
        name: module.name.clone(),
        sha256: module.facts.sha256.clone(),
        swap_sha256: next.map(|next| next.facts.sha256.clone()),
        mounts_sha256: (mounts.all().next().is_some()).then(|| mount::sha256(mounts)),
        options: SweepRun::options(&trial.scenario),
        args: trial.scenario.options.guest_args.clone(),
        targets: targets
            .map(|it| (it.measure.name().to_owned(), it.below))
            .collect(),
    }
}

/// Shows a summary.
pub(in crate::cli) fn show(summary: &Summary, format: TableFormat) -> Result<(), Failure> {
    match format {
        TableFormat::Text => print_styled(&as_text(summary)),
        TableFormat::Json => print_json(summary),
        TableFormat::Csv => print(&csv::render(summary)),
    }
}

fn as_text(summary: &Summary) -> Styled {
    let mut rest = String::new();
    // Writing to a String cannot fail.
    let _ = write_rest(&mut rest, summary);
    let mut text = Styled::default();
    let verdict = summary.tally.verdict();
    let style = verdict.map_or(HEAD, of_verdict);
    text.push(style, &format!("{}\n\n", head(summary)));
    let _ = text.write_str(&rest);
    text
}

/// `broadcast: INVALID with 2 of 1,000 seeds; share 1/4 of 0..4000`
fn head(summary: &Summary) -> String {
    let (sweep, tally) = (&summary.sweep, &summary.tally);
    let workload = sweep.run.options.get("workload").map_or("", String::as_str);
    let runs = seeds(tally.runs);
    let failed = tally.runs - tally.valid;
    let what = match tally.verdict() {
        None => "no run".to_owned(),
        Some(Validity::True) => format!("valid with {runs}"),
        Some(Validity::Unknown) => format!("unknown with {} of {runs}", grouped(failed)),
        Some(Validity::False) => format!("INVALID with {} of {runs}", grouped(failed)),
    };
    let (first, end) = (sweep.first_seed, sweep.first_seed + sweep.seeds);
    let share = summary
        .shard
        .map_or_else(String::new, |shard| format!("share {shard} of "));
    let done = match summary.is_complete() {
        true => String::new(),
        false => format!("; {} to be done", seeds(summary.asked_for() - tally.runs)),
    };
    format!(
        "{}: {what}, {share}{first}..{end}{done}",
        one_line(workload)
    )
}

/// `1,000 seeds`
fn seeds(count: u64) -> String {
    match count {
        1 => "1 seed".to_owned(),
        _ => format!("{} seeds", grouped(count)),
    }
}

fn write_rest(out: &mut String, summary: &Summary) -> fmt::Result {
    let tally = &summary.tally;
    write_tally(out, tally)?;
    write_remarks(out, tally, tally.runs)?;
    if let Some(FirstFailure { seed, replay }) = &summary.first_failure {
        let replay = one_line(replay);
        writeln!(out, "\nThe first that is not valid is {seed}: {replay}")?;
    }
    Ok(())
}
