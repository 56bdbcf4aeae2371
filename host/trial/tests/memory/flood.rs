//! A program whose answers are lists of the same piece, over and over.

use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use serde_json::Value as Json;

/// Answers everything, and the first answers that have a place for it with much.
pub(crate) struct Flood {
    /// `[piece,piece]`
    list: String,
    fat: usize,
}

impl Flood {
    /// Repeats `piece` up to `bytes` in each of the first `fat` answers; `#` in it is a number that
    /// no other piece has.
    pub(crate) fn new(piece: &str, bytes: usize, fat: usize) -> Self {
        let mut list = String::from("[");
        let mut number = 1_000_000_u64;
        while list.len() < bytes {
            for part in piece.split_inclusive('#') {
                match part.strip_suffix('#') {
                    Some(before) => {
                        number += 1;
                        list += before;
                        list += &number.to_string();
                    }
                    None => list += part,
                }
            }
            list.push(',');
        }
        list.pop();
        list.push(']');
        Flood { list, fat }
    }
}

impl Start for Flood {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        Ok(Box::new(Flooding {
            list: self.list.clone(),
            fat: self.fat,
            offset: 0,
            is_broadcast: false,
            effects: String::new(),
            effects_max: options.limits.effects,
        }))
    }
}

struct Flooding {
    list: String,
    fat: usize,
    offset: i64,
    is_broadcast: bool,
    effects: String,
    effects_max: usize,
}

impl Flooding {
    /// The list, as long as there is some left.
    fn list(&mut self, otherwise: &str) -> String {
        if self.fat == 0 {
            return otherwise.to_owned();
        }
        self.fat -= 1;
        self.list.clone()
    }

    /// The fields of the answer to a request.
    fn fields(&mut self, request: &Json) -> (String, String) {
        let kind = request["type"].as_str().unwrap_or_default();
        let fields = match kind {
            "echo" => format!(r#","echo":{}"#, self.list("1")),
            "generate" => format!(r#","id":{}"#, self.list("1")),
            "read" if request.get("key").is_some() => format!(r#","value":{}"#, self.list("1")),
            "read" => {
                let list = self.list("[]");
                // Broadcast and g-set name it differently.
                let name = if self.is_broadcast {
                    "messages"
                } else {
                    "value"
                };
                format!(r#","{name}":{list}"#)
            }
            "txn" => {
                let own = request["txn"].to_string();
                format!(r#","txn":{}"#, self.list(&own))
            }
            "send" => {
                self.offset += 1;
                format!(r#","offset":{}"#, self.offset)
            }
            "poll" => {
                let list = self.list("[]");
                format!(r#","msgs":{{"0":{list}}}"#)
            }
            "list_committed_offsets" => r#","offsets":{}"#.to_owned(),
            _ => String::new(),
        };
        (kind.to_owned(), fields)
    }
}

impl Guest for Flooding {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let EventKind::Message(text) = event.kind else {
            return Ok(Vec::new());
        };
        let message: Json = serde_json::from_str(text).expect("it is JSON");
        let (src, dest) = (&message["src"], &message["dest"]);
        let body = &message["body"];
        self.is_broadcast |= body["type"] == "topology";
        let (kind, fields) = self.fields(body);
        let msg_id = &body["msg_id"];
        self.effects = format!(
            r#"{{"send":{{"src":{dest},"dest":{src},"body":{{"type":"{kind}_ok","in_reply_to":{msg_id}{fields}}}}}}}"#
        );
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
