//! Breakpoints: what a run that goes on stops at.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::branch::Known;
use super::now::Hit;
use crate::game::limits;
use host_check::history::Kind;
use host_check::validity::Validity;
use host_protocol::message::Header;
use host_report::live::{LiveEvent, LiveMessage};

/// What a run stops at.
#[derive(Debug, Clone, PartialEq, Deserialize, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Breakpoint {
    /// A message of a type, or of any, reaches a node, or any party.
    Message {
        #[serde(default)]
        r#type: Option<String>,
        #[serde(default)]
        node: Option<String>,
    },
    /// A message reaches a node, or its timer fires.
    Node { node: String },
    /// A field of a node's state, or of any, becomes this; or changes, if it is null.
    Field {
        #[serde(default)]
        node: Option<String>,
        path: String,
        #[serde(default)]
        is: Option<Json>,
    },
    /// The verdict becomes invalid.
    Invariant,
    /// An operation completes with ok.
    Acknowledged,
    /// A field is this at a second node.
    Two { path: String, is: Json },
}

/// Reads a list of breakpoints.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(body: &[u8], nodes: &[String]) -> Result<Vec<Breakpoint>, String> {
    let breakpoints: Vec<Breakpoint> =
        serde_json::from_slice(body).map_err(|error| format!("no breakpoints: {error}"))?;
    if breakpoints.len() > limits::BREAKPOINTS {
        return Err(format!(
            "{} breakpoints are more than {}: remove some",
            breakpoints.len(),
            limits::BREAKPOINTS
        ));
    }
    for (index, breakpoint) in breakpoints.iter().enumerate() {
        let node = match breakpoint {
            Breakpoint::Message { node, .. } | Breakpoint::Field { node, .. } => node.as_ref(),
            Breakpoint::Node { node } => Some(node),
            _ => None,
        };
        if let Some(node) = node
            && !nodes.contains(node)
            && !matches!(breakpoint, Breakpoint::Message { .. })
        {
            let nodes = nodes.join(", ");
            return Err(format!(
                "breakpoint {index}: there is no node {node}, only {nodes}"
            ));
        }
        if let Breakpoint::Field { path, .. } | Breakpoint::Two { path, .. } = breakpoint
            && !path.is_empty()
            && !path.starts_with('/')
        {
            return Err(format!(
                "breakpoint {index}: the path {path:?} has to begin with /, as in /node/term"
            ));
        }
    }
    Ok(breakpoints)
}

/// Breakpoints, and what was known at the moment before.
#[derive(Debug, Default)]
pub(super) struct Watched {
    breakpoints: Vec<Breakpoint>,
    /// The values of fields, by breakpoint and node.
    fields: BTreeMap<(usize, String), Option<Json>>,
    /// The number of operations that had completed.
    completed: usize,
    ops: usize,
    is_invalid: bool,
}

impl Watched {
    /// Watches from now on.
    pub(super) fn begin(breakpoints: Vec<Breakpoint>, nodes: &[String], known: &Known) -> Self {
        let mut watched = Watched {
            breakpoints,
            fields: BTreeMap::new(),
            completed: known.history.completed(),
            ops: known.history.ops().len(),
            is_invalid: known.verdict.valid == Validity::False,
        };
        for index in 0..watched.breakpoints.len() {
            if let Breakpoint::Field { path, .. } | Breakpoint::Two { path, .. } =
                &watched.breakpoints[index]
            {
                for node in nodes {
                    let value = field(known, node, path).cloned();
                    watched.fields.insert((index, node.clone()), value);
                }
            }
        }
        watched
    }

    /// Whether any operation has completed that the checkers have to look at, since some breakpoint asks for
    /// their verdict.
    pub(super) fn wants_verdict(&self, known: &Known) -> bool {
        let asks = self.breakpoints.contains(&Breakpoint::Invariant);
        asks && !self.is_invalid && known.history.completed() > self.completed
    }

