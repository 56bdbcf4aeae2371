//! Renders a grade for people: a table of verdicts, then for each failure the reason and the command
//! that reproduces it.

use std::fmt::{self, Write};

use host_grade::Grade;
use host_grade::grade::{
    ChallengeFacts, ChallengeGrade, ChallengeState, Judgement, SubmissionGrade,
};
use host_protocol::text::one_line;
use host_trial::scenario::with_report;

/// The widest column, in characters; longer cells stand out of it.
const CELL_CHARS_MAX: usize = 100;

/// Renders a grade. Every line ends with a newline.
pub(super) fn render(grade: &Grade) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, grade);
    text
}

fn write(out: &mut String, grade: &Grade) -> fmt::Result {
    write_table(out, grade)?;
    for submission in &grade.submissions {
        for note in &submission.notes {
            writeln!(out, "\n{}: {}", one_line(&submission.name), one_line(note))?;
        }
        for (facts, challenge) in grade.challenges_of(submission) {
            if needs_explanation(challenge) {
                writeln!(
                    out,
                    "\n{} {}",
                    one_line(&submission.name),
                    one_line(&challenge.id)
                )?;
                for line in explained(facts, submission, challenge) {
                    writeln!(out, "  {line}")?;
                }
            }
        }
    }
    write_untouched(out, grade)?;
    let passed = grade.submissions.iter().filter(|it| it.passed).count();
    let count = grade.submissions.len();
    write!(out, "\n{passed} of {count} submissions passed")?;
    if !grade.complete {
        let pending = grade
            .submissions
            .iter()
            .flat_map(|submission| &submission.challenges)
            .filter(|challenge| challenge.state == ChallengeState::Pending);
        let pending = pending.count();
        write!(
            out,
            ", as far as they are judged; {pending} challenges are pending"
        )?;
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
fn write_untouched(out: &mut String, grade: &Grade) -> fmt::Result {
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
                "{head}{id}: in {untouched} of {judged} runs {NO_FAULT_TOUCHED}"
            )?;
            head = "";
        }
    }
    Ok(())
}

/// What is said of runs whose faults changed nothing.
const NO_FAULT_TOUCHED: &str =
    "no fault touched anything, so they test nothing that runs without faults would not";

fn write_table(out: &mut String, grade: &Grade) -> fmt::Result {
    let ids: Vec<&str> = grade
        .suite
        .challenges
        .iter()
        .map(|facts| facts.id.as_str())
        .collect();
    let head = std::iter::once("submission").chain(ids.iter().copied());
    let head = head
        .chain(["score"])
        .map(|cell| one_line(cell).into_owned());
    let mut rows: Vec<Vec<String>> = vec![head.collect()];
    for submission in &grade.submissions {
        let mut row = vec![one_line(&submission.name).into_owned()];
        row.extend(ids.iter().map(|id| cell(submission, id)));
        row.push(format!("{}/{}", submission.score, submission.points));
        rows.push(row);
    }
    let columns = ids.len() + 2;
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0).min(CELL_CHARS_MAX)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            write!(line, "{cell:<width$}  ")?;
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn cell(submission: &SubmissionGrade, id: &str) -> String {
    let mut challenges = submission.challenges.iter();
    match challenges.find(|it| it.id == id).map(|it| &it.state) {
        Some(ChallengeState::Judged(judgement)) => judgement.verdict.to_string(),
        Some(ChallengeState::Missing) => "-".to_owned(),
        Some(ChallengeState::Pending) => "?".to_owned(),
        None => String::new(),
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
    let count = |number: usize, what: &str| {
        let s = if number == 1 { "" } else { "s" };
        format!("{number} {what}{s}")
    };
    let (official, in_worlds) = (judgement.seeds_passed, judgement.world_runs_passed);
    let all_in_worlds: usize = facts.worlds.iter().map(|world| world.seeds.len()).sum();
    let failed_before = (judgement.failure.as_ref()).is_some_and(|it| it.world.is_none());
    match all_in_worlds {
        0 => count(official, "seed"),
        _ if failed_before => count(official, "official run"),
        all => format!(
            "{} and {in_worlds} of {all} in worlds",
            count(official, "official run")
        ),
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
        lines.extend(with_report(&failure.replay).map(|command| format!("pages: {command}")));
    } else {
        lines[0] = format!(
            "{verdict}: {} with {}",
            verdict.meaning(),
            passed(facts, judgement)
        );
    }
    if judgement.seeds_untouched > 0 {
        lines.push(format!(
            "faults: with {} of {} seeds {NO_FAULT_TOUCHED}",
            judgement.seeds_untouched,
            judgement.seeds_judged()
        ));
    }
    lines.extend(
        judgement
            .warnings
            .iter()
            .map(|warning| format!("warning: {warning}")),
    );
    let targets = judgement.targets.iter();
    let targets = targets.map(|(name, it)| format!("{name} {} (below {})", it.worst, it.below));
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
