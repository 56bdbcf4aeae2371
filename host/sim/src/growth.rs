//! Memory that grows as long as a run lasts.
//!
//! Linear memory never shrinks, so a guest's sizes over time are a rising line of few steps. A program
//! that keeps what clients send it grows with that, and is right to. One that grows by much more, as
//! fast in the last quarter of the main phase as before, would meet its limit if the run were longer.

use std::fmt;

use super::phase::MainPhase;
use super::time::SECOND;

/// Growth below this is not told.
const GROWTH_BYTES_MIN: usize = 4 << 20;

/// How many times the bytes that clients sent a node may grow by: what is kept of a request, in maps and
/// with copies, takes several times its text.
const REQUEST_TIMES: u64 = 32;

/// How much slower growth may get from one quarter to the next, in percent, and still be steady.
const STEADY_PERCENT: usize = 70;

/// The memory of a node that grew steadily through the whole main phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryGrowth {
    /// The node that grew most.
    pub node: String,
    /// How many other nodes grew steadily.
    pub others: usize,
    /// Its memory at the beginning of the main phase, in bytes.
    pub from_bytes: usize,
    /// Its memory at the end of the main phase, in bytes.
    pub to_bytes: usize,
    /// How long the main phase was, in nanoseconds.
    pub time_ns: u64,
    /// The bytes that clients sent to all nodes together.
    pub request_bytes: u64,
    /// The limit that would be met first.
    pub limit: MemoryLimit,
    /// How long a main phase would be at the end of which that limit is met, in nanoseconds.
    pub limit_ns: u64,
}

/// A limit of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// That of each node.
    Node(usize),
    /// That of the whole run.
    Run(usize),
}

/// The smallest growth that is noted: a page of linear memory.
const NOTED_BYTES_MIN: usize = 64 << 10;

/// The sizes of a guest's memory, as far as it grew. A program holds its unread input and unfinished
/// output too, and so can shrink a little.
#[derive(Debug, Default)]
pub(super) struct Sizes(Vec<(u64, usize)>);

impl Sizes {
    /// It has `bytes` bytes now. Those that are kept differ by a page, so they are few.
    pub(super) fn note(&mut self, now_ns: u64, bytes: usize) {
        let is_new = |(_, last): &(u64, usize)| bytes >= last + NOTED_BYTES_MIN;
        if self.0.last().is_none_or(is_new) {
            self.0.push((now_ns, bytes));
        }
    }

    /// Its size at a time; `None` before the guest was started.
    fn at(&self, at_ns: u64) -> Option<usize> {
        let known = self.0.partition_point(|(from_ns, _)| *from_ns <= at_ns);
        Some(self.0[known.checked_sub(1)?].1)
    }
}

/// What is known of a run whose main phase is over.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) main: MainPhase,
    /// The bytes that clients sent.
    pub(super) request_bytes: u64,
    /// The limit of each node's memory.
    pub(super) node_limit: usize,
    /// The limit of all memory.
    pub(super) run_limit: usize,
}

/// A node's memory at the beginning and at the end of the main phase.
struct Grown<'a> {
    node: &'a str,
    from: usize,
    to: usize,
}

