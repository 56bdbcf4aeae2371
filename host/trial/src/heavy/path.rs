//! How a value came from node to node.
//!
//! The simulator does not know what messages mean. It looks for the value as a number in the body of
//! each message that is sent after a client sent the value, and takes the first such message that a
//! server receives for the one that brought it. The same number may stand for something else there,
//! so the text says how it was found.

use std::collections::BTreeMap;
use std::io;

use host_protocol::message::Header;
use host_protocol::scan::Scanner;
use host_protocol::text::excerpt;
use host_sim::brief_seconds;
use host_sim::journal::{Entry, EntryKind, Observer};

use super::focus::Since;
use super::show::several;
use super::worst::Worst;

/// The most messages with the value that are followed at a time.
const IN_FLIGHT_MAX: usize = 100_000;

/// The most lines of a path; the middle of a longer one is left out.
const HOPS_MAX: usize = 6;

/// Follows a value through a run.
#[derive(Debug)]
pub(super) struct Path {
    digits: String,
    from_ns: u64,
    /// Messages with the value that are on their way: when they were sent.
    in_flight: BTreeMap<u64, u64>,
    /// How each server got it first.
    first: BTreeMap<String, Arrival>,
}

/// How a server got the value.
#[derive(Debug)]
struct Arrival {
    at_ns: u64,
    sent_ns: u64,
    from: String,
    kind: String,
}

impl Path {
    pub(super) fn of(worst: &Worst) -> Self {
        Path {
            digits: worst.value.to_string(),
            from_ns: worst.sent_ns,
            in_flight: BTreeMap::new(),
            first: BTreeMap::new(),
        }
    }

    /// The value's times and its path, in lines.
    pub(super) fn lines(&self, worst: &Worst, since: Since, nodes: usize) -> Vec<String> {
        let Worst {
            value,
            node,
            op,
            sent_ns,
            acknowledged_ns,
            lacked_by,
            lacked_op,
            lacked_ns,
        } = worst;
        let acknowledged = match acknowledged_ns {
            Some(at_ns) => format!("acknowledged at {} s", brief_seconds(*at_ns)),
            None => "never acknowledged".to_owned(),
        };
        let longest = match since {
            Since::Acknowledged => "after it was known to be there",
            Since::Sent => "after it was sent",
        };
        let mut lines = vec![
            format!(
                "the value that a read lacked longest {longest}: {value}, sent to {node} at {} s (op {op}), \
                 {acknowledged}",
                brief_seconds(*sent_ns)
            ),
            format!(
                "the last read without it began at {lacked_by} at {} s (op {lacked_op})",
                brief_seconds(*lacked_ns)
            ),
            format!(
                "its way to {lacked_by}, by the first message with the number {value} that each got:"
            ),
        ];
        let hops = self.hops(lacked_by);
        match hops.is_empty() {
            true => lines.push(format!("  no message with it came to {lacked_by}")),
            false => lines.extend(shortened(hops)),
        }
        lines.extend(self.rest(nodes));
        lines
    }

    /// The way to a node, from its beginning.
    fn hops(&self, to: &str) -> Vec<String> {
        let mut hops = Vec::new();
        let mut at = to;
        while let Some(arrival) = self.first.get(at) {
            let Arrival {
                at_ns,
                sent_ns,
                from,
                kind,
            } = arrival;
            let sent = match sent_ns == at_ns {
                true => String::new(),
                false => format!(", sent at {} s", brief_seconds(*sent_ns)),
            };
            hops.push(format!(
                "  {at}: at {} s, {kind} from {from}{sent}",
                brief_seconds(*at_ns)
            ));
            // Each comes from one that got it before, or at the same time.
            if hops.len() > self.first.len() {
                break;
            }
            at = from;
        }
        hops.reverse();
        hops
    }

