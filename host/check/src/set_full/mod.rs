//! Sets that only grow, and broadcast, which is one: what is added once appears in every read from
//! some time on. After `jepsen.checker/set-full`, whose words these are:
//!
//! - An element is *known* when its add is acknowledged, or a read has it, whichever is first.
//! - It is *stable* if the latest-invoked read that could have it does; *lost* if it does not,
//!   although the element was known before that read was invoked; otherwise it was *never read*.
//!   Which reads could have it: those that complete after its add was invoked.
//! - Its *stable latency* is the time from known until the latest-invoked read that still lacks it:
//!   0 if there is none. A stable element of which it is not 0 (in milliseconds) is *stale*. A lost
//!   element's *lost latency* is the time from known until the latest-invoked read that has it.
//!
//! The stable latency starts at the acknowledgement, so a node that acknowledges late looks fast.
//! The *visible latency* starts at the invocation of the add, and ends where the stable latency
//! does. Both are only as fine as the reads are frequent.
//!
//! Jepsen's time is the number of elements times the number of reads. Here it is linear in the
//! total size of the reads: see [`scan()`].

mod elements;
mod scan;
mod strict;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::bounded::{LeftOut, abridged, bounded};
use super::history::{History, Op};
use super::json::json_key;
use super::missed::Missed;
use super::unexpected::UnexpectedOperation;
use super::validity::{Checks, Validity};
use super::value::Value;

use scan::{Scan, Track, scan};

/// The most elements that [`SetFull::worst_stale`] lists. Jepsen's number.
pub const WORST_STALE_MAX: usize = 8;

/// What became of a set's elements. Latencies are in milliseconds, rounded down.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SetFull {
    /// False if an element is lost; unknown if none is stable.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// Different elements that adds tried to add.
    pub attempt_count: usize,
    /// Stable elements.
    pub stable_count: usize,
    /// Lost elements.
    pub lost_count: usize,
    /// Which these are, sorted.
    pub lost: Vec<Value>,
    /// Elements never read.
    pub never_read_count: usize,
    /// Which these are, sorted.
    pub never_read: Vec<Value>,
    /// Stale elements, which are stable too.
    pub stale_count: usize,
    /// Which these are, sorted.
    pub stale: Vec<Value>,
    /// The stale elements with the greatest stable latencies, the worst first.
    pub worst_stale: Vec<ElementResult>,
    /// Absent if no element is stable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_latencies: Option<Quantiles>,
    /// From the invocation of the add, of stable elements. Not in Maelstrom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible_latencies: Option<Quantiles>,
    /// Absent if no element is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_latencies: Option<Quantiles>,
    /// Elements that a read has more often than they were added. Under [`Checks::Maelstrom`] always
    /// 0, since Jepsen's test for it never holds.
    pub duplicated_count: usize,
    /// The same, with the most times that one read has them. In JSON an object.
    #[serde(serialize_with = "as_object")]
    pub duplicated: Vec<(Value, u32)>,
    /// What else is wrong.
    #[serde(flatten)]
    pub missed: Missed,
    /// Shortened lists.
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    pub left_out: LeftOut,
}

fn as_object<S: Serializer>(entries: &[(Value, u32)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        entries
            .iter()
            .map(|(element, times)| (json_key(element), times)),
    )
}

/// What became of one element.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ElementResult {
    /// The element.
    pub element: Value,
    /// How it ended.
    pub outcome: Outcome,
    /// In milliseconds; null unless stable.
    pub stable_latency: Option<i64>,
    /// In milliseconds; null unless lost.
    pub lost_latency: Option<i64>,
    /// The operation since which it is known.
    pub known: Option<Op>,
    /// The invocation of the latest read that lacks it.
    pub last_absent: Option<Op>,
}

/// How an element ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The latest read that could have it does.
    Stable,
    /// The latest read that must have it does not.
    Lost,
    /// Neither stable nor lost: no read tells.
    NeverRead,
}

/// Five quantiles of latencies in milliseconds; that of `p` among `n` sorted ones is the one at `n
/// * p`, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// Of 0, 0.5, 0.95, 0.99 and 1.
    pub ms: [i64; 5],
}

impl Quantiles {
    /// Which quantiles: their keys in JSON, and as numbers.
    pub const POINTS: [(&'static str, f64); 5] = [
        ("0", 0.0),
        ("0.5", 0.5),
        ("0.95", 0.95),
        ("0.99", 0.99),
        ("1", 1.0),
    ];

    /// The quantiles of some latencies; `None` of none.
    #[must_use]
    pub fn of(mut latencies_ms: Vec<i64>) -> Option<Self> {
        latencies_ms.sort_unstable();
        let last = latencies_ms.len().checked_sub(1)?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "Jepsen's arithmetic, on a count"
        )]
        let at = |point: f64| ((latencies_ms.len() as f64 * point).floor() as usize).min(last);
        Some(Self {
            ms: Self::POINTS.map(|(_, point)| latencies_ms[at(point)]),
        })
    }
}

/// An object keyed by the quantiles.
impl Serialize for Quantiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.ms.len()))?;
        for ((key, _), ms) in Self::POINTS.iter().zip(self.ms) {
            map.serialize_entry(key, &ms)?;
        }
        map.end()
    }
}

