//! What a fault does to which nodes.

use super::fault::Fault;
use super::partition::{Grudges, PartitionKind};
use crate::exception::keyword;
use crate::random::Stream;
use crate::time::SECOND;
use host_check::value::{Map, Value};
use host_disk::Survival;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a fault does to which nodes, which are numbers from 0 on. Where a shape or a group was
/// drawn first it is kept, since the history names it.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultAction {
    /// Cut these links.
    Partition(Option<PartitionKind>, Grudges),
    /// Kill these nodes.
    Kill(Option<Group>, Vec<usize>),
    /// Take the power of these nodes.
    Power(Option<Group>, Vec<DiskLoss>),
    /// Kill these nodes, and empty their disks.
    Wipe(Option<Group>, Vec<usize>),
    /// Make the disks of these nodes slow.
    DiskSlow(Vec<usize>),
    /// Fill the disks of these nodes.
    DiskFull(Vec<usize>),
    /// Have the syncs of these nodes fail.
    DiskError(Vec<DiskLoss>),
    /// Flip a bit on the disk of a node.
    BitRot(Rot),
    /// Pause these nodes.
    Pause(Option<Group>, Vec<usize>),
    /// Lose this many of 1000 messages.
    Loss(u64),
    /// Deliver this many of 1000 messages twice.
    Duplicate(u64),
    /// Cut these links, each in one direction.
    OneWay(Grudges),
    /// Slow these links down.
    Slow(Grudges),
    /// Skew these clocks.
    ClockSkew(Vec<Skew>),
    /// Swap the program of this node; `None` for the node whose turn it is.
    Swap(Option<usize>),
    /// Cut these links, for a reason.
    Cut(Cut, Option<Trigger>, Grudges),
    /// Pause these nodes, for a reason.
    Stall(Option<Trigger>, Vec<usize>),
    /// Hold the next so many messages of each of these links, until the fault ends.
    Hold(Grudges, u64),
    /// Lose the next so many messages of each of these links.
    LoseOne {
        /// The links.
        links: Grudges,
        /// How many of each.
        messages: u64,
        /// Whether they are those after the next message in the opposite direction.
        answers: bool,
    },
}

/// An aimed fault that cuts links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// [`Fault::Isolate`].
    Isolate,
    /// [`Fault::Chain`].
    Chain,
    /// [`Fault::Flip`].
    Flip,
    /// [`Fault::Flap`].
    Flap,
}

impl Cut {
    /// The fault of this name.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Cut::Isolate => Fault::Isolate,
            Cut::Chain => Fault::Chain,
            Cut::Flip => Fault::Flip,
            Cut::Flap => Fault::Flap,
        }
    }
}

/// What an aimed fault has waited for, under its name in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Trigger {
    /// Nothing: it hits the node that has sent most to servers lately.
    Busiest,
    /// A node has answered a client.
    Answers,
    /// A node has sent to most others in one step, after a silence.
    BeginsToSpeak,
    /// A node has sent to most others in one step.
    Speaks,
    /// A node has received a client's request.
    IsAsked,
    /// A node has received another node's message.
    Hears,
    /// Nothing that it would have waited for came in time.
    Time,
}

/// What a node loses of what it has written and not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskLoss {
    /// The node.
    pub node: usize,
    /// What survives.
    pub survival: Survival,
}

/// A bit on a disk that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rot {
    /// The node.
    pub node: usize,
    /// The byte, counted over all files; from the first one again if there are fewer.
    pub byte: u64,
    /// The bit of it, from 0 to 7.
    pub bit: u8,
}

/// What happens to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// The node whose clock it is.
    pub node: usize,
    /// How many thousandths of a second pass on it in a second.
    pub rate_permille: u64,
    /// How far it jumps ahead, in nanoseconds.
    pub jump_ns: u64,
}

/// How many nodes a fault hits, under its name in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Group {
    /// One node.
    One,
    /// As many as can be less than half.
    Minority,
    /// As few as can be more than half.
    Majority,
    /// All nodes.
    All,
}

impl Group {
    /// How many of `nodes` nodes these are.
    fn of(self, nodes: usize) -> usize {
        match self {
            Group::One => 1,
            Group::Minority => nodes.saturating_sub(1) / 2,
            Group::Majority => nodes / 2 + 1,
            Group::All => nodes,
        }
    }
}

