//! Renders a grade for people: a table of verdicts, then for each failure the reason and the command
//! that reproduces it.

use std::fmt::{self, Write};

use anstyle::Style;

use crate::cli::style::{BAD, GOOD, HEAD, NOTE, PLAIN, Styled};
use host_grade::Grade;
use host_grade::explain::{NO_FAULT_TOUCHED, explained, not_loaded_before};
use host_grade::grade::{ChallengeGrade, ChallengeState, SubmissionGrade};
use host_protocol::text::{counted, one_line};

/// The widest column, in characters; longer cells stand out of it.
const CELL_CHARS_MAX: usize = 100;

/// Renders a grade. Every line ends with a newline.
pub(super) fn render(grade: &Grade) -> Styled {
    let mut text = Styled::default();
    // Writing to a text cannot fail.
    let _ = write(&mut text, grade);
    text
}

fn write(out: &mut Styled, grade: &Grade) -> fmt::Result {
    write_table(out, grade)?;
    let is_single = grade.submissions.len() == 1;
    for submission in &grade.submissions {
        if !submission.notes.is_empty() {
            writeln!(out)?;
        }
        for note in &submission.notes {
            writeln!(out, "{}: {}", one_line(&submission.name), one_line(note))?;
        }
        for (facts, challenge) in grade.challenges_of(submission) {
            let is_told = not_loaded_before(grade, submission, challenge).is_some();
            if !needs_explanation(challenge, is_single) || is_told {
                continue;
            }
            let same = submission.challenges.iter();
            let same =
                same.filter(|it| not_loaded_before(grade, submission, it) == Some(&challenge.id));
            let ids = std::iter::once(challenge).chain(same);
            let ids: Vec<_> = ids.map(|it| one_line(&it.id)).collect();
            let head = format!("{} {}", one_line(&submission.name), ids.join(", "));
            writeln!(out)?;
            out.push(HEAD, &head);
            writeln!(out)?;
            for line in explained(grade, submission, facts, challenge).lines() {
                writeln!(out, "  {line}")?;
            }
        }
    }
    write_untouched(out, grade)?;
    let passed = grade.submissions.iter().filter(|it| it.passed).count();
    let count = grade.submissions.len();
    writeln!(out)?;
    let line = format!("{passed} of {} passed", counted(count, "submission"));
    out.push(if passed < count { BAD } else { GOOD }, &line);
    if !grade.complete {
        let pending = grade
            .submissions
            .iter()
            .flat_map(|submission| &submission.challenges)
            .filter(|challenge| challenge.state == ChallengeState::Pending);
        let pending = pending.count();
        let are = if pending == 1 { "is" } else { "are" };
        let pending = counted(pending, "challenge");
        write!(out, ", as far as they are judged; {pending} {are} pending")?;
    }
    let key = match &grade.suite.seed_key {
        Some(name) => format!("seed key {name}, "),
        None => String::new(),
    };
    writeln!(
        out,
        " (suite {}, {key}host {}, {})",
        one_line(&grade.suite.name),
        one_line(&grade.judge.host),
        one_line(&grade.judge.engine)
    )
}

/// Says of which challenges there are runs whose faults touched nothing, over all submissions.
fn write_untouched(out: &mut Styled, grade: &Grade) -> fmt::Result {
    let mut head = "\n";
    for facts in &grade.suite.challenges {
        let (mut untouched, mut judged) = (0, 0);
        let challenges = grade.submissions.iter().flat_map(|it| &it.challenges);
        for challenge in challenges.filter(|it| it.id == facts.id) {
            if let ChallengeState::Judged(judgement) = &challenge.state {
                untouched += judgement.seeds_untouched;
                judged += judgement.runs_judged();
            }
        }
        if untouched > 0 {
            let id = one_line(&facts.id);
            writeln!(
                out,
                "{head}{id}: in {untouched} of {} {NO_FAULT_TOUCHED}",
                counted(judged, "run")
            )?;
            head = "";
        }
    }
    Ok(())
}

fn write_table(out: &mut Styled, grade: &Grade) -> fmt::Result {
    let ids: Vec<&str> = grade
        .suite
        .challenges
        .iter()
        .map(|facts| facts.id.as_str())
        .collect();
    let head = std::iter::once("submission").chain(ids.iter().copied());
    let head = head.chain(["score"]);
    let mut rows: Vec<Vec<Cell>> = vec![head.map(|it| (HEAD, one_line(it).into_owned())).collect()];
    for submission in &grade.submissions {
        let style = if submission.passed { GOOD } else { BAD };
        let mut row = vec![(PLAIN, one_line(&submission.name).into_owned())];
        row.extend(ids.iter().map(|id| cell(submission, id)));
        row.push((style, format!("{}/{}", submission.score, submission.points)));
        rows.push(row);
    }
    let columns = ids.len() + 2;
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].1.chars().count());
        widths.max().unwrap_or(0).min(CELL_CHARS_MAX)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let mut gap = 0;
        for ((style, cell), width) in row.iter().zip(&widths) {
            write!(out, "{:gap$}", "")?;
            out.push(*style, cell);
            gap = width.saturating_sub(cell.chars().count()) + 2;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A cell of the table.
type Cell = (Style, String);

fn cell(submission: &SubmissionGrade, id: &str) -> Cell {
    let mut challenges = submission.challenges.iter();
    match challenges.find(|it| it.id == id).map(|it| &it.state) {
        Some(ChallengeState::Judged(judgement)) => {
            let style = if judgement.is_accepted() { GOOD } else { BAD };
            (style, judgement.verdict.to_string())
        }
        Some(ChallengeState::Missing) => (PLAIN, "-".to_owned()),
        Some(ChallengeState::Pending) => (NOTE, "?".to_owned()),
        None => (PLAIN, String::new()),
    }
}

/// Whether there is more to say than the table does. What was proved is told to whoever asks about one submission: of
/// a class it would be a line for nearly everybody.
pub(super) fn needs_explanation(challenge: &ChallengeGrade, is_single: bool) -> bool {
    match &challenge.state {
        ChallengeState::Judged(judgement) => {
            let is_proved = is_single && !judgement.explored.is_empty();
            !judgement.is_accepted() || !judgement.warnings.is_empty() || is_proved
        }
        ChallengeState::Missing | ChallengeState::Pending => false,
    }
}
