//! Reads a suite and checks what its values mean together.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::challenge::{Challenge, Suite, sha256};
use super::error::SuiteError;
use super::options::{Options, Wrong, take_challenges, take_limits};
use super::parts::{self, File};
use super::seed_key::SeedKey;
use super::target::Target;
use host_sim::{Bounds, RunOptions, SECOND};
use host_trial::Scenario;
use host_trial::scenario::option;

/// The largest file, in bytes.
pub const SUITE_BYTES_MAX: u64 = 1 << 20;

/// The most challenges of a suite.
const CHALLENGES_MAX: usize = 200;

/// The seeds of a challenge of which neither it nor the suite says any.
const SEEDS: std::ops::Range<u64> = 1..11;

/// The room for each answer as a value in a long challenge, in bytes.
const ANSWER_BYTES: f64 = 256.0;

/// How often the usual room for answers a long challenge has at most.
const ANSWERS_MAX: usize = 4;

/// The most runs that a submission can ask for.
const RUNS_MAX: usize = 1_000_000;

/// Reads the suite in `text`, which is that of the file called `file`.
///
/// # Errors
/// What is wrong first, and where.
pub fn read(file: &str, text: &str) -> Result<Suite, SuiteError> {
    let at = |span, message: String| SuiteError::at(file, text, span, &message);
    let not_toml = |error: toml::de::Error| {
        let span = error.span().unwrap_or(0..0);
        at(span, error.message().to_owned())
    };
    let wrong = |(span, message): Wrong| at(span, message);
    let mut document = DeTable::parse(text).map_err(not_toml)?;
    let options = take_challenges(document.get_mut()).map_err(wrong)?;
    let limits = take_limits(document.get_mut()).map_err(wrong)?;
    let parts = File::deserialize(toml::Deserializer::from(document)).map_err(not_toml)?;
    let mut usual = Scenario::default();
    limits.apply(&mut usual).map_err(wrong)?;
    if !(1..=CHALLENGES_MAX).contains(&parts.challenge.len()) {
        let message = format!("a suite has 1 to {CHALLENGES_MAX} [[challenge]] tables");
        return Err(at(text.len()..text.len(), message));
    }
    let mut ids = BTreeSet::new();
    let mut challenges = Vec::new();
    let mut runs = 0;
    for (part, options) in parts.challenge.into_iter().zip(options) {
        let id = part.as_ref().id.span();
        let common = (parts.seeds.as_ref(), parts.seed_key);
        let made = challenge(part, &options, common, usual.clone());
        let mut challenge = made.map_err(wrong)?;
        if !limits.has(&option::MAX_ANSWERS_MIB) {
            let options = &mut challenge.scenario.options;
            options.bounds.answer_bytes = answer_bytes(options);
        }
        if !ids.insert(challenge.id.replace('_', "-")) {
            let message = format!("there are two challenges {:?}", challenge.id);
            return Err(at(id, message));
        }
        runs += challenge.seeds.len();
        if runs > RUNS_MAX {
            let message = format!("the seeds of all challenges together are more than {RUNS_MAX}");
            return Err(at(id, message));
        }
        challenges.push(challenge);
    }
    Ok(Suite {
        name: parts.name,
        sha256: sha256(text.as_bytes()),
        seed_key: parts.seed_key,
        challenges,
    })
}

/// What the answers of a challenge's run may have, if its suite does not say: room for as many as
/// its clients ask for.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, which is positive and has an upper limit"
)]
fn answer_bytes(options: &RunOptions) -> usize {
    let seconds = options.time_limit_ns as f64 / SECOND as f64;
    let bytes = options.rate * seconds * ANSWER_BYTES;
    let usual = Bounds::default().answer_bytes;
    (bytes as usize).clamp(usual, ANSWERS_MAX * usual)
}

/// A challenge, or what is wrong with its parts. `usual` is the scenario of a challenge without
/// options.
fn challenge(
    part: Spanned<parts::Challenge>,
    options: &Options,
    (seeds, seed_key): (Option<&parts::Seeds>, Option<SeedKey>),
    usual: Scenario,
) -> Result<Challenge, Wrong> {
    let table = part.span();
    let part = part.into_inner();
    let mut scenario = usual;
    options.apply(&mut scenario)?;
    scenario.options.guest_args = part.args;
    let mut targets = Vec::new();
    for (measure, below) in part.below {
        let (span, measure) = (measure.span(), measure.into_inner());
        if !measure.is_of(scenario.workload) {
            let message = format!("{} has no {}", scenario.workload, measure.name());
            return Err((span, message));
        }
        if !(below > 0.0 && below.is_finite()) {
            return Err((span, "expected a number above 0".to_owned()));
        }
        targets.push(Target { measure, below });
    }
    scenario
        .verify()
        .map_err(|error| (table, error.to_string()))?;
    let seeds = part.seeds.as_ref().or(seeds);
    Ok(Challenge {
        id: part.id.into_inner().0,
        title: part.title,
        module: part.module.0,
        points: part.points,
        optional: part.optional,
        hidden: part.hidden,
        seeds: seeds.map_or_else(|| SEEDS.collect(), |seeds| seeds.0.clone()),
        seed_key,
        scenario,
        targets,
    })
}
