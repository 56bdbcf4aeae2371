//! Reads a suite and checks what its values mean together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::challenge::{Challenge, Suite, World};
use super::error::SuiteError;
use super::explore::ExplorePart;
use super::options::{ChallengeOptions, Options, Span, Wrong, take_challenges, take_limits};
use super::parts::{self, File};
use super::runtime::{self, Runtime};
use super::seed_key::SeedKey;
use super::target::{Measure, Target};
use crate::hash::sha256;
use host_trial::Scenario;

/// The largest file, in bytes.
pub const SUITE_BYTES_MAX: u64 = 1 << 20;

/// The most challenges of a suite.
const CHALLENGES_MAX: usize = 200;

/// The most worlds of a challenge.
const WORLDS_MAX: usize = 20;

/// The seeds of a challenge of which neither it nor the suite says any.
const SEEDS: std::ops::Range<u64> = 1..11;

/// The seeds of a world that says none.
const WORLD_SEEDS: std::ops::Range<u64> = 1..4;

/// The seeds of a world that is explored and says none.
const EXPLORED_SEEDS: std::ops::Range<u64> = 1..2;

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
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let mut options = take_challenges(document.get_mut()).map_err(wrong)?;
    for of_challenge in &mut options {
        of_challenge.own.find_workload(folder).map_err(wrong)?;
    }
    let limits = take_limits(document.get_mut()).map_err(wrong)?;
    let parts = File::deserialize(toml::Deserializer::from(document)).map_err(not_toml)?;
    limits.scenario().map_err(|error| wrong(error.into()))?;
    if !(1..=CHALLENGES_MAX).contains(&parts.challenge.len()) {
        let message = format!("a suite has 1 to {CHALLENGES_MAX} [[challenge]] tables");
        return Err(at(text.len()..text.len(), message));
    }
    let mut runtimes: Vec<Runtime> = Vec::new();
    for part in parts.runtime {
        let span = part.span();
        let runtime = part.into_inner().runtime(folder);
        runtime::add(&mut runtimes, runtime).map_err(|message| at(span, message))?;
    }
    let mut ids = BTreeSet::new();
    let mut challenges = Vec::new();
    let mut runs = 0;
    for (part, options) in parts.challenge.into_iter().zip(options) {
        let id = part.as_ref().id.span();
        let common = Common {
            seeds: parts.seeds.as_ref(),
            seed_key: parts.seed_key,
            limits: &limits,
        };
        let challenge = challenge(part, options, &common).map_err(wrong)?;
        if !ids.insert(challenge.id.replace('_', "-")) {
            let message = format!("there are two challenges {:?}", challenge.id);
            return Err(at(id, message));
        }
        runs += challenge.runs().count();
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
        runtimes,
        limits: parts.limits.of_submissions(),
        challenges,
    })
}

/// What all challenges of a suite have in common.
struct Common<'a> {
    seeds: Option<&'a parts::Seeds>,
    seed_key: Option<SeedKey>,
    limits: &'a Options,
}

/// A challenge, or what is wrong with its parts.
fn challenge(
    part: Spanned<parts::Challenge>,
    options: ChallengeOptions,
    common: &Common<'_>,
) -> Result<Challenge, Wrong> {
    let table = part.span();
    let part = part.into_inner();
    let ChallengeOptions { own, worlds } = options;
    let options = common.limits.with(&own);
    let scenario = options.scenario()?;
    let targets = targets(part.below, &scenario)?;
    verify(&scenario, table)?;
    let seeds = part.seeds.as_ref().or(common.seeds);
    let mut challenge = Challenge {
        id: part.id.into_inner().0,
        title: part.title,
        module: part.module.0,
        points: part.points,
        optional: part.optional,
        visibility: part.hidden,
        seeds: seeds.map_or_else(|| SEEDS.collect(), |seeds| seeds.0.clone()),
        seed_key: common.seed_key,
        scenario,
        targets,
        worlds: Vec::new(),
        options,
    };
    for (part, changes) in part.world.into_iter().zip(worlds) {
        let (table, name) = (part.span(), part.as_ref().name.span());
        if challenge.worlds.len() == WORLDS_MAX {
            let message = format!("a challenge has at most {WORLDS_MAX} worlds");
            return Err((table, message));
        }
        let world = world(part, changes, &challenge.options)?;
        let same = |it: &World| it.name.replace('_', "-") == world.name.replace('_', "-");
        if challenge.worlds.iter().any(same) {
            let message = format!("there are two worlds {:?} in this challenge", world.name);
            return Err((name, message));
        }
        challenge.worlds.push(world);
    }
    challenge.set_guest_args(&part.args);
    Ok(challenge)
}

/// A world of a challenge that has these options.
fn world(
    part: Spanned<parts::World>,
    changes: Options,
    challenge: &Options,
) -> Result<World, Wrong> {
    let table = part.span();
    let part = part.into_inner();
    let explore = part.explore.map(ExplorePart::explore).transpose()?;
    if changes.is_empty() && explore.is_none() {
        let message = "a world changes at least one option of its challenge, such as `latency`";
        return Err((table, message.to_owned()));
    }
    if explore.is_some() {
        if let Some((option, span, why)) = changes.unexplored() {
            let (name, why) = (option.name, why.replace("--", ""));
            return Err((
                span,
                format!("a world that is explored has no {name}: {why}"),
            ));
        }
        if let Some(measure) = part.below.keys().next() {
            let message = "a world that is explored has no targets: few operations measure nothing";
            return Err((measure.span(), message.to_owned()));
        }
    }
    let options = match &explore {
        Some(_) => challenge.explored(),
        None => challenge.clone(),
    };
    let scenario = options.with(&changes).scenario();
    let scenario = scenario.map_err(|wrong| match changes.has(wrong.option) {
        true => wrong.into(),
        // The challenge's value is fine in the challenge.
        false => {
            let (name, error) = (wrong.option.name, wrong.error);
            (table.clone(), format!("in this world, {name}: {error}"))
        }
    })?;
    let targets = targets(part.below, &scenario)?;
    verify(&scenario, table.clone())?;
    if let Some(message) = explore.as_ref().and_then(|it| it.misfit(&scenario)) {
        return Err((table, message));
    }
    let usual = match explore {
        Some(_) => EXPLORED_SEEDS,
        None => WORLD_SEEDS,
    };
    Ok(World {
        name: part.name.into_inner().0,
        why: part.why,
        seeds: part.seeds.map_or_else(|| usual.collect(), |seeds| seeds.0),
        explore,
        scenario,
        targets,
        changes,
    })
}

fn targets(
    below: BTreeMap<Spanned<Measure>, f64>,
    scenario: &Scenario,
) -> Result<Vec<Target>, Wrong> {
    let mut targets = Vec::new();
    for (measure, below) in below {
        let (span, measure) = (measure.span(), measure.into_inner());
        if !measure.is_of(scenario.workload.built_in()) {
            let message = format!("{} has no {}", scenario.workload.name(), measure.name());
            return Err((span, message));
        }
        if !(below > 0.0 && below.is_finite()) {
            return Err((span, "expected a number above 0".to_owned()));
        }
        targets.push(Target { measure, below });
    }
    Ok(targets)
}

/// Checks that the options of a table can be used together.
fn verify(scenario: &Scenario, table: Span) -> Result<(), Wrong> {
    scenario
        .verify()
        .map_err(|error| (table, error.to_string()))
}
