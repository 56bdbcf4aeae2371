//! What the test programs in Rust share: lines in, lines out.

pub mod files;

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

/// A node's name and its cluster.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// Its own name.
    pub id: String,
    /// All names.
    pub ids: Vec<String>,
}

impl Node {
    /// Answers `init` itself and gives every other message to `handle`, with blocking
    /// reads, until the input ends.
    ///
    /// # Errors
    /// When a line is not a message, or stdin or stdout break.
    pub fn run(handle: impl FnMut(&Node, &Value) -> io::Result<()>) -> io::Result<()> {
        Self::serve(io::stdin().lock().lines(), handle)
    }

    /// As [`run`](Self::run) does, with lines that somebody else reads.
    ///
    /// # Errors
    /// When a line is not a message or could not be read, or stdout breaks.
    pub fn serve(
        lines: impl IntoIterator<Item = io::Result<String>>,
        mut handle: impl FnMut(&Node, &Value) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut node = Node::default();
        for line in lines {
            let message: Value = serde_json::from_str(&line?)?;
            let body = &message["body"];
            if body["type"] == "init" {
                body["node_id"]
                    .as_str()
                    .unwrap_or_default()
                    .clone_into(&mut node.id);
                let ids = body["node_ids"].as_array().into_iter().flatten();
                node.ids = ids.filter_map(|id| Some(id.as_str()?.to_owned())).collect();
                node.reply(&message, json!({"type": "init_ok"}))?;
            } else {
                handle(&node, &message)?;
            }
        }
        Ok(())
    }

    /// Answers `request`.
    ///
    /// # Errors
    /// When stdout breaks.
    pub fn reply(&self, request: &Value, mut body: Value) -> io::Result<()> {
        body["in_reply_to"] = request["body"]["msg_id"].clone();
        self.send(&request["src"], body)
    }

    /// Sends `body` to `dest`.
    ///
    /// # Errors
    /// When stdout breaks.
    pub fn send(&self, dest: &Value, body: Value) -> io::Result<()> {
        let message = json!({"src": self.id, "dest": dest, "body": body});
        writeln!(io::stdout(), "{message}")
    }
}
