//! Two modules, or one with other arguments, side by side: the same scenario and the same seeds.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tally::{Failures, Tally};
use super::tries::Try;
use super::values::Quantiles;
use host_check::validity::Validity;
use host_report::page::page;
use host_report::{ReportDir, ReportError};

const SCRIPT: &str = include_str!("../assets/compare.js");

/// The most seeds that a page has a point of.
pub const POINTS_MAX: usize = 2000;

/// The figures of a point: messages, and latencies of which a workload has some.
const POINT: [&str; 5] = [
    "msgs-per-op",
    "stable-median-ms",
    "stable-max-ms",
    "acknowledged-median-ms",
    "acknowledged-max-ms",
];

/// What one side runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SideFacts {
    /// The path of the module.
    pub module: String,
    /// Its SHA-256 hash.
    pub sha256: String,
    /// That of the version that its nodes change to, if it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_sha256: Option<String>,
    /// The arguments of its nodes.
    pub args: Vec<String>,
}

/// What is compared so far.
#[derive(Debug, Default)]
pub struct Pairs {
    tallies: [Tally; 2],
    /// The run of the first side, until that of the second comes.
    open: Option<Try>,
    differ: Option<Differ>,
    points: Vec<Point>,
}

/// The seeds on which the verdicts of the sides are not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Differ {
    /// How many they are.
    pub runs: u64,
    /// The first of them.
    pub first_seed: u64,
    /// The verdicts on it.
    #[serde(rename = "valid?")]
    pub valid: [Validity; 2],
}

/// The figures of both sides with one seed, in the order of [`POINT`].
#[derive(Debug, PartialEq, Serialize)]
struct Point {
    seed: u64,
    valid: [Validity; 2],
    figures: [[Option<f64>; POINT.len()]; 2],
}

impl Pairs {
    /// Takes the run of a side, 0 or 1. The runs of one seed come one after the other; one alone does not count.
    pub fn take(&mut self, side: usize, one: Try) {
        if side == 0 {
            self.open = Some(one);
            return;
        }
        let Some(first) = self.open.take().filter(|it| it.seed() == one.seed()) else {
            return;
        };
        let both = [first, one];
        for (tally, one) in self.tallies.iter_mut().zip(&both) {
            tally.add(one);
        }
        let (seed, valid) = (both[0].seed(), both.each_ref().map(Try::valid));
        if valid[0] != valid[1] {
            let differ = self.differ.get_or_insert(Differ {
                runs: 0,
                first_seed: seed,
                valid,
            });
            differ.runs += 1;
        }
        if self.points.len() < POINTS_MAX {
            let figures = both.each_ref().map(|one| {
                POINT.map(|name| {
                    let mut figures = one.figures().iter();
                    figures.find(|(it, _)| *it == name).map(|(_, value)| *value)
                })
            });
            self.points.push(Point {
                seed,
                valid,
                figures,
            });
        }
    }

    /// The comparison of what was taken, of so many seeds from the first on.
    #[must_use]
    pub fn compare(
        self,
        workload: &str,
        sides: [SideFacts; 2],
        (first_seed, seeds): (u64, u64),
    ) -> Comparison {
        let [a, b] = &self.tallies;
        let names = a.figures.iter().chain(&b.figures).map(|it| it.name);
        let mut figures: Vec<Compared> = Vec::new();
        for name in names {
            if figures.iter().all(|it| it.name != name) {
                figures.push(Compared::of(name, [a, b]));
            }
        }
        let sides = sides.into_iter().zip(&self.tallies);
        Comparison {
            workload: workload.to_owned(),
            first_seed,
            seeds,
            compared: self.tallies[0].runs,
            sides: sides
                .map(|(facts, tally)| Side {
                    facts,
                    valid_runs: tally.valid,
                    unknown_runs: tally.unknown,
                    anomalies: tally.anomalies.clone(),
                })
                .collect(),
            figures,
            differ: self.differ,
            points: self.points,
        }
    }
}

/// Two sides and what their runs have shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// The workload's name.
    pub workload: String,
    /// The first seed that was asked for …
    pub first_seed: u64,
    /// … and how many there are.
    pub seeds: u64,
    /// How many seeds both sides have been run with.
    pub compared: u64,
    /// The sides, A and B.
    pub sides: Vec<Side>,
    /// Each figure that a side has.
    pub figures: Vec<Compared>,
    /// Where their verdicts differ; `None` if nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differ: Option<Differ>,
    #[serde(skip)]
    points: Vec<Point>,
}