impl Observed {
    /// The growth that has to be told, of these nodes.
    pub(super) fn growth<'n>(
        &self,
        nodes: impl Iterator<Item = (&'n str, &'n Sizes)>,
    ) -> Option<MemoryGrowth> {
        let mut all_bytes = 0;
        let mut grown = Vec::new();
        for (node, sizes) in nodes {
            all_bytes += sizes.at(self.main.until_ns).unwrap_or(0);
            grown.extend(self.steady(node, sizes));
        }
        let by = |it: &Grown<'_>| it.to - it.from;
        // The first of those that grew as much.
        let most = grown.iter().rev().max_by_key(|it| by(it))?;
        let time_ns = self.main.until_ns - self.main.from_ns;
        let together: usize = grown.iter().map(by).sum();
        let when = |limit: usize, held: usize, by: usize| {
            let left = limit.saturating_sub(held) as u128;
            let more_ns = left * u128::from(time_ns) / by as u128;
            time_ns.saturating_add(u64::try_from(more_ns).unwrap_or(u64::MAX))
        };
        let node_ns = when(self.node_limit, most.to, by(most));
        let run_ns = when(self.run_limit, all_bytes, together);
        let (limit, limit_ns) = match node_ns <= run_ns {
            true => (MemoryLimit::Node(self.node_limit), node_ns),
            false => (MemoryLimit::Run(self.run_limit), run_ns),
        };
        Some(MemoryGrowth {
            node: most.node.to_owned(),
            others: grown.len() - 1,
            from_bytes: most.from,
            to_bytes: most.to,
            time_ns,
            request_bytes: self.request_bytes,
            limit,
            limit_ns,
        })
    }

    /// The growth of a node, if it was steady and more than what clients sent explains.
    fn steady<'n>(&self, node: &'n str, sizes: &Sizes) -> Option<Grown<'n>> {
        let MainPhase { from_ns, until_ns } = self.main;
        let quarter = |count: u64| sizes.at(from_ns + (until_ns - from_ns) / 4 * count);
        let [from, one, two, three] = [quarter(0)?, quarter(1)?, quarter(2)?, quarter(3)?];
        let to = sizes.at(until_ns)?;
        // The first quarter may be as it will: a node begins with what it needs in any case.
        let [second, third, fourth] = [two - one, three - two, to - three];
        let goes_on = |before: usize, after: usize| after * 100 >= before * STEADY_PERCENT;
        let is_steady = second > 0 && goes_on(second, third) && goes_on(third, fourth);
        let explained = self.request_bytes.saturating_mul(REQUEST_TIMES);
        let is_much = to - from >= GROWTH_BYTES_MIN && (to - from) as u64 > explained;
        (is_steady && is_much).then_some(Grown { node, from, to })
    }
}

/// `n0's memory grew by 0.8 MiB a second through the whole run: …`
impl fmt::Display for MemoryGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryGrowth { node, others, .. } = self;
        let by = self.to_bytes - self.from_bytes;
        let whole_seconds = |ns: u64| ns / SECOND;
        write!(f, "{node}'s memory")?;
        match others {
            0 => {}
            1 => f.write_str(" (and that of one other)")?,
            others => write!(f, " (and that of {others} others)")?,
        }
        write!(
            f,
            " grew by {} MiB a second through the whole run: {} MiB after {} s, while clients sent {} \
             MiB; ",
            mib(per_second(by, self.time_ns)),
            mib(self.to_bytes),
            whole_seconds(self.time_ns),
            mib(usize::try_from(self.request_bytes).unwrap_or(usize::MAX)),
        )?;
        let ends_s = whole_seconds(self.limit_ns);
        match self.limit {
            MemoryLimit::Node(limit) => {
                write!(
                    f,
                    "at the limit of {} MiB it would end after {ends_s} s",
                    mib(limit)
                )
            }
            MemoryLimit::Run(limit) => write!(
                f,
                "at the limit of {} MiB for all nodes the run would end after {ends_s} s",
                mib(limit)
            ),
        }
    }
}

