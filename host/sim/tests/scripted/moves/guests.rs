//! Guests whose steps can be counted by hand.

use host_guest::{Event, EventKind, Guest, GuestError, GuestOptions, Start};
use host_sim::MS;
use serde_json::{Value as Json, json};

use crate::guest::{INIT_OK, Native};

/// A g-set over two nodes: each tells the other what it is asked to add.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gossip {
    /// It tells every 100 ms, until the other has answered.
    pub(crate) tries_again: bool,
}

impl Start for Gossip {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let Gossip { tries_again } = *self;
        let (mut own, mut other) = (String::new(), String::new());
        let mut elements: Vec<Json> = Vec::new();
        let mut untold: Vec<Json> = Vec::new();
        let react = move |event: &Event<'_>| {
            let send = |src: &str, dest: &Json, body: Json| {
                format!(
                    "{}\n",
                    json!({"send": {"src": src, "dest": dest, "body": body}})
                )
            };
            let timer = format!(
                "{}\n",
                json!({"set_timer": {"id": 7, "after_ns": 100 * MS}})
            );
            let tell_all = |untold: &[Json]| {
                let tell = |it| send(&own, &json!(other), json!({"type": "tell", "element": it}));
                untold.iter().map(tell).collect::<String>()
            };
            let EventKind::Message(text) = event.kind else {
                return match untold.is_empty() {
                    true => String::new(),
                    false => tell_all(&untold) + &timer,
                };
            };
            let message: Json = serde_json::from_str(text).unwrap();
            let (src, body) = (&message["src"], &message["body"]);
            let (element, msg_id) = (&body["element"], &body["msg_id"]);
            match body["type"].as_str().unwrap() {
                "init" => {
                    body["node_id"].as_str().unwrap().clone_into(&mut own);
                    let ids = body["node_ids"].as_array().unwrap();
                    let mut ids = ids.iter().map(|id| id.as_str().unwrap());
                    let found = ids.find(|id| *id != own);
                    found.unwrap().clone_into(&mut other);
                    send(&own, src, json!({"type": "init_ok", "in_reply_to": msg_id}))
                }
                "add" => {
                    elements.push(element.clone());
                    let told = tell_all(std::slice::from_ref(element));
                    untold.extend(tries_again.then(|| element.clone()));
                    let ok = send(&own, src, json!({"type": "add_ok", "in_reply_to": msg_id}));
                    told + &ok + if tries_again { &timer } else { "" }
                }
                "read" => {
                    let ok = json!({"type": "read_ok", "value": elements, "in_reply_to": msg_id});
                    send(&own, src, ok)
                }
                "tell" => {
                    elements.push(element.clone());
                    match tries_again {
                        true => send(&own, src, json!({"type": "told", "element": element})),
                        false => String::new(),
                    }
                }
                _ => {
                    untold.retain(|it| it != element);
                    String::new()
                }
            }
        };
        Ok(Native::start(react, &options))
    }
}

/// A node that writes what its clock reads to the log at each timer, and sets the next for 100 ms later.
pub(crate) struct Ticks;

impl Start for Ticks {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let react = |event: &Event<'_>| {
            let timer = json!({"set_timer": {"id": 1, "after_ns": 100 * MS}});
            match event.kind {
                EventKind::Message(text) => {
                    let message: Json = serde_json::from_str(text).unwrap();
                    let body = json!({"type": "init_ok", "in_reply_to": 1});
                    let (src, dest) = (&message["dest"], &message["src"]);
                    format!(
                        "{}\n{timer}",
                        json!({"send": {"src": src, "dest": dest, "body": body}})
                    )
                }
                _ => {
                    let text = event.now_ns.to_string();
                    format!(
                        "{}\n{timer}",
                        json!({"log": {"level": "info", "text": text}})
                    )
                }
            }
        };
        Ok(Native::start(react, &options))
    }
}

/// Sends itself a message for each.
pub(crate) struct Round;

impl Start for Round {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let mut has_begun = false;
        let react = move |_: &Event<'_>| {
            let ok = match std::mem::replace(&mut has_begun, true) {
                true => "",
                false => INIT_OK,
            };
            format!(
                "{ok}\n{{\"send\":{{\"src\":\"n0\",\"dest\":\"n0\",\"body\":{{\"type\":\"ping\"}}}}}}"
            )
        };
        Ok(Native::start(react, &options))
    }
}
