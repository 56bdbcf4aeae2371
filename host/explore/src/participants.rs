//! Participants as small numbers, and messages between them.

use host_protocol::error::ErrorCode;
use host_protocol::message::Header;

use crate::hash::{Contents, Hash};
use crate::table::{Content, Table};

/// A participant of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Addr {
    /// A node, by its position.
    Node(u8),
    /// A service, by its position in the list of services.
    Service(u8),
    /// A client, by its number.
    Client(u32),
}

/// A message: what its receiver sees.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) src: Addr,
    pub(crate) dest: Addr,
    /// The whole message as JSON.
    pub(crate) text: String,
    body_at: usize,
    /// The request that it answers.
    pub(crate) in_reply_to: Option<u64>,
    pub(crate) msg_id: Option<u64>,
    /// A hash of its type.
    pub(crate) kind: u64,
    /// Whether it says that a node cannot serve now, as one that does not lead.
    pub(crate) is_refusal: bool,
}

impl Content for Message {
    fn heap_bytes(&self) -> usize {
        self.text.len()
    }
}

impl Message {
    pub(crate) fn body(&self) -> &str {
        // The envelope's closing brace is the last byte.
        &self.text[self.body_at..self.text.len() - 1]
    }

    /// Whether it goes from a node to a node: only such are lost, doubled and cut off.
    pub(crate) fn is_between_nodes(&self) -> bool {
        matches!((self.src, self.dest), (Addr::Node(_), Addr::Node(_)))
    }
}

/// The names of nodes and services, and all messages.
pub(crate) struct Messages {
    nodes: Vec<String>,
    first: usize,
    services: Vec<String>,
    table: Table<Message>,
}

impl Messages {
    pub(crate) fn new(count: usize, first: usize, services: Vec<String>) -> Self {
        Messages {
            nodes: (first..first + count).map(|n| format!("n{n}")).collect(),
            first,
            services,
            table: Table::default(),
        }
    }

    pub(crate) fn nodes(&self) -> &[String] {
        &self.nodes
    }

    pub(crate) fn name(&self, addr: Addr) -> String {
        match addr {
            Addr::Node(node) => self.nodes[usize::from(node)].clone(),
            Addr::Service(service) => self.services[usize::from(service)].clone(),
            Addr::Client(client) => format!("c{client}"),
        }
    }

    /// Finds the participant of a name; clients have numbers below `clients`.
    pub(crate) fn find(&self, name: &str, clients: u32) -> Option<Addr> {
        let number = |digits: &str| -> Option<usize> {
            let is_canonical = digits == "0" || !digits.starts_with('0');
            let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
            (is_canonical && digits_only).then(|| digits.parse().ok())?
        };
        if let Some(number) = name.strip_prefix('n').and_then(number) {
            let index = number.checked_sub(self.first)?;
            let is_there = index < self.nodes.len();
            return is_there.then(|| u8::try_from(index).ok().map(Addr::Node))?;
        }
        if let Some(number) = name.strip_prefix('c').and_then(number) {
            let client = u32::try_from(number).ok()?;
            return (client < clients).then_some(Addr::Client(client));
        }
        let service = self.services.iter().position(|service| service == name)?;
        Some(Addr::Service(u8::try_from(service).ok()?))
    }

    /// The number of a message with this body.
    pub(crate) fn add(&self, src: Addr, dest: Addr, body: &str) -> u32 {
        let start = format!(
            "{{\"src\":\"{}\",\"dest\":\"{}\",\"body\":",
            self.name(src),
            self.name(dest)
        );
        let body_at = start.len();
        let text = format!("{start}{body}}}");
        let hash = Contents::of("message").bytes(text.as_bytes()).finish();
        self.table.add(hash, || {
            let header = Header::of(body).ok();
            Message {
                src,
                dest,
                body_at,
                in_reply_to: header.as_ref().and_then(|header| header.in_reply_to),
                msg_id: header.as_ref().and_then(|header| header.msg_id),
                kind: header.as_ref().map_or(0, |header| kind(&header.kind)),
                is_refusal: header.is_some_and(|header| header.kind == "error" && refuses(body)),
                text,
            }
        })
    }

    /// The number of a message of another table.
    pub(crate) fn adopt(&self, other: &Messages, message: u32) -> u32 {
        let content = || other.get(message).clone();
        self.table.add(other.hash(message), content)
    }

    pub(crate) fn get(&self, message: u32) -> &Message {
        self.table.get(message)
    }

    /// What they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes()
    }

    pub(crate) fn hash(&self, message: u32) -> Hash {
        self.table.hash(message)
    }
}

/// Whether the error in a body is the one of a node that cannot serve now.
fn refuses(body: &str) -> bool {
    let code = serde_json::from_str(body).ok();
    let code = code.and_then(|body: serde_json::Value| body.get("code")?.as_u64());
    code.is_some_and(|code| ErrorCode::from(code) == ErrorCode::TemporarilyUnavailable)
}

fn kind(name: &str) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    let kind = Contents::of("kind").bytes(name.as_bytes()).finish() as u64;
    kind
}
