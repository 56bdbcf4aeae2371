//! The work: which modules have to be judged on which challenges.
//!
//! Work is known by content, not by submission: copies of a module are judged once, and what
//! an interrupted grader has done counts for whoever has the same bytes later. The name of the
//! module belongs to it, since a guest can see it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::report::Shard;
use super::submission::{Content, ModuleFile, Submission};
use super::suite::{Challenge, Suite};

/// What a verdict is about, besides the suite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The hash of the module.
    pub sha256: String,
    /// Its name, which the guest sees as its first argument.
    pub stem: String,
    /// The challenge's id.
    pub challenge: String,
}

/// All of it.
#[derive(Debug)]
pub struct Work<'a> {
    /// What is asked.
    pub suite: &'a Suite,
    /// What was handed in.
    pub submissions: &'a [Submission],
    /// The share that is done here; all of it if there is none.
    pub shard: Option<Shard>,
    /// The modules, and the challenges (by their place in the suite) that each is for.
    pub modules: BTreeMap<(String, String), (PathBuf, Vec<usize>)>,
}

impl<'a> Work<'a> {
    /// What has to be done.
    #[must_use]
    pub fn of(suite: &'a Suite, submissions: &'a [Submission], shard: Option<Shard>) -> Self {
        let mut modules: BTreeMap<_, (PathBuf, Vec<usize>)> = BTreeMap::new();
        for submission in submissions {
            for (index, challenge) in suite.challenges.iter().enumerate() {
                let Some(module) = submission.module_for(challenge) else {
                    continue;
                };
                let Content::Sha256(sha256) = &module.content else {
                    continue;
                };
                if !is_in(shard, &submission.name, challenge) {
                    continue;
                }
                let key = (sha256.clone(), module.stem.clone());
                let (_, challenges) = modules
                    .entry(key)
                    .or_insert_with(|| (module.path.clone(), Vec::new()));
                if let Err(at) = challenges.binary_search(&index) {
                    challenges.insert(at, index);
                }
            }
        }
        Work {
            suite,
            submissions,
            shard,
            modules,
        }
    }

    /// How many runs that is at most.
    #[must_use]
    pub fn runs(&self) -> usize {
        let challenges = self.modules.values().flat_map(|(_, challenges)| challenges);
        let seeds = challenges.map(|index| self.suite.challenges[*index].seeds.len());
        seeds.sum()
    }
}

impl Task {
    /// What judging this module on this challenge is.
    #[must_use]
    pub fn of(module: &ModuleFile, sha256: &str, challenge: &Challenge) -> Self {
        Task {
            sha256: sha256.to_owned(),
            stem: module.stem.clone(),
            challenge: challenge.id.clone(),
        }
    }
}

/// Whether a share has a submission's challenge. That depends on nothing else, so it stays
/// the same when others join or leave the class.
#[must_use]
pub fn is_in(shard: Option<Shard>, submission: &str, challenge: &Challenge) -> bool {
    let Some(shard) = shard else { return true };
    let mut hash = Sha256::new();
    hash.update(submission.as_bytes());
    hash.update([0]);
    hash.update(challenge.id.as_bytes());
    let digest = hash.finalize();
    let number = digest[..8]
        .iter()
        .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    number % u64::from(shard.of) == u64::from(shard.index - 1)
}
