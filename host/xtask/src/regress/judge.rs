//! When work has become slower: a rule that noise of a machine does not break.
//!
//! Two programs take turns. Whatever else the machine does hits both, so each turn gives a ratio, and
//! the median of a series of turns leaves out those in which it hit one. If that median is above the
//! limit, the series is made again: only what is above it in every series is slower.

use anyhow::Result;

/// The ratio above which work has become slower.
pub(super) const LIMIT: f64 = 1.1;

/// Turns in a series.
const TURNS: usize = 9;

/// Series that have to be above the limit, one after another.
const SERIES: usize = 3;

/// What the turns gave. Times are medians of all of them, in seconds.
#[derive(Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) base_s: f64,
    pub(super) ours_s: f64,
    /// The median of the last series, which decided.
    pub(super) ratio: f64,
    pub(super) turns: usize,
    pub(super) is_slower: bool,
}

/// Takes turns until it is clear. A turn returns the seconds of the base and of ours.
pub(super) fn measure(mut turn: impl FnMut() -> Result<(f64, f64)>) -> Result<Measured> {
    let mut turns = Vec::new();
    let (mut ratio, mut is_slower) = (f64::INFINITY, true);
    while is_slower && turns.len() < SERIES * TURNS {
        let series = (0..TURNS).map(|_| turn()).collect::<Result<Vec<_>>>()?;
        ratio = median(series.iter().map(|(base, ours)| ours / base).collect());
        is_slower = ratio > LIMIT;
        turns.extend(series);
    }
    Ok(Measured {
        base_s: median(turns.iter().map(|(base, _)| *base).collect()),
        ours_s: median(turns.iter().map(|(_, ours)| *ours).collect()),
        ratio,
        turns: turns.len(),
        is_slower,
    })
}

/// The middle one of an odd number of values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    /// Measures a base that takes a second and ours, which takes these, turn by turn.
    fn of(ours: &[f64]) -> Measured {
        let mut turns = ours.iter();
        let measured = measure(|| Ok((1.0, *turns.next().unwrap()))).unwrap();
        assert_eq!(
            measured.turns,
            ours.len(),
            "it takes as many turns as expected"
        );
        measured
    }

    fn expected(ours_s: f64, ratio: f64, turns: usize, is_slower: bool) -> Measured {
        Measured {
            base_s: 1.0,
            ours_s,
            ratio,
            turns,
            is_slower,
        }
    }

    #[test]
    fn what_takes_as_long_is_measured_once() {
        assert_eq!(of(&[1.0; 9]), expected(1.0, 1.0, 9, false));
        assert_eq!(of(&[0.5; 9]), expected(0.5, 0.5, 9, false));
        // Ten percent are allowed.
        assert_eq!(of(&[1.1; 9]), expected(1.1, 1.1, 9, false));
    }

    #[test]
    fn turns_that_were_disturbed_do_not_count() {
        let mut ours = [1.02; 9];
        ours[..4].fill(3.0);
        assert_eq!(of(&ours), expected(1.02, 1.02, 9, false));
    }

    #[test]
    fn what_is_slower_in_every_series_is_slower() {
        assert_eq!(of(&[1.11; 27]), expected(1.11, 1.11, 27, true));
        let ours = [[1.5; 9], [1.12; 9], [1.2; 9]].concat();
        assert_eq!(of(&ours), expected(1.2, 1.2, 27, true));
    }

    #[test]
    fn a_series_that_was_disturbed_is_made_again() {
        let ours = [[1.4; 9], [1.01; 9]].concat();
        assert_eq!(of(&ours), expected(1.4, 1.01, 18, false));
        let ours = [[1.4; 9], [1.3; 9], [1.05; 9]].concat();
        assert_eq!(of(&ours), expected(1.3, 1.05, 27, false));
    }

    /// A machine that becomes slower and slower slows both.
    #[test]
    fn ratios_are_those_of_a_turn() {
        let mut seconds = 0.5;
        let measured = measure(|| {
            seconds *= 1.3;
            Ok((seconds, seconds * 1.04))
        });
        let measured = measured.unwrap();
        assert!((measured.ratio - 1.04).abs() < 1e-9, "{measured:?}");
        assert!(!measured.is_slower);
    }

    #[test]
    fn work_that_fails_ends_it() {
        let error = measure(|| bail!("it cannot run")).unwrap_err();
        assert_eq!(error.to_string(), "it cannot run");
    }
}
