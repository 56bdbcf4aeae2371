//! Guests without an engine.

use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use serde_json::{Value as Json, json};

/// The response to `init` of the only node, `n0`.
pub(crate) const INIT_OK: &str =
    r#"{"send":{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}}"#;

/// A program that returns a text of effects for each event, and after the last none.
pub(crate) struct Scripted {
    steps: Vec<String>,
}

impl Scripted {
    /// Answers `init`, and then follows `steps`.
    pub(crate) fn new<S: AsRef<str>>(steps: &[S]) -> Self {
        let steps = steps.iter().map(|step| step.as_ref().to_owned());
        Scripted {
            steps: std::iter::once(INIT_OK.to_owned()).chain(steps).collect(),
        }
    }

    /// The same, `init` included in the steps.
    pub(crate) fn from_the_start<S: AsRef<str>>(steps: &[S]) -> Self {
        let steps = steps.iter().map(|step| step.as_ref().to_owned());
        Scripted {
            steps: steps.collect(),
        }
    }
}

impl Start for Scripted {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let mut steps = self.steps.clone().into_iter();
        let react = move |_: &Event<'_>| steps.next().unwrap_or_default();
        Ok(Native::start(react, &options))
    }
}

/// A program that answers `init` and `echo` as the solution of the first challenge does, to
/// the byte.
pub(crate) struct Echo;

impl Start for Echo {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let answer = |event: &Event<'_>| {
            let EventKind::Message(text) = event.kind else {
                return String::new();
            };
            let message: Json = serde_json::from_str(text).unwrap();
            let (src, dest) = (&message["src"], &message["dest"]);
            let msg_id = &message["body"]["msg_id"];
            let body = match message["body"]["type"].as_str() {
                Some("init") => format!(r#"{{"type":"init_ok","in_reply_to":{msg_id}}}"#),
                _ => {
                    let echo = &message["body"]["echo"];
                    format!(r#"{{"type":"echo_ok","echo":{echo},"in_reply_to":{msg_id}}}"#)
                }
            };
            format!(r#"{{"send":{{"src":{dest},"dest":{src},"body":{body}}}}}"#)
        };
        Ok(Native::start(answer, &options))
    }
}

/// A program whose nodes answer an `echo` after 100 ms, and first send `n1` a `ping`, which it answers
/// at once.
pub(crate) struct Pings;

impl Start for Pings {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let mut answer_later = String::new();
        let react = move |event: &Event<'_>| {
            let EventKind::Message(text) = event.kind else {
                return std::mem::take(&mut answer_later);
            };
            let message: Json = serde_json::from_str(text).unwrap();
            let (src, dest) = (&message["src"], &message["dest"]);
            let msg_id = &message["body"]["msg_id"];
            let answer = |body: &str| {
                format!(
                    r#"{{"send":{{"src":{dest},"dest":{src},"body":{{"in_reply_to":{msg_id},{body}}}}}}}"#
                )
            };
            match message["body"]["type"].as_str() {
                Some("init") => answer(r#""type":"init_ok""#),
                Some("ping") => answer(r#""type":"pong""#),
                Some("echo") => {
                    let echo = &message["body"]["echo"];
                    answer_later = answer(&format!(r#""type":"echo_ok","echo":{echo}"#));
                    let body = r#"{"type":"ping","msg_id":1}"#;
                    format!(
                        "{{\"send\":{{\"src\":{dest},\"dest\":\"n1\",\"body\":{body}}}}}\n\
                         {{\"set_timer\":{{\"id\":1,\"after_ns\":100000000}}}}"
                    )
                }
                _ => String::new(),
            }
        };
        Ok(Native::start(react, &options))
    }
}

/// A program whose nodes ask each other: what a client asks is answered when a majority has heard
/// of it. Each node speaks to all others now and then.
pub(crate) struct Committee;

impl Start for Committee {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let mut member = Member::default();
        let react = move |event: &Event<'_>| match event.kind {
            EventKind::Message(text) => member.hear(&serde_json::from_str(text).unwrap()),
            EventKind::Timer(_) => member.speak(),
            EventKind::Synced(_) => String::new(),
        };
        Ok(Native::start(react, &options))
    }
}

#[derive(Default)]
struct Member {
    name: String,
    others: Vec<String>,
    /// The requests that wait, each with how many have heard of it.
    asked: Vec<(Json, usize)>,
    answered: u64,
}

impl Member {
    fn send(&self, dest: &str, body: &Json) -> String {
        let message = json!({"src": self.name, "dest": dest, "body": body});
        format!("{}\n", json!({"send": message}))
    }

