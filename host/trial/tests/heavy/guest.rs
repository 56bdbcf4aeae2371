//! Programs without an engine.

use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use serde_json::{Value as Json, json};

/// What a node knows about itself.
#[derive(Default)]
pub(crate) struct Me {
    /// Its name, and those of all nodes.
    pub(crate) name: String,
    pub(crate) all: Vec<String>,
    /// What it keeps.
    pub(crate) values: Vec<i64>,
    pub(crate) events: u64,
    /// The bytes that it holds.
    pub(crate) memory: usize,
}

/// What a node does about a message that is not `init`; receivers and bodies.
pub(crate) type React = fn(&mut Me, &Json) -> Vec<(String, Json)>;

/// A program that answers `init` and `topology`, and does with all else what it is made of.
pub(crate) struct Program(pub(crate) React);

impl Start for Program {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        Ok(Box::new(Running {
            react: self.0,
            me: Me::default(),
            effects: String::new(),
            effects_max: options.limits.effects,
        }))
    }
}

struct Running {
    react: React,
    me: Me,
    effects: String,
    effects_max: usize,
}

impl Guest for Running {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let EventKind::Message(text) = event.kind else {
            return Ok(Vec::new());
        };
        let message: Json = serde_json::from_str(text).expect("it is JSON");
        let body = &message["body"];
        self.me.events += 1;
        let sent = match body["type"].as_str() {
            Some("init") => {
                self.me.name = event.node.to_owned();
                let names = body["node_ids"].as_array().expect("init has node_ids");
                let names = names.iter().filter_map(Json::as_str);
                self.me.all = names.map(str::to_owned).collect();
                vec![answer(&message, json!({"type": "init_ok"}))]
            }
            Some("topology") => vec![answer(&message, json!({"type": "topology_ok"}))],
            _ => (self.react)(&mut self.me, &message),
        };
        self.effects.clear();
        for (dest, body) in sent {
            let effect = json!({"send": {"src": event.node, "dest": dest, "body": body}});
            self.effects += &format!("{effect}\n");
        }
        decode(self.effects.as_bytes(), event.node, self.effects_max)
            .map_err(|error| GuestError::in_effects(error, event))
    }

    fn keeps_state(&self) -> bool {
        false
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        Ok(None)
    }

    fn restore(&mut self, _snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        Ok(())
    }

    fn fuel_used(&self) -> u64 {
        1_000_000 * self.me.events
    }

    fn memory_bytes(&self) -> usize {
        self.me.memory
    }
}

/// The answer to a message.
pub(crate) fn answer(message: &Json, mut body: Json) -> (String, Json) {
    body["in_reply_to"] = message["body"]["msg_id"].clone();
    let src = message["src"].as_str().expect("it has a sender");
    (src.to_owned(), body)
}
