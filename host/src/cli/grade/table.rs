//! Renders a grade for people: a table of verdicts, then for each failure the reason and the command
//! that reproduces it.

use std::fmt::{self, Write};

use anstyle::Style;

use crate::cli::style::{BAD, GOOD, HEAD, NOTE, PLAIN, Styled};
use host_grade::Grade;
use host_grade::grade::{
    ChallengeFacts, ChallengeGrade, ChallengeState, Judgement, SubmissionGrade, TargetResult,
};
use host_protocol::text::{counted, figure, one_line};

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
    for submission in &grade.submissions {
        for note in &submission.notes {
            writeln!(out, "\n{}: {}", one_line(&submission.name), one_line(note))?;
        }
        for (facts, challenge) in grade.challenges_of(submission) {
            if needs_explanation(challenge) {
                let (name, id) = (one_line(&submission.name), one_line(&challenge.id));
                writeln!(out)?;
                out.push(HEAD, &format!("{name} {id}"));
                writeln!(out)?;
                for line in explained(facts, submission, challenge) {
                    writeln!(out, "  {line}")?;
                }
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
                judged += judgement.seeds_judged();
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

/// What is said of runs whose faults changed nothing.
const NO_FAULT_TOUCHED: &str =
    "no fault touched anything, so they test nothing that runs without faults would not";

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

fn needs_explanation(challenge: &ChallengeGrade) -> bool {
    match &challenge.state {
        ChallengeState::Judged(judgement) => {
            !judgement.is_accepted() || !judgement.warnings.is_empty()
        }
        ChallengeState::Missing | ChallengeState::Pending => false,
    }
}

/// Explains the verdict on a challenge to its author, in lines that are fit to be shown.
pub(super) fn explained(
    facts: &ChallengeFacts,
    submission: &SubmissionGrade,
    challenge: &ChallengeGrade,
) -> Vec<String> {
    let lines = match &challenge.state {
        ChallengeState::Missing => {
            let mut lines = vec!["There is no module for it.".to_owned()];
            lines.extend(submission.notes.iter().map(|note| format!("  {note}")));
            lines
        }
        ChallengeState::Pending => vec!["It has not been judged.".to_owned()],
        ChallengeState::Judged(judgement) => explain(facts, judgement),
    };
    let lines = lines.iter().map(|line| one_line(line).into_owned());
    lines.collect()
}

/// How many runs passed before the first that failed: `10 seeds`, or `10 official runs and 3 of 12
/// in worlds`.
fn passed(facts: &ChallengeFacts, judgement: &Judgement) -> String {
    let (official, in_worlds) = (judgement.seeds_passed, judgement.world_runs_passed);
    let all_in_worlds: usize = facts.worlds.iter().map(|world| world.seeds.len()).sum();
    let failed_before = (judgement.failure.as_ref()).is_some_and(|it| it.world.is_none());
    match all_in_worlds {
        0 => counted(official, "seed"),
        _ if failed_before => counted(official, "official run"),
        all => format!(
            "{} and {in_worlds} of {all} in worlds",
            counted(official, "official run")
        ),
    }
}

/// What was measured for a target, with as many digits as tell it from the bound.
fn measured(target: &TargetResult) -> String {
    let short = figure(target.worst);
    match short == figure(target.below) {
        true => target.worst.to_string(),
        false => short,
    }
}

fn explain(facts: &ChallengeFacts, judgement: &Judgement) -> Vec<String> {
    let verdict = judgement.verdict;
    let mut lines = vec![format!("{verdict}: {}", verdict.meaning())];
    if let Some(failure) = &judgement.failure {
        if let Some(seed) = failure.seed {
            let world = failure.world.as_ref();
            let place = world.map_or_else(String::new, |it| format!(" in the world {}", it.name));
            lines[0] = format!(
                "{verdict}: {}, with seed {seed}{place}, after {} that passed",
                verdict.meaning(),
                passed(facts, judgement)
            );
            lines.extend(world.map(|world| format!("  the world {}: {}", world.name, world.why)));
        }
        lines.extend(failure.anomaly.iter().map(|line| format!("  {line}")));
        if !failure.trace.is_empty() {
            lines.push(match failure.trace_may_be_shorter {
                false => "shortest trace that fails:".to_owned(),
                true => {
                    "shortest trace found within the budget that fails; there may be a shorter \
                         one:"
                        .to_owned()
                }
            });
            lines.extend(failure.trace.iter().map(|line| format!("  {line}")));
        }
        if let [first, rest @ ..] = failure.evidence.as_slice() {
            lines.push(format!("what it did {first}"));
            lines.extend(rest.iter().map(|line| format!("  {line}")));
        }
        lines.push(format!("replay: {}", failure.replay));
    } else {
        lines[0] = format!(
            "{verdict}: {} with {}",
            verdict.meaning(),
            passed(facts, judgement)
        );
    }
    if judgement.seeds_untouched > 0 {
        lines.push(format!(
            "faults: with {} of {} {NO_FAULT_TOUCHED}",
            judgement.seeds_untouched,
            counted(judgement.seeds_judged(), "seed")
        ));
    }
    lines.extend(
        judgement
            .warnings
            .iter()
            .map(|warning| format!("warning: {warning}")),
    );
    let targets = judgement.targets.iter();
    let targets = targets.map(|(name, it)| format!("{name} {} (below {})", measured(it), it.below));
    let used = judgement.usage.iter();
    let used = used.map(|(name, it)| format!("{name} {} of {}", it.used, it.limit));
    for (what, words) in [
        ("targets", targets.collect::<Vec<_>>()),
        ("used", used.collect()),
    ] {
        if !words.is_empty() {
            lines.push(format!("{what}: {}", words.join(", ")));
        }
    }
    lines
}
