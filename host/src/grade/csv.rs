//! A class as a table for spreadsheets: a line for each submission, a column for each
//! challenge's verdict.

use crate::grade::Grade;
use crate::grade::report::{State, SubmissionGrade};

/// Renders a grade. A cell that a spreadsheet would take for a formula is made text.
///
/// # Errors
/// Never, as far as is known: it is written to memory.
pub fn render(grade: &Grade) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let ids = || grade.suite.challenges.iter().map(|facts| facts.id.as_str());
    let head = ["submission", "passed", "score", "points"].into_iter();
    let mut rows = vec![head.chain(ids()).map(as_text).collect()];
    rows.extend(grade.submissions.iter().map(|submission| {
        let mut row = vec![
            as_text(&submission.name),
            submission.passed.to_string(),
            submission.score.to_string(),
            submission.points.to_string(),
        ];
        row.extend(ids().map(|id| state(submission, id)));
        row
    }));
    for row in rows {
        let row: Vec<String> = row;
        writer
            .write_record(row)
            .map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
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
