//! Grades the zoo by the built-in suite and prints docs/zoo.md: which world and seed catches each
//! wrong program, in how many milliseconds, and how long its trace is. Right programs are accepted.
//!
//! `./runner.sh zoo [--seeds A..B] [--suite FILE] [--no-traces] [WORD…]` builds what this needs and
//! calls it. With words, only programs with one of them in their name or challenge are graded; with
//! seeds, on those; with a suite, by its challenges of the same ids; without traces in a fraction of
//! the time.
//!
//! It fails if a right program is refused, or if more than a twentieth of the wrong ones is not.

#[path = "../tests/sim/zoo/judge.rs"]
mod judge;
#[path = "../tests/sim/zoo/table.rs"]
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

use host_grade::grade::{FailureDetails, Judgement};
use host_grade::suite::read::read;
use host_grade::{Suite, Verdict};
use host_sim::SeedRange;
use host_trial::shrink::Budget;
use test_support::root;

use judge::{grade, is_message};
use table::{Kind, Program, Table, suite};

const HEAD: &str = "\
# The zoo

Wrong but plausible programs, each with one mistake, and right programs of many designs, graded by the built-in suite: its options, its worlds,
its default seeds. The tables `*.txt` in [`host/tests/sim/zoo`](../host/tests/sim/zoo/table.rs) list them. A test grades all of them: each wrong one must be
refused for a reason that its author expects, each right one accepted.

A program is tried in the official world first, then in the others, each with its seeds in order, until a run fails. *Runs* counts them, the
last of which failed; *ms* is the time of these runs, checkers included, without compiling the module and without the search for the
shortest trace. *Trace* is the length of that trace in lines, and the messages between servers among them. This command prints this page:

    ./runner.sh zoo > docs/zoo.md
";

/// The part of the wrong programs that may be accepted: one of so many.
const MISSED_OF: usize = 20;

/// The verdict on a program, and the milliseconds of its runs.
struct Graded {
    judgement: Judgement,
    ms: u64,
}

/// What was asked for.
struct Asked {
    suite: Suite,
    seeds: Option<Vec<u64>>,
    shrinking: Budget,
    words: Vec<String>,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Asked {
            suite: Suite::built_in().expect("a test reads it"),
            seeds: None,
            shrinking: Budget::ONE_SECOND,
            words: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {} // cargo adds it
                "--no-traces" => asked.shrinking = Budget { runs: 1, units: 0 },
                "--suite" => {
                    let file = args.next().unwrap_or_default();
                    let text = fs::read_to_string(&file).expect("--suite FILE");
                    asked.suite = read(&file, &text).expect("a suite");
                }
                "--seeds" => {
                    let range = args.next().unwrap_or_default();
                    let range: SeedRange = range.parse().expect("--seeds A..B");
                    asked.seeds = Some(range.all().collect());
                }
                _ => asked.words.push(arg),
            }
        }
        asked
    }

    fn has(&self, program: &Program) -> bool {
        let kind = match program.kind {
            Kind::Right => "right",
            Kind::Wrong | Kind::Missed => "wrong",
        };
        let text = format!("{kind} {} ", program.id());
        self.words.is_empty() || self.words.iter().any(|word| text.contains(word.as_str()))
    }
}

