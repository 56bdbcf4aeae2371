//! Renders a grade as Markdown, for the summary of a job on GitHub: a table of verdicts, then what there
//! is to say of each challenge, folded.
//!
//! Names and texts are of students and guests. In the table and the heads each character that Markdown or
//! HTML may take for more than itself is a reference; all else is in a block of code whose fence no line of
//! it has.

use std::fmt::Write;

use host_grade::Grade;
use host_grade::explain::explained;
use host_grade::grade::{ChallengeState, SubmissionGrade};
use host_protocol::text::{counted, excerpt, one_line};

use super::table::needs_explanation;

/// How a file begins.
pub(super) const BEGINNING: &str = "| submission |";

/// The most bytes of a summary: GitHub shows none of one that is longer than 1 MiB.
const BYTES_MAX: usize = 1_000_000;

/// The most bytes of the table, so that explanations have a place.
const TABLE_BYTES_MAX: usize = 500_000;

/// The most lines that are said of a challenge.
const LINES_MAX: usize = 80;

/// The most characters of a line.
const LINE_CHARS_MAX: usize = 1_000;

/// Renders a grade.
pub(super) fn render(grade: &Grade) -> String {
    let end = end(grade);
    let mut text = table(grade);
    let mut left_out = 0;
    for submission in &grade.submissions {
        for part in parts(grade, submission) {
            match text.len() + part.len() + end.len() <= BYTES_MAX - 100 {
                true => text += &part,
                false => left_out += 1,
            }
        }
    }
    if left_out > 0 {
        let _ = writeln!(
            text,
            "\n{} more: the summary has no place for them.",
            counted(left_out, "explanation")
        );
    }
    text + &end
}

/// A row for each submission.
fn table(grade: &Grade) -> String {
    let ids: Vec<&str> = (grade.suite.challenges.iter())
        .map(|it| it.id.as_str())
        .collect();
    let mut text = BEGINNING.to_owned();
    for id in &ids {
        let _ = write!(text, " {} |", plain(id));
    }
    text += " score |\n|---|";
    text += &"---|".repeat(ids.len() + 1);
    text.push('\n');
    for (index, submission) in grade.submissions.iter().enumerate() {
        let mut row = format!("| {} |", plain(&submission.name));
        for id in &ids {
            let _ = write!(row, " {} |", state(submission, id));
        }
        let _ = writeln!(row, " {}/{} |", submission.score, submission.points);
        if text.len() + row.len() > TABLE_BYTES_MAX {
            let left_out = counted(grade.submissions.len() - index, "submission");
            let _ = writeln!(text, "\n{left_out} more: the table has no place for them.");
            break;
        }
        text += &row;
    }
    text
}

/// The verdict on a challenge, or why there is none; empty if it is optional and left out.
fn state(submission: &SubmissionGrade, id: &str) -> String {
    let mut challenges = submission.challenges.iter();
    match challenges.find(|it| it.id == id).map(|it| &it.state) {
        Some(ChallengeState::Judged(judgement)) if judgement.is_accepted() => "AC".to_owned(),
        Some(ChallengeState::Judged(judgement)) => format!("**{}**", judgement.verdict),
        Some(ChallengeState::Missing) => "-".to_owned(),
        Some(ChallengeState::Pending) => "?".to_owned(),
        None => String::new(),
    }
}

/// What is to say of a submission: its notes, and each challenge that needs it.
fn parts(grade: &Grade, submission: &SubmissionGrade) -> Vec<String> {
    let mut parts = Vec::new();
    if !submission.notes.is_empty() {
        let head = format!("{}: notes", submission.name);
        parts.push(folded(&head, &submission.notes));
    }
    let is_single = grade.submissions.len() == 1;
    for (facts, challenge) in grade.challenges_of(submission) {
        if needs_explanation(challenge, is_single) {
            let told = explained(grade, submission, facts, challenge);
            let (head, lines) = (&told.head, &told.lines()[1..]);
            let head = format!("{} {}: {head}", submission.name, challenge.id);
            parts.push(folded(&head, lines));
        }
    }
    parts
}

/// Lines behind a head that opens them.
fn folded(head: &str, lines: &[String]) -> String {
    let mut shown: Vec<String> = (lines.iter().take(LINES_MAX))
        .map(|line| excerpt(&one_line(line), LINE_CHARS_MAX).into_owned())
        .collect();
    if lines.len() > LINES_MAX {
        let left_out = counted(lines.len() - LINES_MAX, "line");
        shown.push(format!("… and {left_out} more"));
    }
    let head = plain(head);
    if shown.is_empty() {
        return format!("\n{head}\n");
    }
    let fence = fence(&shown);
    let lines = shown.join("\n");
    format!("\n<details><summary>{head}</summary>\n\n{fence}text\n{lines}\n{fence}\n\n</details>\n")
}

/// A fence that is longer than any that the lines have.
fn fence(lines: &[String]) -> String {
    let runs = lines
        .iter()
        .flat_map(|line| line.split(|c| c != '`'))
        .map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}

/// A text of which nothing is markup, a link or a mention.
fn plain(text: &str) -> String {
    let mut result = String::new();
    for c in one_line(text).chars() {
        match c.is_ascii_punctuation() && !matches!(c, '-' | ',' | '/' | '(' | ')') {
            true => {
                let _ = write!(result, "&#{};", u32::from(c));
            }
            false => result.push(c),
        }
    }
    result
}

fn end(grade: &Grade) -> String {
    let passed = grade.submissions.iter().filter(|it| it.passed).count();
    let all = counted(grade.submissions.len(), "submission");
    let pending = if grade.complete {
        ""
    } else {
        ", as far as they are judged"
    };
    format!(
        "\n**{passed} of {all} passed**{pending} (suite {}, host {}, {})\n",
        plain(&grade.suite.name),
        plain(&grade.judge.host),
        plain(&grade.judge.engine)
    )
}