/// How many of 1000 messages are lost or duplicated.
const PERMILLES: [u64; 3] = [50, 200, 500];

/// The furthest that a clock jumps.
const JUMP_MAX_NS: u64 = 60 * SECOND;

impl FaultAction {
    /// Draws what `fault` does to a cluster of `nodes` nodes. `None` if it is aimed: those are drawn
    /// from what happens ([`aim`](super::aim)).
    pub(crate) fn draw(fault: Fault, nodes: usize, stream: &mut Stream) -> Option<Self> {
        Some(match fault {
            Fault::Partition => {
                let kind = stream.pick(PartitionKind::VARIANTS);
                FaultAction::Partition(Some(kind), kind.draw(nodes, stream))
            }
            Fault::Kill => {
                let (group, killed) = targets(Group::VARIANTS, nodes, stream);
                FaultAction::Kill(Some(group), killed)
            }
            Fault::Power => {
                let (group, hit) = targets(Group::VARIANTS, nodes, stream);
                FaultAction::Power(Some(group), losses(&hit, stream))
            }
            Fault::Wipe => {
                // What a majority forgets is gone for good, and no solution could do anything
                // about it.
                let (group, wiped) = targets(&Group::VARIANTS[..2], nodes, stream);
                FaultAction::Wipe(Some(group), wiped)
            }
            Fault::DiskSlow => FaultAction::DiskSlow(targets(Group::VARIANTS, nodes, stream).1),
            Fault::DiskFull => FaultAction::DiskFull(targets(Group::VARIANTS, nodes, stream).1),
            Fault::DiskError => {
                let hit = targets(Group::VARIANTS, nodes, stream).1;
                FaultAction::DiskError(losses(&hit, stream))
            }
            Fault::BitRot => FaultAction::BitRot(Rot {
                node: stream.index(nodes),
                byte: stream.below(1 << 32),
                bit: u8::try_from(stream.below(8)).unwrap_or(0),
            }),
            Fault::Pause => {
                let (group, paused) = targets(Group::VARIANTS, nodes, stream);
                FaultAction::Pause(Some(group), paused)
            }
            Fault::Loss => FaultAction::Loss(stream.pick(&PERMILLES)),
            Fault::Duplicate => FaultAction::Duplicate(stream.pick(&PERMILLES)),
            Fault::OneWay => FaultAction::OneWay(one_way(nodes, stream)),
            Fault::Slow => FaultAction::Slow(Grudges::drawn(nodes, stream, some_links)),
            Fault::ClockSkew => FaultAction::ClockSkew(skews(nodes, stream)),
            Fault::Swap => FaultAction::Swap(None),
            Fault::Hunt
            | Fault::Isolate
            | Fault::Chain
            | Fault::Flip
            | Fault::Flap
            | Fault::Stall
            | Fault::Hold
            | Fault::LoseOne => return None,
        })
    }

