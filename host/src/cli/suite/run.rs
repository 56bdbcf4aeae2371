//! `host suite run`: every challenge of a suite once, with one seed, and a line of figures for
//! each; then its worlds, with their own seeds.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anstyle::Style;
use clap::Args;
use rayon::prelude::*;

use crate::cli::grade;
use crate::cli::limits::CacheArgs;
use crate::cli::output::{print, print_styled};
use crate::cli::style::{BAD, GOOD, PLAIN, Styled};
use crate::cli::suite_file::{SuiteFile, find, keep, open, warn_of_unmet};
use crate::cli::{Exit, Failure, interrupt};
use host_check::validity::Validity;
use host_check::workload::WorkloadResult;
use host_grade::judge::guests_max;
use host_grade::resume::Resume;
use host_grade::run::SeedRun;
use host_grade::submission::{self, ModuleFile};
use host_grade::suite::{PlannedRun, World};
use host_grade::{Challenge, Suite, Verdict, Work};
use host_protocol::text::{counted, figure, fraction};
use host_sandbox::{GuestModule, Sandbox};
use host_trial::scenario::with_report;
use host_trial::{Trial, TrialResult};

const EXIT_CODES: &str = "\
Exit codes:
  0    every challenge passed; an optional one may lack a module
  1    one did not, or has no module
  254  invalid usage, or a file that cannot be read
  255  internal error";

/// Run every challenge of a suite once and print a table of figures
///
/// DIR holds the modules. A module's name says which challenges it is for: broadcast.wasm, or
/// 3c.wasm. The figures are those of the run with the official options; what passes is run in the
/// worlds of the challenge too. A challenge that fails is followed by the reason and the command
/// that replays it.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct RunArgs {
    #[command(flatten)]
    suite: SuiteFile,
    /// Run only these challenges.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    challenge: Vec<String>,
    /// Seed of the runs with the official options; worlds have seeds of their own.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Pass these arguments, separated by spaces, to the guests of one challenge. Repeatable.
    #[arg(long = "args", value_name = "ID=ARGS", value_parser = guest_args)]
    guest_args: Vec<(String, String)>,
    /// Write a report to this folder: a table of the verdicts, and a page for each run.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Folder with the modules, or a single module.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    cache: CacheArgs,
}

fn guest_args(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((id, args)) => Ok((id.to_owned(), args.to_owned())),
        None => Err("expected ID=ARGS, such as 3e=--window-ms 1800".to_owned()),
    }
}

pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let suite = asked(args)?;
    let found = submission::find_one(&args.dir, &suite, &suite)?;
    let submissions = found.submissions;
    let is_class = !found.remarks.is_empty();
    let modules = submissions
        .first()
        .filter(|it| !is_class || !it.modules.is_empty());
    let Some(modules) = modules else {
        let text = format!("{} holds folders, not modules", args.dir.display());
        return Err(Failure::new(Exit::Usage, text));
    };
    let work = Work::of(&suite, &submissions, None);
    let interrupt = interrupt::on_signal()?;
    if args.suite.suite.is_some() {
        warn_of_unmet(&suite, &interrupt);
    }
    let sandbox = args.cache.sandbox_for(guests_max(&work), &interrupt)?;
    print_styled(&heads())?;
    let mut all_passed = true;
    let mut untouched = 0;
    for challenge in &suite.challenges {
        let tried = match modules.module_for(challenge) {
            None => Tried::missing(challenge),
            Some(module) => Tried::of(challenge, module, args.seed, &sandbox),
        };
        if interrupt.is_requested() {
            interrupt::note("the challenges above are done");
            return Ok(Exit::Invalid);
        }
        all_passed &= tried.passed;
        untouched += usize::from(tried.untouched);
        print_styled(&tried.rendered(challenge))?;
    }
    print(&notes(args.seed, untouched))?;
    if let Some(dir) = &args.report {
        grade::judged(&work, &sandbox, &Resume::default(), &interrupt, Some(dir))?;
        if interrupt.is_requested() {
            interrupt::note("the report is not complete");
            return Ok(Exit::Invalid);
        }
        print(&written_to(dir))?;
    }
    Ok(if all_passed {
        Exit::Success
    } else {
        Exit::Invalid
    })
}

