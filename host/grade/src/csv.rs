//! Renders a grade as a table for spreadsheets: a row for each submission, a column for the verdict
//! on each challenge. If the suite has worlds, a last column names those in which modules failed.

use csv::{Terminator, WriterBuilder};

use crate::Grade;
use crate::grade::{ChallengeState, SubmissionGrade};
use host_protocol::text::one_line;

/// Renders a grade as CSV (RFC 4180, with newlines as line ends). Cells are fit to be shown, and one
/// that a spreadsheet would take for a formula begins with an apostrophe.
#[must_use]
pub fn render(grade: &Grade) -> String {
    let ids = || grade.suite.challenges.iter().map(|facts| facts.id.as_str());
    let has_worlds = grade
        .suite
        .challenges
        .iter()
        .any(|it| !it.worlds.is_empty());
    let head = ["submission", "passed", "score", "points"].into_iter();
    let head = head.chain(ids()).chain(has_worlds.then_some("worlds"));
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).collect()];
    for submission in &grade.submissions {
        let mut row = vec![
            submission.name.clone(),
            submission.passed.to_string(),
            submission.score.to_string(),
            submission.points.to_string(),
        ];
        row.extend(ids().map(|id| state(submission, id)));
        row.extend(has_worlds.then(|| worlds(submission)));
        rows.push(row);
    }
    table(&rows)
}

/// Writes rows of the same length. Cells are fit to be shown, and none is a formula.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    for row in rows {
        // Writing to a Vec cannot fail, and all rows have the same length.
        let _ = writer.write_record(row.iter().map(|cell| guarded(cell)));
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The verdict on a challenge, or why there is none; empty if it is optional and left out.
fn state(submission: &SubmissionGrade, id: &str) -> String {
    let mut challenges = submission.challenges.iter();
    match challenges.find(|it| it.id == id).map(|it| &it.state) {
        Some(ChallengeState::Judged(judgement)) => judgement.verdict.to_string(),
        Some(ChallengeState::Missing) => "missing".to_owned(),
        Some(ChallengeState::Pending) => "pending".to_owned(),
        None => String::new(),
    }
}

/// The worlds in which modules failed: `3c: far; 4: crowded`.
fn worlds(submission: &SubmissionGrade) -> String {
    let failed = submission.challenges.iter().filter_map(|challenge| {
        let ChallengeState::Judged(judgement) = &challenge.state else {
            return None;
        };
        let world = judgement.failure.as_ref()?.world.as_ref()?;
        Some(format!("{}: {}", challenge.id, world.name))
    });
    failed.collect::<Vec<_>>().join("; ")
}

/// The characters that a formula begins with in one spreadsheet or another; also in full width and
/// as small forms, which some of them take for the usual ones.
const FORMULA: [char; 12] = [
    '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫',
];

/// Turns what would be a formula into text. Spreadsheets skip white space before one.
fn guarded(cell: &str) -> String {
    let cell = one_line(cell);
    match cell.trim_start().starts_with(FORMULA) {
        true => format!("'{cell}"),
        false => cell.into_owned(),
    }
}
