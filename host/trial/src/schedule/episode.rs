//! A fault as a line of a schedule's file: nodes have names instead of numbers, and there are only
//! the fields that the kind of fault has.

use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use host_sim::nemesis::{
    Cut, DiskLoss, Fault, FaultAction, Group, Grudges, PartitionKind, Rot, Skew, Trigger,
};
use host_sim::ranges::SMALL_NODES_MAX;
use host_sim::{Cluster, Episode, Survival};
use strum::VariantArray;

/// The fields of a fault of any kind; [`Episode`] and [`FaultAction`] explain them.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultLine {
    fault: String,
    from_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ns: Option<u64>,
    /// What the nemesis drew, such as `majority`.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Links>,
    /// The same for a large cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    sides: Option<Vec<Side>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permille: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clocks: Option<IndexMap<String, Clock>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    /// What each node keeps of what it had not synced.
    #[serde(skip_serializing_if = "Option::is_none")]
    keeps: Option<IndexMap<String, Keeps>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bit: Option<u8>,
}

/// A [`Survival`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Keeps {
    All,
    None,
    #[serde(rename_all = "snake_case")]
    Prefix {
        permille: u64,
        torn_permille: u64,
    },
    Any {
        seed: u64,
    },
}

impl From<Survival> for Keeps {
    fn from(survival: Survival) -> Self {
        match survival {
            Survival::All => Keeps::All,
            Survival::None => Keeps::None,
            Survival::Prefix {
                permille,
                torn_permille,
            } => Keeps::Prefix {
                permille,
                torn_permille,
            },
            Survival::Any { seed } => Keeps::Any { seed },
        }
    }
}

