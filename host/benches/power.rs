//! What finds the bugs of the zoo, and how soon: seeds, the strategies of `host explore`, and all schedules within bounds.
//!
//! `./runner.sh power [--seconds N] [--every N] [WORD…]` builds what this needs and prints docs/power.md. Each search of each row
//! has so many seconds (5) on all cores. Rows that the suite misses are all there; of the others every so many-th (6).

#[path = "../tests/sim/zoo/table.rs"]
#[expect(dead_code, reason = "verdicts are not read here")]
mod table;

use std::time::{Duration, Instant};

use host_check::{Validity, Workload};
use host_explore::{Bounds, Budget, End, Exploration, Guidance, Strategy, TimerOrder};
use host_grade::Suite;
use host_grade::suite::Challenge;
use host_guest::{Interrupt, Limits};
use host_sandbox::{Cache, GuestModule, Sandbox};
use host_sim::nemesis::Fault;
use host_trial::{Scenario, Trial};
use strum::VariantArray;
use test_support::{built, compiled};

use table::{Kind, Program, Table, suite};

const HEAD: &str = "\
# What finds the bugs of the zoo

Wrong programs of [the zoo](zoo.md), each searched in eight ways: *seeds* are runs of the built-in suite, its worlds included, one seed after another as often as there
is time for; *random*, *pct*, *phases*, *pos*, *novelty* and *mutate* are the strategies of `host explore`, and *all* tries every schedule within bounds ([explore.md](explore.md)).
Explorations have 3 nodes (5 for lin-kv-5), and faults as budgets: where the challenge has partitions, two lost messages and a split; where it kills nodes or takes their power, two such (four power failures for registers).
Registers (`lin-kv`) are searched with timers in bursts, two splits, 20 operations and without ends, since those guests count ticks.
A number is how many runs (states for *all*) it took to the failure, and the milliseconds; `-` that none was found in time; `none` that there is none within the bounds. Rows that the suite misses are marked.
This command prints the page:

    ./runner.sh power > docs/power.md
";

/// What one way to search came to.
enum Found {
    /// After so many runs.
    After(u64, Duration),
    /// There is nothing to be found within the bounds.
    Nothing,
    /// The time was over.
    NotInTime,
    /// It cannot be searched so.
    Impossible(String),
}

struct Asked {
    seconds: u64,
    every: usize,
    words: Vec<String>,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Asked {
            seconds: 5,
            every: 6,
            words: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut number = || args.next().and_then(|it| it.parse().ok());
            match arg.as_str() {
                "--bench" => {} // cargo adds it
                "--seconds" => asked.seconds = number().expect("--seconds N"),
                "--every" => {
                    let every = number().expect("--every N");
                    asked.every = usize::try_from(every).expect("--every N");
                }
                _ => asked.words.push(arg),
            }
        }
        asked
    }

    fn has(&self, index: usize, program: &Program) -> bool {
        let is_named = |word: &String| program.id().contains(word.as_str());
        match program.kind {
            Kind::Right => false,
            _ if !self.words.is_empty() => self.words.iter().any(is_named),
            Kind::Missed => true,
            Kind::Wrong => index.is_multiple_of(self.every),
        }
    }
}

fn main() {
    let asked = Asked::read();
    let table = Table::read();
    let programs = table.programs.iter().enumerate();
    let programs: Vec<&Program> = programs
        .filter(|(index, program)| asked.has(*index, program))
        .map(|(_, program)| program)
        .collect();
    let suite = suite(
        Suite::built_in().expect("a test reads it"),
        programs.iter().copied(),
    );
    println!("{HEAD}");
    let names = Strategy::VARIANTS.iter().map(ToString::to_string);
    let names: Vec<String> = names.collect();
    println!(
        "| program | challenge | seeds | {} | all |",
        names.join(" | ")
    );
    println!("|---|---|---:|{}---:|", "---:|".repeat(names.len()));
    let limit = Duration::from_secs(asked.seconds);
    for (program, challenge) in programs.iter().zip(&suite.challenges) {
        let mut cells = vec![by_seeds(challenge, program, limit)];
        for strategy in Strategy::VARIANTS {
            cells.push(by_strategy(challenge, program, *strategy, limit));
        }
        cells.push(by_all(challenge, program, limit));
        let missed = if program.kind == Kind::Missed {
            " (missed)"
        } else {
            ""
        };
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        println!(
            "| `{}`{missed} | {} | {} |",
            program.full_name(),
            program.challenge,
            cells.join(" | ")
        );
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Found::After(runs, time) => write!(f, "{runs} ({} ms)", time.as_millis()),
            Found::Nothing => f.write_str("none"),
            Found::NotInTime => f.write_str("-"),
            Found::Impossible(why) => f.write_str(why),
        }
    }
}

/// A module whose work ends when the time is over.
fn load(program: &Program, limit: Duration) -> GuestModule {
    let interrupt = Interrupt::default();
    let cache = Cache::open(compiled()).ok();
    let sandbox = Sandbox::new(cache).expect("the engine starts");
    let sandbox = sandbox.interrupted_by(&interrupt);
    let module = sandbox.load(&built(&program.module), &Limits::default());
    let module = module.expect("it is a guest");
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        interrupt.request();
    });
    module
}

