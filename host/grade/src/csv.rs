//! A class as a table for spreadsheets: a line for each submission, a column for each
//! challenge's verdict.

use crate::Grade;
use crate::report::{State, SubmissionGrade};

/// Renders a grade, quoted as RFC 4180 has it. A cell that a spreadsheet would take for a
/// formula is made text.
#[must_use]
pub fn render(grade: &Grade) -> String {
    let ids = || grade.suite.challenges.iter().map(|facts| facts.id.as_str());
    let head = ["submission", "passed", "score", "points"].into_iter();
    let mut rows: Vec<Vec<String>> = vec![head.chain(ids()).map(str::to_owned).collect()];
    rows.extend(grade.submissions.iter().map(|submission| {
        let mut row = vec![
            submission.name.clone(),
            submission.passed.to_string(),
            submission.score.to_string(),
            submission.points.to_string(),
        ];
        row.extend(ids().map(|id| state(submission, id)));
        row
    }));
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(&as_text(cell))).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// What became of a challenge: a verdict, or nothing if it is optional and left out.
fn state(submission: &SubmissionGrade, id: &str) -> String {
    let mut challenges = submission.challenges.iter();
    match challenges.find(|it| it.id == id).map(|it| &it.state) {
        Some(State::Judged(judgement)) => judgement.verdict.to_string(),
        Some(State::Missing) => "missing".to_owned(),
        Some(State::Pending) => "pending".to_owned(),
        None => String::new(),
    }
}

/// A formula begins with one of these, for one spreadsheet or another.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn as_text(text: &str) -> String {
    match text.starts_with(FORMULA) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}