    /// The first breakpoint that is hit by what has happened from an entry on.
    pub(super) fn hit(&mut self, known: &Known, from: usize) -> Option<Hit> {
        let mut hit = None;
        for index in 0..self.breakpoints.len() {
            let words = match self.breakpoints[index].clone() {
                Breakpoint::Message { r#type, node } => {
                    message(known, from, r#type.as_deref(), node.as_deref())
                }
                Breakpoint::Node { node } => at_node(known, from, &node),
                Breakpoint::Field { node, path, is } => {
                    self.field(known, from, index, node.as_deref(), &path, is.as_ref())
                }
                Breakpoint::Invariant => self.invariant(known),
                Breakpoint::Acknowledged => self.acknowledged(known),
                Breakpoint::Two { path, is } => self.second(known, from, index, &path, &is),
            };
            // All are looked at, so that each knows what was before.
            if let Some(words) = words {
                hit.get_or_insert(Hit {
                    breakpoint: index,
                    words,
                });
            }
        }
        self.completed = known.history.completed();
        self.ops = known.history.ops().len();
        self.is_invalid = known.verdict.valid == Validity::False;
        hit
    }

    fn invariant(&self, known: &Known) -> Option<String> {
        let is_new = known.verdict.valid == Validity::False && !self.is_invalid;
        is_new.then(|| match &known.verdict.first {
            Some(first) => format!("the history is wrong: {}", first.words),
            None => "the history is wrong".to_owned(),
        })
    }

    fn acknowledged(&self, known: &Known) -> Option<String> {
        let ops = known.history.ops()[self.ops..].iter();
        let mut done = ops.filter(|op| op.is_client() && op.kind == Kind::Ok);
        done.next()
            .map(|op| format!("{} {} is acknowledged", op.f, op.value))
    }

    /// Notes a field of the nodes that have handled an event, and returns those in which it is another.
    fn changed(
        &mut self,
        known: &Known,
        from: usize,
        index: usize,
        node: Option<&str>,
        path: &str,
    ) -> Vec<(String, Option<Json>)> {
        let stepped = known.record.stepped_since(from);
        let stepped = stepped.filter(|it| node.is_none_or(|node| node == *it));
        let mut changed = Vec::new();
        for name in stepped {
            let value = field(known, name, path).cloned();
            let before = self.fields.insert((index, name.to_owned()), value.clone());
            if before.flatten() != value {
                changed.push((name.to_owned(), value));
            }
        }
        changed
    }

    fn field(
        &mut self,
        known: &Known,
        from: usize,
        index: usize,
        node: Option<&str>,
        path: &str,
        is: Option<&Json>,
    ) -> Option<String> {
        let mut changed = self.changed(known, from, index, node, path).into_iter();
        let (node, value) = changed.find(|(_, value)| is.is_none() || value.as_ref() == is)?;
        let value = value.map_or_else(|| "gone".to_owned(), |value| value.to_string());
        Some(format!("{path} of {node} is {value}"))
    }

    fn second(
        &mut self,
        known: &Known,
        from: usize,
        index: usize,
        path: &str,
        is: &Json,
    ) -> Option<String> {
        let changed = self.changed(known, from, index, None, path);
        let is_new = changed.iter().any(|(_, value)| value.as_ref() == Some(is));
        let of_this = self.fields.range((index, String::new())..);
        let of_this = of_this.take_while(|((of, _), _)| *of == index);
        let nodes: Vec<&str> = of_this
            .filter(|(_, value)| value.as_ref() == Some(is))
            .map(|((_, node), _)| node.as_str())
            .collect();
        (is_new && nodes.len() > 1).then(|| format!("{path} is {is} at {}", nodes.join(" and ")))
    }
}

/// A field of a node's state, by a JSON pointer (RFC 6901) into the state, or into all that a page shows of the
/// node.
fn field<'a>(known: &'a Known, node: &str, path: &str) -> Option<&'a Json> {
    let shown = known.record.state(node)?;
    let state = shown.get("state").and_then(|state| state.pointer(path));
    state.or_else(|| shown.pointer(path))
}

fn events(known: &Known, from: usize) -> impl Iterator<Item = LiveEvent<'_>> {
    (from..known.record.entries()).filter_map(|entry| known.record.event(entry))
}

fn message(known: &Known, from: usize, kind: Option<&str>, node: Option<&str>) -> Option<String> {
    let received = events(known, from).filter_map(|event| match event {
        LiveEvent::Recv(message) => Some(message),
        _ => None,
    });
    let mut received = received.filter(|message| node.is_none_or(|node| node == message.dest));
    let found = received.find(|message| kind.is_none_or(|kind| kind == type_of(message.body)))?;
    let LiveMessage {
        src, dest, body, ..
    } = found;
    Some(format!("{} from {src} reaches {dest}", type_of(body)))
}

pub(super) fn at_node(known: &Known, from: usize, node: &str) -> Option<String> {
    events(known, from).find_map(|event| match event {
        LiveEvent::Recv(LiveMessage {
            src, dest, body, ..
        }) if dest == node => Some(format!("{} from {src} reaches {node}", type_of(body))),
        LiveEvent::Timer(of) if of == node => Some(format!("a timer of {node} fires")),
        _ => None,
    })
}

/// The type of a message.
pub(super) fn type_of(body: &str) -> String {
    let header = Header::of(body);
    header.map_or_else(|_| "a message".to_owned(), |it| it.kind.into_owned())
}
