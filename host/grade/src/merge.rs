//! Joins the grades of shards, which may be judged on several machines.
//!
//! [`sweep::merge`](crate::sweep::merge) does the same with summaries of sweeps.

use std::collections::{BTreeMap, BTreeSet};

use super::grade::{ChallengeState, Grade, Shard, SubmissionGrade};
use super::suite::POINTS_MAX;

/// Why grades cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There are no grades.
    #[error("there is nothing to join")]
    Nothing,
    /// A grade has challenges with more points than a suite may give.
    #[error(
        "{name}: challenge {challenge} has {points} points, and a suite gives at most {POINTS_MAX}; \
         the file was changed"
    )]
    Points {
        /// The name of the grade.
        name: String,
        /// The id of the challenge.
        challenge: String,
        /// Its points.
        points: u32,
    },
    /// One of several grades is of all the work.
    #[error(
        "{name}: it is of all the work, not of a share (--shard); there is nothing to join it with"
    )]
    Whole {
        /// The name of the grade.
        name: String,
    },
    /// The work was split differently.
    #[error("{name}: it is share {shard}, and {first} is share {other}; they are not of one split")]
    OtherSplit {
        /// The name of the grade that differs.
        name: String,
        /// Its shard.
        shard: Shard,
        /// The name of the first grade.
        first: String,
        /// The shard of the first grade.
        other: Shard,
    },
    /// Two grades are of the same shard.
    #[error("{name}: it is share {shard}, as {earlier} is; give each share once")]
    Twice {
        /// The name of the second grade.
        name: String,
        /// Their shard.
        shard: Shard,
        /// The name of the first of the two.
        earlier: String,
    },
    /// Two grades are of different suites or by different judges.
    #[error(
        "{name}: its {what} is not that of {first}; shares are judged by one program with one suite"
    )]
    Foreign {
        /// The name of the grade that differs.
        name: String,
        /// What differs: its judge, its suite or the suite's seed key.
        what: &'static str,
        /// The name of the first grade.
        first: String,
    },
    /// Two summaries are of different sweeps.
    #[error(
        "{name}: its {what} is not that of {first}; shares of a sweep have one program, module, \
         scenario and range of seeds"
    )]
    OtherSweep {
        /// The name of the summary that differs.
        name: String,
        /// What differs.
        what: String,
        /// The name of the first summary.
        first: String,
    },
    /// Two grades are of different submissions.
    #[error("{name}: {submission} is not what {first} has; shares are of the same submissions")]
    OtherSubmissions {
        /// The name of the grade that differs.
        name: String,
        /// What differs: a submission, or their number.
        submission: String,
        /// The name of the first grade.
        first: String,
    },
    /// Two shards judged the same challenge of a submission, with different results.
    #[error(
        "{name}: its verdict on challenge {challenge} of {submission} is not that of an earlier share"
    )]
    Contradiction {
        /// The name of the second grade.
        name: String,
        /// The name of the submission.
        submission: String,
        /// The id of the challenge.
        challenge: String,
    },
}

/// Which shards of a split are not there. Without any there is no split.
#[must_use]
pub fn missing(there: impl IntoIterator<Item = Shard>) -> Vec<Shard> {
    let there: BTreeSet<Shard> = there.into_iter().collect();
    let of = there.first().map_or(0, |shard| shard.of());
    let all = (1..=of).filter_map(|index| Shard::new(index, of));
    all.filter(|shard| !there.contains(shard)).collect()
}

