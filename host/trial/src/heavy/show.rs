//! Says what was counted, in few lines.

use host_sim::{ResourceUsage, seconds};

use super::traffic::{Sent, Traffic};
use super::{Focus, traffic};

/// The most senders that are listed.
const SENDERS_MAX: usize = 5;

/// The most kinds of events that are listed with their fuel.
const EVENTS_MAX: usize = 3;

/// The most sizes of memory in a line.
const SIZES_MAX: usize = 6;

/// A log of fewer bytes is not told.
const LOG_BYTES_MIN: u64 = 1 << 20;

/// What is told of a run.
pub(super) struct Told<'a> {
    pub(super) traffic: &'a Traffic,
    pub(super) focus: Focus,
    pub(super) end_ns: u64,
    pub(super) used: ResourceUsage,
}

/// A sender's messages of one type.
struct Row<'a> {
    who: String,
    kind: &'a str,
    sent: Sent,
}

impl Told<'_> {
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.senders();
        match self.focus {
            Focus::Work => lines.extend(self.fuel()),
            Focus::Memory => lines.extend(self.memory()),
            Focus::Output => lines.extend(self.logs()),
            Focus::Messages | Focus::Latency(_) => {}
        }
        lines.extend(self.growth());
        lines.extend(self.largest());
        lines
    }

    /// `n0 -> n1..n4   gossip   120,331 messages   48 MiB`
    fn senders(&self) -> Vec<String> {
        let is_between_servers = matches!(self.focus, Focus::Messages | Focus::Latency(_));
        let mut rows: Vec<Row<'_>> = Vec::new();
        for (src, kind, dests) in self.traffic.sent() {
            let dests: Vec<(&str, Sent)> = dests
                .iter()
                .map(|(dest, sent)| (dest.as_str(), *sent))
                .filter(|(dest, _)| !is_between_servers || *dest != "clients")
                .collect();
            if dests.is_empty() || (is_between_servers && src == "clients") {
                continue;
            }
            let mut sent = Sent::default();
            dests.iter().for_each(|(_, each)| sent.add(*each));
            let names: Vec<&str> = dests.iter().map(|(dest, _)| *dest).collect();
            let who = format!("{src} -> {}", several(&names));
            rows.push(Row { who, kind, sent });
        }
        let by_bytes = matches!(self.focus, Focus::Output | Focus::Memory);
        rows.sort_by_key(|row| {
            let weight = if by_bytes {
                row.sent.bytes
            } else {
                row.sent.messages
            };
            std::cmp::Reverse(weight)
        });
        let mut rest = Sent::default();
        let left = rows.len().saturating_sub(SENDERS_MAX);
        rows.drain(rows.len() - left..)
            .for_each(|row| rest.add(row.sent));
        let width = |of: &dyn Fn(&Row<'_>) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let who = width(&|row| row.who.chars().count());
        let kind = width(&|row| row.kind.chars().count());
        let number = width(&|row| count(row.sent.messages).len());
        let mut lines: Vec<String> = rows
            .iter()
            .map(|row| {
                format!(
                    "  {:<who$}  {:<kind$}  {:>number$} messages, {}",
                    row.who,
                    row.kind,
                    count(row.sent.messages),
                    bytes(row.sent.bytes)
                )
            })
            .collect();
        if left > 0 {
            lines.push(format!(
                "  {left} other senders and types: {} messages, {}",
                count(rest.messages),
                bytes(rest.bytes)
            ));
        }
        lines
    }

    /// `fuel: n0 (timers) 1,200,000 events, 61 %; …`
    fn fuel(&self) -> Option<String> {
        let nodes = self.traffic.nodes.iter();
        let mut events: Vec<_> = nodes
            .flat_map(|(node, it)| {
                it.handled
                    .iter()
                    .map(move |(kind, handled)| (node, kind, handled))
            })
            .collect();
        let all = self.used.fuel;
        let with_fuel = all > 0;
        events.sort_by_key(|(_, _, it)| {
            std::cmp::Reverse(if with_fuel { it.fuel } else { it.events })
        });
        events.truncate(EVENTS_MAX);
        let shown: Vec<String> = events
            .iter()
            .map(|(node, kind, it)| {
                let what = match kind.as_str() {
                    traffic::TIMER => "timers".to_owned(),
                    kind => kind.to_owned(),
                };
                let share = match with_fuel {
                    true => format!(" with {} % of all fuel", percent(it.fuel, all)),
                    false => String::new(),
                };
                format!("{node} handled {what} {} times{share}", count(it.events))
            })
            .collect();
        (!shown.is_empty()).then(|| format!("work: {}", shown.join("; ")))
    }

    /// `memory of n0: 1.1 MiB at 0 s, 2.5 MiB at 3 s, …`
    fn memory(&self) -> Option<String> {
        let nodes = self.traffic.nodes.iter();
        let size = |sizes: &[(u64, usize)]| sizes.last().map_or(0, |(_, bytes)| *bytes);
        // The first of those that are as large.
        let (node, figures) = nodes.rev().max_by_key(|(_, it)| size(&it.sizes))?;
        let mut sizes = figures.sizes.clone();
        sizes.dedup();
        // The first and the latest.
        let skipped = sizes.len().saturating_sub(SIZES_MAX);
        if skipped > 0 {
            sizes.drain(1..=skipped);
        }
        let shown = sizes
            .iter()
            .map(|(at_ns, size)| format!("{} at {} s", bytes(*size as u64), seconds(*at_ns)));
        let shown: Vec<String> = shown.collect();
        let services = match self.traffic.nodes.len() {
            0 | 1 => String::new(),
            _ => format!(
                "; all nodes and services {}",
                bytes(self.used.memory_bytes as u64)
            ),
        };
        Some(format!("memory of {node}: {}{services}", shown.join(", ")))
    }

    /// `log of n0: 1,000,000 lines, 40 MiB`
    fn logs(&self) -> Option<String> {
        let nodes = self.traffic.nodes.iter();
        let (node, figures) = nodes.rev().max_by_key(|(_, it)| it.log.bytes)?;
        let log = figures.log;
        (log.bytes >= LOG_BYTES_MIN).then(|| {
            format!(
                "log of {node}: {} lines, {}",
                count(log.messages),
                bytes(log.bytes)
            )
        })
    }

    fn growth(&self) -> Option<String> {
        let Traffic {
            messages,
            between_servers,
            at_last,
            last_ns,
            ..
        } = *self.traffic;
        if at_last > 1 && at_last > messages / 2 {
            return Some(format!(
                "{} of {} messages were sent at one moment, {} s: virtual time stood still",
                count(at_last),
                count(messages),
                seconds(last_ns)
            ));
        }
        let (first, last) = self.traffic.series.ends(self.end_ns)?;
        Some(format!(
            "{} messages, {} of them between servers; a second: {} in the first quarter of the time, \
             {} in the last",
            count(messages),
            count(between_servers),
            count(first.rate),
            count(last.rate)
        ))
    }

    fn largest(&self) -> Option<String> {
        let largest = self.traffic.largest.as_ref()?;
        let before = match self.traffic.series.ends(self.end_ns) {
            Some((first, _)) => format!(
                "; in the first quarter of the time {}",
                bytes(first.largest as u64)
            ),
            None => String::new(),
        };
        Some(format!(
            "largest body: {}, {} from {} to {} at {} s{before}",
            bytes(largest.bytes as u64),
            largest.kind,
            largest.src,
            largest.dest,
            seconds(largest.at_ns)
        ))
    }
}