fn by_seeds(challenge: &Challenge, program: &Program, limit: Duration) -> Found {
    let module = load(program, limit);
    let begin = Instant::now();
    let mut runs = 0;
    for round in 0.. {
        for setting in challenge.settings() {
            let trial = Trial::of(&module, setting.scenario().clone());
            for seed in setting.seeds() {
                runs += 1;
                let verdict = trial.with(seed + 1000 * round, None, |result| {
                    (!result.is_interrupted()).then(|| result.valid())
                });
                match verdict {
                    None => return Found::NotInTime,
                    Some(Validity::False) => return Found::After(runs, begin.elapsed()),
                    Some(_) => {}
                }
            }
        }
    }
    Found::NotInTime
}

/// A small cluster of the challenge.
fn small(challenge: &Challenge) -> Scenario {
    let mut scenario = challenge.scenario.clone();
    let options = &mut scenario.options;
    options.cluster.count = options.cluster.count.clamp(
        1,
        if challenge.id.starts_with("lin-kv-5 ") {
            5
        } else {
            3
        },
    );
    options.concurrency = match scenario.workload.built_in() {
        Some(Workload::LinKv) => 2 * options.cluster.count,
        _ => options.cluster.count,
    };
    scenario
}

/// The faults that the challenge has, as budgets.
fn faults(challenge: &Challenge) -> Bounds {
    let settings = challenge.settings();
    let all: Vec<Fault> = settings
        .flat_map(|it| it.scenario().options.faults.clone())
        .collect();
    let splits = [
        Fault::Partition,
        Fault::OneWay,
        Fault::Hunt,
        Fault::Isolate,
        Fault::Loss,
    ];
    let loses = all.iter().any(|fault| splits.contains(fault));
    let crashes = challenge.scenario.options.faults.iter();
    let mut crashes = crashes.filter(|fault| matches!(fault, Fault::Kill | Fault::Power));
    let crashes = 2 * u8::from(crashes.next().is_some());
    Bounds {
        drops: 2 * u8::from(loses),
        partitions: u8::from(loses),
        power: crashes,
        kills: 0,
        ..Bounds::default()
    }
}

fn by_strategy(
    challenge: &Challenge,
    program: &Program,
    strategy: Strategy,
    limit: Duration,
) -> Found {
    let module = load(program, limit);
    let scenario = small(challenge);
    // These guests count ticks, and what is wrong with them shows before the end.
    let elects = scenario.workload == Workload::LinKv;
    let faults = faults(challenge);
    let bounds = match elects {
        true => Bounds {
            operations: 20,
            fires: 30,
            power: 2 * faults.power,
            timers: TimerOrder::Bursts,
            tries_ends: false,
            partitions: 2 * faults.partitions,
            ..faults
        },
        false => Bounds {
            operations: 8,
            fires: 40,
            ..faults
        },
    };
    let guidance = Guidance {
        strategy,
        runs: u64::MAX,
        ..Guidance::default()
    };
    let begin = Instant::now();
    let guided = exploration(&module, &scenario, &bounds).guide(guidance, &mut |_| ());
    match guided {
        Err(why) => Found::Impossible(why.to_string()),
        Ok(guided) => match guided.end {
            End::Failure(_) => Found::After(guided.tried.runs, begin.elapsed()),
            _ => Found::NotInTime,
        },
    }
}

fn by_all(challenge: &Challenge, program: &Program, limit: Duration) -> Found {
    let module = load(program, limit);
    let scenario = small(challenge);
    let elects = scenario.workload == Workload::LinKv;
    let faults = faults(challenge);
    let bounds = match elects {
        true => Bounds {
            operations: 3,
            fires: 3,
            partitions: faults.partitions,
            power: faults.power.min(1),
            delays: Some(0),
            timers: TimerOrder::Bursts,
            tries_ends: false,
            ..Bounds::default()
        },
        false => Bounds {
            operations: 3,
            fires: 3,
            drops: faults.drops.min(1),
            power: faults.power.min(1),
            ..Bounds::default()
        },
    };
    let begin = Instant::now();
    let explored = exploration(&module, &scenario, &bounds).search(&mut |_| ());
    match explored {
        Err(why) => Found::Impossible(why.to_string()),
        Ok(explored) => match explored.end {
            End::Failure(_) => Found::After(explored.progress.states as u64, begin.elapsed()),
            End::Complete => Found::Nothing,
            _ => Found::NotInTime,
        },
    }
}

fn exploration<'a>(
    module: &'a GuestModule,
    scenario: &'a Scenario,
    bounds: &'a Bounds,
) -> Exploration<'a> {
    Exploration {
        module,
        scenario,
        bounds,
        budget: Budget {
            states: 20_000_000,
            ..Budget::default()
        },
        seed: 1,
        operations: host_explore::Operations::Drawn,
    }
}