fn per_second(bytes: usize, time_ns: u64) -> usize {
    let bytes = bytes as u128 * u128::from(SECOND) / u128::from(time_ns.max(1));
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Bytes in MiB, with two digits after the point if they say something.
fn mib(bytes: usize) -> String {
    let hundredths = bytes.saturating_mul(100) >> 20;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match (whole, rest) {
        (0, 0) if bytes > 0 => "less than 0.01".to_owned(),
        (_, 0) => whole.to_string(),
        _ => format!("{whole}.{rest:02}")
            .trim_end_matches('0')
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// A main phase of 40 s, and a node with these sizes, in MiB, at these seconds.
    fn told(request_bytes: u64, sizes: &[(u64, usize)]) -> Option<MemoryGrowth> {
        let mut noted = Sizes::default();
        for (at_s, mib) in sizes {
            noted.note(at_s * SECOND, mib * MIB);
        }
        let observed = Observed {
            main: MainPhase {
                from_ns: 0,
                until_ns: 40 * SECOND,
            },
            request_bytes,
            node_limit: 128 * MIB,
            run_limit: 256 * MIB,
        };
        observed.growth([("n0", &noted)].into_iter())
    }

    #[test]
    fn a_node_that_grows_with_time_is_told_with_its_end() {
        let sizes: Vec<_> = (0..=40)
            .map(|second| (second, 1 + 2 * usize::try_from(second).unwrap()))
            .collect();
        let growth = told(1 << 20, &sizes).unwrap();
        assert_eq!(
            growth.to_string(),
            "n0's memory grew by 2 MiB a second through the whole run: 81 MiB after 40 s, while \
             clients sent 1 MiB; at the limit of 128 MiB it would end after 63 s"
        );
    }

    #[test]
    fn all_nodes_together_may_meet_the_limit_of_the_run_first() {
        let mut sizes = Sizes::default();
        for second in 0..=40 {
            sizes.note(
                second * SECOND,
                (1 + usize::try_from(second).unwrap()) * MIB,
            );
        }
        let observed = Observed {
            main: MainPhase {
                from_ns: 0,
                until_ns: 40 * SECOND,
            },
            request_bytes: 0,
            node_limit: 128 * MIB,
            run_limit: 256 * MIB,
        };
        let growth = observed.growth([("n0", &sizes), ("n1", &sizes), ("n2", &sizes)].into_iter());
        assert_eq!(
            growth.unwrap().to_string(),
            "n0's memory (and that of 2 others) grew by 1 MiB a second through the whole run: 41 MiB \
             after 40 s, while clients sent 0 MiB; at the limit of 256 MiB for all nodes the run would \
             end after 84 s"
        );
    }

    #[test]
    fn what_shrinks_or_grows_by_bytes_is_not_noted() {
        let mut sizes = Sizes::default();
        for (at_ns, bytes) in [(0, MIB), (1, MIB - 1), (2, MIB + 9), (3, 2 * MIB), (4, MIB)] {
            sizes.note(at_ns, bytes);
        }
        assert_eq!(sizes.0, [(0, MIB), (3, 2 * MIB)]);
    }

    #[test]
    fn what_clients_sent_explains_growth() {
        let sizes: Vec<_> = (0..=40)
            .map(|second| (second, 1 + 2 * usize::try_from(second).unwrap()))
            .collect();
        assert_eq!(told(3 << 20, &sizes), None);
    }

    #[test]
    fn doubling_warming_up_and_little_are_not_told() {
        for sizes in [
            &[(0, 1), (3, 2), (8, 4), (16, 8), (35, 16)][..], // the third quarter has no growth
            &[(0, 1), (5, 40), (15, 50), (25, 51), (35, 52)],
            &[(0, 1), (5, 2), (15, 3), (25, 4)],
            &[(0, 1)],
            &[(1, 1), (15, 20), (25, 40), (35, 60)], // restarted in the main phase
        ] {
            assert_eq!(told(0, sizes), None, "{sizes:?}");
        }
    }

    #[test]
    fn growth_that_gets_faster_is_told() {
        let growth = told(0, &[(0, 1), (5, 2), (15, 5), (25, 10), (35, 20)]).unwrap();
        assert_eq!((growth.from_bytes, growth.to_bytes), (MIB, 20 * MIB));
    }

    #[test]
    fn figures_have_two_digits_at_most() {
        let cases = [0, 1, MIB / 2, MIB + MIB / 4, 52 * MIB];
        let shown: Vec<String> = cases.iter().map(|bytes| mib(*bytes)).collect();
        assert_eq!(shown, ["0", "less than 0.01", "0.5", "1.25", "52"]);
    }
}
