//! Renders a grade as a leaderboard: one static page without scripts, which a class may be shown. It has
//! the points of all submissions, and for each challenge with targets the figures of those that solved it.
//! It says nothing of failures, nor of challenges that students do not see.

use std::cmp::Ordering;
use std::fmt::Write;

use host_grade::Grade;
use host_grade::grade::{ChallengeFacts, ChallengeState, SubmissionGrade};
use host_protocol::text::{counted, figure, one_line};

use super::standing::{Standing, standing};

/// How a file begins.
pub(super) const BEGINNING: &str = "<!doctype html>\n<html lang=\"en\" data-page=\"leaderboard\">";

const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
caption { font-weight: bold; text-align: left; }
th, td { border-bottom: 1px solid #8888; padding: 0.2rem 0.8rem; text-align: right; }
th:nth-child(2), td:nth-child(2) { overflow-wrap: anywhere; text-align: left; }
.best { font-weight: bold; }
";

/// Renders a grade.
pub(super) fn render(grade: &Grade) -> String {
    let rows: Vec<Row<'_>> = (grade.submissions.iter())
        .map(|submission| Row {
            submission,
            standing: standing(grade, submission),
        })
        .collect();
    let seen = || grade.suite.challenges.iter().filter(|it| !it.hidden);
    let mut text = format!(
        "{BEGINNING}\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Leaderboard: {name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n\
         <p>{}{}. Who has the same has the same place.</p>\n",
        counted(rows.len(), "submission"),
        if grade.complete {
            ""
        } else {
            ", as far as they are judged"
        },
        name = escaped(&grade.suite.name),
    );
    points(&mut text, &rows, &seen().collect::<Vec<_>>());
    for facts in seen() {
        figures(&mut text, &rows, facts);
    }
    let _ = writeln!(
        text,
        "<p>Figures are the worst of all seeds; less is better. Judged by host {}, {}.</p>\n</body>\n</html>",
        escaped(&grade.judge.host),
        escaped(&grade.judge.engine)
    );
    text
}

/// A submission.
struct Row<'a> {
    submission: &'a SubmissionGrade,
    standing: Standing<'a>,
}

/// The table of points.
fn points(text: &mut String, rows: &[Row<'_>], challenges: &[&ChallengeFacts]) {
    let mut rows: Vec<&Row<'_>> = rows.iter().collect();
    let order = |a: &Row<'_>, b: &Row<'_>| b.standing.points.cmp(&a.standing.points);
    rows.sort_by(|a, b| order(a, b).then_with(|| a.submission.name.cmp(&b.submission.name)));
    let heads: Vec<String> = (challenges.iter())
        .map(|it| {
            format!(
                "<abbr title=\"{}\">{}</abbr>",
                escaped(&it.title),
                escaped(&it.id)
            )
        })
        .collect();
    let heads: Vec<&str> = std::iter::once("points")
        .chain(heads.iter().map(String::as_str))
        .collect();
    let cells = |row: &Row<'_>| {
        let solved = challenges.iter().map(|facts| {
            let mut all = row.submission.challenges.iter();
            let found = all.find(|it| it.id == facts.id);
            let accepted = found.is_some_and(
                |it| matches!(&it.state, ChallengeState::Judged(it) if it.is_accepted()),
            );
            if accepted { "\u{2713}" } else { "" }.to_owned()
        });
        std::iter::once(row.standing.points.to_string())
            .chain(solved)
            .collect()
    };
    table(text, "Points", &heads, &rows, order, cells);
}

/// The table of a challenge's figures, if somebody has some.
fn figures(text: &mut String, rows: &[Row<'_>], facts: &ChallengeFacts) {
    let of = |row: &Row<'_>| -> Vec<(String, f64)> {
        let all = row.standing.figures.iter();
        let own = all.filter(|it| it.challenge.id == facts.id);
        own.map(|it| (it.name.to_owned(), it.worst)).collect()
    };
    let mut rows: Vec<&Row<'_>> = rows.iter().filter(|row| !of(row).is_empty()).collect();
    let Some(names) = rows.first().map(|row| of(row)) else {
        return;
    };
    let order = |a: &Row<'_>, b: &Row<'_>| {
        let pairs = of(a).into_iter().zip(of(b));
        let mut orders = pairs.map(|((_, a), (_, b))| a.total_cmp(&b));
        orders
            .find(|it| *it != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    };
    rows.sort_by(|a, b| order(a, b).then_with(|| a.submission.name.cmp(&b.submission.name)));
    let best: Vec<f64> = (0..names.len())
        .map(|column| {
            let values = rows
                .iter()
                .filter_map(|row| of(row).get(column).map(|it| it.1));
            values.fold(f64::INFINITY, f64::min)
        })
        .collect();
    let heads: Vec<String> = names.iter().map(|(name, _)| escaped(name)).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let cells = |row: &Row<'_>| {
        let cells = of(row).into_iter().zip(&best);
        let cells = cells.map(|((_, value), best)| match value <= *best {
            true => format!("<span class=\"best\">{}</span>", figure(value)),
            false => figure(value),
        });
        cells.collect()
    };
    let title = format!("{} {}", escaped(&facts.id), escaped(&facts.title));
    table(text, &title, &heads, &rows, order, cells);
}

/// A table of rows that are sorted already. All texts but names are HTML.
fn table(
    text: &mut String,
    title: &str,
    heads: &[&str],
    rows: &[&Row<'_>],
    order: impl Fn(&Row<'_>, &Row<'_>) -> Ordering,
    cells: impl Fn(&Row<'_>) -> Vec<String>,
) {
    let _ = write!(
        text,
        "<table>\n<caption>{title}</caption>\n<thead><tr><th scope=\"col\">place</th><th scope=\"col\">submission</th>"
    );
    for head in heads {
        let _ = write!(text, "<th scope=\"col\">{head}</th>");
    }
    *text += "</tr></thead>\n<tbody>\n";
    let mut place = 0;
    for (index, row) in rows.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| rows[before]);
        if before.is_none_or(|before| order(before, row) != Ordering::Equal) {
            place = index + 1;
        }
        let name = escaped(&row.submission.name);
        let _ = write!(text, "<tr><td>{place}</td><th scope=\"row\">{name}</th>");
        for cell in cells(row) {
            let _ = write!(text, "<td>{cell}</td>");
        }
        *text += "</tr>\n";
    }
    *text += "</tbody>\n</table>\n";
}

/// A text of others, as HTML.
fn escaped(text: &str) -> String {
    let text = one_line(text).replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