    /// The fault that does this.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            FaultAction::Partition(..) => Fault::Partition,
            FaultAction::Kill(..) => Fault::Kill,
            FaultAction::Power(..) => Fault::Power,
            FaultAction::Wipe(..) => Fault::Wipe,
            FaultAction::DiskSlow(_) => Fault::DiskSlow,
            FaultAction::DiskFull(_) => Fault::DiskFull,
            FaultAction::DiskError(_) => Fault::DiskError,
            FaultAction::BitRot(_) => Fault::BitRot,
            FaultAction::Pause(..) => Fault::Pause,
            FaultAction::Loss(_) => Fault::Loss,
            FaultAction::Duplicate(_) => Fault::Duplicate,
            FaultAction::OneWay(_) => Fault::OneWay,
            FaultAction::Slow(_) => Fault::Slow,
            FaultAction::ClockSkew(_) => Fault::ClockSkew,
            FaultAction::Swap(_) => Fault::Swap,
            FaultAction::Cut(cut, ..) => cut.fault(),
            FaultAction::Stall(..) => Fault::Stall,
            FaultAction::Hold(..) => Fault::Hold,
            FaultAction::LoseOne { .. } => Fault::LoseOne,
        }
    }

    /// The links that it touches, if it touches links.
    #[must_use]
    pub fn links(&self) -> Option<&Grudges> {
        match self {
            FaultAction::Partition(_, links)
            | FaultAction::OneWay(links)
            | FaultAction::Slow(links)
            | FaultAction::Cut(_, _, links)
            | FaultAction::Hold(links, _)
            | FaultAction::LoseOne { links, .. } => Some(links),
            _ => None,
        }
    }

    /// The `:value` of the first of the nemesis's two operations: what it is asked for.
    pub(crate) fn asked(&self) -> Value {
        match self {
            FaultAction::Partition(Some(kind), _) => keyword(kind.into()),
            FaultAction::Kill(Some(group), _)
            | FaultAction::Power(Some(group), _)
            | FaultAction::Wipe(Some(group), _)
            | FaultAction::Pause(Some(group), _) => keyword(group.into()),
            FaultAction::Cut(_, Some(trigger), _) | FaultAction::Stall(Some(trigger), _) => {
                keyword(trigger.into())
            }
            _ => Value::Nil,
        }
    }

    /// The `:value` of the second: what it did.
    pub(crate) fn done(&self, names: &[String]) -> Value {
        let pair = |name: &str, value: Value| Value::from(vec![keyword(name), value]);
        match self {
            FaultAction::Partition(_, grudges) | FaultAction::Cut(_, _, grudges) => {
                pair("isolated", grudges.value(names))
            }
            FaultAction::Kill(_, nodes) => each(nodes, names, "killed"),
            FaultAction::Power(_, losses) => each(&hit(losses), names, "powered-off"),
            FaultAction::Wipe(_, nodes) => each(nodes, names, "wiped"),
            FaultAction::DiskSlow(nodes) => each(nodes, names, "disk-slow"),
            FaultAction::DiskFull(nodes) => each(nodes, names, "disk-full"),
            FaultAction::DiskError(losses) => each(&hit(losses), names, "disk-fails"),
            FaultAction::BitRot(rot) => each(&[rot.node], names, "bit-flipped"),
            FaultAction::Pause(_, nodes) | FaultAction::Stall(_, nodes) => {
                each(nodes, names, "paused")
            }
            FaultAction::Loss(permille) => pair("lost-permille", int(*permille)),
            FaultAction::Duplicate(permille) => pair("doubled-permille", int(*permille)),
            FaultAction::OneWay(grudges) => pair("deaf", grudges.value(names)),
            FaultAction::Slow(grudges) => pair("slow-from", grudges.value(names)),
            FaultAction::ClockSkew(skews) => {
                let entries = skews.iter().map(|skew| {
                    let entry: Map = [
                        (keyword("rate-permille"), int(skew.rate_permille)),
                        (keyword("jump-ns"), int(skew.jump_ns)),
                    ]
                    .into_iter()
                    .collect();
                    let name = Value::from(names[skew.node].as_str());
                    (name, Value::Map(Box::new(entry)))
                });
                Value::Map(Box::new(entries.collect()))
            }
            FaultAction::Swap(_) => Value::Nil,
            FaultAction::Hold(grudges, messages) => Value::from(vec![
                keyword("held-from"),
                grudges.value(names),
                int(*messages),
            ]),
            FaultAction::LoseOne {
                links,
                messages,
                answers,
            } => {
                let what = match answers {
                    true => "answers-lost-from",
                    false => "lost-from",
                };
                Value::from(vec![keyword(what), links.value(names), int(*messages)])
            }
        }
    }
}

/// `{"n1" :killed …}`
pub(crate) fn each(nodes: &[usize], names: &[String], what: &str) -> Value {
    let entries = nodes
        .iter()
        .map(|node| (Value::from(names[*node].as_str()), keyword(what)));
    Value::Map(Box::new(entries.collect()))
}

