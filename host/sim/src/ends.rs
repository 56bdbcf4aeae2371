//! When an aimed fault ends.

use super::nemesis::aim::Split;
use super::random::Stream;
use super::traffic::{NodeSet, Signal};

/// When a fault ends, if that is before the alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ends {
    /// Not before it. A chain goes on with this node.
    AtAlarm(Option<usize>),
    /// Some time after one of these nodes has spoken some times.
    Spoken(Speaking),
    /// Soon after these have answered clients so often.
    Answered(NodeSet, u64),
    /// When so many messages have been lost.
    Lost(u64),
}

/// One of some nodes speaks so often. A candidate does once; when it becomes the leader, it does
/// again; and once more when it sends others what they lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Speaking {
    pub(super) among: NodeSet,
    /// The one that has begun to, if it is known.
    pub(super) speaker: Option<usize>,
    /// How often one has to speak, if another begins to do so now.
    pub(super) times: u64,
    /// How often the one that speaks still has to.
    pub(super) left: u64,
    /// Whether all times of all these nodes count, and not only those of one after a silence.
    pub(super) counts_all: bool,
    /// How much time passes then.
    pub(super) after_ns: u64,
}

impl Speaking {
    /// One of these nodes begins to speak, and speaks `times` times in all.
    pub(super) fn of(among: NodeSet, times: u64, after_ns: u64) -> Self {
        Speaking {
            among,
            speaker: None,
            times,
            left: times,
            counts_all: false,
            after_ns,
        }
    }

    /// A node has spoken. What is waited for now, or `None` if this changes nothing.
    fn heard(&self, node: usize, begins: bool) -> Option<Ends> {
        if !self.among.has(node) {
            return None;
        }
        let left = match self.speaker {
            Some(_) if self.counts_all => self.left - 1,
            Some(speaker) if speaker == node => self.left - 1,
            _ if begins || self.counts_all => self.times - 1,
            _ => return None,
        };
        Some(match left {
            0 => Ends::AtAlarm(Some(node)),
            _ => Ends::Spoken(Speaking {
                speaker: Some(node),
                left,
                ..self.clone()
            }),
        })
    }
}

/// What is waited for after a signal, if that changes.
pub(super) fn after(ends: &Ends, signal: Signal) -> Option<Ends> {
    match (ends, signal) {
        (Ends::Spoken(speaking), Signal::Spoke { node, begins }) => speaking.heard(node, begins),
        (
            Ends::Answered(among, left),
            Signal::Answered {
                node,
                at_once: false,
            },
        ) if among.has(node) => Some(match *left {
            0 | 1 => Ends::AtAlarm(Some(node)),
            left => Ends::Answered(among.clone(), left - 1),
        }),
        (Ends::Lost(0 | 1), Signal::Lost) => Some(Ends::AtAlarm(None)),
        (Ends::Lost(left), Signal::Lost) => Some(Ends::Lost(left - 1)),
        _ => None,
    }
}

/// When a link of a chain ends: when one of those that are not cut off has won an election, or
/// soon after; when it has sent others what they lack, or a little before; when it answers. If
/// those that are cut off miss (`misses`) what the others go on to do, when that was answered.
pub(super) fn chain_ends(
    split: &Split,
    misses: bool,
    latency_ns: u64,
    stream: &mut Stream,
) -> Ends {
    let among = NodeSet::of(&split.rest);
    if misses && !split.returns {
        return Ends::Answered(among, 1 + stream.below(8));
    }
    let later_ns = match stream.below(3) {
        0 => 0,
        1 => 2 * latency_ns,
        _ => stream.below(4 * latency_ns),
    };
    match (split.returns, stream.below(10)) {
        (false, 0..=5) => Ends::Spoken(Speaking::of(among, 2, stream.below(latency_ns))),
        (false, 6) => Ends::Spoken(Speaking::of(among, 1, later_ns)),
        (true, 0..=4) => {
            let times = 2 + stream.below(5);
            Ends::Spoken(Speaking::of(among, times, later_ns))
        }
        (true, 5..=6) => Ends::Spoken(Speaking {
            counts_all: true,
            ..Speaking::of(among, 3 + stream.below(6), later_ns)
        }),
        _ => {
            let times = match stream.chance(600) {
                true => 1,
                false => 1 + stream.below(4),
            };
            Ends::Answered(among, times)
        }
    }
}

