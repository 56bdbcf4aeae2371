//! Renders a grade as workflow commands of GitHub Actions, which annotate the run of a job: a notice with
//! the points of each submission, and an error for each challenge that failed.

use host_grade::Grade;
use host_grade::explain::explained;
use host_grade::grade::{ChallengeState, SubmissionGrade};
use host_protocol::text::{counted, excerpt, one_line};

/// How a file begins.
pub(super) const BEGINNING: &str = "::notice title=";

/// GitHub keeps ten errors and ten notices of a step; the rest of the class is in the summary.
const SUBMISSIONS_MAX: usize = 10;

/// The most lines of an annotation, which is shown beside the code.
const LINES_MAX: usize = 20;

/// The most characters of a line.
const LINE_CHARS_MAX: usize = 300;

/// Renders a grade.
pub(super) fn render(grade: &Grade) -> String {
    let submissions = grade.submissions.iter().take(SUBMISSIONS_MAX);
    submissions
        .flat_map(|submission| commands(grade, submission))
        .collect()
}

fn commands(grade: &Grade, submission: &SubmissionGrade) -> Vec<String> {
    let points = format!(
        "{} of {}",
        submission.score,
        counted(submission.points, "point")
    );
    let mut commands = vec![command("notice", &submission.name, &points)];
    for (facts, challenge) in grade.challenges_of(submission) {
        let is_failed = match &challenge.state {
            ChallengeState::Judged(judgement) => !judgement.is_accepted(),
            ChallengeState::Missing => true,
            ChallengeState::Pending => false,
        };
        if is_failed {
            let title = format!("{}, {} {}", submission.name, facts.id, facts.title);
            let lines = explained(grade, submission, facts, challenge).lines();
            let shown = lines.iter().take(LINES_MAX);
            let shown: Vec<_> = shown.map(|it| excerpt(it, LINE_CHARS_MAX)).collect();
            commands.push(command("error", &title, &shown.join("\n")));
        }
    }
    commands
}

/// A workflow command. What it quotes cannot end it, nor begin another.
fn command(name: &str, title: &str, message: &str) -> String {
    let data = |text: &str| {
        text.replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let title = data(&one_line(title)).replace(':', "%3A");
    let title = title.replace(',', "%2C");
    format!("::{name} title={title}::{}\n", data(message))
}