/// The challenges to run, with the arguments and the seed that are asked for.
fn asked(args: &RunArgs) -> Result<Suite, Failure> {
    let mut suite = open(args.suite.suite.as_deref())?;
    for (id, _) in &args.guest_args {
        find(&suite, id)?;
    }
    keep(&mut suite, &args.challenge)?;
    for challenge in &mut suite.challenges {
        challenge.seeds = vec![args.seed];
        let mut given = args.guest_args.iter();
        if let Some((_, words)) = given.rfind(|(id, _)| *id == challenge.id) {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            challenge.set_guest_args(&words);
        }
    }
    Ok(suite)
}

/// What became of a challenge.
struct Tried {
    passed: bool,
    valid: &'static str,
    figures: Figures,
    /// How many runs in worlds passed, of how many; `-` if there are none.
    worlds: String,
    /// Whether it was to have faults, and none of them touched anything.
    untouched: bool,
    /// Time to load the module, to run it with the official options and to judge the run.
    wall: Option<Duration>,
    /// Why it failed and how to see it again, and what else its reader should know.
    lines: Vec<String>,
}

/// Why a run failed, and how to see it again.
fn explained(planned: PlannedRun<'_>, module: &ModuleFile, run: SeedRun) -> Vec<String> {
    let PlannedRun { setting, seed } = planned;
    let world = setting.world.map(|world| {
        let World { name, why, .. } = world;
        format!("in the world {name}, with seed {seed}: {why}")
    });
    let scenario = setting.scenario();
    let flags = run.replay_flags(setting);
    let replay = scenario.command(&module.path, setting.run_seed(seed), &flags);
    let mut lines: Vec<String> = world.into_iter().collect();
    lines.extend(run.anomaly);
    lines.push(format!("replay: {replay}"));
    lines.extend(with_report(&replay).map(|command| format!("pages: {command}")));
    lines
}

/// The figures of a run; those that it lacks are `-`.
struct Figures {
    msgs_per_op: String,
    median_ms: String,
    max_ms: String,
    availability: String,
}

impl Tried {
    /// A challenge for which there is no module.
    fn missing(challenge: &Challenge) -> Self {
        Tried {
            passed: challenge.optional,
            valid: "missing",
            figures: Figures::none(),
            worlds: "-".to_owned(),
            untouched: false,
            wall: None,
            lines: Vec::new(),
        }
    }

    fn of(challenge: &Challenge, module: &ModuleFile, seed: u64, sandbox: &Sandbox) -> Self {
        let begin = Instant::now();
        let scenario = &challenge.scenario;
        let guest = match sandbox.load(&module.path, &scenario.options.limits) {
            Ok(guest) => guest,
            Err(error) => {
                return Tried {
                    passed: false,
                    valid: "-",
                    figures: Figures::none(),
                    worlds: "-".to_owned(),
                    untouched: false,
                    wall: Some(begin.elapsed()),
                    lines: vec![error.to_string()],
                };
            }
        };
        let official = challenge.official();
        let trial = Trial::of(&guest, scenario.clone());
        let result = trial.run(official.run_seed(seed), Vec::new());
        let run = SeedRun::judged(official, &result);
        let mut notes = Vec::new();
        if run.faults_touched_nothing {
            notes.extend(result.coverage.lines());
        }
        notes.extend(run.warnings.iter().map(|it| format!("warning: {it}")));
        let mut tried = Tried {
            passed: run.verdict == Verdict::Accepted,
            valid: word(result.valid()),
            figures: Figures::of(&result),
            worlds: "-".to_owned(),
            untouched: run.faults_touched_nothing,
            wall: Some(begin.elapsed()),
            lines: Vec::new(),
        };
        if tried.passed {
            tried.run_worlds(challenge, module, &guest);
        } else {
            let planned = PlannedRun {
                setting: official,
                seed,
            };
            tried.lines = explained(planned, module, run);
        }
        tried.lines.extend(notes);
        tried
    }

