//! A node that does sessions with its files, and answers what came of them.

use std::io;

use serde_json::json;
use test_programs::{Node, files};

fn main() -> io::Result<()> {
    Node::run(|node, request| {
        let seed = request["body"]["seed"].as_u64().unwrap_or(0);
        let does = match request["body"]["reads"].as_bool() {
            Some(true) => files::Does::Reads,
            _ => files::Does::All,
        };
        let lines = files::session("", seed, 150, does);
        node.reply(request, json!({"type": "session_ok", "lines": lines}))
    })
}