/// Judges a history in which clients add elements with the operation `add` (`add` itself, or
/// broadcast's `broadcast`) and read all of them with `read`.
///
/// # Errors
/// An answered read that is not of a vector.
pub fn set_full(
    history: &History,
    add: &str,
    checks: Checks,
) -> Result<SetFull, UnexpectedOperation> {
    let Scan {
        elements,
        tracks,
        mut strict,
    } = scan(history, add, checks)?;
    let ends: Vec<End> = tracks.iter().map(|track| End::of(history, track)).collect();
    let is_lost = |number: usize| ends[number].outcome == Outcome::Lost;
    strict.final_reads(history, add, &elements, &tracks, is_lost)?;
    let mut in_order: Vec<usize> = (0..elements.len()).collect();
    in_order.sort_by(|&a, &b| elements.value(a).cmp(elements.value(b)));

    let those = |is_one: &dyn Fn(&End) -> bool| -> Vec<usize> {
        in_order
            .iter()
            .copied()
            .filter(|&number| is_one(&ends[number]))
            .collect()
    };
    let stable = those(&|end| end.outcome == Outcome::Stable);
    let lost = those(&|end| end.outcome == Outcome::Lost);
    let never_read = those(&|end| end.outcome == Outcome::NeverRead);
    let stale = those(&|end| end.outcome == Outcome::Stable && end.latency_ms > 0);

    let mut left_out = LeftOut::new();
    let mut list = |name, numbers: &[usize]| {
        bounded(
            name,
            numbers
                .iter()
                .map(|&number| elements.value(number).clone())
                .collect(),
            &mut left_out,
        )
    };
    let latencies = |numbers: &[usize]| {
        Quantiles::of(
            numbers
                .iter()
                .map(|&number| ends[number].latency_ms)
                .collect(),
        )
    };
    // Of equal latencies Jepsen lists the greatest element first.
    let mut worst = stale.clone();
    worst.sort_by_key(|&number| ends[number].latency_ms);
    let worst_stale = worst.iter().rev().take(WORST_STALE_MAX);
    let mut duplicated: Vec<(Value, u32)> = strict.duplicated.into_iter().collect();
    duplicated.sort();

    let valid = match (lost.is_empty(), stable.is_empty()) {
        (false, _) => Validity::False,
        (true, true) => Validity::Unknown,
        (true, false) => Validity::True,
    };
    Ok(SetFull {
        valid: valid.max(Validity::from(strict.missed.is_empty())),
        attempt_count: elements.len(),
        stable_count: stable.len(),
        lost_count: lost.len(),
        lost: list("lost", &lost),
        never_read_count: never_read.len(),
        never_read: list("never-read", &never_read),
        stale_count: stale.len(),
        stale: list("stale", &stale),
        worst_stale: worst_stale
            .map(|&number| {
                result(
                    history,
                    elements.value(number),
                    &tracks[number],
                    ends[number],
                )
            })
            .collect(),
        stable_latencies: latencies(&stable),
        visible_latencies: Quantiles::of(
            stable
                .iter()
                .map(|&number| visible_ms(history, &tracks[number]))
                .collect(),
        ),
        lost_latencies: latencies(&lost),
        duplicated_count: duplicated.len(),
        duplicated: bounded("duplicated", duplicated, &mut left_out),
        missed: strict.missed,
        left_out,
    })
}

/// How one element ended, and its latency in that sense.
#[derive(Clone, Copy)]
struct End {
    outcome: Outcome,
    /// 0 for what was never read.
    latency_ms: i64,
}

impl End {
    fn of(history: &History, track: &Track) -> Self {
        let is_stable = track.last_present.is_some() && track.last_present > track.last_absent;
        let is_lost = track.known.is_some()
            && track.last_absent > track.last_present
            && track.last_absent > track.known;
        match (is_stable, is_lost) {
            (true, _) => Self {
                outcome: Outcome::Stable,
                latency_ms: ms_between(history, track.known, track.last_absent),
            },
            (_, true) => Self {
                outcome: Outcome::Lost,
                latency_ms: ms_between(history, track.known, track.last_present),
            },
            _ => Self {
                outcome: Outcome::NeverRead,
                latency_ms: 0,
            },
        }
    }
}

/// The milliseconds from one operation until just after another, rounded down; 0 without the other,
/// or if it was earlier.
fn ms_between(history: &History, from: Option<u32>, until: Option<u32>) -> i64 {
    let time = |at: u32| history.ops()[at as usize].time_ns;
    match (from, until) {
        (Some(from), Some(until)) => {
            (time(until).saturating_add(1).saturating_sub(time(from)) / 1_000_000).max(0)
        }
        _ => 0,
    }
}

fn visible_ms(history: &History, track: &Track) -> i64 {
    ms_between(history, track.added, track.last_absent)
}

fn result(history: &History, element: &Value, track: &Track, end: End) -> ElementResult {
    // Jepsen judges broadcast as a set, whose elements are added.
    let op = |at: u32| {
        let mut op = abridged(&history.ops()[at as usize]);
        if op.f == "broadcast" {
            op.f = "add".into();
        }
        op
    };
    let latency = |outcome| (end.outcome == outcome).then_some(end.latency_ms);
    ElementResult {
        element: element.clone(),
        outcome: end.outcome,
        stable_latency: latency(Outcome::Stable),
        lost_latency: latency(Outcome::Lost),
        known: track.known.map(op),
        last_absent: track.last_absent.map(op),
    }
}