    /// Which nodes got it last, or never.
    fn rest(&self, nodes: usize) -> Option<String> {
        let nodes_with = self.first.iter().filter(|(name, _)| is_node(name));
        let have = nodes_with.clone().count();
        let last_ns = nodes_with.clone().map(|(_, it)| it.at_ns).max()?;
        let last: Vec<&str> = nodes_with
            .filter(|(_, it)| it.at_ns == last_ns)
            .map(|(name, _)| name.as_str())
            .collect();
        let last = several(&last);
        Some(match nodes.saturating_sub(have) {
            0 => format!("the last to get it: {last} at {} s", brief_seconds(last_ns)),
            1 => format!(
                "the last to get it: {last} at {} s; 1 node never got such a message",
                brief_seconds(last_ns)
            ),
            without => format!(
                "the last to get it: {last} at {} s; {without} nodes never got such a message",
                brief_seconds(last_ns)
            ),
        })
    }
}

/// Whether a server is a node, and not a service.
pub(crate) fn is_node(name: &str) -> bool {
    let number = name.strip_prefix('n').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn shortened(mut hops: Vec<String>) -> Vec<String> {
    if hops.len() > HOPS_MAX {
        let head = HOPS_MAX / 2;
        let missing = head..hops.len() + 1 + head - HOPS_MAX;
        let text = format!("  … {} more", missing.len());
        hops.splice(missing, [text]);
    }
    hops
}

impl Observer for Path {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if entry.at_ns < self.from_ns {
            return Ok(());
        }
        match entry.kind {
            EntryKind::Send(message) => {
                let to_client = message.dest.starts_with('c');
                let is_known = self.first.contains_key(message.dest);
                if !to_client
                    && !is_known
                    && self.in_flight.len() < IN_FLIGHT_MAX
                    && has_number(message.body, &self.digits)
                {
                    self.in_flight.insert(message.id, entry.at_ns);
                }
            }
            EntryKind::Recv(message) => {
                if let Some(sent_ns) = self.in_flight.remove(&message.id)
                    && !self.first.contains_key(message.dest)
                {
                    let from = match message.src.starts_with('c') {
                        true => "a client",
                        false => message.src,
                    };
                    let arrival = Arrival {
                        at_ns: entry.at_ns,
                        sent_ns,
                        from: from.to_owned(),
                        kind: kind_of(message.body),
                    };
                    self.first.insert(message.dest.to_owned(), arrival);
                }
            }
            EntryKind::Drop(message, _) => {
                self.in_flight.remove(&message.id);
            }
            EntryKind::Timer { .. }
            | EntryKind::Fault { .. }
            | EntryKind::Log { .. }
            | EntryKind::Disk { .. } => {}
        }
        Ok(())
    }
}

fn kind_of(body: &str) -> String {
    let header = Header::of(body).ok();
    let kind = header.as_ref().map_or("a message", |header| &*header.kind);
    excerpt(kind, 30).into_owned()
}

/// Whether a body has this number in it, outside of the fields that number messages.
fn has_number(body: &str, digits: &str) -> bool {
    let mut scanner = Scanner::new(body);
    if scanner.open().is_none() {
        return false;
    }
    while let Some(key) = scanner.key() {
        let Some(value) = scanner.value() else {
            return false;
        };
        let is_envelope = matches!(key, "type" | "msg_id" | "in_reply_to");
        if !is_envelope && holds(value, digits) {
            return true;
        }
    }
    false
}

/// Whether the digits stand in a JSON text, and not within a longer number or a word.
fn holds(json: &str, digits: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_');
    let bytes = json.as_bytes();
    json.match_indices(digits).any(|(at, _)| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + digits.len()).copied();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_where_it_stands_alone() {
        let cases = [
            (r#"{"type":"gossip","message":5}"#, true),
            (r#"{"type":"gossip","messages":[4,5,6]}"#, true),
            (r#"{"type":"gossip","seen":{"5":true}}"#, true),
            (r#"{"type":"gossip","messages":[15,51,5.5,-5,5e3]}"#, false),
            (r#"{"type":"gossip","from":"n5","key":"a-5"}"#, false),
            (r#"{"type":"gossip","msg_id":5,"in_reply_to":5}"#, false),
            (r"[5]", false),
        ];
        for (body, expected) in cases {
            assert_eq!(has_number(body, "5"), expected, "{body}");
        }
    }

    #[test]
    fn a_long_way_shows_its_beginning_and_its_end() {
        let hops: Vec<String> = (0..9).map(|hop| hop.to_string()).collect();
        assert_eq!(shortened(hops), ["0", "1", "2", "  … 4 more", "7", "8"]);
    }
}