/// A time of at least `least_ns`: of each doubling of it as likely.
pub(super) fn span_ns(least_ns: u64, doublings: u64, stream: &mut Stream) -> u64 {
    let from_ns = least_ns << stream.below(doublings);
    from_ns + stream.below(from_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn first_three() -> NodeSet {
        NodeSet::of(&[2, 1, 0])
    }

    /// What is waited for after these nodes have spoken, each after a silence or not.
    fn spoken(speaking: &Speaking, spoke: &[(usize, bool)]) -> Ends {
        let all = Ends::Spoken(speaking.clone());
        spoke.iter().fold(all, |ends, &(node, begins)| {
            after(&ends, Signal::Spoke { node, begins }).unwrap_or(ends)
        })
    }

    #[test]
    fn one_node_has_to_speak_so_often_after_a_silence() {
        let twice = Speaking::of(first_three(), 2, 7);
        let waits_for = |node, left| {
            Ends::Spoken(Speaking {
                speaker: Some(node),
                left,
                ..twice.clone()
            })
        };
        // Node 4 is not among them, and node 0 has not been silent.
        assert_eq!(
            spoken(&twice, &[(4, true), (0, false)]),
            Ends::Spoken(twice.clone())
        );
        assert_eq!(spoken(&twice, &[(1, true), (0, false)]), waits_for(1, 1));
        assert_eq!(
            spoken(&twice, &[(1, true), (1, false)]),
            Ends::AtAlarm(Some(1))
        );
        // Another begins: it has to speak twice itself.
        let other = [(1, true), (2, true), (1, false)];
        assert_eq!(spoken(&twice, &other), waits_for(2, 1));
        assert_eq!(
            spoken(&twice, &[(1, true), (2, true), (2, false)]),
            Ends::AtAlarm(Some(2))
        );
    }

    #[test]
    fn all_may_count_together() {
        let all = Speaking {
            counts_all: true,
            ..Speaking::of(first_three(), 3, 0)
        };
        let spoke = [(0, false), (1, false), (3, true), (2, false)];
        assert_eq!(spoken(&all, &spoke), Ends::AtAlarm(Some(2)));
    }

    #[test]
    fn answers_at_once_do_not_count_and_neither_do_those_of_others() {
        let answered = |node, at_once| Signal::Answered { node, at_once };
        let twice = Ends::Answered(first_three(), 2);
        assert_eq!(after(&twice, answered(0, true)), None);
        assert_eq!(after(&twice, answered(3, false)), None);
        let once = Ends::Answered(first_three(), 1);
        assert_eq!(after(&twice, answered(0, false)), Some(once.clone()));
        let done = Ends::AtAlarm(Some(2));
        assert_eq!(after(&once, answered(2, false)), Some(done.clone()));
        assert_eq!(after(&done, answered(2, false)), None);
    }

    #[test]
    fn each_message_that_is_lost_counts() {
        let (two, one) = (Ends::Lost(2), Ends::Lost(1));
        assert_eq!(after(&two, Signal::Lost), Some(one.clone()));
        assert_eq!(after(&one, Signal::Lost), Some(Ends::AtAlarm(None)));
        assert_eq!(after(&one, Signal::Asked { node: 0 }), None);
    }

    #[test]
    fn a_span_is_of_each_doubling_as_often() {
        let mut stream = Streams::new(1).stream("test");
        let mut counts = [0; 3];
        for _ in 0..3000 {
            let span = span_ns(10, 3, &mut stream);
            assert!((10..80).contains(&span));
            counts[(span / 10).ilog2() as usize] += 1;
        }
        assert!(
            counts.iter().all(|count| (900..1100).contains(count)),
            "{counts:?}"
        );
    }
}
