//! Guests without an engine.

use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use serde_json::Value as Json;

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

/// A guest in this process: a function from an event to the text of its effects.
struct Native<F> {
    react: F,
    effects: String,
    effects_max: usize,
}

impl<F: FnMut(&Event<'_>) -> String + Send + 'static> Native<F> {
    fn start(react: F, options: &GuestOptions) -> Box<dyn Guest + Send> {
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
