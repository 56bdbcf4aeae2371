//! `host suite run`: every challenge of a suite once, with one seed, and a line of figures for
//! each; then its worlds, with their own seeds. All cores work; lines come in the order of the suite.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anstyle::Style;
use clap::Args;
use rayon::prelude::*;

use crate::cli::grade;
use crate::cli::limits::{CacheArgs, fit_threads};
use crate::cli::output::{print, print_styled};
use crate::cli::style::{BAD, GOOD, PLAIN, Styled};
use crate::cli::suite_file::{SuiteFile, find, keep, open, warn_of_unmet};
use crate::cli::{Exit, Failure, interrupt};
use host_check::validity::Validity;
use host_check::workload::WorkloadResult;
use host_grade::judge::{guests_max, guests_of_run};
use host_grade::resume::Resume;
use host_grade::run::SeedRun;
use host_grade::runtimes::{NotLoaded, Runtimes, trial};
use host_grade::submission::{self, ModuleContent, ModuleFile};
use host_grade::suite::{PlannedRun, World};
use host_grade::work::WorkItem;
use host_grade::{Challenge, Submission, Suite, Verdict, Work};
use host_guest::{Interrupt, Limits};
use host_protocol::text::{counted, figure, fraction};
use host_sandbox::{GuestModule, Sandbox};
use host_trial::TrialResult;
use host_trial::scenario::with_report;

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
    fit_threads(guests_of_run(&work))?;
    let sandbox = args.cache.sandbox_for(guests_max(&work), &interrupt)?;
    print_styled(&heads())?;
    let mut all_passed = true;
    let mut untouched = 0;
    let mut runs = Vec::new();
    let runtimes = Runtimes::load(&work, &sandbox)?;
    let all = All {
        suite: &suite,
        challenges: &suite.challenges,
        runtimes: &runtimes,
        modules,
        seed: args.seed,
        sandbox: &sandbox,
        interrupt: &interrupt,
    };
    all.tried(|challenge, tried| {
        all_passed &= tried.passed;
        untouched += usize::from(tried.untouched);
        print_styled(&tried.rendered(challenge))?;
        runs.extend(tried.runs);
        Ok(())
    })?;
    if interrupt.is_requested() {
        interrupt::note("the challenges above are done");
        return Ok(Exit::Invalid);
    }
    print(&notes(args.seed, untouched))?;
    if let Some(dir) = &args.report {
        // What was judged for the table is not judged again.
        let judged = Resume::of(runs);
        grade::judged(&work, &sandbox, &judged, &interrupt, Some(dir))?;
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

/// All challenges, and what is needed to try them.
struct All<'a> {
    suite: &'a Suite,
    challenges: &'a [Challenge],
    modules: &'a Submission,
    runtimes: &'a Runtimes,
    seed: u64,
    sandbox: &'a Sandbox,
    interrupt: &'a Interrupt,
}

/// The module for a challenge, and how long it took to load.
struct Loaded<'a> {
    suite: &'a Suite,
    module: &'a ModuleFile,
    guest: Result<GuestModule, NotLoaded>,
    took: Duration,
}

impl<'a> All<'a> {
    fn load(&self, challenge: &Challenge) -> Option<Loaded<'a>> {
        let module = self.modules.module_for(challenge)?;
        let begin = Instant::now();
        let limits = &challenge.scenario.options.limits;
        let load = |path: &Path, limits: &Limits| self.sandbox.load(path, limits);
        Some(Loaded {
            suite: self.suite,
            module,
            guest: self.runtimes.module(module, self.suite, limits, load),
            took: begin.elapsed(),
        })
    }

    /// Tries them on all cores, and hands on what became of each, in their order, until an interrupt
    /// is requested.
    ///
    /// # Errors
    /// The first of `each`.
    fn tried(
        &self,
        mut each: impl FnMut(&'a Challenge, Tried<'a>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            scope.spawn(move || {
                // Compiling needs the threads of the pool, so none of them may wait for it.
                let loaded: Vec<Option<Loaded<'_>>> =
                    self.challenges.iter().map(|it| self.load(it)).collect();
                let challenges = loaded.into_par_iter().zip(self.challenges).enumerate();
                // Ends early when nobody receives any more.
                challenges.try_for_each(|(index, (loaded, challenge))| {
                    let tried = match loaded {
                        None => Tried::missing(challenge),
                        Some(loaded) => Tried::of(challenge, loaded, self.seed),
                    };
                    sender.send((index, tried)).ok()
                })
            });
            let mut done = BTreeMap::new();
            let mut challenges = self.challenges.iter().enumerate();
            let mut next = challenges.next();
            for (index, tried) in receiver {
                done.insert(index, tried);
                while let Some((index, challenge)) = next
                    && let Some(tried) = done.remove(&index)
                {
                    if self.interrupt.is_requested() {
                        return Ok(());
                    }
                    each(challenge, tried)?;
                    next = challenges.next();
                }
            }
            Ok(())
        })
    }
}

