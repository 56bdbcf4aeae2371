//! Makes Gradescope's `results.json`, as specified for its autograders: a test for each challenge of
//! one submission. What students do not see here they do not see there: neither the test nor its
//! figures in the leaderboard.

use serde::Serialize;

use host_grade::explain::explained;
use host_grade::grade::{
    ChallengeFacts, ChallengeGrade, ChallengeState, HiddenUntil, SubmissionGrade,
};
use host_grade::{Grade, Verdict};
use host_protocol::text::one_line;

use super::standing::{Standing, standing};

/// How a results file begins.
pub(super) const BEGINNING: &str = "{\n  \"score\": ";

#[derive(Serialize)]
pub(super) struct Results {
    /// The sum of the tests' points. Without it Gradescope takes a submission without tests for a
    /// failure of the autograder.
    score: u64,
    /// In seconds.
    execution_time: u64,
    output: String,
    output_format: &'static str,
    tests: Vec<Test>,
    leaderboard: Vec<Column>,
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

/// A column of the leaderboard, and the value of this submission.
#[derive(Serialize)]
struct Column {
    name: String,
    value: f64,
    order: &'static str,
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
    let challenges = || grade.challenges_of(submission);
    let tests = challenges().map(|(facts, challenge)| test(grade, submission, facts, challenge));
    let internal = submission.challenges.iter().filter(|it| is_internal(it));
    Results {
        score: submission.score,
        execution_time: grade.timings.wall_ms.div_ceil(1000),
        output: output(grade, submission).join("\n"),
        output_format: "text",
        tests: tests.collect(),
        leaderboard: leaderboard(grade, submission),
        extra_data: Extra {
            suite: one_line(&grade.suite.name).into_owned(),
            suite_sha256: grade.suite.sha256.clone(),
            host: grade.judge.host.clone(),
            engine: grade.judge.engine.clone(),
            internal_errors: internal.map(|it| it.id.clone()).collect(),
        },
    }
}

/// What is said of the whole submission.
fn output(grade: &Grade, submission: &SubmissionGrade) -> Vec<String> {
    let mut lines = vec![format!("Suite {}.", one_line(&grade.suite.name))];
    let states = || submission.challenges.iter().map(|it| &it.state);
    let verdict = |state: &ChallengeState| match state {
        ChallengeState::Judged(judgement) => Some(judgement.verdict),
        ChallengeState::Missing | ChallengeState::Pending => None,
    };
    if states().all(|state| *state == ChallengeState::Missing) {
        lines.push("Nothing that was handed in can be judged.".to_owned());
    } else if states()
        .all(|state| *state == ChallengeState::Missing || verdict(state) == Some(Verdict::Compile))
    {
        lines.push("No module that was handed in can be loaded.".to_owned());
    }
    if states().any(|state| *state == ChallengeState::Pending) {
        lines.push("Not everything has been judged: judge it again.".to_owned());
    }
    let hidden = grade.challenges_of(submission);
    let failed = hidden.filter(|(facts, it)| is_internal(it) && !facts.hidden);
    let failed: Vec<String> = failed.map(|(facts, _)| facts.id.clone()).collect();
    if !failed.is_empty() {
        lines.push(format!(
            "The grader itself failed with {}, which costs no points: judge it again.",
            one_line(&failed.join(", "))
        ));
    }
    let notes = submission.notes.iter();
    lines.extend(notes.map(|note| one_line(note).into_owned()));
    lines
}

/// The points of the challenges that students see, and the figures of those with targets.
fn leaderboard(grade: &Grade, submission: &SubmissionGrade) -> Vec<Column> {
    let Standing { points, figures } = standing(grade, submission);
    let mut columns = vec![Column {
        name: "points".to_owned(),
        value: f64::from(points),
        order: "desc",
    }];
    columns.extend(figures.into_iter().map(|it| Column {
        name: one_line(&format!("{} {}", it.challenge.id, it.name)).into_owned(),
        value: it.worst,
        order: "asc",
    }));
    columns
}

fn is_internal(challenge: &ChallengeGrade) -> bool {
    matches!(&challenge.state, ChallengeState::Judged(it) if it.verdict == Verdict::Internal)
}

fn test(
    grade: &Grade,
    submission: &SubmissionGrade,
    facts: &ChallengeFacts,
    challenge: &ChallengeGrade,
) -> Test {
    let is_accepted = matches!(&challenge.state, ChallengeState::Judged(it) if it.is_accepted());
    // Gradescope counts points above a maximum of 0 as a bonus.
    let counts = !facts.optional && !is_internal(challenge);
    let told = explained(grade, submission, facts, challenge);
    let lines = match challenge.state {
        ChallengeState::Missing => vec![told.head], // the notes are told of the whole submission
        _ => told.lines(),
    };
    Test {
        name: one_line(&facts.title).into_owned(),
        number: one_line(&facts.id).into_owned(),
        score: challenge.score,
        max_score: if counts { facts.points } else { 0 },
        status: if is_accepted { "passed" } else { "failed" },
        output: lines.join("\n"),
        output_format: "text",
        visibility: match (facts.hidden, facts.hidden_until) {
            (false, _) => "visible",
            (true, None) => "hidden",
            (true, Some(HiddenUntil::DueDate)) => "after_due_date",
            (true, Some(HiddenUntil::Published)) => "after_published",
        },
    }
}