/// Joins grades, each with a name for error messages. What no shard has judged stays pending. A
/// single grade may be of all the work.
///
/// # Errors
/// When the grades are not shards of the same work.
pub fn merge(mut grades: Vec<(String, Grade)>) -> Result<Grade, MergeError> {
    if grades.is_empty() {
        return Err(MergeError::Nothing);
    }
    for (name, grade) in &grades {
        check_points(name, grade)?;
    }
    if let [(first, all), others @ ..] = grades.as_slice()
        && !others.is_empty()
    {
        for (name, grade) in others {
            check_judge_and_suite(name, grade, first, all)?;
        }
        let shards = grades.iter();
        let shards: Vec<(&str, Option<Shard>)> =
            shards.map(|(name, it)| (name.as_str(), it.shard)).collect();
        check_shards(&shards)?;
    }
    let (first, mut all) = grades.remove(0);
    all.shard = None;
    for (name, grade) in grades {
        let other = |submission: &str| MergeError::OtherSubmissions {
            name: name.clone(),
            submission: submission.to_owned(),
            first: first.clone(),
        };
        if grade.submissions.len() != all.submissions.len() {
            return Err(other("the number of submissions"));
        }
        for (ours, theirs) in all.submissions.iter_mut().zip(grade.submissions) {
            let ids = |submission: &SubmissionGrade| -> Vec<String> {
                let challenges = submission.challenges.iter();
                challenges.map(|challenge| challenge.id.clone()).collect()
            };
            if ours.name != theirs.name || ours.notes != theirs.notes || ids(ours) != ids(&theirs) {
                return Err(other(&theirs.name));
            }
            for (our, their) in ours.challenges.iter_mut().zip(theirs.challenges) {
                match (&our.state, &their.state) {
                    (_, ChallengeState::Pending) => {}
                    (ChallengeState::Pending, _) => our.state = their.state,
                    (one, other) if one == other => {}
                    _ => {
                        return Err(MergeError::Contradiction {
                            name,
                            submission: theirs.name,
                            challenge: their.id,
                        });
                    }
                }
            }
        }
        let wall_ms = all.timings.wall_ms.saturating_add(grade.timings.wall_ms);
        all.timings.wall_ms = wall_ms;
        join_timings(&mut all.timings.runs_ms, grade.timings.runs_ms);
    }
    all.add_up();
    Ok(all)
}

/// Whether no challenge has more points than a suite may give.
fn check_points(name: &str, grade: &Grade) -> Result<(), MergeError> {
    let mut challenges = grade.suite.challenges.iter();
    match challenges.find(|facts| facts.points > POINTS_MAX) {
        None => Ok(()),
        Some(facts) => Err(MergeError::Points {
            name: name.to_owned(),
            challenge: facts.id.clone(),
            points: facts.points,
        }),
    }
}

/// Whether a grade is by the judge and the suite of the first one.
fn check_judge_and_suite(
    name: &str,
    grade: &Grade,
    first: &str,
    all: &Grade,
) -> Result<(), MergeError> {
    let differs = [
        ("judge", grade.judge != all.judge),
        ("seed key", grade.suite.seed_key != all.suite.seed_key),
        ("suite", grade.suite != all.suite),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((what, _)) => Err(MergeError::Foreign {
            name: name.to_owned(),
            what,
            first: first.to_owned(),
        }),
    }
}

/// Whether what has these names are different shards of one split.
pub(crate) fn check_shards(all: &[(&str, Option<Shard>)]) -> Result<(), MergeError> {
    let mut names: BTreeMap<Shard, &str> = BTreeMap::new();
    for (name, shard) in all {
        let own_name = *name;
        let name = own_name.to_owned();
        let Some(shard) = *shard else {
            return Err(MergeError::Whole { name });
        };
        if let Some((other, first)) = names.first_key_value()
            && other.of() != shard.of()
        {
            return Err(MergeError::OtherSplit {
                name,
                shard,
                first: (*first).to_owned(),
                other: *other,
            });
        }
        if let Some(earlier) = names.get(&shard) {
            let earlier = (*earlier).to_owned();
            return Err(MergeError::Twice {
                name,
                shard,
                earlier,
            });
        }
        names.insert(shard, own_name);
    }
    Ok(())
}

type RunsMs = BTreeMap<String, BTreeMap<String, u64>>;

fn join_timings(all: &mut RunsMs, more: RunsMs) {
    for (submission, challenges) in more {
        all.entry(submission).or_default().extend(challenges);
    }
}
