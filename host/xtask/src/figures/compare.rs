//! Whether a figure of ours agrees with the real one.

use super::real::{Figure, Real};

/// A figure of many runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ours {
    /// 5 % of the runs have this or less.
    pub(super) least: f64,
    pub(super) median: f64,
    /// 95 % of the runs have this or less.
    pub(super) most: f64,
}

impl Ours {
    /// `None` without any run.
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        // The least value that so many of a hundred do not exceed, as `host sim` does it.
        let quantile = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).max(1);
            values.get(rank - 1).copied()
        };
        Some(Ours {
            least: quantile(5)?,
            median: quantile(50)?,
            most: quantile(95)?,
        })
    }
}

/// How a figure of ours lies to the real one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Compared {
    /// Whether the real figure lies in our range.
    pub(super) is_inside: bool,
    /// By how many percent of the real figure our median differs from it.
    pub(super) difference_percent: f64,
    /// Whether that is little enough.
    pub(super) is_near: bool,
}

impl Compared {
    /// Real figures are rounded, so the bounds of our range are rounded as they are.
    pub(super) fn of(figure: Figure, real: &Real, ours: &Ours) -> Self {
        let rounded = |value: f64| -> f64 {
            let text = format!("{value:.*}", real.decimals);
            text.parse().unwrap_or(value)
        };
        let (least, most) = (rounded(ours.least), rounded(ours.most));
        let (is_inside, nearest) = match real.median {
            Some(median) => (least <= median && median <= most, median),
            // Of a range without a median, any part may be it.
            None => (
                least <= real.most && real.least <= most,
                ours.median.clamp(real.least, real.most),
            ),
        };
        let difference_percent = match ours.median - nearest {
            0.0 => 0.0,
            difference => 100.0 * difference / nearest,
        };
        Compared {
            is_inside,
            difference_percent,
            // The bound itself is near, however it is rounded.
            is_near: difference_percent.abs() <= figure.tolerance_percent() + 1e-9,
        }
    }

    pub(super) fn agrees(&self) -> bool {
        self.is_inside && self.is_near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_forty_runs_two_are_below_the_range_or_at_its_ends() {
        let values = (1..=40).rev().map(f64::from).collect();
        let ours = Ours {
            least: 2.0,
            median: 20.0,
            most: 38.0,
        };
        assert_eq!(Ours::of(values), Some(ours));
        let one = Ours {
            least: 7.0,
            median: 7.0,
            most: 7.0,
        };
        assert_eq!(Ours::of(vec![7.0]), Some(one));
        assert_eq!(Ours::of(Vec::new()), None);
    }

    fn compare(figure: Figure, real: &str, ours: [f64; 3]) -> Compared {
        let [least, median, most] = ours;
        let ours = Ours {
            least,
            median,
            most,
        };
        Compared::of(figure, &Real::read(real).unwrap(), &ours)
    }

    fn compared(is_inside: bool, difference_percent: f64, is_near: bool) -> Compared {
        Compared {
            is_inside,
            difference_percent,
            is_near,
        }
    }

    #[test]
    fn a_figure_is_inside_and_near_or_not() {
        let rate = |real: &str, ours| compare(Figure::MsgsPerOp, real, ours);
        assert_eq!(rate("40", [36.0, 38.0, 42.0]), compared(true, -5.0, true));
        assert_eq!(rate("2.0", [2.25, 2.5, 3.0]), compared(false, 25.0, false));
        // Inside a wide range, and far from its median.
        assert_eq!(rate("4", [3.0, 6.0, 9.0]), compared(true, 50.0, false));
        // Near the median of a narrow range, and outside.
        let narrow = rate("2.00", [2.01, 2.02, 2.03]);
        assert!(!narrow.is_inside && narrow.is_near && !narrow.agrees());
        // Latencies may differ by more.
        let latency = compare(Figure::StableMax, "100", [80.0, 92.0, 120.0]);
        assert_eq!(latency, compared(true, -8.0, true));
        assert!(latency.agrees());
    }

    #[test]
    fn a_range_is_rounded_as_the_real_figure_is() {
        let ours = [2.00301, 2.00302, 2.00303];
        assert!(compare(Figure::AllMsgsPerOp, "2.003", ours).agrees());
        assert!(!compare(Figure::AllMsgsPerOp, "2.00300", ours).is_inside);
    }

    #[test]
    fn nothing_is_like_nothing_only() {
        let none = compare(Figure::MsgsPerOp, "0", [0.0, 0.0, 0.0]);
        assert_eq!(none, compared(true, 0.0, true));
        let some = compare(Figure::MsgsPerOp, "0", [0.0, 0.5, 1.0]);
        assert_eq!(some, compared(true, f64::INFINITY, false));
    }

    #[test]
    fn a_range_without_a_median_overlaps_or_not() {
        let ops = |ours| compare(Figure::Ops, "1000..2000", ours);
        assert_eq!(ops([1400.0, 1500.0, 1600.0]), compared(true, 0.0, true));
        assert_eq!(ops([1900.0, 2100.0, 2200.0]), compared(true, 5.0, true));
        assert_eq!(ops([2050.0, 2100.0, 2200.0]), compared(false, 5.0, true));
    }
}
