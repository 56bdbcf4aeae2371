//! A node that answers what it is told.

use std::io;

use serde_json::json;
use test_programs::Node;

fn main() -> io::Result<()> {
    Node::run(|node, request| {
        let echo = &request["body"]["echo"];
        node.reply(request, json!({"type": "echo_ok", "echo": echo}))
    })
}
