//! Programs in this process, whose nodes know nothing of each other.

use std::collections::BTreeMap;

use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use serde_json::{Value as Json, json};

/// A program, by how it answers.
#[derive(Clone, Copy)]
pub(crate) enum Native {
    /// Acknowledges writes, and refuses all else.
    Refusing,
    /// Each node has a set of its own.
    Alone,
    /// Of two nodes each tells the other once what is added.
    Tells,
    /// Registers of which, this long after its start, the value before the last is read.
    StaleFrom(u64),
}

impl Start for Native {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        Ok(Box::new(Node {
            program: *self,
            started_ns: None,
            registers: BTreeMap::new(),
            elements: Vec::new(),
            effects: String::new(),
            effects_max: options.limits.effects,
        }))
    }
}

struct Node {
    program: Native,
    started_ns: Option<u64>,
    /// All values of each.
    registers: BTreeMap<String, Vec<Json>>,
    elements: Vec<Json>,
    effects: String,
    effects_max: usize,
}

impl Node {
    fn answer(&mut self, now_ns: u64, request: &Json) -> Json {
        let refused = |code: u32| json!({"type": "error", "code": code, "text": "no"});
        let kind = request["type"].as_str().unwrap();
        match (self.program, kind) {
            (_, "init") => json!({"type": "init_ok"}),
            (Native::Refusing, "write") => json!({"type": "write_ok"}),
            (Native::Refusing, "cas") => refused(22),
            (Native::Refusing, _) => refused(11),
            (Native::Alone | Native::Tells, "add" | "tell") => {
                self.elements.push(request["element"].clone());
                json!({"type": "add_ok"})
            }
            (Native::Alone | Native::Tells, _) => {
                json!({"type": "read_ok", "value": self.elements})
            }
            (Native::StaleFrom(from_ns), _) => {
                let values = self.registers.entry(request["key"].to_string());
                let values = values.or_default();
                let last = values.last().cloned();
                match (kind, last) {
                    ("write", _) => {
                        values.push(request["value"].clone());
                        json!({"type": "write_ok"})
                    }
                    (_, None) => refused(20),
                    ("read", Some(last)) => {
                        let before = values.len().checked_sub(2).map(|at| values[at].clone());
                        let stale = before.filter(|_| now_ns >= from_ns);
                        json!({"type": "read_ok", "value": stale.unwrap_or(last)})
                    }
                    (_, Some(last)) if last == request["from"] => {
                        values.push(request["to"].clone());
                        json!({"type": "cas_ok"})
                    }
                    _ => refused(22),
                }
            }
        }
    }
}

impl Guest for Node {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let EventKind::Message(text) = event.kind else {
            return Ok(Vec::new());
        };
        let message: Json = serde_json::from_str(text).unwrap();
        let request = &message["body"];
        let started_ns = *self.started_ns.get_or_insert(event.now_ns);
        let mut body = self.answer(event.now_ns - started_ns, request);
        body["in_reply_to"] = request["msg_id"].clone();
        let (src, dest) = (&message["dest"], &message["src"]);
        let send =
            |dest: &Json, body: &Json| json!({"send": {"src": src, "dest": dest, "body": body}});
        let told = json!({"type": "tell", "element": request["element"]});
        self.effects = match (self.program, request["type"].as_str().unwrap()) {
            (Native::Tells, "add") => {
                let other = json!(if src == "n0" { "n1" } else { "n0" });
                format!("{}\n{}", send(&other, &told), send(dest, &body))
            }
            (Native::Tells, "tell") => String::new(),
            _ => send(dest, &body).to_string(),
        };
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
        0
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}