/// One side.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Side {
    /// What it runs.
    #[serde(flatten)]
    pub facts: SideFacts,
    /// How many of its runs are valid.
    pub valid_runs: u64,
    /// How many had too little to judge.
    pub unknown_runs: u64,
    /// What is wrong with its runs.
    pub anomalies: BTreeMap<String, Failures>,
}

/// A figure of both sides.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its name.
    pub name: &'static str,
    /// What A has.
    pub a: Option<Quantiles>,
    /// What B has.
    pub b: Option<Quantiles>,
    /// B in relation to A: of the medians, of the 99th percentiles, of the worst. `None` where A has none, or 0.
    pub ratios: [Option<f64>; 3],
}

impl Compared {
    fn of(name: &'static str, tallies: [&Tally; 2]) -> Self {
        let [a, b] = tallies.map(|tally| {
            let spread = tally.figures.iter().find(|it| it.name == name);
            spread.map(Quantiles::of)
        });
        let ratios = [Quantiles::median_of, Quantiles::p99_of, Quantiles::worst_of];
        let ratios = ratios.map(|value| {
            let (a, b) = (value(a.as_ref()?), value(b.as_ref()?));
            (a != 0.0).then(|| b / a)
        });
        Compared { name, a, b, ratios }
    }

    /// The rows of the figure.
    #[must_use]
    pub fn rows(&self) -> [Row; 3] {
        let row = |statistic, value: fn(&Quantiles) -> f64, ratio| Row {
            statistic,
            values: [&self.a, &self.b].map(|side| side.as_ref().map(value)),
            ratio,
        };
        let [median, p99, worst] = self.ratios;
        [
            row("median", Quantiles::median_of, median),
            row("p99", Quantiles::p99_of, p99),
            row("worst", Quantiles::worst_of, worst),
        ]
    }
}

/// A statistic of a figure.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub statistic: &'static str,
    /// What A and B have.
    pub values: [Option<f64>; 2],
    /// B in relation to A.
    pub ratio: Option<f64>,
}

impl Quantiles {
    fn median_of(&self) -> f64 {
        self.median
    }

    fn p99_of(&self) -> f64 {
        self.p99
    }

    fn worst_of(&self) -> f64 {
        self.worst
    }
}

/// The data of the page.
#[derive(Serialize)]
struct ComparisonPage<'a> {
    /// The version of this format.
    format: u32,
    comparison: &'a Comparison,
    /// The names of the figures of points.
    names: [&'static str; POINT.len()],
    points: &'a [Point],
}

impl Comparison {
    /// Renders it as CSV: a row for each statistic of each figure.
    #[must_use]
    pub fn csv(&self) -> String {
        let text = |value: Option<f64>| value.map_or_else(String::new, |it| it.to_string());
        let mut rows = vec![
            ["figure", "statistic", "a", "b", "ratio"]
                .map(str::to_owned)
                .to_vec(),
        ];
        let valid: Vec<u64> = self.sides.iter().map(|it| it.valid_runs).collect();
        let unknown: Vec<u64> = self.sides.iter().map(|it| it.unknown_runs).collect();
        for (name, counts) in [("valid", valid), ("unknown", unknown)] {
            let mut row = vec!["runs".to_owned(), name.to_owned()];
            row.extend(counts.iter().map(u64::to_string));
            row.push(String::new());
            rows.push(row);
        }
        for figure in &self.figures {
            for row in figure.rows() {
                let [a, b] = row.values;
                let ratio = row.ratio;
                let mut row = vec![figure.name.to_owned(), row.statistic.to_owned()];
                row.extend([a, b, ratio].map(text));
                rows.push(row);
            }
        }
        crate::csv::table(&rows)
    }

    /// Writes a page about it to a folder, with the same as `compare.json` and `compare.csv`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_report(&self, dir: &ReportDir) -> Result<(), ReportError> {
        let data = ComparisonPage {
            format: 1,
            comparison: self,
            names: POINT,
            points: &self.points,
        };
        let html = page(&[SCRIPT], "Comparison", &data).map_err(ReportError::Json)?;
        dir.write("index.html", &html)?;
        dir.write_json("compare.json", self)?;
        dir.write("compare.csv", &self.csv())
    }
}
