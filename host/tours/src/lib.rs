//! Guided tours: their texts, and the nodes that run in them.
//!
//! A tour is a Markdown file ([docs/tours.md] has the format). The five here are part of the binary, and so are the nodes
//! that they need: small ones, with the names of the field in their states and messages, which run in the process of the
//! host. What a tour shows as wrong is an option of its node.
//!
//! | file | job |
//! |---|---|
//! | `relay` | broadcast by flooding, with acknowledgements and retries |
//! | `raft` | a register store on Raft |
//! | `keeper` | registers of one node, on its disk |
//! | `../tours` | the tours |
//!
//! [docs/tours.md]: ../../../docs/tours.md

mod keeper;
mod raft;
mod relay;

use std::fmt;

use host_guest::Start;
use host_native::Native;

/// The tours by name, in the order in which to take them.
const TOURS: &[(&str, &str)] = &[
    ("lost-message", include_str!("../tours/lost-message.md")),
    ("partition", include_str!("../tours/partition.md")),
    ("raft-election", include_str!("../tours/raft-election.md")),
    ("stale-read", include_str!("../tours/stale-read.md")),
    ("power-loss", include_str!("../tours/power-loss.md")),
];

/// The names of the tours.
pub fn tours() -> impl Iterator<Item = &'static str> {
    TOURS.iter().map(|(name, _)| *name)
}

/// The text of a tour; `None` if there is none of this name.
#[must_use]
pub fn tour(name: &str) -> Option<&'static str> {
    let tour = TOURS.iter().find(|tour| tour.0 == name);
    tour.map(|(_, text)| *text)
}

/// What there is about a node: its options, each with its values, the default first.
struct Kind {
    name: &'static str,
    options: &'static [(&'static str, &'static [&'static str])],
    start: fn() -> Box<dyn Start + Send + Sync>,
}

const NODES: &[Kind] = &[
    Kind {
        name: "relay",
        options: &[("--retry", &["on", "off"])],
        start: || Box::new(Native::<relay::Relay>::catching_panics()),
    },
    Kind {
        name: "raft",
        options: &[("--reads", &["local", "read-index"])],
        start: || Box::new(Native::<raft::Raft>::catching_panics()),
    },
    Kind {
        name: "keeper",
        options: &[("--answers", &["before-sync", "after-sync"])],
        start: || Box::new(Native::<keeper::Keeper>::catching_panics()),
    },
];

/// Why a tour does not get its nodes.
#[derive(Debug, PartialEq, Eq)]
pub enum NoNode {
    /// There is none of this name.
    Name(String),
    /// It does not take these arguments.
    Arguments {
        /// The node.
        node: &'static str,
        /// What is wrong.
        argument: String,
    },
}

impl fmt::Display for NoNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoNode::Name(name) => {
                let names: Vec<&str> = NODES.iter().map(|node| node.name).collect();
                let names = names.join(", ");
                write!(
                    f,
                    "there is no node `{name}` here: there are {names}; for one of your own leave out `node` and give --module"
                )
            }
            NoNode::Arguments { node, argument } => {
                let options = NODES.iter().filter(|it| it.name == *node);
                let options = options.flat_map(|it| it.options);
                let options: Vec<String> = options
                    .map(|(name, values)| format!("{name} {}", values.join("|")))
                    .collect();
                write!(
                    f,
                    "the node {node} does not know `{argument}`: it takes {}",
                    options.join(", ")
                )
            }
        }
    }
}

impl std::error::Error for NoNode {}

/// What starts the nodes of this name, with these arguments (`--reads`, `local`). The arguments are given again to each
/// node that it starts.
///
/// # Errors
/// There is no such node, or it has no such option. A node that runs in the process cannot refuse its arguments itself
/// without ending the process.
pub fn node(name: &str, arguments: &[String]) -> Result<Box<dyn Start + Send + Sync>, NoNode> {
    let kind = NODES.iter().find(|node| node.name == name);
    let kind = kind.ok_or_else(|| NoNode::Name(name.to_owned()))?;
    let refused = |argument: &[String]| NoNode::Arguments {
        node: kind.name,
        argument: argument.join(" "),
    };
    for (at, pair) in arguments.chunks(2).enumerate() {
        let [option, value] = pair else {
            return Err(refused(pair));
        };
        let known = kind.options.iter().find(|known| known.0 == option);
        let is_again = arguments[..2 * at].iter().step_by(2).any(|it| it == option);
        if is_again || !known.is_some_and(|known| known.1.contains(&value.as_str())) {
            return Err(refused(pair));
        }
    }
    Ok((kind.start)())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_those_that_nodes_know() {
        let check = |name: &str, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            node(name, &arguments)
                .map(drop)
                .map_err(|why| why.to_string())
        };
        assert_eq!(check("relay", &[]), Ok(()));
        assert_eq!(check("raft", &["--reads", "read-index"]), Ok(()));
        let wrong = |text: &str| Err(text.to_owned());
        assert_eq!(
            check("paxos", &[]),
            wrong(
                "there is no node `paxos` here: there are relay, raft, keeper; for one of your own leave out `node` and give --module"
            )
        );
        let raft = |argument: &str| {
            let takes = "it takes --reads local|read-index";
            wrong(&format!(
                "the node raft does not know `{argument}`: {takes}"
            ))
        };
        assert_eq!(check("raft", &["--reads"]), raft("--reads"));
        assert_eq!(check("raft", &["--reads", "lease"]), raft("--reads lease"));
        assert_eq!(
            check("raft", &["--writes", "local"]),
            raft("--writes local")
        );
        assert_eq!(
            check("raft", &["--reads", "local", "--reads", "local"]),
            raft("--reads local")
        );
    }
}
