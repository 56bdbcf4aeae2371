//! A suite and its challenges.

use std::ffi::OsStr;
use std::path::Path;

use super::error::SuiteError;
use super::explore::Explore;
use super::options::Options;
use super::read;
use super::runtime::{self, Runtime, RuntimeError, SubmissionLimits};
use super::seed_key::SeedKey;
use super::target::Target;
use super::visibility::Visibility;
use crate::hash::sha256;
use host_guest::Limits;
use host_trial::Scenario;

/// The text of the suite that is built in.
pub const GOSSIP_GLOMERS: &str = include_str!("gossip-glomers.toml");

/// The suite `labs`, as a file.
pub const LABS: &str = include_str!("labs.toml");

/// Challenges, in the order in which they are shown.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The hash of its text, as hexadecimal digits.
    pub sha256: String,
    /// The secret from which the seeds of runs are made, if it has one.
    pub seed_key: Option<SeedKey>,
    /// What runs scripts that are handed in.
    pub runtimes: Vec<Runtime>,
    /// What a submission may be like.
    pub limits: SubmissionLimits,
    /// At least one; every id is there once.
    pub challenges: Vec<Challenge>,
}

/// One challenge: a workload, what it is judged by, and what it is worth.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Its id, which is what `--challenge` takes: `3c`.
    pub id: String,
    /// Its title, for people.
    pub title: String,
    /// The name of the module that solves it, without `.wasm`. A module named as the id does
    /// so too, and first.
    pub module: String,
    /// The most points that it gives.
    pub points: u32,
    /// Whether it may be left out. Its points are a bonus.
    pub optional: bool,
    /// Whether and when students are shown it.
    pub visibility: Visibility,
    /// The seeds of the official runs, in this order; at least one.
    pub seeds: Vec<u64>,
    /// The suite's.
    pub seed_key: Option<SeedKey>,
    /// The scenario of the official runs.
    pub scenario: Scenario,
    /// The figures that have a bound in the official runs.
    pub targets: Vec<Target>,
    /// Other circumstances in which it has to be solved, in this order.
    pub worlds: Vec<World>,
    /// What the scenario is made from.
    pub(super) options: Options,
}

/// Other circumstances in which a challenge has to be solved.
#[derive(Debug, Clone)]
pub struct World {
    /// Its name, which is what `--world` takes: `far`. No other world of the challenge has it.
    pub name: String,
    /// What it does, and why that is fair.
    pub why: String,
    /// The seeds on which it is judged, in this order; at least one.
    pub seeds: Vec<u64>,
    /// The scenario of its runs: the challenge's, with changes.
    pub scenario: Scenario,
    /// The figures that have a bound in this world. Those of the challenge are not judged here.
    pub targets: Vec<Target>,
    /// How it is explored, if it is: there are no runs then, and seeds decide the operations.
    pub explore: Option<Explore>,
    /// The changes.
    pub(super) changes: Options,
}

impl World {
    /// The flags of `host sim` for what differs from the challenge; of `host explore` if it is explored.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let explore = self.explore.iter().flat_map(Explore::flags);
        self.changes.flags().into_iter().chain(explore).collect()
    }
}

impl Suite {
    /// The suite that is built in.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn built_in() -> Result<Self, SuiteError> {
        read::read("gossip-glomers.toml", GOSSIP_GLOMERS)
    }

    /// The suite `labs`, whose challenges have workloads of this project.
    ///
    /// # Errors
    /// If nobody has said how these are found.
    pub fn labs() -> Result<Self, SuiteError> {
        read::read("labs.toml", LABS)
    }

    /// Reads the files of its runtimes: from then on they are part of what the suite's hash is of.
    /// Returns what is left out of mounts, in sentences.
    ///
    /// # Errors
    /// The first file that cannot be read, or exceeds a limit.
    pub fn read_runtimes(&mut self) -> Result<Vec<String>, RuntimeError> {
        let mut sentences = Vec::new();
        for runtime in &mut self.runtimes {
            sentences.extend(read_runtime(&mut self.sha256, runtime)?);
        }
        Ok(sentences)
    }

    /// Adds a runtime that its text does not have, and reads its files. Returns what is left out of mounts, in sentences.
    ///
    /// # Errors
    /// As [`read_runtimes`](Self::read_runtimes), or if there is one for these scripts.
    pub fn add_runtime(&mut self, mut added: Runtime) -> Result<Vec<String>, RuntimeError> {
        let mut sha256 = self.sha256.clone();
        let sentences = read_runtime(&mut sha256, &mut added)?;
        runtime::add(&mut self.runtimes, added).map_err(RuntimeError::Refused)?;
        self.sha256 = sha256;
        Ok(sentences)
    }

    /// The runtime for a file, by its index, if its name ends as those of its scripts do.
    pub(crate) fn runtime_for(&self, file: &Path) -> Option<usize> {
        let extension = file.extension().and_then(OsStr::to_str)?;
        let mut all = self.runtimes.iter();
        all.position(|runtime| runtime.extension == extension)
    }

    /// The limits of guests, which all challenges share.
    #[must_use]
    pub fn guest_limits(&self) -> Limits {
        let first = self.challenges.first();
        first.map_or_else(Limits::default, |it| it.scenario.options.limits)
    }

    /// Whether a world of it is explored.
    #[must_use]
    pub fn is_explored(&self) -> bool {
        let mut settings = self.challenges.iter().flat_map(Challenge::settings);
        settings.any(|setting| setting.explore().is_some())
    }

    /// The most nodes that a run of it has.
    #[must_use]
    pub fn nodes_max(&self) -> usize {
        let settings = self.challenges.iter().flat_map(Challenge::settings);
        let nodes = settings.map(|setting| setting.scenario().options.cluster.count);
        nodes.max().unwrap_or(0)
    }
}

/// Reads the files of a runtime into it, and has the hash of its suite be of them, too.
fn read_runtime(
    suite_sha256: &mut String,
    runtime: &mut Runtime,
) -> Result<Vec<String>, RuntimeError> {
    let sentences = runtime.read()?;
    let both = format!("{suite_sha256} {}", runtime.files.sha256);
    *suite_sha256 = sha256(both.as_bytes());
    Ok(sentences)
}

impl Challenge {
    /// How well a module of this name fits: the greater, the better; not at all if `None`.
    /// Compilers write `_` for `-`.
    #[must_use]
    pub fn fit(&self, stem: &str) -> Option<u8> {
        let plain = stem.replace('_', "-");
        let exact = u8::from(plain == stem);
        if plain == self.id.replace('_', "-") {
            Some(2 + exact)
        } else if plain == self.module.replace('_', "-") {
            Some(exact)
        } else {
            None
        }
    }
}
