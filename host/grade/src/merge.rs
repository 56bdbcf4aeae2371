//! Joins grades of parts of the work: shares that were judged on several machines.

use std::collections::BTreeMap;

use super::report::{Grade, State};

/// Why grades do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is nothing to join")]
    Nothing,
    /// They are not of the same suite or not made by the same judge.
    #[error(
        "{name}: its {what} is not that of {first}; shares are judged by one program with one suite"
    )]
    Foreign {
        /// The one that does not fit.
        name: String,
        /// What differs.
        what: &'static str,
        /// The one that it does not fit to.
        first: String,
    },
    /// They are not of the same submissions.
    #[error("{name}: {submission} is not what {first} has; shares are of the same submissions")]
    OtherSubmissions {
        /// The one that does not fit.
        name: String,
        /// What differs.
        submission: String,
        /// The one that it does not fit to.
        first: String,
    },
    /// Two have judged the same, and differ.
    #[error(
        "{name}: its verdict on challenge {challenge} of {submission} is not that of an earlier share"
    )]
    Contradiction {
        /// The second.
        name: String,
        /// Whose.
        submission: String,
        /// Which.
        challenge: String,
    },
}

/// Joins grades; each comes with a name for messages. What no share has judged stays pending.
///
/// # Errors
/// When they do not belong together.
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
            let ids = |submission: &super::report::SubmissionGrade| -> Vec<String> {
                let challenges = submission.challenges.iter();
                challenges.map(|challenge| challenge.id.clone()).collect()
            };
            if ours.name != theirs.name || ours.notes != theirs.notes || ids(ours) != ids(&theirs) {
                return Err(other(&theirs.name));
            }
            for (our, their) in ours.challenges.iter_mut().zip(theirs.challenges) {
                match (&our.state, &their.state) {
                    (_, State::Pending) => {}
                    (State::Pending, _) => our.state = their.state,
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
