//! Reads a suite and checks what its values mean together.

use std::collections::BTreeSet;

use toml::Spanned;

use super::error::SuiteError;
use super::parts::{self, File};
use super::setup::Setup;
use super::target::Target;
use super::{Challenge, Suite, sha256};
use host_check::workload::CheckOptions;
use host_guest::Limits;
use host_sim::workload::{TxnShape, WorkloadOptions, make};
use host_sim::{Bounds, Cluster, Latency, RunOptions, nanoseconds};

/// The largest file, in bytes.
pub const SUITE_BYTES_MAX: u64 = 1 << 20;

/// The most challenges of a suite.
const CHALLENGES_MAX: usize = 200;

/// The seeds of a challenge of which neither it nor the suite says any.
const SEEDS: std::ops::Range<u64> = 1..11;

/// What graded runs may take. A run holds on to guests' memory, to the messages on their way
/// and to the answers, which need several times their size until they are judged: with two
/// runs at a time all of that stays below 1 GiB, whatever the guests do.
const BOUNDS: Bounds = Bounds {
    steps: 20_000_000,
    fuel: 100_000_000_000,
    memory_bytes: 256 << 20,
    in_flight: 100_000,
    in_flight_bytes: 32 << 20,
    answer_bytes: 16 << 20,
};

/// Reads the suite in `text`, which is that of the file called `file`.
///
/// # Errors
/// What is wrong first, and where.
pub fn read(file: &str, text: &str) -> Result<Suite, SuiteError> {
    let parts: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        SuiteError::at(file, text, span, error.message())
    })?;
    let at = |span, message: String| SuiteError::at(file, text, span, &message);
    if !(1..=CHALLENGES_MAX).contains(&parts.challenge.len()) {
        let message = format!("a suite has 1 to {CHALLENGES_MAX} [[challenge]] tables");
        return Err(at(text.len()..text.len(), message));
    }
    let mut ids = BTreeSet::new();
    let mut challenges = Vec::new();
    for part in parts.challenge {
        let table = part.span();
        let id = part.as_ref().id.span();
        let made = challenge(part.into_inner(), parts.seeds.as_ref(), &parts.limits);
        let challenge = made.map_err(|(span, message)| at(span.unwrap_or(table), message))?;
        if !ids.insert(challenge.id.replace('_', "-")) {
            let message = format!("there are two challenges {:?}", challenge.id);
            return Err(at(id, message));
        }
        challenges.push(challenge);
    }
    Ok(Suite {
        name: parts.name,
        sha256: sha256(text.as_bytes()),
        challenges,
    })
}

type Span = std::ops::Range<usize>;

/// A challenge, or what is wrong with its parts and where; nowhere in particular means the
/// whole table.
fn challenge(
    part: parts::Challenge,
    seeds: Option<&parts::Seeds>,
    limits: &parts::Limits,
) -> Result<Challenge, (Option<Span>, String)> {
    let cluster = Cluster::of(part.node_count);
    let concurrency = match part.concurrency {
        None => cluster.count,
        Some(clients) => {
            let span = clients.span();
            let workers = clients.into_inner().0.workers(cluster);
            workers.map_err(|why| (Some(span), why.to_string()))?
        }
    };
    let mut targets = Vec::new();
    for (measure, below) in part.below {
        let (span, measure) = (measure.span(), measure.into_inner());
        if !measure.is_of(part.workload) {
            let message = format!("{} has no {}", part.workload, measure.name());
            return Err((Some(span), message));
        }
        if !(below > 0.0 && below.is_finite()) {
            return Err((Some(span), "expected a number above 0".to_owned()));
        }
        targets.push(Target { measure, below });
    }
    let usual = TxnShape::default();
    let mut faults = part.nemesis;
    faults.sort_unstable();
    faults.dedup();
    let setup = Setup {
        workload: part.workload,
        topology: part.topology,
        txn: TxnShape {
            key_count: part.key_count.unwrap_or(usual.key_count),
            max_txn_length: part.max_txn_length.unwrap_or(usual.max_txn_length),
            max_writes_per_key: part.max_writes_per_key.unwrap_or(usual.max_writes_per_key),
        },
        options: RunOptions {
            cluster,
            concurrency,
            rate: part.rate,
            time_limit_ns: nanoseconds(part.time_limit),
            latency: Latency {
                mean_ms: part.latency,
                distribution: part.latency_dist.into(),
            },
            network: part.network.into(),
            faults,
            nemesis_interval_ns: nanoseconds(part.nemesis_interval.unwrap_or(10.0)),
            swap_after_ns: None,
            limits: guest_limits(limits),
            guest_args: part.args,
            bounds: bounds(limits),
        },
        checks: CheckOptions {
            availability: part.availability.map(|goal| goal.0),
            checks: part.checks,
            consistency_models: part
                .consistency_models
                .unwrap_or_else(|| CheckOptions::default().consistency_models),
        },
    };
    let settings = WorkloadOptions {
        cluster,
        concurrency,
        topology: setup.topology,
        txn: setup.txn,
        mean_latency_ms: part.latency,
    };
    make(part.workload, &settings).map_err(|why| (None, why.to_string()))?;
    let seeds = part.seeds.as_ref().or(seeds);
    Ok(Challenge {
        id: Spanned::into_inner(part.id).0,
        title: part.title,
        module: part.module.0,
        points: part.points,
        optional: part.optional,
        hidden: part.hidden,
        seeds: seeds.map_or_else(|| SEEDS.collect(), |seeds| seeds.0.clone()),
        setup,
        targets,
    })
}

fn guest_limits(limits: &parts::Limits) -> Limits {
    let usual = Limits::default();
    Limits {
        memory_bytes: limits
            .memory_mib
            .map_or(usual.memory_bytes, |mebibytes| mebibytes << 20),
        fuel: limits.step_fuel.unwrap_or(usual.fuel),
        ..usual
    }
}

fn bounds(limits: &parts::Limits) -> Bounds {
    Bounds {
        steps: limits.steps.unwrap_or(BOUNDS.steps),
        fuel: limits.run_fuel.unwrap_or(BOUNDS.fuel),
        memory_bytes: limits
            .run_memory_mib
            .map_or(BOUNDS.memory_bytes, |mebibytes| mebibytes << 20),
        ..BOUNDS
    }
}
