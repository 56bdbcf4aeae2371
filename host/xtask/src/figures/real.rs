//! The real runs, as `host/xtask/real-maelstrom.toml` has them.

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

/// What a challenge is compared in. Its name is that of `host sim --seeds --format json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    /// Operations that completed.
    Ops,
    /// Messages between servers for each of them.
    MsgsPerOp,
    /// All messages for each of them.
    AllMsgsPerOp,
    /// The part of them that succeeded.
    Availability,
    /// From a client's invocation to its completion, if that succeeded: the median.
    RoundTripMedian,
    /// From a value's acknowledgement until every read has it: the median.
    StableMedian,
    /// The same: 95 % take less.
    StableP95,
    /// The same: the worst.
    StableMax,
}

impl Figure {
    pub(super) const ALL: [Figure; 8] = [
        Figure::Ops,
        Figure::MsgsPerOp,
        Figure::AllMsgsPerOp,
        Figure::Availability,
        Figure::RoundTripMedian,
        Figure::StableMedian,
        Figure::StableP95,
        Figure::StableMax,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Figure::Ops => "ops",
            Figure::MsgsPerOp => "msgs-per-op",
            Figure::AllMsgsPerOp => "all-msgs-per-op",
            Figure::Availability => "availability",
            Figure::RoundTripMedian => "round-trip-median-ms",
            Figure::StableMedian => "stable-median-ms",
            Figure::StableP95 => "stable-p95-ms",
            Figure::StableMax => "stable-max-ms",
        }
    }

    /// By how many percent of the real figure our median may differ from it.
    pub(super) fn tolerance_percent(self) -> f64 {
        match self {
            Figure::Ops | Figure::MsgsPerOp | Figure::AllMsgsPerOp => 5.0,
            _ => 10.0,
        }
    }
}

/// All real runs.
#[derive(Debug)]
pub(super) struct RealRuns {
    /// The seeds of our runs, as `host sim` takes them.
    pub(super) seeds: String,
    pub(super) rows: Vec<Row>,
}

/// A challenge with certain options.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) challenge: String,
    /// Options of `host sim` beyond those of the challenge.
    pub(super) options: Vec<String>,
    /// The guests' arguments, where they are not those of the suite's run.
    pub(super) args: Option<Vec<String>>,
    /// What is shown of ours, each with what is known of the real one.
    pub(super) figures: Vec<(Figure, Option<Real>)>,
    /// Why figures may differ from ours.
    pub(super) reasons: Vec<(Figure, String)>,
}

/// What real runs gave for a figure. The least, the median and the most are those of the runs on a
/// quiet machine, if there are any.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Real {
    /// As it is shown: every run.
    pub(super) text: String,
    pub(super) least: f64,
    /// Not known of some that were told as a range.
    pub(super) median: Option<f64>,
    pub(super) most: f64,
    /// The digits after the point that runs were told with.
    pub(super) decimals: usize,
    /// Whether the machine was loaded in all of them.
    pub(super) is_loaded: bool,
}

/// What marks a run on a loaded machine.
const LOADED: char = '†';

/// A figure of which no real run is known.
const UNKNOWN: &str = "-";

impl RealRuns {
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut table: Table = text.parse()?;
        let seeds = take_text(&mut table, "seeds")?.context("there are no seeds")?;
        let rows = match table.remove("row") {
            Some(Value::Array(rows)) => rows,
            _ => bail!("there is no [[row]]"),
        };
        refuse_others(&table)?;
        let rows = rows.into_iter().map(|row| match row {
            Value::Table(row) => Row::read(row),
            _ => bail!("a row is no table"),
        });
        Ok(RealRuns {
            seeds,
            rows: rows.collect::<Result<_>>()?,
        })
    }
}

impl Row {
    fn read(mut table: Table) -> Result<Self> {
        let name = take_text(&mut table, "name")?.context("a row has no name")?;
        Self::read_named(&name, &mut table).with_context(|| format!("row {name:?}"))
    }

    fn read_named(name: &str, table: &mut Table) -> Result<Self> {
        let challenge = take_text(table, "challenge")?;
        let options = take_text(table, "options")?.unwrap_or_default();
        let args = take_text(table, "args")?;
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let mut reasons = match table.remove("reasons") {
            Some(Value::Table(reasons)) => reasons,
            Some(_) => bail!("reasons are no table"),
            None => Table::new(),
        };
        let mut row = Row {
            name: name.to_owned(),
            challenge: challenge.unwrap_or_else(|| name.to_owned()),
            options: words(&options),
            args: args.map(|args| words(&args)),
            figures: Vec::new(),
            reasons: Vec::new(),
        };
        for figure in Figure::ALL {
            let Some(runs) = take_text(table, figure.name())? else {
                continue;
            };
            let real = match runs.as_str() {
                UNKNOWN => None,
                runs => {
                    Some(Real::read(runs).with_context(|| format!("{} {runs:?}", figure.name()))?)
                }
            };
            row.figures.push((figure, real));
            let reason = take_text(&mut reasons, figure.name())?;
            row.reasons.extend(reason.map(|reason| (figure, reason)));
        }
        refuse_others(table)?;
        refuse_others(&reasons)?;
        Ok(row)
    }