/// What became of a challenge.
struct Tried<'a> {
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
    /// The runs, up to the first that failed, with their times in milliseconds.
    runs: Vec<(WorkItem, PlannedRun<'a>, SeedRun, u64)>,
}

/// Why a run failed, and how to see it again.
fn explained(
    suite: &Suite,
    planned: PlannedRun<'_>,
    module: &ModuleFile,
    run: &SeedRun,
) -> Vec<String> {
    let PlannedRun { setting, seed } = planned;
    let world = setting.world.map(|world| {
        let World { name, why, .. } = world;
        format!("in the world {name}, with seed {seed}: {why}")
    });
    let flags = run.replay_flags(setting);
    let replay = module.command(suite, setting, setting.run_seed(seed), &flags);
    let mut lines: Vec<String> = world.into_iter().collect();
    lines.extend(run.anomaly.iter().cloned());
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

impl<'a> Tried<'a> {
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
            runs: Vec::new(),
        }
    }

    fn of(challenge: &'a Challenge, loaded: Loaded<'_>, seed: u64) -> Self {
        let Loaded {
            suite,
            module,
            guest,
            took,
        } = loaded;
        let begin = Instant::now();
        let guest = match guest {
            Ok(guest) => guest,
            Err(error) => {
                return Tried {
                    wall: Some(took),
                    lines: vec![error.to_string()],
                    passed: false,
                    valid: "-",
                    ..Tried::missing(challenge)
                };
            }
        };
        let official = PlannedRun {
            setting: challenge.official(),
            seed,
        };
        let trial = trial(&guest, official.setting);
        let (mut tried, run, notes) = trial.with(official.setting.run_seed(seed), None, |result| {
            let run = SeedRun::judged(official.setting, &result);
            let mut notes = Vec::new();
            if run.faults_touched_nothing {
                notes.extend(result.coverage.lines());
            }
            notes.extend(run.warnings.iter().map(|it| format!("warning: {it}")));
            let tried = Tried {
                passed: run.verdict == Verdict::Accepted,
                valid: word(result.valid()),
                figures: Figures::of(&result),
                untouched: run.faults_touched_nothing,
                wall: Some(took + begin.elapsed()),
                ..Tried::missing(challenge)
            };
            (tried, run, notes)
        });
        let wall = begin.elapsed();
        if tried.passed {
            tried.run_worlds(suite, challenge, module, &guest);
        } else {
            tried.lines = explained(suite, official, module, &run);
        }
        tried.lines.extend(notes);
        tried.keep(module, official, run, wall);
        tried
    }

    /// Makes the runs in worlds, up to the first that fails.
    fn run_worlds(
        &mut self,
        suite: &Suite,
        challenge: &'a Challenge,
        module: &ModuleFile,
        guest: &GuestModule,
    ) {
        let planned: Vec<PlannedRun<'a>> = challenge.runs().skip(challenge.seeds.len()).collect();
        if planned.is_empty() {
            return;
        }
        let first_failure = AtomicUsize::new(usize::MAX);
        let judged = planned.par_iter().enumerate().map(|(index, run)| {
            if index > first_failure.load(Ordering::Relaxed) {
                return None;
            }
            let begin = Instant::now();
            // An interrupted run says nothing: the caller ends.
            let judged = SeedRun::of(run.setting, guest, run.seed)?;
            if judged.verdict != Verdict::Accepted {
                first_failure.fetch_min(index, Ordering::Relaxed);
            }
            Some((judged, begin.elapsed()))
        });
        let judged: Vec<Option<(SeedRun, Duration)>> = judged.collect();
        let passed = first_failure.into_inner().min(planned.len());
        self.worlds = format!("{passed}/{}", planned.len());
        let runs = planned.iter().zip(judged).take(passed + 1);
        for (planned, (run, wall)) in runs.filter_map(|(run, judged)| Some((*run, judged?))) {
            if run.verdict != Verdict::Accepted {
                self.passed = false;
                self.lines = explained(suite, planned, module, &run);
            }
            self.keep(module, planned, run, wall);
        }
    }

    /// Keeps a run for the report. An internal error may not occur again.
    fn keep(&mut self, module: &ModuleFile, planned: PlannedRun<'a>, run: SeedRun, wall: Duration) {
        let ModuleContent::Sha256(sha256) = &module.content else {
            return;
        };
        if run.verdict == Verdict::Internal {
            return;
        }
        let item = WorkItem::of(module, sha256, planned.setting.challenge);
        let ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        self.runs.push((item, planned, run, ms));
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
