//! `host compile`: the process that compiles a module for another `host`. Not for people:
//! it is hidden, and what it writes is no format that anybody may rely on.

use std::io::{Write, stderr, stdin, stdout};

use clap::Args;

use super::{Exit, Failure};
use host_sandbox::compiler::serve;

/// Compiles the module on stdin to machine code on stdout.
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct CompileArgs {
    /// Processor time that it may use, in seconds.
    #[arg(long)]
    cpu_s: u64,
    /// Address space that it may use, in bytes.
    #[arg(long)]
    memory_bytes: u64,
}

pub(super) fn run(args: &CompileArgs) -> Result<Exit, Failure> {
    let served = serve(args.cpu_s, args.memory_bytes, stdin(), stdout().lock());
    match served.map_err(|error| Failure::new(Exit::Internal, format!("{error:#}")))? {
        Ok(()) => Ok(Exit::Success),
        Err(problem) => {
            // Goes into a sentence of the other side's; who is gone need not know.
            let _ = writeln!(stderr(), "{problem}");
            Ok(Exit::Rejected)
        }
    }
}
