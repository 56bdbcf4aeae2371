//! A broadcast for a world without timers: every message that arrives is a reason to
//! repeat what a neighbour has not acknowledged, so it makes progress as long as
//! anything happens at all.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Value, json};
use test_programs::Node;

#[derive(Default)]
struct Values {
    known: BTreeSet<u64>,
    acknowledged: BTreeMap<String, BTreeSet<u64>>,
}

fn main() -> io::Result<()> {
    let mut values = Values::default();
    Node::run(|node, message| values.handle(node, message))
}

impl Values {
    fn handle(&mut self, node: &Node, message: &Value) -> io::Result<()> {
        let body = &message["body"];
        match body["type"].as_str().unwrap_or_default() {
            "topology" => node.reply(message, json!({"type": "topology_ok"})),
            "read" => {
                self.repeat(node)?;
                node.reply(message, json!({"type": "read_ok", "messages": self.known}))
            }
            "broadcast" => {
                self.known.extend(body["message"].as_u64());
                self.repeat(node)?;
                node.reply(message, json!({"type": "broadcast_ok"}))
            }
            "gossip" => {
                let values = body["values"].as_array().into_iter().flatten();
                self.known.extend(values.filter_map(Value::as_u64));
                let ok = json!({"type": "gossip_ok", "values": body["values"]});
                node.send(&message["src"], ok)
            }
            "gossip_ok" => {
                let from = message["src"].as_str().unwrap_or_default();
                let acknowledged = self.acknowledged.entry(from.to_owned()).or_default();
                let values = body["values"].as_array().into_iter().flatten();
                acknowledged.extend(values.filter_map(Value::as_u64));
                Ok(())
            }
            other => Err(io::Error::other(format!("nobody handles {other:?}"))),
        }
    }

    fn repeat(&self, node: &Node) -> io::Result<()> {
        let nothing = BTreeSet::new();
        for id in node.ids.iter().filter(|id| **id != node.id) {
            let acknowledged = self.acknowledged.get(id).unwrap_or(&nothing);
            let missing: Vec<&u64> = self.known.difference(acknowledged).collect();
            if !missing.is_empty() {
                node.send(&json!(id), json!({"type": "gossip", "values": missing}))?;
            }
        }
        Ok(())
    }
}
