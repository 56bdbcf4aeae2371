//! Makes Gradescope's `results.json`, as specified for its autograders: a test for each challenge of
//! one submission. Hidden challenges are hidden from students there too.

use serde::Serialize;

use super::table::explained;
use host_grade::grade::{ChallengeFacts, ChallengeGrade, ChallengeState, SubmissionGrade};
use host_grade::{Grade, Verdict};
use host_protocol::text::one_line;

#[derive(Serialize)]
pub(super) struct Results {
    /// In seconds.
    execution_time: u64,
    output: String,
    output_format: &'static str,
    tests: Vec<Test>,
    extra_data: Extra,
}

#[derive(Serialize)]
struct Test {
    name: String,
    number: String,
    score: u32,
    max_score: u32,
    status: &'static str,
    output: String,
    output_format: &'static str,
    visibility: &'static str,
}

/// Data that Gradescope keeps and does not show.
#[derive(Serialize)]
struct Extra {
    suite: String,
    suite_sha256: String,
    host: String,
    engine: String,
    /// Challenges that could not be judged because of internal errors, and have to be judged again.
    internal_errors: Vec<String>,
}

/// Makes the results of one submission.
pub(super) fn results(grade: &Grade, submission: &SubmissionGrade) -> Results {
    let mut tests = Vec::new();
    let mut internal_errors = Vec::new();
    for (facts, challenge) in grade.challenges_of(submission) {
        if is_internal(challenge) {
            internal_errors.push(challenge.id.clone());
        }
        tests.push(test(facts, submission, challenge));
    }
    let mut output = format!("Suite {}.", one_line(&grade.suite.name));
    for note in &submission.notes {
        output.push('\n');
        output.push_str(&one_line(note));
    }
    Results {
        execution_time: grade.timings.wall_ms.div_ceil(1000),
        output,
        output_format: "text",
        tests,
        extra_data: Extra {
            suite: one_line(&grade.suite.name).into_owned(),
            suite_sha256: grade.suite.sha256.clone(),
            host: grade.judge.host.clone(),
            engine: grade.judge.engine.clone(),
            internal_errors,
        },
    }
}

fn is_internal(challenge: &ChallengeGrade) -> bool {
    matches!(&challenge.state, ChallengeState::Judged(it) if it.verdict == Verdict::Internal)
}

fn test(facts: &ChallengeFacts, submission: &SubmissionGrade, challenge: &ChallengeGrade) -> Test {
    let is_accepted = matches!(&challenge.state, ChallengeState::Judged(it) if it.is_accepted());
    // Gradescope counts points above a maximum of 0 as a bonus.
    let counts = !facts.optional && !is_internal(challenge);
    Test {
        name: one_line(&facts.title).into_owned(),
        number: one_line(&facts.id).into_owned(),
        score: challenge.score,
        max_score: if counts { facts.points } else { 0 },
        status: if is_accepted { "passed" } else { "failed" },
        output: explained(facts, submission, challenge).join("\n"),
        output_format: "text",
        visibility: if facts.hidden { "hidden" } else { "visible" },
    }
}
