//! Draws the messages of a run as a Lamport diagram: participants from left to right, time from top
//! to bottom, a row for each journal entry.

use super::record::{Record, RecordedKind};
use super::svg::{Anchor, Svg};
use host_check::value::Value;

/// The most entries in the drawing.
const ENTRIES_MAX: usize = 4000;

const ROW: f64 = 14.0;
const COLUMN: f64 = 110.0;
const LEFT: f64 = 90.0;
const TOP: f64 = 40.0;

/// Draws the first entries of a record. The columns of `nodes` are next to each other.
pub(super) fn messages_svg(record: &Record, nodes: &[String]) -> String {
    let entries = &record.entries[..record.entries.len().min(ENTRIES_MAX)];
    let columns = columns(record, nodes, entries.len());
    let x = |name: usize| {
        let at = columns.iter().position(|column| *column == name);
        LEFT + COLUMN * precise(at.unwrap_or(0))
    };
    let y = |entry: usize| TOP + ROW * (precise(entry) + 1.0);
    let (width, bottom) = (
        LEFT + COLUMN * precise(columns.len()),
        y(entries.len()) + ROW,
    );
    let mut svg = Svg::new(width.max(400.0), bottom + 20.0, "Messages of the run");
    for name in &columns {
        svg.text((x(*name), 20.0), Anchor::Middle, &record.names()[*name]);
        svg.line((x(*name), TOP - 10.0), (x(*name), bottom), "#ccc", "");
    }
    let mut sent: Vec<Option<usize>> = vec![None; record.messages().len()];
    for (at, entry) in entries.iter().enumerate() {
        if at == 0 || entries[at - 1].at_ns != entry.at_ns {
            let time = format!("{} s", host_sim::seconds(entry.at_ns));
            svg.text((4.0, y(at) + 4.0), Anchor::Start, &time);
        }
        match &entry.kind {
            RecordedKind::Send(message, _) => sent[*message] = Some(at),
            RecordedKind::Recv(index) | RecordedKind::Drop(index, _) => {
                let message = &record.messages()[*index];
                let from_y = sent[*index].map_or(TOP, y);
                let (from, to) = ((x(message.src), from_y), (x(message.dest), y(at)));
                if let RecordedKind::Drop(_, why) = entry.kind {
                    svg.line(from, to, "#c22", r#"stroke-dasharray="4 3""#);
                    svg.text((to.0 + 4.0, to.1 + 4.0), Anchor::Start, &format!("✗ {why}"));
                } else {
                    svg.line(from, to, "#37c", "");
                    svg.rect((to.0 - 2.5, to.1 - 2.5), (5.0, 5.0), "#37c");
                }
                let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0 - 2.0);
                svg.text(middle, Anchor::Middle, &kind(&message.body));
            }
            RecordedKind::Timer(node, ..) => {
                svg.text((x(*node) + 4.0, y(at) + 4.0), Anchor::Start, "⏱");
            }
            RecordedKind::Fault(_) => {
                svg.line((0.0, y(at)), (width, y(at)), "#e90", "");
            }
            RecordedKind::Log(..) => {}
        }
    }
    let left_out = record.entries.len() - entries.len();
    if record.first() + left_out > 0 {
        let text = format!(
            "{} entries before and {left_out} after these are in journal.jsonl",
            record.first()
        );
        svg.text((4.0, bottom + 14.0), Anchor::Start, &text);
    }
    svg.finish()
}

/// The columns of the drawing: clients, nodes, services, by index of their names.
fn columns(record: &Record, nodes: &[String], entries: usize) -> Vec<usize> {
    let mut is_there = vec![false; record.names().len()];
    for entry in &record.entries[..entries] {
        if let RecordedKind::Send(index, _)
        | RecordedKind::Recv(index)
        | RecordedKind::Drop(index, _) = entry.kind
        {
            let message = &record.messages()[index];
            (is_there[message.src], is_there[message.dest]) = (true, true);
        }
    }
    let names = record.names();
    let mut columns: Vec<usize> = (0..names.len()).filter(|name| is_there[*name]).collect();
    columns.sort_by_key(|name| {
        let name = &names[*name];
        let number = |digits: &str| digits.parse::<u64>().unwrap_or(0);
        match nodes.iter().position(|node| node == name) {
            Some(at) => (1, at as u64),
            None if name.starts_with('c') => (0, number(&name[1..])),
            None => (2, 0),
        }
    });
    columns
}

/// The `type` of a body.
fn kind(body: &str) -> String {
    let body = serde_json::from_str::<Value>(body).unwrap_or_default();
    let kind = body.get("type").and_then(Value::as_name);
    kind.unwrap_or_default().to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
fn precise(count: usize) -> f64 {
    count as f64
}
