//! Joins the summaries of shards, which may be of several machines.

use super::summary::{FirstFailure, Summary, SweepFacts};
use crate::grade::Shard;
use crate::merge::{MergeError, check_shards};

/// Joins summaries, each with a name for error messages. A single one may be of all seeds. The result is
/// the summary of all runs that are done, whichever shards had them, and whatever their order.
///
/// # Errors
/// When the summaries are not shards of one sweep.
pub fn merge(mut summaries: Vec<(String, Summary)>) -> Result<Summary, MergeError> {
    if let [(first, one), others @ ..] = summaries.as_slice()
        && !others.is_empty()
    {
        for (name, other) in others {
            if let Some(what) = difference(&one.sweep, &other.sweep) {
                return Err(MergeError::OtherSweep {
                    name: name.clone(),
                    what,
                    first: first.clone(),
                });
            }
        }
        let shards = summaries.iter();
        let shards: Vec<(&str, Option<Shard>)> =
            shards.map(|(name, it)| (name.as_str(), it.shard)).collect();
        check_shards(&shards)?;
    }
    if summaries.is_empty() {
        return Err(MergeError::Nothing);
    }
    let (_, mut all) = summaries.remove(0);
    all.shard = None;
    for (_, other) in summaries {
        all.tally.join(&other.tally);
        let failures = all.first_failure.into_iter().chain(other.first_failure);
        all.first_failure = failures.min_by_key(|FirstFailure { seed, .. }| *seed);
    }
    Ok(all)
}

/// What differs between two sweeps, if anything does.
pub(super) fn difference(one: &SweepFacts, other: &SweepFacts) -> Option<String> {
    let (run, other_run) = (&one.run, &other.run);
    let differs = [
        (
            "program (host, its engine or its cost table)",
            one.judge != other.judge,
        ),
        (
            "module",
            run.sha256 != other_run.sha256 || run.name != other_run.name,
        ),
        ("--swap-module", run.swap_sha256 != other_run.swap_sha256),
        (
            "set of mounted files",
            run.mounts_sha256 != other_run.mounts_sha256,
        ),
        ("list of guest arguments", run.args != other_run.args),
        ("list of targets", run.targets != other_run.targets),
        (
            "range of seeds",
            (one.first_seed, one.seeds) != (other.first_seed, other.seeds),
        ),
    ];
    if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
        return Some(what.to_owned());
    }
    let names = run.options.keys().chain(other_run.options.keys());
    let mut names = names.filter(|it| run.options.get(*it) != other_run.options.get(*it));
    names.next().map(|name| format!("--{name}"))
}