    /// Makes the runs in worlds, up to the first that fails.
    fn run_worlds(&mut self, challenge: &Challenge, module: &ModuleFile, guest: &GuestModule) {
        let planned: Vec<PlannedRun<'_>> = challenge.runs().skip(challenge.seeds.len()).collect();
        if planned.is_empty() {
            return;
        }
        let first_failure = AtomicUsize::new(usize::MAX);
        let failed = planned.par_iter().enumerate().filter_map(|(index, run)| {
            if index > first_failure.load(Ordering::Relaxed) {
                return None;
            }
            // An interrupted run says nothing: the caller ends.
            let judged = SeedRun::of(run.setting, guest, run.seed)?;
            if judged.verdict == Verdict::Accepted {
                return None;
            }
            first_failure.fetch_min(index, Ordering::Relaxed);
            Some((index, judged))
        });
        let failed = failed.min_by_key(|(index, _)| *index);
        let passed = failed.as_ref().map_or(planned.len(), |(index, _)| *index);
        self.worlds = format!("{passed}/{}", planned.len());
        if let Some((index, run)) = failed {
            self.passed = false;
            self.lines = explained(planned[index], module, run);
        }
    }

    fn rendered(&self, challenge: &Challenge) -> Styled {
        let figures = &self.figures;
        let wall_ms = self.wall.map(|wall| wall.as_millis().to_string());
        let cells = [
            &challenge.id,
            &challenge.module,
            self.valid,
            &figures.msgs_per_op,
            &figures.median_ms,
            &figures.max_ms,
            &figures.availability,
            &self.worlds,
            wall_ms.as_deref().unwrap_or("-"),
        ];
        let mut text = row(cells, if self.passed { GOOD } else { BAD });
        for line in &self.lines {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "  {line}");
        }
        text
    }
}

impl Figures {
    fn none() -> Self {
        let none = || "-".to_owned();
        Figures {
            msgs_per_op: none(),
            median_ms: none(),
            max_ms: none(),
            availability: none(),
        }
    }

    fn of(result: &TrialResult) -> Self {
        let Ok(result) = &result.result else {
            return Self::none();
        };
        let net = result.net.as_ref();
        let msgs_per_op = net.and_then(|net| net.servers.msgs_per_op);
        let latencies = match &result.workload {
            WorkloadResult::Set(set) => set.stable_latencies,
            _ => None,
        };
        let shown = |figure: Option<String>| figure.unwrap_or_else(|| "-".to_owned());
        Figures {
            msgs_per_op: shown(msgs_per_op.map(|rate| figure(rate.into()))),
            median_ms: shown(latencies.map(|it| it.ms[1].to_string())),
            max_ms: shown(latencies.map(|it| it.ms[4].to_string())),
            availability: fraction(result.availability.ok_fraction),
        }
    }
}

fn word(valid: Validity) -> &'static str {
    match valid {
        Validity::True => "true",
        Validity::Unknown => "unknown",
        Validity::False => "false",
    }
}

fn heads() -> Styled {
    row(
        [
            "challenge",
            "module",
            "valid",
            "msgs/op",
            "median ms",
            "max ms",
            "availability",
            "worlds",
            "wall ms",
        ],
        PLAIN,
    )
}

/// A row of the table, with the style of its verdict.
fn row(cells: [&str; 9], style: Style) -> Styled {
    let [
        id,
        module,
        valid,
        msgs,
        median,
        max,
        availability,
        worlds,
        wall,
    ] = cells;
    let mut row = Styled::default();
    row.push(PLAIN, &format!("{id:<15}  {module:<15}  "));
    row.push(style, valid);
    let gap = 7_usize.saturating_sub(valid.len());
    row.push(
        PLAIN,
        &format!(
            "{:gap$}  {msgs:>9.9}  {median:>9}  {max:>9}  {availability:>12}  {worlds:>6}  \
             {wall:>8}\n",
            ""
        ),
    );
    row
}

fn notes(seed: u64, untouched: usize) -> String {
    let mut text = format!(
        "\nmsgs/op: messages between servers for each operation. median ms, max ms: from the\n\
         acknowledgement of a value until every read has it. worlds: runs in other circumstances\n\
         that passed before the first that failed, of all. Seed: {seed}.\n"
    );
    if untouched > 0 {
        let runs = counted(untouched, "run");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "In {runs} no fault touched anything.");
    }
    text
}

fn written_to(dir: &std::path::Path) -> String {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let page = dir.join("index.html");
    format!(
        "\nWhat happened, event by event: file://{}\n",
        page.display()
    )
}
