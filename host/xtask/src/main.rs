//! The commands of `./runner.sh`: sets up what is missing, builds, runs, tests.
//!
//! What is a fact about the project is asked of the project: which challenges there are, and
//! with which options, `host suite` says.

mod build;
mod figures;
mod fuzz;
mod maelstrom;
mod modules;
mod process;
mod regress;
mod setup;
mod solutions;
mod suite;
mod test;
mod trials;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
Usage: ./runner.sh [COMMAND]

Commands:
  (none)                 Build, then run every challenge in the simulator
  build                  Build the release host and every guest
  test                   Run all that CI runs: formats, lints, tests, documentation
  test-fast              Run formats, lints and the tests that need no Go, C or browser
  trials [NAME [SEEDS]]  Run solutions/NAME/trials.txt, each line with SEEDS seeds [default: all, 1000]
  zoo [--seeds A..B] [--suite FILE] [--no-traces] [WORD...]
                         Grade wrong and right programs by the built-in suite, print docs/zoo.md
  power [--seconds N] [--every N] [WORD...]
                         Search wrong programs of the zoo by seeds and by exploration, print docs/power.md
  figures [--write | ID...]
                         Run our solutions of all or these challenges with 40 seeds, and print the
                         figures beside those that real Maelstrom gave; with --write, put them into
                         docs/figures.md
  bench [ARGS]           Run the benchmarks
  regress [BASE]         Build the commit BASE [default: the last tag] beside this tree, do the same
                         work with both in turns, and fail if this tree takes 10 % longer
  fuzz TARGET [SECONDS]  Fuzz a target of fuzz/fuzz_targets for SECONDS [default: 60]
  maelstrom ID [MODULE [-- ARGS]]
                         Run our solution of a challenge, or a module, under Maelstrom, which is
                         found by MAELSTROM or on PATH; nodes that it kills keep their disks
  help                   Print this help

Guests are written to target/wasm32-wasip1/release/NAME.wasm, the host to
target/release/host.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("runner.sh: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<ExitCode> {
    process::enter_workspace()?;
    match args {
        [] => {
            build::all()?;
            return suite::run();
        }
        ["build"] => build::all()?,
        ["test"] => test::all()?,
        ["test-fast"] => test::fast()?,
        ["trials", rest @ ..] => return trials::run(rest),
        ["zoo", rest @ ..] => test::zoo(rest)?,
        ["power", rest @ ..] => test::power(rest)?,
        ["figures", rest @ ..] => return figures::run(rest),
        ["bench", rest @ ..] => test::bench(rest)?,
        ["regress", rest @ ..] => return regress::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest)?,
        ["maelstrom", rest @ ..] => maelstrom::run(rest)?,
        ["help" | "--help" | "-h"] => print!("{USAGE}"),
        [command @ ("build" | "test" | "test-fast" | "help"), ..] => {
            bail!("{command} takes no arguments")
        }
        [unknown, ..] => {
            eprint!("{USAGE}");
            bail!("there is no command {unknown:?}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
