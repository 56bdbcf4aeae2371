//! The figures as a page in Markdown: a table for each kind, then those that differ.

use std::fmt::Write;

use super::compare::{Compared, Ours};
use super::real::{Figure, Real, Row};

/// A row with our runs.
pub(super) struct Measured {
    pub(super) row: Row,
    /// Ours of each of the row's figures, in their order.
    pub(super) runs: Vec<Ours>,
    /// The seeds with which a run was not valid.
    pub(super) invalid: Vec<u64>,
}

/// The tables: which figures, and their heads.
const TABLES: [&[(Figure, &str)]; 2] = [
    &[
        (Figure::MsgsPerOp, "messages between servers / op"),
        (Figure::AllMsgsPerOp, "all messages / op"),
        (Figure::Ops, "operations"),
        (Figure::Availability, "availability"),
        (Figure::RoundTripMedian, "round trip, median, ms"),
    ],
    &[
        (Figure::StableMedian, "stable, median, ms"),
        (Figure::StableP95, "stable, 95 %, ms"),
        (Figure::StableMax, "stable, max, ms"),
    ],
];

const INTRODUCTION: &str = "\
Each cell has what real Maelstrom gave, run by run († on a loaded machine), and after the arrow ours: the median of 40 seeds and the range in which 5 to 95 % of them lie.
It is ✗ if the median of the real runs on a quiet machine is outside that range, or our median differs from it by more than 5 % (counts, messages / op) or
10 % (times, availability); (✗) if that has a reason, told below.
";

/// Where the figures come from.
const FROM: &str = "`./runner.sh figures`";

/// What may explain that a figure differs, if the table does not say more.
const LOADED: &str = "real runs on a loaded machine only";

/// A figure of a row, compared.
struct Line<'a> {
    row: &'a Row,
    figure: Figure,
    ours: &'a Ours,
    /// The real one, and how ours lies to it, if there is one.
    real: Option<(&'a Real, Compared)>,
}

impl<'a> Line<'a> {
    fn all(measured: &'a [Measured]) -> impl Iterator<Item = Line<'a>> {
        measured.iter().flat_map(|Measured { row, runs, .. }| {
            let figures = row.figures.iter().zip(runs);
            figures.map(|((figure, real), ours)| Line {
                row,
                figure: *figure,
                ours,
                real: real
                    .as_ref()
                    .map(|it| (it, Compared::of(*figure, it, ours))),
            })
        })
    }

    /// How it differs from the real one, if it does.
    fn differing(&self) -> Option<&Compared> {
        let (_, compared) = self.real.as_ref()?;
        Some(compared).filter(|it| !it.agrees())
    }

    /// Why it may differ, if it may.
    fn reason(&self) -> Option<&'a str> {
        let is_loaded = self.real.as_ref().is_some_and(|(real, _)| real.is_loaded);
        self.row.reason(self.figure).or(is_loaded.then_some(LOADED))
    }

    fn cell(&self) -> String {
        let Ours {
            least,
            median,
            most,
        } = self.ours;
        let real = self.real.as_ref().map_or("–", |(real, _)| &real.text);
        let [least, median, most] = [least, median, most].map(|it| short(*it));
        let range = match least == most {
            true => String::new(),
            false => format!(" [{least}–{most}]"),
        };
        let mark = match (self.differing(), self.reason()) {
            (None, _) => "",
            (Some(_), None) => " ✗",
            (Some(_), Some(_)) => " (✗)",
        };
        format!("{real} → {median}{range}{mark}")
    }

    /// How it differs, and why it may.
    fn told(&self, compared: &Compared) -> String {
        let percent = compared.difference_percent;
        let way = if percent < 0.0 { "less" } else { "more" };
        let place = match compared.is_inside {
            true => "inside the range",
            false => "outside",
        };
        let percent = match percent.is_finite() {
            true => format!("{:.1} % {way}", percent.abs()),
            false => "some in place of none".to_owned(),
        };
        let reason = self.reason().unwrap_or("**no reason is recorded**");
        let (row, figure) = (&self.row.name, self.figure.name());
        format!("- {row}, `{figure}`: {percent}, {place}: {reason}\n")
    }
}

/// The page.
pub(super) fn page(measured: &[Measured]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for table in TABLES {
        let heads = table.iter().map(|(_, head)| *head);
        let heads: Vec<&str> = ["challenge"]
            .into_iter()
            .chain(heads)
            .chain(["from"])
            .collect();
        // Writing to a text cannot fail.
        let _ = writeln!(
            page,
            "\n| {} |\n|{}",
            heads.join(" | "),
            "---|".repeat(heads.len())
        );
        for of_row in measured {
            let lines: Vec<Line<'_>> = Line::all(std::slice::from_ref(of_row)).collect();
            let cells = table.iter().map(|(figure, _)| {
                let line = lines.iter().find(|line| line.figure == *figure);
                line.map(Line::cell).unwrap_or_default()
            });
            let cells: Vec<String> = cells.collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                let _ = writeln!(
                    page,
                    "| {} | {} | {FROM} |",
                    of_row.row.name,
                    cells.join(" | ")
                );
            }
        }
    }
    let compared = Line::all(measured).filter(|line| line.real.is_some());
    let (all, lines) = (compared.count(), Line::all(measured));
    let told = lines.filter_map(|line| Some(line.told(line.differing()?)));
    let told: Vec<String> = told.collect();
    let _ = write!(page, "\n{} of {all} figures agree.", all - told.len());
    page += match told.len() {
        0 => "\n",
        _ => " By how much our median differs from the real one where they do not:\n\n",
    };
    page + &told.concat()
}

