//! Computes the figures of a history: operations, latencies, rates.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::budget::{PageSize, fitting};
use host_check::history::{History, Kind, Op, Process};
use host_protocol::text::excerpt;

/// The most operations that a page lists.
pub(super) const OPERATIONS_MAX: usize = 10_000;

/// The most that the values of listed operations may cost, in bytes of a page.
const VALUES_BYTES_MAX: usize = 600_000;

/// The number of parts of equal length into which a run is divided for rates and quantiles.
const PARTS: u64 = 60;

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// It took place.
    Ok = 0,
    /// It did not take place.
    Fail = 1,
    /// It may have taken place.
    Info = 2,
    /// It had not completed when the run ended.
    Open = 3,
}

/// An operation from its invocation to its completion.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) invoked: &'a Op,
    pub(super) completed: Option<&'a Op>,
}

impl Operation<'_> {
    pub(super) fn end(&self) -> End {
        match self.completed.map(|op| op.kind) {
            Some(Kind::Ok) => End::Ok,
            Some(Kind::Fail) => End::Fail,
            Some(Kind::Info | Kind::Invoke) => End::Info,
            None => End::Open,
        }
    }

    pub(super) fn latency_ns(&self) -> Option<i64> {
        Some(self.completed?.time_ns - self.invoked.time_ns)
    }
}

/// The operations of clients, in the order of their invocations.
pub(super) fn operations(history: &History) -> Vec<Operation<'_>> {
    let invoked = history
        .client_ops()
        .filter(|(_, op)| op.kind == Kind::Invoke);
    let completed = |at| Some(&history.ops()[history.pairs().partner(at)?]);
    invoked
        .map(|(at, invoked)| Operation {
            invoked,
            completed: completed(at),
        })
        .collect()
}

/// The operations of the nemesis. It writes each one twice, first as requested, then as done: these
/// are the latter.
pub(super) fn faults(history: &History) -> Vec<&Op> {
    let ops = history.ops().iter().filter(|op| !op.is_client());
    ops.skip(1).step_by(2).collect()
}

/// The operations that a page lists.
#[derive(Debug, Serialize)]
pub(super) struct OperationList<'a> {
    /// The number of operations before the first one listed.
    first: usize,
    /// The number of operations in the whole run.
    count: usize,
    /// The kinds of operations, `:f`.
    fs: Vec<&'a str>,
    rows: Vec<Row<'a>>,
}

/// `[index, process, f, begun, took or null, end, asked, answered, gap]`, with times in nanoseconds
/// and values as text. The index is that of the invocation, and the completion's is `gap` more.
#[derive(Debug)]
struct Row<'a> {
    operation: &'a Operation<'a>,
    f: usize,
    chars_max: usize,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Operation { invoked, completed } = self.operation;
        let short = |op: &Op| excerpt(&value(op), self.chars_max).into_owned();
        let row = (
            invoked.index,
            process(invoked),
            self.f,
            invoked.time_ns,
            self.operation.latency_ns(),
            self.operation.end() as u8,
            short(invoked),
            completed.map(short),
            completed.map(|op| op.index - invoked.index),
        );
        row.serialize(serializer)
    }
}

/// The number of a client's process; -1 for the nemesis.
pub(super) fn process(op: &Op) -> i64 {
    match op.process {
        Process::Client(process) => process,
        Process::Nemesis => -1,
    }
}

/// Lists the operations around the one whose invocation has the index `focus`, or the first ones.
pub(super) fn listed<'a>(
    operations: &'a [Operation<'a>],
    focus: Option<u64>,
    size: PageSize,
) -> OperationList<'a> {
    let most = size.of(OPERATIONS_MAX);
    let of_focus = |index| {
        let is_it = |it: &Operation<'_>| it.invoked.index == index;
        operations.iter().position(is_it)
    };
    let end = match focus.and_then(of_focus) {
        Some(at) => (at + most / 4).min(operations.len()),
        None => operations.len().min(most),
    };
    let first = end.saturating_sub(most);
    let end = operations.len().min(first + most);
    let shown = &operations[first..end];
    let fs = kinds(operations);
    let ops = shown.iter().flat_map(|it| [Some(it.invoked), it.completed]);
    let values: Vec<String> = ops.flatten().map(value).collect();
    let chars_max = fitting(values.iter().map(String::as_str), size.of(VALUES_BYTES_MAX));
    let rows = shown.iter().map(|operation| Row {
        operation,
        f: fs
            .iter()
            .position(|f| *f == &*operation.invoked.f)
            .unwrap_or(0),
        chars_max,
    });
    OperationList {
        first,
        count: operations.len(),
        rows: rows.collect(),
        fs,
    }
}

/// The kinds of operations, sorted.
pub(super) fn kinds<'a>(operations: &[Operation<'a>]) -> Vec<&'a str> {
    let mut kinds: Vec<&str> = operations.iter().map(|it| &*it.invoked.f).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The value of an operation as EDN, with its error if it has one.
pub(super) fn value(op: &Op) -> String {
    match &op.error {
        Some(error) => format!("{} {error}", op.value),
        None => op.value.to_string(),
    }
}

/// The figures of a whole run over time.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Figures<'a> {
    /// The length of a part of the run, in nanoseconds.
    pub(super) part_ns: u64,
    /// One for each kind of operation and each way to end, sorted.
    pub(super) series: Vec<Series<'a>>,
    /// One for each kind of operation that succeeded.
    pub(super) latencies: Vec<Latencies<'a>>,
    /// For each part: the number of operations invoked in it, and of those that succeeded.
    pub(super) available: Vec<(u64, u64)>,
}

