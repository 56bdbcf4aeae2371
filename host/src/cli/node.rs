//! `host --module`: the node that Maelstrom starts.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use clap::Args;
use guest_sdk::native::LINE_BYTES_MAX;

use super::limits::{CacheArgs, LimitArgs};
use super::{Exit, Failure};
use crate::guest::GuestOptions;
use crate::node::{self, NodeError, NodeOptions};

#[derive(Debug, Args)]
pub(super) struct NodeArgs {
    /// The WebAssembly module to run as a node.
    #[arg(long, short, value_name = "FILE", required = true)]
    module: Option<PathBuf>,
    /// Seed of the guest's random numbers [default: a different one each time].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Longer input lines are skipped, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = LINE_BYTES_MAX)]
    max_line_bytes: usize,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    cache: CacheArgs,
    /// Arguments for the guest, after `--`.
    #[arg(last = true, value_name = "GUEST_ARGS")]
    guest_args: Vec<String>,
}

pub(super) fn run(args: NodeArgs) -> Result<Exit, Failure> {
    let Some(module) = args.module else {
        return Err(Failure::new(Exit::Usage, "--module is missing"));
    };
    let limits = args.limits.limits();
    let module = args.cache.sandbox()?.load(&module, &limits)?;
    let options = GuestOptions {
        limits,
        args: args.guest_args,
        seed: args
            .seed
            .unwrap_or_else(|| RandomState::new().hash_one(0_u8)),
    };
    let guest_failed = |error| Failure::new(Exit::GuestFailed, error);
    let mut guest = module.start(options).map_err(guest_failed)?;
    let options = NodeOptions {
        limits,
        line_bytes_max: args.max_line_bytes,
    };
    match node::run(&mut guest, &options) {
        Ok(()) => Ok(Exit::Success),
        Err(NodeError::Guest(error)) => Err(guest_failed(error)),
        Err(NodeError::Io(text)) => Err(Failure::new(Exit::Internal, text)),
    }
}
