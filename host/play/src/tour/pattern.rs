//! What a line says about messages, events and nodes, in words.

use std::fmt;

use host_check::edn;
use host_check::value::Value;
use host_sim::Cluster;
use host_sim::workload::AnyWorkload;
use serde_json::Value as Json;

/// What names in a line may mean.
pub(super) struct Known<'a> {
    pub(super) cluster: Cluster,
    pub(super) workload: &'a AnyWorkload,
}

impl Known<'_> {
    /// The number of the node of this name.
    pub(super) fn node(&self, name: &str) -> Result<usize, String> {
        let Cluster { count, first } = self.cluster;
        self.cluster.find_node(name).ok_or_else(|| {
            let last = first + count - 1;
            format!("there is no node `{name}`, only n{first} to n{last}")
        })
    }

    /// The operation of this name.
    pub(super) fn operation(&self, name: &str) -> Result<String, String> {
        let known = self.workload.operations();
        match known.contains(&name) {
            true => Ok(name.to_owned()),
            false => {
                let (workload, known) = (self.workload.name(), known.join(", "));
                Err(format!(
                    "{workload} has the operations {known}, not `{name}`"
                ))
            }
        }
    }
}

/// The value of an operation.
pub(super) fn value(text: &str) -> Result<Value, String> {
    edn::read(text.as_bytes()).map_err(|error| format!("`{text}` is no EDN: {error}"))
}

/// Messages: `gossip from n0 to n1`, `message to n1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MessagePattern {
    /// The type; `None` for any.
    pub(super) kind: Option<String>,
    pub(super) src: Option<String>,
    pub(super) dest: Option<String>,
}

impl MessagePattern {
    pub(super) fn read(words: &[&str]) -> Result<Self, String> {
        let wrong = || {
            let words = words.join(" ");
            format!(
                "`{words}` says no message: write `gossip from n0 to n1`, `gossip to n1` or `message from n0`"
            )
        };
        let (kind, mut rest) = words.split_first().ok_or_else(wrong)?;
        let mut pattern = MessagePattern {
            kind: (*kind != "message").then(|| (*kind).to_owned()),
            src: None,
            dest: None,
        };
        while let [which, name, after @ ..] = rest {
            let place = match *which {
                "from" => &mut pattern.src,
                "to" => &mut pattern.dest,
                _ => return Err(wrong()),
            };
            if place.replace((*name).to_owned()).is_some() {
                return Err(wrong());
            }
            rest = after;
        }
        match rest.is_empty() {
            true => Ok(pattern),
            false => Err(wrong()),
        }
    }

    pub(super) fn fits(&self, kind: &str, src: &str, dest: &str) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|it| it == found);
        is(&self.kind, kind) && is(&self.src, src) && is(&self.dest, dest)
    }
}

impl fmt::Display for MessagePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_deref().unwrap_or("message"))?;
        for (word, name) in [("from", &self.src), ("to", &self.dest)] {
            if let Some(name) = name {
                write!(f, " {word} {name}")?;
            }
        }
        Ok(())
    }
}

/// Something that a node's state says or does not: `n1 /node/role is "leader"`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StateClaim {
    pub(super) node: usize,
    /// A JSON pointer into the node's snapshot.
    pub(super) pointer: String,
    pub(super) is: bool,
    pub(super) value: Json,
}

impl StateClaim {
    /// Reads what stands behind the node's name.
    pub(super) fn read(node: usize, text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no claim: write `/node/role is \"leader\"` or `/node/role is not \"leader\"`, with JSON behind it"
            )
        };
        let (pointer, rest) = text.split_once(' ').ok_or_else(wrong)?;
        let rest = rest.trim().strip_prefix("is ").ok_or_else(wrong)?;
        let (is, json) = match rest.trim().strip_prefix("not ") {
            Some(json) => (false, json),
            None => (true, rest),
        };
        let value = serde_json::from_str(json.trim());
        Ok(StateClaim {
            node,
            pointer: pointer.to_owned(),
            is,
            value: value.map_err(|error| format!("`{}` is no JSON: {error}", json.trim()))?,
        })
    }

    /// Whether it holds in this state. What is not there is `null`.
    pub(super) fn holds(&self, state: Option<&Json>) -> bool {
        let found = state.and_then(|state| state.pointer(&self.pointer));
        (found.unwrap_or(&Json::Null) == &self.value) == self.is
    }
}