/// The operations of one kind that ended in one way.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Series<'a> {
    pub(super) f: &'a str,
    pub(super) end: u8,
    pub(super) count: u64,
    /// The number completed in each part.
    pub(super) completed: Vec<u64>,
    /// Time of invocation and latency of each, in nanoseconds; a regular sample if there are many.
    pub(super) points: Vec<(i64, i64)>,
}

/// The latencies of the operations of one kind that succeeded.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Latencies<'a> {
    pub(super) f: &'a str,
    /// The [`QUANTILES`] of all latencies, in nanoseconds.
    pub(super) all: [i64; 5],
    /// The same for those invoked in each part; null if there are none.
    parts: Vec<Option<[i64; 5]>>,
}

/// The quantiles that are shown. The quantile `p` of `n` sorted latencies is the one at `n * p`,
/// rounded down.
pub(super) const QUANTILES: [f64; 5] = [0.0, 0.5, 0.95, 0.99, 1.0];

/// The most points of a series.
const POINTS_MAX: usize = 5000;

/// Computes the figures of a run that ended at `end_ns`.
pub(super) fn figures<'a>(
    operations: &[Operation<'a>],
    end_ns: u64,
    size: PageSize,
) -> Figures<'a> {
    let part_ns = (end_ns / PARTS + 1).max(1_000_000);
    let parts = usize::try_from(end_ns / part_ns + 1).unwrap_or(1);
    let part = |time_ns: i64| {
        let part = u64::try_from(time_ns).unwrap_or(0) / part_ns;
        usize::try_from(part).unwrap_or(0).min(parts - 1)
    };
    let mut by_end: BTreeMap<(&str, End), Vec<&Operation<'_>>> = BTreeMap::new();
    let mut available = vec![(0, 0); parts];
    for operation in operations {
        let key: (&'a str, End) = (&operation.invoked.f, operation.end());
        by_end.entry(key).or_default().push(operation);
        let (begun, succeeded) = &mut available[part(operation.invoked.time_ns)];
        *begun += 1;
        *succeeded += u64::from(operation.end() == End::Ok);
    }
    let series = by_end.iter().map(|((f, end), operations)| {
        let mut completed = vec![0; parts];
        for op in operations.iter().filter_map(|it| it.completed) {
            completed[part(op.time_ns)] += 1;
        }
        let step = operations.len().div_ceil(size.of(POINTS_MAX).max(1)).max(1);
        let points = operations.iter().step_by(step);
        let points = points.filter_map(|it| Some((it.invoked.time_ns, it.latency_ns()?)));
        Series {
            f,
            end: *end as u8,
            count: operations.len() as u64,
            completed,
            points: points.collect(),
        }
    });
    let latencies = by_end.iter().filter(|((_, end), _)| *end == End::Ok);
    let latencies = latencies.filter_map(|((f, _), operations)| {
        let mut by_part = vec![Vec::new(); parts];
        let mut all = Vec::new();
        for operation in operations {
            let latency_ns = operation.latency_ns()?;
            by_part[part(operation.invoked.time_ns)].push(latency_ns);
            all.push(latency_ns);
        }
        Some(Latencies {
            f,
            all: quantiles(all)?,
            parts: by_part.into_iter().map(quantiles).collect(),
        })
    });
    Figures {
        part_ns,
        series: series.collect(),
        latencies: latencies.collect(),
        available,
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are small and not negative"
)]
fn quantiles(mut latencies_ns: Vec<i64>) -> Option<[i64; 5]> {
    latencies_ns.sort_unstable();
    let last = latencies_ns.len().checked_sub(1)?;
    let at = |p: f64| latencies_ns[((latencies_ns.len() as f64 * p) as usize).min(last)];
    Some(QUANTILES.map(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_check::history::read;

    #[test]
    fn operations_are_counted_where_they_end_and_timed_from_where_they_begin() {
        let history = read(
            br#"{:type :invoke, :f :read, :value nil, :process 0, :time 0, :index 0}
{:type :invoke, :f :add, :value 1, :process 1, :time 1000000, :index 1}
{:type :ok, :f :read, :value [], :process 0, :time 3000000, :index 2}
{:type :info, :f :add, :value 1, :process 1, :time 5000000, :error :net-timeout, :index 3}
{:type :invoke, :f :read, :value nil, :process 0, :time 5000000, :index 4}
"#,
        )
        .unwrap();
        let operations = operations(&history);
        let series = |f, end, completed: [u64; 6], points| Series {
            f,
            end,
            count: 1,
            completed: completed.to_vec(),
            points,
        };
        let read = [3_000_000; 5];
        assert_eq!(
            figures(&operations, 5_000_000, PageSize::WHOLE),
            Figures {
                part_ns: 1_000_000,
                series: vec![
                    series("add", 2, [0, 0, 0, 0, 0, 1], vec![(1_000_000, 4_000_000)]),
                    series("read", 0, [0, 0, 0, 1, 0, 0], vec![(0, 3_000_000)]),
                    series("read", 3, [0; 6], vec![]),
                ],
                latencies: vec![Latencies {
                    f: "read",
                    all: read,
                    parts: vec![Some(read), None, None, None, None, None],
                }],
                available: vec![(1, 1), (1, 0), (0, 0), (0, 0), (0, 0), (1, 0)],
            }
        );
        let listed = serde_json::to_value(listed(&operations, None, PageSize::WHOLE)).unwrap();
        assert_eq!(
            listed,
            serde_json::json!({"first": 0, "count": 3, "fs": ["add", "read"], "rows": [
                [0, 0, 1, 0, 3_000_000, 0, "nil", "[]", 2],
                [1, 1, 0, 1_000_000, 4_000_000, 2, "1", "1 :net-timeout", 2],
                [4, 0, 1, 5_000_000, null, 3, "nil", null, null],
            ]})
        );
    }
}