/// How many figures differ for no reason that is recorded.
pub(super) fn unexplained(measured: &[Measured]) -> usize {
    let lines = Line::all(measured);
    lines
        .filter(|it| it.differing().is_some() && it.reason().is_none())
        .count()
}

/// The figures that agree, and have a reason why they need not.
pub(super) fn unneeded(measured: &[Measured]) -> Vec<(&str, Figure)> {
    let agreeing = Line::all(measured).filter(|line| line.differing().is_none());
    let excused = agreeing.filter(|line| line.row.reason(line.figure).is_some());
    excused
        .map(|line| (line.row.name.as_str(), line.figure))
        .collect()
}

/// A number with four digits, or all of an integer.
fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().log10().floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 20"
    )]
    let decimals = (3.0 - magnitude).clamp(0.0, 20.0) as usize;
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::real::RealRuns;

    const REAL: &str = r#"
seeds = "1..41"
[[row]]
name = "3c"
ops = "207† 204"
msgs-per-op = "2.24† 1.64"
stable-median-ms = "177† 5555"
[row.reasons]
stable-median-ms = "chance of partitions"
ops = "two runs"
[[row]]
name = "3d"
ops = "2010"
msgs-per-op = "1.049"
[[row]]
name = "5a"
msgs-per-op = "0†"
availability = "-"
"#;

    fn ours(least: f64, median: f64, most: f64) -> Ours {
        Ours {
            least,
            median,
            most,
        }
    }

    fn measured() -> Vec<Measured> {
        let rows = RealRuns::read(REAL).unwrap().rows.into_iter();
        let runs = [
            vec![
                ours(200.0, 204.0, 220.0),
                ours(1.5, 1.7, 3.2),
                ours(200.0, 292.4, 400.25),
            ],
            vec![ours(2018.0, 2018.0, 2018.0), ours(0.955, 0.97051, 1.003)],
            vec![ours(0.0, 0.0001, 0.0002), ours(1.0, 1.0, 1.0)],
        ];
        let of = |(row, runs)| Measured {
            row,
            runs,
            invalid: Vec::new(),
        };
        rows.zip(runs).map(of).collect()
    }

    #[test]
    fn the_page_shows_every_figure_and_tells_what_differs() {
        let expected = "\
\n| challenge | messages between servers / op | all messages / op | operations | availability | round trip, median, ms | from |
|---|---|---|---|---|---|---|
| 3c | 2.24†, 1.64 → 1.7 [1.5–3.2] |  | 207†, 204 → 204 [200–220] |  |  | `./runner.sh figures` |
| 3d | 1.049 → 0.9705 [0.955–1.003] ✗ |  | 2010 → 2018 ✗ |  |  | `./runner.sh figures` |
| 5a | 0† → 0.0001 [0–0.0002] (✗) |  |  | – → 1 |  | `./runner.sh figures` |

| challenge | stable, median, ms | stable, 95 %, ms | stable, max, ms | from |
|---|---|---|---|---|
| 3c | 177†, 5555 → 292.4 [200–400.2] (✗) |  |  | `./runner.sh figures` |

2 of 6 figures agree. By how much our median differs from the real one where they do not:

- 3c, `stable-median-ms`: 94.7 % less, outside: chance of partitions
- 3d, `ops`: 0.4 % more, outside: **no reason is recorded**
- 3d, `msgs-per-op`: 7.5 % less, outside: **no reason is recorded**
- 5a, `msgs-per-op`: some in place of none, inside the range: real runs on a loaded machine only
";
        assert_eq!(page(&measured()).strip_prefix(INTRODUCTION), Some(expected));
    }

    #[test]
    fn what_differs_without_a_reason_counts_and_reasons_are_needed() {
        let measured = measured();
        assert_eq!(unexplained(&measured), 2);
        assert_eq!(unneeded(&measured), [("3c", Figure::Ops)]);
        let agreeing = &measured[..1];
        assert_eq!(unexplained(agreeing), 0);
    }

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 2.0, 0.000_099_71, 1.2434, 27201.0, 292.45, 0.999_55].map(short);
        let expected = ["0", "2", "0.00009971", "1.243", "27201", "292.4", "0.9996"];
        assert_eq!(shown, expected);
    }
}