    /// Why this figure may differ from ours, if it may.
    pub(super) fn reason(&self, figure: Figure) -> Option<&str> {
        let mut reasons = self.reasons.iter();
        let found = reasons.find(|(it, _)| *it == figure);
        found.map(|(_, reason)| reason.as_str())
    }
}

impl Real {
    pub(super) fn read(text: &str) -> Result<Self> {
        let number = |word: &str| -> Result<f64> {
            let number: f64 = word.parse().context("not a number")?;
            ensure!(number >= 0.0 && number.is_finite(), "not a figure");
            Ok(number)
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let plain = |word: &str| word.trim_end_matches(LOADED).to_owned();
        let decimals = |word: &str| word.split_once('.').map_or(0, |(_, digits)| digits.len());
        if let [range] = *words
            && range.contains("..")
        {
            let parts: Vec<&str> = range.split("..").collect();
            let numbers = parts.iter().map(|part| number(part));
            let numbers = numbers.collect::<Result<Vec<f64>>>()?;
            ensure!(
                numbers.is_sorted(),
                "a range goes from the least to the most"
            );
            let (least, median, most) = match *numbers {
                [least, most] => (least, None, most),
                [least, median, most] => (least, Some(median), most),
                _ => bail!("a range is LEAST..MOST or LEAST..MEDIAN..MOST"),
            };
            let shown = match *parts {
                [least, median, most] => format!("{median} ({least} to {most})"),
                _ => parts.join(" to "),
            };
            return Ok(Real {
                text: shown,
                least,
                median,
                most,
                decimals: parts.iter().map(|part| decimals(part)).max().unwrap_or(0),
                is_loaded: false,
            });
        }
        let quiet: Vec<&str> = words
            .iter()
            .copied()
            .filter(|it| !it.ends_with(LOADED))
            .collect();
        let is_loaded = quiet.is_empty();
        let counted = if is_loaded { &words } else { &quiet };
        let counted: Vec<String> = counted.iter().map(|word| plain(word)).collect();
        let values = counted.iter().map(|word| number(word));
        let mut values = values.collect::<Result<Vec<f64>>>()?;
        values.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (values.first(), values.last()) else {
            bail!("no run");
        };
        let median = f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]);
        Ok(Real {
            text: words.join(", "),
            least,
            median: Some(median),
            most,
            decimals: counted.iter().map(|word| decimals(word)).max().unwrap_or(0),
            is_loaded,
        })
    }
}

fn take_text(table: &mut Table, key: &str) -> Result<Option<String>> {
    match table.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => bail!("{key} is no text"),
    }
}

fn refuse_others(table: &Table) -> Result<()> {
    match table.keys().next() {
        Some(key) => bail!("{key} is no key of this table"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(text: &str, least: f64, median: Option<f64>, most: f64, decimals: usize) -> Real {
        Real {
            text: text.to_owned(),
            least,
            median,
            most,
            decimals,
            is_loaded: false,
        }
    }

    #[test]
    fn quiet_runs_count_and_all_are_shown() {
        let read = |text: &str| Real::read(text).unwrap();
        assert_eq!(read("2.000"), real("2.000", 2.0, Some(2.0), 2.0, 3));
        let three = real("1.061†, 1.031, 1.067", 1.031, Some(1.049), 1.067, 3);
        assert_eq!(read("1.061† 1.031 1.067"), three);
        let loaded = Real {
            is_loaded: true,
            ..real("49†", 49.0, Some(49.0), 49.0, 0)
        };
        assert_eq!(read("49†"), loaded);
        let range = real("3.38 (3.18 to 4.11)", 3.18, Some(3.38), 4.11, 2);
        assert_eq!(read("3.18..3.38..4.11"), range);
        assert_eq!(
            read("1830..2019"),
            real("1830 to 2019", 1830.0, None, 2019.0, 0)
        );
        for wrong in ["", "x", "-1", "inf", "1..", "2..1", "1..2..3..4", "1†..2"] {
            assert!(Real::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_row_is_read_whole() {
        let text = "seeds = \"1..41\"\n[[row]]\nname = \"few\"\nchallenge = \"lin-kv\"\n\
                    options = \"--concurrency 2n\"\nops = \"1681\"\navailability = \"-\"\n[row.reasons]\nops = \"one run\"\n";
        let read = RealRuns::read(text).unwrap();
        let row = Row {
            name: "few".to_owned(),
            challenge: "lin-kv".to_owned(),
            options: vec!["--concurrency".to_owned(), "2n".to_owned()],
            args: None,
            figures: vec![
                (
                    Figure::Ops,
                    Some(real("1681", 1681.0, Some(1681.0), 1681.0, 0)),
                ),
                (Figure::Availability, None),
            ],
            reasons: vec![(Figure::Ops, "one run".to_owned())],
        };
        assert_eq!((read.seeds.as_str(), &*read.rows), ("1..41", &[row][..]));
        let refused = |text: &str| format!("{:#}", RealRuns::read(text).unwrap_err());
        assert_eq!(refused("seeds = \"1..2\""), "there is no [[row]]");
        let unknown = "seeds = \"1..2\"\n[[row]]\nname = \"1\"\nopps = \"3\"\n";
        assert_eq!(refused(unknown), "row \"1\": opps is no key of this table");
        let idle = "seeds = \"1..2\"\n[[row]]\nname = \"1\"\n[row.reasons]\nops = \"none\"\n";
        assert_eq!(refused(idle), "row \"1\": ops is no key of this table");
    }
}
