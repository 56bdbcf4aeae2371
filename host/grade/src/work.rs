//! The work: which modules have to be judged on which challenges.
//!
//! A work item is identified by the content of the module, not by the submission: copies of a
//! module are judged once, and runs kept by an interrupted grader count for any module with the
//! same bytes. The module's name is part of the item, since a guest can see it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::grade::Shard;
use super::submission::{ModuleContent, ModuleFile, Submission};
use super::suite::{Challenge, Suite};

/// A module and a challenge of the suite: a verdict is about these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkItem {
    /// The SHA-256 hash of the module.
    pub sha256: String,
    /// The module's name, which the guest sees as its first argument.
    pub stem: String,
    /// The id of the challenge.
    pub challenge: String,
}

/// Everything that has to be judged.
#[derive(Debug)]
pub struct Work<'a> {
    /// The suite to judge by.
    pub suite: &'a Suite,
    /// The submissions to judge.
    pub submissions: &'a [Submission],
    /// The part of the work to do; all of it if `None`.
    pub shard: Option<Shard>,
    /// Modules by hash and name: the file, and the challenges by their index in the suite.
    pub modules: BTreeMap<(String, String), (&'a ModuleFile, Vec<usize>)>,
}

impl<'a> Work<'a> {
    /// Finds the module of each submission for each challenge.
    #[must_use]
    pub fn of(suite: &'a Suite, submissions: &'a [Submission], shard: Option<Shard>) -> Self {
        let mut modules: BTreeMap<_, (&ModuleFile, Vec<usize>)> = BTreeMap::new();
        for submission in submissions {
            for (index, challenge) in suite.challenges.iter().enumerate() {
                let Some(module) = submission.module_for(challenge) else {
                    continue;
                };
                let ModuleContent::Sha256(sha256) = &module.content else {
                    continue;
                };
                if !is_in(shard, &submission.name, challenge) {
                    continue;
                }
                let key = (sha256.clone(), module.stem.clone());
                let (_, challenges) = modules.entry(key).or_insert_with(|| (module, Vec::new()));
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

    /// The most runs that this can take.
    #[must_use]
    pub fn runs(&self) -> usize {
        let challenges = self.modules.values().flat_map(|(_, challenges)| challenges);
        let runs = challenges.map(|index| self.suite.challenges[*index].runs().count());
        runs.sum()
    }
}

impl WorkItem {
    /// The work item for a module and a challenge.
    #[must_use]
    pub fn of(module: &ModuleFile, sha256: &str, challenge: &Challenge) -> Self {
        WorkItem {
            sha256: sha256.to_owned(),
            stem: module.stem.clone(),
            challenge: challenge.id.clone(),
        }
    }
}

/// Whether a shard includes a challenge of a submission. This depends on nothing else, so it does
/// not change when others join or leave the class.
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
    number % u64::from(shard.of()) == u64::from(shard.index() - 1)
}