    fn to_all(&self, body: &Json) -> String {
        self.others
            .iter()
            .map(|other| self.send(other, body))
            .collect()
    }

    fn wait(after_ms: u64) -> String {
        let timer = json!({"id": 1, "after_ns": after_ms * 1_000_000});
        format!("{}\n", json!({"set_timer": timer}))
    }

    /// Every second, and twice at a time.
    fn speak(&mut self) -> String {
        self.answered += 1;
        let after_ms = if self.answered.is_multiple_of(2) {
            1000
        } else {
            40
        };
        self.to_all(&json!({"type": "here"})) + &Member::wait(after_ms)
    }

    fn hear(&mut self, message: &Json) -> String {
        let (src, body) = (message["src"].as_str().unwrap(), &message["body"]);
        match body["type"].as_str().unwrap() {
            "init" => {
                body["node_id"].as_str().unwrap().clone_into(&mut self.name);
                let all = body["node_ids"].as_array().unwrap();
                let all = all.iter().map(|name| name.as_str().unwrap().to_owned());
                self.others = all.filter(|name| *name != self.name).collect();
                let number: u64 = self.name[1..].parse().unwrap();
                let ok = json!({"type": "init_ok", "in_reply_to": body["msg_id"]});
                self.send(src, &ok) + &Member::wait(100 + 70 * number)
            }
            "here" => String::new(),
            "note" => self.send(src, &json!({"type": "noted", "number": body["number"]})),
            "noted" => {
                #[expect(clippy::cast_possible_truncation, reason = "it is an index")]
                let number = body["number"].as_u64().unwrap() as usize;
                self.asked[number].1 += 1;
                match self.asked[number].1 == self.others.len().div_ceil(2) {
                    true => self.answer(number),
                    false => String::new(),
                }
            }
            _ => {
                let number = self.asked.len();
                self.asked.push((message.clone(), 0));
                self.to_all(&json!({"type": "note", "number": number}))
            }
        }
    }

    fn answer(&mut self, number: usize) -> String {
        let (request, _) = &self.asked[number];
        let (client, body) = (request["src"].as_str().unwrap(), &request["body"]);
        let kind = format!("{}_ok", body["type"].as_str().unwrap());
        let mut ok = json!({"type": kind, "in_reply_to": body["msg_id"]});
        match body["type"].as_str().unwrap() {
            "generate" => ok["id"] = format!("{} {number}", self.name).into(),
            "read" => ok["value"] = json!([]),
            _ => {}
        }
        self.send(client, &ok)
    }
}

/// A guest in this process: a function from an event to the text of its effects.
pub(crate) struct Native<F> {
    react: F,
    effects: String,
    effects_max: usize,
}

impl<F: FnMut(&Event<'_>) -> String + Send + 'static> Native<F> {
    pub(crate) fn start(react: F, options: &GuestOptions) -> Box<dyn Guest + Send> {
        Box::new(Native {
            react,
            effects: String::new(),
            effects_max: options.limits.effects,
        })
    }
}

impl<F: FnMut(&Event<'_>) -> String> Guest for Native<F> {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        self.effects = (self.react)(event);
        decode(self.effects.as_bytes(), event.node, self.effects_max)
            .map_err(|error| GuestError::in_effects(error, event))
    }

    fn keeps_state(&self) -> bool {
        true
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        Ok(Some(Vec::new()))
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
