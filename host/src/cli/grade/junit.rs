//! Renders a grade as JUnit's XML, for continuous integration: a test suite for each submission, a
//! test case for each challenge. A verdict against the submission is a failure, an internal error is
//! an error.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use host_grade::explain::explained;
use host_grade::grade::{ChallengeFacts, ChallengeGrade, ChallengeState, SubmissionGrade};
use host_grade::{Grade, Verdict};
use host_protocol::text::{one_line, printable};

/// Renders a grade.
pub(super) fn render(grade: &Grade) -> Result<String, SerializeError> {
    let mut report = Report::new(&*one_line(&grade.suite.name));
    report.set_time(Duration::from_millis(grade.timings.wall_ms));
    for submission in &grade.submissions {
        let mut suite = TestSuite::new(&*one_line(&submission.name));
        for (facts, challenge) in grade.challenges_of(submission) {
            suite.add_test_case(test_case(grade, facts, submission, challenge));
        }
        if !submission.notes.is_empty() {
            suite.set_system_out(printable(&submission.notes.join("\n")));
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn test_case(
    grade: &Grade,
    facts: &ChallengeFacts,
    submission: &SubmissionGrade,
    challenge: &ChallengeGrade,
) -> TestCase {
    let failed = |kind, type_: &str, message: String| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(type_).set_message(one_line(&message));
        let lines = explained(grade, submission, facts, challenge).lines();
        status.set_description(lines.join("\n"));
        status
    };
    let status = match &challenge.state {
        ChallengeState::Judged(judgement) => {
            let verdict = judgement.verdict;
            let message = || {
                let failure = judgement.failure.as_ref();
                let first = failure.and_then(|it| it.anomaly.first());
                let first = first.map_or(verdict.meaning(), String::as_str);
                match failure.and_then(|it| it.world.as_ref()) {
                    None => first.to_owned(),
                    Some(world) => format!("in the world {}: {first}", world.name),
                }
            };
            match verdict {
                Verdict::Accepted => TestCaseStatus::success(),
                Verdict::Internal => {
                    failed(NonSuccessKind::Error, verdict.abbreviation(), message())
                }
                _ => failed(NonSuccessKind::Failure, verdict.abbreviation(), message()),
            }
        }
        ChallengeState::Missing => failed(
            NonSuccessKind::Failure,
            "missing",
            "there is no module for it".to_owned(),
        ),
        ChallengeState::Pending => TestCaseStatus::skipped(),
    };
    let mut case = TestCase::new(&*one_line(&challenge.id), status);
    case.set_classname(one_line(&submission.name));
    let runs_ms = grade.timings.runs_ms.get(&submission.name);
    if let Some(ms) = runs_ms.and_then(|challenges| challenges.get(&challenge.id)) {
        case.set_time(Duration::from_millis(*ms));
    }
    case
}
