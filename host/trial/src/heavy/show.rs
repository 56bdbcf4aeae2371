//! Says what was counted, in few lines.

use std::collections::{BTreeMap, BTreeSet};

use host_sim::{ResourceUsage, brief_seconds};

use super::focus::Focus;
use super::traffic::{CLIENTS, Handled, Sent, Traffic};

/// The most rows of messages.
const ROWS_MAX: usize = 5;

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
    /// Until when clients begin operations, or the run was stopped.
    pub(super) busy_ns: u64,
    pub(super) used: ResourceUsage,
}

/// Messages of one type: those of one sender, or of several that sent about as many.
struct Row<'a> {
    who: String,
    kind: &'a str,
    sent: Sent,
    /// Who of several sent most, and how many.
    most: Option<(&'a str, u64)>,
}

/// A sender's messages of one type.
struct Sender<'a> {
    src: &'a str,
    dests: Vec<&'a str>,
    sent: Sent,
}

impl<'a> Row<'a> {
    fn of(kind: &'a str, senders: &[&Sender<'a>]) -> Self {
        let mut sent = Sent::default();
        senders.iter().for_each(|it| sent.add(it.sent));
        let sources: Vec<&str> = senders.iter().map(|it| it.src).collect();
        let dests: BTreeSet<&str> = senders
            .iter()
            .flat_map(|it| it.dests.iter().copied())
            .collect();
        let dests: Vec<&str> = dests.into_iter().collect();
        let most = senders.iter().rev().max_by_key(|it| it.sent.messages);
        let most = most.map(|it| (it.src, it.sent.messages));
        Row {
            who: format!("{} -> {}", several(&sources), several(&dests)),
            kind,
            sent,
            most: most.filter(|(_, most)| most * senders.len() as u64 > sent.messages),
        }
    }

    /// A row for all senders of a type together if they sent about as many, or else one for each.
    fn all_of(kind: &'a str, senders: &[Sender<'a>]) -> Vec<Self> {
        let messages = || senders.iter().map(|it| it.sent.messages);
        let (most, all) = (messages().max().unwrap_or(0), messages().sum::<u64>());
        let are_alike = senders.len() > 2 && most * senders.len() as u64 <= all * 2;
        match are_alike {
            true => vec![Row::of(kind, &senders.iter().collect::<Vec<_>>())],
            false => senders.iter().map(|it| Row::of(kind, &[it])).collect(),
        }
    }
}

impl Told<'_> {
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.senders();
        match self.focus {
            Focus::Work => lines.extend(self.work()),
            Focus::Memory => lines.extend(self.memory()),
            Focus::Output => lines.extend(self.logs()),
            Focus::Messages | Focus::Latency(_) => {}
        }
        lines.extend(self.growth());
        lines.extend(self.largest());
        lines
    }

    /// `n0 -> n1..n4   gossip   120,331 messages, 48 MiB`
    fn senders(&self) -> Vec<String> {
        let only_servers = matches!(self.focus, Focus::Messages | Focus::Latency(_));
        let mut kinds: BTreeMap<&str, Vec<Sender<'_>>> = BTreeMap::new();
        for (src, kind, dests) in self.traffic.sent() {
            if only_servers && src == CLIENTS {
                continue;
            }
            let mut sent = Sent::default();
            let mut names = Vec::new();
            for (dest, each) in dests {
                if !only_servers || dest != CLIENTS {
                    sent.add(*each);
                    names.push(dest.as_str());
                }
            }
            if !names.is_empty() {
                let of_kind = kinds.entry(kind).or_default();
                of_kind.push(Sender {
                    src,
                    dests: names,
                    sent,
                });
            }
        }
        let kinds = kinds.iter();
        let mut rows: Vec<Row<'_>> = kinds
            .flat_map(|(kind, senders)| Row::all_of(kind, senders))
            .collect();
        let by_bytes = matches!(self.focus, Focus::Output | Focus::Memory);
        rows.sort_by_key(|row| {
            let Sent { messages, bytes } = row.sent;
            std::cmp::Reverse(if by_bytes { bytes } else { messages })
        });
        let left = rows.split_off(rows.len().min(ROWS_MAX));
        let mut rest = Sent::default();
        left.iter().for_each(|row| rest.add(row.sent));
        let width = |of: &dyn Fn(&Row<'_>) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let who = width(&|row| row.who.chars().count());
        let kind = width(&|row| row.kind.chars().count());
        let number = width(&|row| count(row.sent.messages).len());
        let line = |row: &Row<'_>| {
            let most = row.most.map_or_else(String::new, |(src, messages)| {
                format!(", most from {src}: {}", count(messages))
            });
            format!(
                "  {:<who$}  {:<kind$}  {:>number$} message{}, {}{most}",
                row.who,
                row.kind,
                count(row.sent.messages),
                s(row.sent.messages),
                bytes(row.sent.bytes)
            )
        };
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        if !left.is_empty() {
            lines.push(format!(
                "  {} more of these: {} message{}, {}",
                count(left.len() as u64),
                count(rest.messages),
                s(rest.messages),
                bytes(rest.bytes)
            ));
        }
        lines
    }

    /// `work: gossip, handled 1,200,000 times with 61 % of all fuel, most at n0: 40 %; …`
    fn work(&self) -> Option<String> {
        let all = self.used.fuel;
        // Programs of tests use no fuel.
        let weight = |it: &Handled| if all > 0 { it.fuel } else { it.events };
        let mut kinds: BTreeMap<&str, (Handled, &str, Handled)> = BTreeMap::new();
        for (node, figures) in &self.traffic.nodes {
            for (kind, handled) in &figures.handled {
                let (together, most_at, most) = kinds.entry(kind).or_default();
                together.events += handled.events;
                together.fuel += handled.fuel;
                if weight(most) < weight(handled) {
                    (*most_at, *most) = (node, *handled);
                }
            }
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, (together, ..))| std::cmp::Reverse(weight(together)));
        kinds.truncate(EVENTS_MAX);
        let shown: Vec<String> = kinds
            .iter()
            .filter(|(_, (together, ..))| all == 0 || percent(together.fuel, all) > 0)
            .map(|(kind, (together, most_at, most))| {
                let share = |it: &Handled| match all {
                    0 => count(it.events),
                    all => format!("{} %", percent(it.fuel, all)),
                };
                let fuel = match all {
                    0 => String::new(),
                    _ => format!(" with {} of all fuel", share(together)),
                };
                let times = match together.events {
                    1 => "once".to_owned(),
                    events => format!("{} times", count(events)),
                };
                let most = share(most);
                format!("{kind} handled {times}{fuel}, most at {most_at}: {most}")
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
            .map(|(at_ns, size)| format!("{} at {} s", bytes(*size as u64), brief_seconds(*at_ns)));
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
                brief_seconds(last_ns)
            ));
        }
        let (first, last) = self.traffic.series.ends(self.busy_ns)?;
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
        let before = match self.traffic.series.ends(self.busy_ns) {
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
            brief_seconds(largest.at_ns)
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

/// The plural's ending.
pub(super) fn s(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
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
        10_240..1_048_576 => (1 << 10, "KiB"),
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
        let sizes = [0, 10_239, 10_240, 48_640, 1_048_576, 50_855_936].map(bytes);
        assert_eq!(
            sizes,
            [
                "0 bytes",
                "10,239 bytes",
                "10 KiB",
                "47.5 KiB",
                "1 MiB",
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
