//! Compares two runs by their reports: options, verdict, figures, and the first event that differs.
//!
//! | files | job |
//! |---|---|
//! | `mod` | what differs |
//! | `side` | what is compared of a run, and reading it from a report |
//! | `events` | the first event that differs |
//! | `text` | the comparison as text |
//! | `error` | why there is none |

mod error;
mod events;
mod side;
mod text;

use std::path::Path;

use serde::Serialize;

pub use error::CompareError;
pub(super) use side::Side;

use events::{Differs, first_difference};

/// What is different in two runs, of which the first is called A and the second B.
#[derive(Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Workload, seed and verdict of each.
    runs: [String; 2],
    /// The options that differ: name, and the value in each, if it has the option.
    options: Vec<Difference>,
    /// The figures that differ.
    figures: Vec<Difference>,
    /// What is wrong with one of the runs only: the lines of each.
    problems: [Vec<String>; 2],
    /// The first event that differs; `None` if all are alike.
    event: Option<Differs>,
    /// The number of events before it that are alike. The start of nodes does not count.
    alike: usize,
}

/// A name, and its value in each run that has it.
#[derive(Debug, PartialEq, Serialize)]
struct Difference {
    name: String,
    a: Option<String>,
    b: Option<String>,
}

/// The most problems of a run that are named.
const PROBLEMS_MAX: usize = 8;

impl Comparison {
    /// Compares the runs of two reports, by the folders that `host sim --report` wrote.
    ///
    /// # Errors
    /// When one of them has no report on a run, or a file that cannot be read.
    pub fn of_reports(a: &Path, b: &Path) -> Result<Self, CompareError> {
        Comparison::of(&Side::read(a)?, &Side::read(b)?)
    }

    pub(super) fn of(a: &Side, b: &Side) -> Result<Self, CompareError> {
        let (alike, event) = first_difference(&a.journal, &b.journal)?;
        let only = |one: &Side, other: &Side| {
            let lines = one.problems.iter();
            let lines = lines.filter(|line| !other.problems.contains(line));
            lines.take(PROBLEMS_MAX).cloned().collect()
        };
        Ok(Comparison {
            runs: [a.run.clone(), b.run.clone()],
            options: differences(&a.options, &b.options),
            figures: differences(&a.figures, &b.figures),
            problems: [only(a, b), only(b, a)],
            event,
            alike,
        })
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.event.is_none()
            && self.options.is_empty()
            && self.figures.is_empty()
            && self.problems.iter().all(Vec::is_empty)
            && self.runs[0] == self.runs[1]
    }
}

/// The names whose values differ, in the order of A, then those that only B has.
fn differences(a: &[(String, String)], b: &[(String, String)]) -> Vec<Difference> {
    let value = |side: &[(String, String)], name: &str| {
        let found = side.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.clone())
    };
    let more = b.iter().filter(|(name, _)| value(a, name).is_none());
    let names = a.iter().chain(more).map(|(name, _)| name);
    let all = names.map(|name| Difference {
        name: name.clone(),
        a: value(a, name),
        b: value(b, name),
    });
    all.filter(|it| it.a != it.b).collect()
}
