//! `host --module`: the node that Maelstrom starts.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use host_protocol::lines::LINE_BYTES_MAX;

use super::limits::{CacheArgs, LimitArgs, ModuleArgs};
use super::mounts::MountArgs;
use super::{Exit, Failure};
use host_disk::Disk;
use host_guest::GuestOptions;
use host_node::{self, NodeError, NodeOptions, Watch};

#[derive(Debug, Args)]
pub(super) struct NodeArgs {
    /// Arguments for the guest, after `--`.
    #[arg(last = true, value_name = "GUEST_ARGS")]
    guest_args: Vec<String>,
    /// WebAssembly module to run as a node.
    #[arg(long, short, value_name = "FILE", required = true)]
    module: Option<PathBuf>,
    /// Replace the guest by the new version of the module when its file changes, and on SIGHUP.
    ///
    /// The new version takes over the state; it also replaces a guest that crashed.
    #[arg(long)]
    watch: bool,
    /// Refuse a new version that cannot take over the state (with --watch).
    #[arg(long, requires = "watch")]
    require_state: bool,
    /// Keep the node's disk in DIR/NODE [default: it lives as long as the process].
    ///
    /// What a node has synced before it answered is there when it starts again, whatever has ended it. A
    /// folder belongs to one process at a time; `host disk DIR/NODE` shows what is in it.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Seed of the guest's random numbers [default: random].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Maximum length of an input line, in bytes; longer lines are skipped.
    #[arg(long, value_name = "BYTES", default_value_t = LINE_BYTES_MAX as u64, value_parser = clap::value_parser!(u64).range(1..=1 << 30), hide_short_help = true)]
    max_line_bytes: u64,
    #[command(flatten)]
    mounts: MountArgs,
    #[command(flatten)]
    modules: ModuleArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    cache: CacheArgs,
}

pub(super) fn run(args: NodeArgs) -> Result<Exit, Failure> {
    let Some(path) = args.module else {
        return Err(Failure::new(Exit::Usage, "--module is missing"));
    };
    let limits = args.limits.limits()?;
    let options = GuestOptions {
        limits,
        args: args.guest_args,
        seed: args
            .seed
            .unwrap_or_else(|| RandomState::new().hash_one(0_u8)),
        growth: None,
        disk: Disk::shared(limits.disk()),
    };
    let sandbox = Arc::new(args.cache.sandbox()?.limited_to(args.modules.limits()));
    let mounts = args.mounts.read()?;
    let module = sandbox.load(&path, &limits)?.mounted(&mounts)?;
    let guest_failed = |error| Failure::new(Exit::GuestFailed, error);
    let guest = module.start(options.clone()).map_err(guest_failed)?;
    let disk = Arc::clone(&options.disk);
    let watch = args.watch.then(|| Watch {
        path,
        sandbox,
        options,
        mounts,
        sha256: module.facts.sha256,
        state_required: args.require_state,
    });
    let options = NodeOptions {
        limits,
        line_bytes_max: usize::try_from(args.max_line_bytes).unwrap_or(LINE_BYTES_MAX),
        disk,
        data_dir: args.data_dir,
    };
    match host_node::run(guest, &options, watch) {
        Ok(()) => Ok(Exit::Success),
        Err(NodeError::Guest(error)) => Err(guest_failed(error)),
        Err(error) => Err(error.into()),
    }
}