impl Keeps {
    pub(super) fn survival(&self) -> Result<Survival, String> {
        Ok(match *self {
            Keeps::All => Survival::All,
            Keeps::None => Survival::None,
            Keeps::Prefix {
                permille,
                torn_permille,
            } => {
                let most = permille.max(torn_permille);
                if most > 1000 {
                    return Err(format!("`keeps` has a part of {most}, more than 1000"));
                }
                Survival::Prefix {
                    permille,
                    torn_permille,
                }
            }
            Keeps::Any { seed } => Survival::Any { seed },
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    rate_permille: u64,
    jump_ns: u64,
}

/// The rates of a clock, in thousandths of real time.
const RATES: std::ops::RangeInclusive<u64> = 1..=1_000_000;

impl FaultLine {
    pub(super) fn of(episode: &Episode, cluster: Cluster) -> Self {
        let name = |node: usize| cluster.node_name(node);
        let names = |nodes: &[usize]| nodes.iter().map(|node| name(*node)).collect();
        let keeps = |losses: &[DiskLoss]| {
            let losses = losses.iter();
            Some(
                losses
                    .map(|it| (name(it.node), it.survival.into()))
                    .collect(),
            )
        };
        let line = FaultLine {
            fault: episode.action.fault().to_string(),
            from_ns: episode.from_ns,
            until_ns: episode.until_ns,
            ..FaultLine::default()
        };
        let line = match episode.action.links() {
            Some(grudges) => line.with_links(grudges, cluster),
            None => line,
        };
        match &episode.action {
            FaultAction::Partition(kind, _) => FaultLine {
                asked: kind.map(|kind| kind.to_string()),
                ..line
            },
            FaultAction::OneWay(_) | FaultAction::Slow(_) => line,
            FaultAction::Power(group, losses) => FaultLine {
                asked: group.map(|group| group.to_string()),
                keeps: keeps(losses),
                ..line
            },
            FaultAction::DiskError(losses) => FaultLine {
                keeps: keeps(losses),
                ..line
            },
            FaultAction::DiskSlow(nodes) | FaultAction::DiskFull(nodes) => FaultLine {
                nodes: Some(names(nodes)),
                ..line
            },
            FaultAction::BitRot(rot) => FaultLine {
                node: Some(name(rot.node)),
                byte: Some(rot.byte),
                bit: Some(rot.bit),
                ..line
            },
            FaultAction::Kill(group, nodes)
            | FaultAction::Wipe(group, nodes)
            | FaultAction::Pause(group, nodes) => FaultLine {
                asked: group.map(|group| group.to_string()),
                nodes: Some(names(nodes)),
                ..line
            },
            FaultAction::Loss(permille) | FaultAction::Duplicate(permille) => FaultLine {
                permille: Some(*permille),
                ..line
            },
            FaultAction::ClockSkew(skews) => {
                let clock = |skew: &Skew| Clock {
                    rate_permille: skew.rate_permille,
                    jump_ns: skew.jump_ns,
                };
                let clocks = skews.iter().map(|skew| (name(skew.node), clock(skew)));
                FaultLine {
                    clocks: Some(clocks.collect()),
                    ..line
                }
            }
            FaultAction::Swap(node) => FaultLine {
                node: node.map(name),
                ..line
            },
            FaultAction::Cut(_, trigger, _) => FaultLine {
                asked: trigger.map(|trigger| trigger.to_string()),
                ..line
            },
            FaultAction::Stall(trigger, nodes) => FaultLine {
                asked: trigger.map(|trigger| trigger.to_string()),
                nodes: Some(names(nodes)),
                ..line
            },
            FaultAction::Hold(_, messages) => FaultLine {
                messages: Some(*messages),
                ..line
            },
            FaultAction::LoseOne {
                messages, answers, ..
            } => FaultLine {
                messages: Some(*messages),
                answers: Some(*answers),
                ..line
            },
        }
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(mut self, cluster: Cluster) -> Result<Episode, String> {
        let fault = Fault::from_str(&self.fault).map_err(|error| error.to_string())?;
        let action = self.action(fault, cluster)?;
        let unused = [
            ("asked", self.asked.is_some()),
            ("links", self.links.is_some()),
            ("sides", self.sides.is_some()),
            ("nodes", self.nodes.is_some()),
            ("messages", self.messages.is_some()),
            ("answers", self.answers.is_some()),
            ("permille", self.permille.is_some()),
            ("clocks", self.clocks.is_some()),
            ("node", self.node.is_some()),
            ("keeps", self.keeps.is_some()),
            ("byte", self.byte.is_some()),
            ("bit", self.bit.is_some()),
        ];
        if let Some((field, _)) = unused.iter().find(|(_, is_left)| *is_left) {
            return Err(format!("a fault of kind {fault} has no `{field}`"));
        }
        if self
            .until_ns
            .is_some_and(|until_ns| until_ns < self.from_ns)
        {
            return Err("it ends before it starts: `until_ns` is less than `from_ns`".to_owned());
        }
        Ok(Episode {
            from_ns: self.from_ns,
            until_ns: self.until_ns,
            action,
        })
    }

    /// Takes the fields that a fault of this kind has.
    fn action(&mut self, fault: Fault, cluster: Cluster) -> Result<FaultAction, String> {
        Ok(match fault {
            Fault::Partition => {
                let kind = find::<PartitionKind>(self.asked.take())?;
                FaultAction::Partition(kind, self.grudges(fault, cluster)?)
            }
            Fault::OneWay => FaultAction::OneWay(self.grudges(fault, cluster)?),
            Fault::Slow => FaultAction::Slow(self.grudges(fault, cluster)?),
            Fault::Isolate => self.cut(Cut::Isolate, cluster)?,
            Fault::Chain => self.cut(Cut::Chain, cluster)?,
            Fault::Flip => self.cut(Cut::Flip, cluster)?,
            Fault::Flap => self.cut(Cut::Flap, cluster)?,
            Fault::Stall => {
                let trigger = find::<Trigger>(self.asked.take())?;
                FaultAction::Stall(trigger, self.nodes(fault, cluster)?)
            }
            Fault::Hold => {
                let grudges = self.grudges(fault, cluster)?;
                FaultAction::Hold(grudges, self.messages(fault)?)
            }
            Fault::LoseOne => FaultAction::LoseOne {
                links: self.grudges(fault, cluster)?,
                messages: self.messages(fault)?,
                answers: self.answers.take().ok_or_else(|| lacks(fault, "answers"))?,
            },
            Fault::Hunt => {
                let drawn: Vec<&str> = Fault::DRAWN_BY_HUNT.iter().map(Into::into).collect();
                let drawn = drawn.join(", ");
                return Err(format!(
                    "{fault} draws other faults, and a schedule has those: {drawn}"
                ));
            }
            Fault::Power => {
                let group = find::<Group>(self.asked.take())?;
                FaultAction::Power(group, self.losses(fault, cluster)?)
            }
            Fault::DiskError => FaultAction::DiskError(self.losses(fault, cluster)?),
            Fault::DiskSlow => FaultAction::DiskSlow(self.nodes(fault, cluster)?),
            Fault::DiskFull => FaultAction::DiskFull(self.nodes(fault, cluster)?),
            Fault::BitRot => {
                let node = self.node.take().ok_or_else(|| lacks(fault, "node"))?;
                let byte = self.byte.take().ok_or_else(|| lacks(fault, "byte"))?;
                let bit = self.bit.take().ok_or_else(|| lacks(fault, "bit"))?;
                if bit > 7 {
                    return Err(format!("`bit` is {bit}, not from 0 to 7"));
                }
                FaultAction::BitRot(Rot {
                    node: node_of(&node, cluster)?,
                    byte,
                    bit,
                })
            }
            Fault::Kill | Fault::Wipe | Fault::Pause => {
                let group = find::<Group>(self.asked.take())?;
                let nodes = self.nodes(fault, cluster)?;
                match fault {
                    Fault::Kill => FaultAction::Kill(group, nodes),
                    Fault::Wipe => FaultAction::Wipe(group, nodes),
                    _ => FaultAction::Pause(group, nodes),
                }
            }
            Fault::Loss | Fault::Duplicate => {
                let permille = self
                    .permille
                    .take()
                    .ok_or_else(|| lacks(fault, "permille"))?;
                if permille > 1000 {
                    return Err(format!("`permille` is {permille}, more than 1000"));
                }
                match fault {
                    Fault::Loss => FaultAction::Loss(permille),
                    _ => FaultAction::Duplicate(permille),
                }
            }
            Fault::ClockSkew => {
                let clocks = self.clocks.take().ok_or_else(|| lacks(fault, "clocks"))?;
                let skew = |(name, clock): (&String, &Clock)| {
                    let Clock {
                        rate_permille,
                        jump_ns,
                    } = *clock;
                    if !RATES.contains(&rate_permille) {
                        let (least, most) = (RATES.start(), RATES.end());
                        return Err(format!(
                            "`rate_permille` is {rate_permille}, not from {least} to {most}"
                        ));
                    }
                    let node = node_of(name, cluster)?;
                    Ok(Skew {
                        node,
                        rate_permille,
                        jump_ns,
                    })
                };
                FaultAction::ClockSkew(clocks.iter().map(skew).collect::<Result<_, String>>()?)
            }
            Fault::Swap => {
                let node = self.node.take().ok_or_else(|| lacks(fault, "node"))?;
                FaultAction::Swap(Some(node_of(&node, cluster)?))
            }
        })
    }

    fn cut(&mut self, cut: Cut, cluster: Cluster) -> Result<FaultAction, String> {
        let trigger = find::<Trigger>(self.asked.take())?;
        let grudges = self.grudges(cut.fault(), cluster)?;
        Ok(FaultAction::Cut(cut, trigger, grudges))
    }

    fn messages(&mut self, fault: Fault) -> Result<u64, String> {
        let messages = self.messages.take();
        match messages.ok_or_else(|| lacks(fault, "messages"))? {
            0 => Err("`messages` is 0: without a message there is no fault".to_owned()),
            messages => Ok(messages),
        }
    }

    /// In ascending order.
    fn nodes(&mut self, fault: Fault, cluster: Cluster) -> Result<Vec<usize>, String> {
        let nodes = self.nodes.take().ok_or_else(|| lacks(fault, "nodes"))?;
        let nodes = nodes.iter().map(|name| node_of(name, cluster));
        let mut nodes = nodes.collect::<Result<Vec<usize>, String>>()?;
        nodes.sort_unstable();
        nodes.dedup();
        Ok(nodes)
    }

    /// In ascending order of nodes.
    fn losses(&mut self, fault: Fault, cluster: Cluster) -> Result<Vec<DiskLoss>, String> {
        let keeps = self.keeps.take().ok_or_else(|| lacks(fault, "keeps"))?;
        let loss = |(name, keeps): (&String, &Keeps)| {
            Ok(DiskLoss {
                node: node_of(name, cluster)?,
                survival: keeps.survival()?,
            })
        };
        let mut losses = keeps.iter().map(loss).collect::<Result<Vec<_>, String>>()?;
        losses.sort_unstable_by_key(|loss| loss.node);
        Ok(losses)
    }

    fn grudges(&mut self, fault: Fault, cluster: Cluster) -> Result<Grudges, String> {
        match (self.links.take(), self.sides.take()) {
            (Some(links), None) => grudges_of(&links, cluster),
            (None, Some(sides)) => grudges_of_sides(&sides, cluster),
            (None, None) => Err(lacks(fault, "links")),
            (Some(_), Some(_)) => Err(format!(
                "a fault of kind {fault} has `links` and `sides`; leave one of them out"
            )),
        }
    }

    /// The links as a file has them: in a large cluster nodes that do not hear the same others have one entry.
    fn with_links(self, grudges: &Grudges, cluster: Cluster) -> Self {
        match cluster.count <= SMALL_NODES_MAX {
            true => FaultLine {
                links: Some(links_of(grudges, cluster)),
                ..self
            },
            false => FaultLine {
                sides: Some(sides_of(grudges, cluster)),
                ..self
            },
        }
    }
}

/// Nodes that do not hear the same others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    nodes: Vec<String>,
    deaf_to: Vec<String>,
}

fn sides_of(grudges: &Grudges, cluster: Cluster) -> Vec<Side> {
    let names = |nodes: &[usize]| nodes.iter().map(|node| cluster.node_name(*node)).collect();
    let sides = grudges.sides();
    let side = |(nodes, deaf_to): &(Vec<usize>, &[usize])| Side {
        nodes: names(nodes),
        deaf_to: names(deaf_to),
    };
    sides.iter().map(side).collect()
}

fn grudges_of_sides(sides: &[Side], cluster: Cluster) -> Result<Grudges, String> {
    let nodes = |names: &[String]| -> Result<Vec<usize>, String> {
        names.iter().map(|name| node_of(name, cluster)).collect()
    };
    let side = |side: &Side| Ok((nodes(&side.nodes)?, nodes(&side.deaf_to)?));
    let sides = sides.iter().map(side).collect::<Result<_, String>>()?;
    Grudges::of_sides(sides, cluster.count).map_err(|node| {
        let name = cluster.node_name(node);
        format!(
            "`sides` has {name} under `nodes` twice; name all that it does not hear in one entry"
        )
    })
}

/// The receivers of links, each with its senders.
pub(super) type Links = IndexMap<String, Vec<String>>;

pub(super) fn links_of(grudges: &Grudges, cluster: Cluster) -> Links {
    let links = grudges.iter().filter(|(_, senders)| !senders.is_empty());
    let names = |senders: &[usize]| {
        senders
            .iter()
            .map(|node| cluster.node_name(*node))
            .collect()
    };
    links
        .map(|(node, senders)| (cluster.node_name(node), names(senders)))
        .collect()
}

pub(super) fn grudges_of(links: &Links, cluster: Cluster) -> Result<Grudges, String> {
    let mut grudges = vec![Vec::new(); cluster.count];
    for (receiver, senders) in links {
        let receiver = node_of(receiver, cluster)?;
        for sender in senders {
            grudges[receiver].push(node_of(sender, cluster)?);
        }
        grudges[receiver].sort_unstable();
        grudges[receiver].dedup();
    }
    Ok(Grudges::new(grudges))
}

fn lacks(fault: Fault, field: &str) -> String {
    format!("a fault of kind {fault} needs `{field}`")
}

/// The value with this name.
fn find<T>(asked: Option<String>) -> Result<Option<T>, String>
where
    T: FromStr + VariantArray + Copy + Into<&'static str>,
{
    let Some(asked) = asked else { return Ok(None) };
    asked.parse().map(Some).map_err(|_| {
        let names: Vec<&str> = T::VARIANTS.iter().map(|it| (*it).into()).collect();
        let names = names.join(", ");
        format!("expected `asked` to be one of {names}, found `{asked}`")
    })
}

/// The number of the node with this name.
pub(super) fn node_of(name: &str, cluster: Cluster) -> Result<usize, String> {
    cluster.find_node(name).ok_or_else(|| {
        let (first, last) = (cluster.first, cluster.first + cluster.count - 1);
        format!("there is no node `{name}`, only n{first} to n{last}")
    })
}