/// Names in short: `n1..n4`, `n1, n3`, `n0..n2, n5 and 3 others`.
pub(super) fn several(names: &[&str]) -> String {
    const PARTS_MAX: usize = 3;
    let mut nodes: Vec<u64> = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    for name in names {
        match name.strip_prefix('n').map(str::parse) {
            Some(Ok(number)) => nodes.push(number),
            _ => others.push(name),
        }
    }
    nodes.sort_unstable();
    let runs = nodes.chunk_by(|one, next| one + 1 == *next);
    let mut parts: Vec<(String, usize)> = runs
        .flat_map(|run| match run {
            [first, .., last] if run.len() > 2 => vec![(format!("n{first}..n{last}"), run.len())],
            run => run.iter().map(|node| (format!("n{node}"), 1)).collect(),
        })
        .collect();
    parts.extend(others.into_iter().map(|name| (name.to_owned(), 1)));
    let left: usize = parts.iter().skip(PARTS_MAX).map(|(_, names)| names).sum();
    let shown: Vec<String> = parts
        .into_iter()
        .take(PARTS_MAX)
        .map(|(part, _)| part)
        .collect();
    match left {
        0 => shown.join(", "),
        1 => format!("{} and 1 other", shown.join(", ")),
        left => format!("{} and {left} others", shown.join(", ")),
    }
}

/// A number with a comma after each thousand.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `812 bytes`, `47.5 KiB`, `48 MiB`
pub(super) fn bytes(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..10_240 => return format!("{} bytes", count(bytes)),
        10_240..10_485_760 => (1 << 10, "KiB"),
        _ => (1 << 20, "MiB"),
    };
    let tenths = u128::from(bytes) * 10 / unit;
    let whole = u64::try_from(tenths / 10).unwrap_or(u64::MAX);
    match tenths % 10 {
        0 => format!("{} {name}", count(whole)),
        tenth => format!("{}.{tenth} {name}", count(whole)),
    }
}

fn percent(part: u64, all: u64) -> u64 {
    let percent = u128::from(part) * 100 / u128::from(all.max(1));
    u64::try_from(percent).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_are_short() {
        let numbers = [0, 999, 1000, 1_234_567].map(count);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        let sizes = [0, 10_239, 10_240, 48_640, 10_485_760, 50_855_936].map(bytes);
        assert_eq!(
            sizes,
            [
                "0 bytes",
                "10,239 bytes",
                "10 KiB",
                "47.5 KiB",
                "10 MiB",
                "48.5 MiB"
            ]
        );
    }

    #[test]
    fn names_that_follow_each_other_are_one() {
        assert_eq!(several(&["n10", "n9", "n11", "n8"]), "n8..n11");
        assert_eq!(several(&["n0", "n2", "lin-kv"]), "n0, n2, lin-kv");
        assert_eq!(several(&["n0", "n1"]), "n0, n1");
        assert_eq!(
            several(&["n0", "n2", "n4", "n6", "n8", "n9", "n10"]),
            "n0, n2, n4 and 4 others"
        );
        assert_eq!(several(&["clients"]), "clients");
    }
}
