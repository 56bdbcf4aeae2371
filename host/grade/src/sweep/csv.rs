//! Renders a summary as a table for spreadsheets: a row for all runs, one for each anomaly, and one for each
//! figure.

use super::summary::Summary;
use crate::csv::table;

/// The heads of the columns. What a row has none of is empty.
const HEAD: [&str; 7] = ["what", "name", "runs", "seed", "median", "p99", "worst"];

/// Renders a summary as CSV (RFC 4180, with newlines as line ends). `seed` is the first with what the row is
/// about: a run that is not valid, the anomaly, the worst value.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let tally = &summary.tally;
    let row = |what: &str, name: &str, runs: u64, seed: Option<u64>, values: [Option<f64>; 3]| {
        let seed = seed.map_or_else(String::new, |seed| seed.to_string());
        let values = values.map(|value| value.map_or_else(String::new, |it| it.to_string()));
        let cells = [what.to_owned(), name.to_owned(), runs.to_string(), seed];
        cells.into_iter().chain(values).collect()
    };
    let none = [None; 3];
    let counts = [
        ("asked for", summary.asked_for(), None),
        ("done", tally.runs, None),
        ("valid", tally.valid, None),
        ("not valid", tally.runs - tally.valid, tally.first_failure),
    ];
    let mut rows: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(counts.map(|(name, runs, seed)| row("runs", name, runs, seed, none)));
    for (name, failures) in &tally.anomalies {
        let first = failures.seeds.first().copied();
        rows.push(row("anomaly", name, failures.runs, first, none));
    }
    for spread in &tally.figures {
        let values = [spread.median(), spread.p99(), spread.worst()].map(Some);
        let seed = Some(spread.worst_seed());
        rows.push(row("figure", spread.name, spread.runs(), seed, values));
    }
    table(&rows)
}