fn main() -> ExitCode {
    let asked = Asked::read();
    let table = Table::read();
    let programs: Vec<&Program> = table.programs.iter().filter(|it| asked.has(it)).collect();
    let mut suite = suite(asked.suite.clone(), programs.iter().copied());
    if let Some(seeds) = &asked.seeds {
        for challenge in &mut suite.challenges {
            challenge.seeds.clone_from(seeds);
            for world in &mut challenge.worlds {
                world.seeds.clone_from(seeds);
            }
        }
    }
    let (judgements, ms) = grade(&suite, asked.shrinking);
    let graded = judgements.into_iter().map(|(id, judgement)| {
        let ms = ms.get(&id).copied().unwrap_or(0);
        (id, Graded { judgement, ms })
    });
    let graded: BTreeMap<String, Graded> = graded.collect();
    let of = |program: &Program| &graded[&program.id()];
    let (right, wrong): (Vec<&Program>, Vec<&Program>) = programs
        .into_iter()
        .partition(|program| program.kind == Kind::Right);
    println!("{HEAD}");
    let shrunk = asked.shrinking.runs > 1;
    println!("{}", summary(&wrong, &right, shrunk, of));
    let heads = Heads::read(&table);
    print_wrong(&wrong, &table, &heads, shrunk, of);
    print_right(&right, &heads, of);
    let refused = right.iter().filter(|it| !is_accepted(of(it))).count();
    let missed = wrong.iter().filter(|it| is_accepted(of(it))).count();
    if refused > 0 || missed * MISSED_OF > wrong.len() {
        eprintln!("{refused} right programs are refused, {missed} wrong ones accepted");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn is_accepted(graded: &Graded) -> bool {
    graded.judgement.verdict == Verdict::Accepted
}

/// The runs before the first that failed.
fn passed(judgement: &Judgement) -> usize {
    judgement.seeds_passed + judgement.world_runs_passed
}

/// The failure of a program, if it was refused.
fn failure(graded: &Graded) -> Option<&FailureDetails> {
    graded.judgement.failure.as_ref()
}

fn summary<'a>(
    wrong: &[&Program],
    right: &[&Program],
    shrunk: bool,
    of: impl Fn(&Program) -> &'a Graded,
) -> String {
    let caught: Vec<&Graded> = wrong.iter().map(|it| of(it)).collect();
    let caught = caught.into_iter().filter(|it| !is_accepted(it));
    let caught: Vec<&Graded> = caught.collect();
    let ms = sorted(caught.iter().map(|it| it.ms));
    let runs = sorted(caught.iter().map(|it| passed(&it.judgement) as u64 + 1));
    let traces = caught.iter().filter_map(|it| failure(it));
    let traces = traces.filter(|it| !it.trace.is_empty());
    let lines = sorted(traces.clone().map(|it| it.trace.len() as u64));
    let messages = sorted(traces.map(messages));
    let traces = match shrunk {
        true => format!(
            "The median trace has {} messages; 95 % have at most {} lines.",
            at(&messages, 50),
            at(&lines, 95)
        ),
        false => "Traces were not looked for.".to_owned(),
    };
    let programs: BTreeSet<String> = wrong.iter().map(|it| it.full_name()).collect();
    let refused = right.iter().filter(|it| !is_accepted(of(it))).count();
    let designs: BTreeSet<String> = right.iter().map(|it| it.full_name()).collect();
    format!(
        "{} wrong programs, some of them on several challenges, are {} rows: {} are caught ({:.1} %), {} with the first run, half of them by run \
         {},\nthe last by run {}. The median takes {} ms, the longest {} ms. {traces} \
         {} right\nprograms are {} rows, of which {refused} are refused.\n",
        programs.len(),
        wrong.len(),
        caught.len(),
        percent(caught.len(), wrong.len()),
        runs.iter().filter(|runs| **runs == 1).count(),
        at(&runs, 50),
        at(&runs, 100),
        at(&ms, 50),
        at(&ms, 100),
        designs.len(),
        right.len(),
    )
}

/// The messages between servers in a trace.
fn messages(failure: &FailureDetails) -> u64 {
    let lines = failure.trace.iter();
    lines.filter(|line| is_message(line)).count() as u64
}

fn sorted(numbers: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

/// A percentile of sorted numbers.
fn at(sorted: &[u64], percent: usize) -> u64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of programs")]
fn percent(part: usize, of: usize) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}

fn print_wrong<'a>(
    wrong: &[&Program],
    table: &Table,
    heads: &Heads,
    shrunk: bool,
    of: impl Fn(&Program) -> &'a Graded,
) {
    println!("## Wrong programs\n");
    println!(
        "| program | challenge | what is wrong | verdict | anomaly | world | runs | ms | trace |"
    );
    println!("|---|---|---|---|---|---|---:|---:|---:|");
    for program in wrong {
        let Graded { judgement, ms } = of(program);
        let (name, challenge) = (program.full_name(), &program.challenge);
        let (verdict, what) = (judgement.verdict, heads.of(program));
        let unexpected;
        let (mut anomaly, mut world, mut trace) = ("not caught", "", String::new());
        if let Some(failure) = &judgement.failure {
            let first = failure.anomalies.first().map_or("", String::as_str);
            unexpected = format!("unexpected: {first}");
            let shown = table.shown(program, &failure.anomalies);
            anomaly = shown.unwrap_or(&unexpected);
            world = failure
                .world
                .as_ref()
                .map_or("official", |it| it.name.as_str());
            if shrunk && !failure.trace.is_empty() {
                trace = format!("{} / {}", failure.trace.len(), messages(failure));
            }
        }
        let runs = passed(judgement) + usize::from(judgement.failure.is_some());
        println!(
            "| `{name}` | {challenge} | {what} | {verdict} | {anomaly} | {world} | {runs} | {ms} | {trace} |"
        );
    }
}

fn print_right<'a>(right: &[&Program], heads: &Heads, of: impl Fn(&Program) -> &'a Graded) {
    println!("\n## Right programs\n");
    println!("| program | challenge | how it works | verdict | runs | ms |");
    println!("|---|---|---|---|---:|---:|");
    for program in right {
        let Graded { judgement, ms } = of(program);
        let (name, challenge, how) = (program.full_name(), &program.challenge, heads.of(program));
        let (verdict, runs) = (judgement.verdict, passed(judgement));
        println!("| `{name}` | {challenge} | {how} | {verdict} | {runs} | {ms} |");
    }
}

/// What the heads of the modules' sources say of each bug and design.
struct Heads(BTreeMap<String, BTreeMap<String, String>>);

impl Heads {
    fn read(table: &Table) -> Self {
        let modules = table.programs.iter().map(|it| it.module.as_str());
        let modules = BTreeSet::from_iter(modules);
        let heads = modules.into_iter().map(|module| {
            let path = root().join(format!("host/tests/mutants/{module}/src/lib.rs"));
            let source = fs::read_to_string(path).unwrap_or_default();
            (module.to_owned(), rows(&source))
        });
        Heads(heads.collect())
    }

    fn of(&self, program: &Program) -> &str {
        let found = self.0[&program.module].get(program.name());
        found.map_or("", String::as_str)
    }
}

/// The rows of the table at the head of a source.
fn rows(source: &str) -> BTreeMap<String, String> {
    let rows = source.lines().filter_map(|line| {
        let row = line.strip_prefix("//! | `")?.strip_suffix(" |")?;
        let (name, what) = row.split_once("` | ")?;
        Some((name.to_owned(), what.to_owned()))
    });
    rows.collect()
}
