//! Counts over virtual time, in a fixed number of intervals that get longer as time goes on.

/// The most intervals. When there would be more, two become one.
const INTERVALS_MAX: usize = 128;

/// The length of an interval at first, in nanoseconds: about a millisecond.
const FIRST_NS: u64 = 1 << 20;

/// How many messages were sent when, and how large they were.
#[derive(Debug)]
pub(super) struct Series {
    interval_ns: u64,
    intervals: Vec<Interval>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Interval {
    messages: u64,
    largest: usize,
}

/// What happened in a quarter of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quarter {
    /// Messages a second.
    pub(super) rate: u64,
    /// The bytes of the largest body.
    pub(super) largest: usize,
}

impl Default for Series {
    fn default() -> Self {
        Series {
            interval_ns: FIRST_NS,
            intervals: Vec::new(),
        }
    }
}

impl Series {
    /// A message with a body of so many bytes is sent.
    pub(super) fn add(&mut self, at_ns: u64, bytes: usize) {
        let mut index = self.index(at_ns);
        while index >= INTERVALS_MAX {
            let pairs = self.intervals.chunks(2);
            self.intervals = pairs.map(Interval::of).collect();
            self.interval_ns *= 2;
            index = self.index(at_ns);
        }
        if index >= self.intervals.len() {
            self.intervals.resize(index + 1, Interval::default());
        }
        let interval = &mut self.intervals[index];
        interval.messages += 1;
        interval.largest = interval.largest.max(bytes);
    }

    fn index(&self, at_ns: u64) -> usize {
        usize::try_from(at_ns / self.interval_ns).unwrap_or(usize::MAX)
    }

    /// The first and the last quarter of the time up to `end_ns`, as near as intervals allow; `None` if
    /// that time is too short. What comes later is left out.
    pub(super) fn ends(&self, end_ns: u64) -> Option<(Quarter, Quarter)> {
        let quarter = self.index(end_ns / 4);
        if quarter == 0 {
            return None;
        }
        let last = self.index(end_ns).saturating_sub(quarter);
        let of = |range: &[Interval], time_ns: u64| {
            let all = Interval::of(range);
            let rate = u128::from(all.messages) * 1_000_000_000 / u128::from(time_ns.max(1));
            Quarter {
                rate: u64::try_from(rate).unwrap_or(u64::MAX),
                largest: all.largest,
            }
        };
        let have = self.intervals.len();
        let first = &self.intervals[..quarter.min(have)];
        let until = (self.index(end_ns) + 1).min(have);
        let rest = &self.intervals[last.min(until)..until];
        let quarter_ns = quarter as u64 * self.interval_ns;
        let last_ns = end_ns - last as u64 * self.interval_ns;
        Some((of(first, quarter_ns), of(rest, last_ns)))
    }
}

impl Interval {
    /// Several of them as one.
    fn of(several: &[Interval]) -> Self {
        Interval {
            messages: several.iter().map(|it| it.messages).sum(),
            largest: several.iter().map(|it| it.largest).max().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn growth_shows_between_the_first_quarter_and_the_last() {
        let mut series = Series::default();
        // In second `s` there are `s + 1` messages of 10 * (s + 1) bytes.
        for second in 0..64_u64 {
            for _ in 0..=second {
                let bytes = 10 * (usize::try_from(second).unwrap() + 1);
                series.add(second * SECOND + SECOND / 2, bytes);
            }
        }
        let (first, last) = series.ends(64 * SECOND).unwrap();
        // 1 to 16 messages a second, and 49 to 64.
        assert!((8..=9).contains(&first.rate), "{first:?}");
        assert!((56..=57).contains(&last.rate), "{last:?}");
        assert_eq!((first.largest, last.largest), (160, 640));
        assert!(series.intervals.len() <= INTERVALS_MAX);
    }

    #[test]
    fn a_moment_has_no_quarters() {
        let mut series = Series::default();
        series.add(0, 10);
        assert_eq!(series.ends(0), None);
        assert_eq!(series.ends(4 * FIRST_NS - 1), None);
    }

    #[test]
    fn silence_at_the_end_is_a_rate_of_zero() {
        let mut series = Series::default();
        (0..100).for_each(|_| series.add(0, 10));
        let (first, last) = series.ends(4 * SECOND).unwrap();
        assert_eq!((last.rate, last.largest), (0, 0));
        assert_eq!((first.rate, first.largest), (100, 10));
    }
}
