//! `host compile`: the process that compiles a module for another `host`. Not for people: no help, no
//! completion and no page of the manual has it, and what it writes is no format that anybody may
//! rely on.

use std::io::{Write, stderr, stdin, stdout};
use std::path::PathBuf;

use clap::Parser;

use super::{Exit, Failure};
use host_sandbox::compiler::{COMMAND, serve};

/// Compiles the module on stdin to machine code on stdout.
#[derive(Debug, Parser)]
#[command(name = "host compile", bin_name = "host compile")]
pub(super) struct CompileArgs {
    /// Processor time that it may use, in seconds.
    #[arg(long)]
    cpu_s: u64,
    /// Address space that it may use, in bytes.
    #[arg(long)]
    memory_bytes: u64,
    /// Directory with the code of functions that were compiled earlier.
    #[arg(long)]
    functions: Option<PathBuf>,
}

/// What this process is to compile with, if it was started to compile.
pub(super) fn asked() -> Option<Result<CompileArgs, clap::Error>> {
    let command = std::env::args_os().nth(1)?;
    let words = std::env::args_os().skip(1);
    (command == COMMAND).then(|| CompileArgs::try_parse_from(words))
}

pub(super) fn run(args: &CompileArgs) -> Result<Exit, Failure> {
    let functions = args.functions.clone();
    let output = stdout().lock();
    let served = serve(args.cpu_s, args.memory_bytes, functions, stdin(), output);
    match served.map_err(|error| Failure::new(Exit::Internal, format!("{error:#}")))? {
        Ok(()) => Ok(Exit::Success),
        Err(problem) => {
            // Goes into a sentence of the other side's; who is gone need not know.
            let _ = writeln!(stderr(), "{problem}");
            Ok(Exit::Rejected)
        }
    }
}
