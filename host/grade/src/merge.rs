//! Joins the grades of shards, which may be judged on several machines.

use std::collections::BTreeMap;

use super::grade::{ChallengeState, Grade, SubmissionGrade};

/// Why grades cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There are no grades.
    #[error("there is nothing to join")]
    Nothing,
    /// Two grades are of different suites or by different judges.
    #[error(
        "{name}: its {what} is not that of {first}; shares are judged by one program with one suite"
    )]
    Foreign {
        /// The name of the grade that differs.
        name: String,
        /// What differs: its suite or its judge.
        what: &'static str,
        /// The name of the first grade.
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

/// Joins grades, each with a name for error messages. What no shard has judged stays pending.
///
/// # Errors
/// When the grades are not shards of the same work.
pub fn merge(mut grades: Vec<(String, Grade)>) -> Result<Grade, MergeError> {
    if grades.is_empty() {
        return Err(MergeError::Nothing);
    }
    let (first, mut all) = grades.remove(0);
    all.shard = None;
    for (name, grade) in grades {
        let foreign = |what| MergeError::Foreign {
            name: name.clone(),
            what,
            first: first.clone(),
        };
        if grade.judge != all.judge {
            return Err(foreign("judge"));
        }
        if grade.suite != all.suite {
            return Err(foreign("suite"));
        }
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
        all.timings.wall_ms += grade.timings.wall_ms;
        join_timings(&mut all.timings.runs_ms, grade.timings.runs_ms);
    }
    all.add_up();
    Ok(all)
}

type RunsMs = BTreeMap<String, BTreeMap<String, u64>>;

fn join_timings(all: &mut RunsMs, more: RunsMs) {
    for (submission, challenges) in more {
        all.entry(submission).or_default().extend(challenges);
    }
}