fn int(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn hit(losses: &[DiskLoss]) -> Vec<usize> {
    losses.iter().map(|loss| loss.node).collect()
}

/// Draws what each node loses.
fn losses(nodes: &[usize], stream: &mut Stream) -> Vec<DiskLoss> {
    let mut loss = |node: &usize| DiskLoss {
        node: *node,
        survival: match stream.below(8) {
            0 => Survival::All,
            1..=3 => Survival::None,
            4 | 5 => Survival::Prefix {
                permille: stream.below(1001),
                torn_permille: stream.below(1000),
            },
            _ => Survival::Any {
                seed: stream.below(1 << 32),
            },
        },
    };
    nodes.iter().map(&mut loss).collect()
}

/// Draws a group and its nodes, which are in ascending order.
fn targets(groups: &[Group], nodes: usize, stream: &mut Stream) -> (Group, Vec<usize>) {
    let group = stream.pick(groups);
    let count = group.of(nodes).min(nodes);
    (group, some_nodes(count, nodes, stream))
}

fn some_nodes(count: usize, nodes: usize, stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes).collect();
    stream.shuffle(&mut order);
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Between two parts of the cluster, messages go only one way: the larger part may be
/// the one that hears, or the one that is heard.
fn one_way(nodes: usize, stream: &mut Stream) -> Grudges {
    let heard = some_nodes(1 + stream.index(nodes.saturating_sub(1)), nodes, stream);
    let mut is_heard = vec![false; nodes];
    heard.iter().for_each(|node| is_heard[*node] = true);
    let unheard = (0..nodes).filter(|node| !is_heard[*node]).collect();
    Grudges::deaf(nodes, |node| is_heard[node], unheard)
}

/// Draws each link with a probability of one half.
fn some_links(nodes: usize, stream: &mut Stream) -> Grudges {
    let mut from = |node: usize| {
        let others = (0..nodes).filter(|other| *other != node);
        others.filter(|_| stream.chance(500)).collect()
    };
    Grudges::new((0..nodes).map(&mut from).collect())
}

/// One node at least. Half of the clocks run too fast, up to twice the speed, half of
/// them too slow, down to half of it.
fn skews(nodes: usize, stream: &mut Stream) -> Vec<Skew> {
    let count = 1 + stream.index(nodes);
    let skewed = some_nodes(count, nodes, stream);
    let mut skew = |node| Skew {
        node,
        rate_permille: match stream.chance(500) {
            true => 1000 + stream.below(1001),
            false => 500 + stream.below(501),
        },
        jump_ns: stream.below(JUMP_MAX_NS + 1),
    };
    skewed.into_iter().map(&mut skew).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn actions(fault: Fault, nodes: usize) -> impl Iterator<Item = FaultAction> {
        let mut stream = Streams::new(1).stream("test");
        (0..200).filter_map(move |_| FaultAction::draw(fault, nodes, &mut stream))
    }

    #[test]
    fn no_more_than_a_minority_forgets_at_once() {
        for action in actions(Fault::Wipe, 5) {
            let FaultAction::Wipe(group, nodes) = action else {
                panic!("{action:?}")
            };
            let expected = if group == Some(Group::One) { 1 } else { 2 };
            assert_eq!(nodes.len(), expected, "{group:?}");
        }
    }

    #[test]
    fn any_group_may_be_paused() {
        let mut sizes: Vec<usize> = actions(Fault::Pause, 5)
            .map(|action| match action {
                FaultAction::Pause(_, nodes) => nodes.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        assert_eq!(sizes, [1, 2, 3, 5]);
    }

    #[test]
    fn one_way_partitions_cut_no_link_in_both_directions() {
        for action in actions(Fault::OneWay, 5) {
            let FaultAction::OneWay(grudges) = action else {
                panic!("{action:?}")
            };
            let cut: usize = grudges.iter().map(|(_, deaf_to)| deaf_to.len()).sum();
            assert!(cut > 0);
            for (node, deaf_to) in grudges.iter() {
                assert!(deaf_to.iter().all(|other| !grudges.cuts(node, *other)));
            }
        }
    }

    #[test]
    fn every_fault_can_be_drawn_for_a_single_node() {
        for fault in Fault::PLAIN {
            assert_eq!(actions(fault, 1).count(), 200);
        }
    }

    #[test]
    fn clocks_are_skewed_within_bounds() {
        for action in actions(Fault::ClockSkew, 3) {
            let FaultAction::ClockSkew(skews) = action else {
                panic!("{action:?}")
            };
            assert!(!skews.is_empty());
            for skew in skews {
                assert!((500..=2000).contains(&skew.rate_permille));
                assert!(skew.jump_ns <= JUMP_MAX_NS);
            }
        }
    }
}
