//! Which events a marked operation can depend on.
//!
//! An event can affect another only through what a participant does in order, and through messages.
//! So, backwards from the answers to the marked operations: all that a participant did before, and
//! all that was sent to it before that. Lamport, "Time, clocks, and the ordering of events in a
//! distributed system" (1978).

use std::collections::{BTreeMap, BTreeSet};

use super::Marks;
use super::events::{Fate, Sent};
use super::lines::{Asked, Line, LineFate, Subject};
use host_check::history::{History, Kind};
use host_sim::SECOND;
use host_sim::journal::DropReason;

/// Notes the fate of each message in its line, and which lines the marked operations can depend on.
///
/// `whole_ns` is the end of the run, if all of it is known.
pub(super) fn note(
    lines: &mut [Line],
    asked: &Asked,
    messages: &BTreeMap<u64, Sent>,
    marks: &Marks,
    history: Option<&History>,
    whole_ns: Option<u64>,
) {
    let last = last_of_links(messages, whole_ns);
    let reached = Reached::before(asked, messages, marks, history);
    for line in lines {
        match &line.subject {
            Subject::Message { id } => {
                let sent = messages.get(id);
                line.fate = Some(sent.map_or(LineFate::Open, fate));
                line.is_last = last.contains(id);
                line.is_cause = sent.is_some_and(|sent| reached.has(sent));
            }
            Subject::Operation { at, .. } => {
                let sent = asked.get(at).and_then(|id| messages.get(id));
                line.is_cause = sent.is_some_and(|sent| reached.has(sent));
            }
            Subject::Fault => line.is_cause = true,
            Subject::Log => {}
        }
    }
}

/// How long a node has to send nothing more, for this to be told.
const SILENT_NS_MIN: u64 = 5 * SECOND;

/// The messages after which their senders sent their receivers nothing for the rest of a run that
/// ended at `whole_ns`.
fn last_of_links(messages: &BTreeMap<u64, Sent>, whole_ns: Option<u64>) -> BTreeSet<u64> {
    let Some(whole_ns) = whole_ns else {
        return BTreeSet::new();
    };
    let mut last = BTreeMap::new();
    for (id, sent) in messages {
        last.insert((&sent.src, &sent.dest), (*id, sent));
    }
    let is_long = |sent: &Sent| sent.sent_ns + SILENT_NS_MIN <= whole_ns;
    let silent = last.into_values().filter(|(_, sent)| is_long(sent));
    silent.map(|(id, _)| id).collect()
}

/// By participant, up to where what it did can have had an effect on the marked operations.
struct Reached<'a>(BTreeMap<&'a str, u64>);

impl<'a> Reached<'a> {
    fn before(
        asked: &Asked,
        messages: &'a BTreeMap<u64, Sent>,
        marks: &Marks,
        history: Option<&History>,
    ) -> Self {
        let mut reached = Reached(BTreeMap::new());
        let pairs = history.map(History::pairs);
        let is_end = |at: usize| history.is_some_and(|it| it.ops()[at].kind != Kind::Invoke);
        for at in marks.shown_by.iter().chain(&marks.against) {
            // What was never answered has only been asked.
            let invoked = pairs.and_then(|pairs| pairs.partner(*at)).unwrap_or(*at);
            let id = match asked.get(at) {
                Some(id) if is_end(*at) => Some(id),
                _ => asked.get(&invoked),
            };
            let Some(sent) = id.and_then(|id| messages.get(id)) else {
                continue;
            };
            match sent.received().max() {
                Some(order) if is_end(*at) => reached.extend(&sent.dest, order),
                _ => reached.extend(&sent.src, sent.order),
            }
        }
        // A message is sent before it is received, so one pass from the end is enough.
        let all = messages.values();
        let mut received: Vec<(u64, &Sent)> = all
            .flat_map(|sent| sent.received().map(move |order| (order, sent)))
            .collect();
        received.sort_unstable_by_key(|(order, _)| std::cmp::Reverse(*order));
        for (order, sent) in received {
            if reached.up_to(&sent.dest) >= order {
                reached.extend(&sent.src, sent.order);
            }
        }
        reached
    }

    fn up_to(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn extend(&mut self, name: &'a str, order: u64) {
        let up_to = self.0.entry(name).or_default();
        *up_to = (*up_to).max(order);
    }

    /// Whether a message came to where it can have had an effect. One that was lost has the effect
    /// that it is missing.
    fn has(&self, sent: &Sent) -> bool {
        let up_to = self.up_to(&sent.dest);
        let is_lost = sent.received().next().is_none();
        sent.received().any(|order| order <= up_to) || is_lost && sent.order <= up_to
    }
}

impl Sent {
    /// The places of its receipts among all that happens.
    fn received(&self) -> impl Iterator<Item = u64> {
        self.fates.iter().filter_map(|fate| match fate {
            Fate::Received { order, .. } => Some(*order),
            Fate::Lost(_) => None,
        })
    }
}

fn fate(sent: &Sent) -> LineFate {
    let one = |fate: &Fate| match fate {
        Fate::Received { at_ns, .. } if *at_ns == sent.sent_ns => LineFate::AtOnce,
        Fate::Received { at_ns, .. } => LineFate::Later(*at_ns),
        Fate::Lost(why) => LineFate::Lost(match why {
            DropReason::Partition => "the link is cut".to_owned(),
            DropReason::Loss => "the network loses it".to_owned(),
            DropReason::Down => format!("{} is down", sent.dest),
            other => format!("it is lost ({other})"),
        }),
    };
    match &sent.fates[..] {
        [] => LineFate::Open,
        [only] => one(only),
        several => {
            let words: Vec<String> = several.iter().map(|fate| one(fate).words()).collect();
            LineFate::Several(words.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(src: &str, dest: &str, order: u64, received: Option<u64>) -> Sent {
        let received = received.map(|order| Fate::Received {
            at_ns: order,
            order,
        });
        Sent {
            src: src.to_owned(),
            dest: dest.to_owned(),
            sent_ns: order,
            order,
            fates: received.into_iter().collect(),
        }
    }

    #[test]
    fn what_can_have_reached_an_answer_are_the_messages_before_it() {
        // n1 tells n0 before n0 answers c1; what n2 sends arrives after that, and what n3 sent n1
        // arrived too late for n1 to pass it on.
        let messages = BTreeMap::from([
            (0, sent("c1", "n0", 1, Some(2))),
            (1, sent("n2", "n0", 3, Some(20))),
            (2, sent("n3", "n1", 4, Some(8))),
            (3, sent("n2", "n1", 5, Some(6))),
            (4, sent("n1", "n0", 7, Some(9))),
            (5, sent("n0", "c1", 10, Some(11))),
            (6, sent("n1", "n0", 8, None)),
        ]);
        let asked = Asked::from([(0, 0), (1, 5)]);
        let op = |index, kind| host_check::history::Op {
            index,
            time_ns: 0,
            kind,
            process: host_check::history::Process::Client(0),
            f: "read".into(),
            value: host_check::value::Value::Nil,
            error: None,
            extra: Vec::new(),
        };
        let history = History::new(vec![op(0, Kind::Invoke), op(1, Kind::Ok)]).unwrap();
        let marks = Marks {
            shown_by: Some(1),
            ..Marks::default()
        };
        let reached = Reached::before(&asked, &messages, &marks, Some(&history));
        let causes = messages.iter().filter(|(_, sent)| reached.has(sent));
        let causes: Vec<u64> = causes.map(|(id, _)| *id).collect();
        assert_eq!(causes, [0, 3, 4, 5, 6]);
    }
}
