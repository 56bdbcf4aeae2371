//! Requests for tests, and a plain map to compare the stores with.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::api::Service;
use super::reply::write_body;

/// A request to a store whose keys and values are small numbers.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// Of a key.
    Read(u32),
    /// To a key, of a value.
    Write(u32, u32),
    /// Of a key, from, to, whether to create it.
    Cas(u32, u32, u32, bool),
}

impl Ask {
    pub(super) fn body(&self) -> String {
        match self {
            Ask::Read(key) => format!(r#"{{"type":"read","msg_id":1,"key":{key}}}"#),
            Ask::Write(key, value) => {
                format!(r#"{{"type":"write","msg_id":1,"key":{key},"value":{value}}}"#)
            }
            Ask::Cas(key, from, to, create) => format!(
                r#"{{"type":"cas","msg_id":1,"key":{key},"from":{from},"to":{to},"create_if_not_exists":{create}}}"#
            ),
        }
    }
}

/// Any request about few keys and fewer values, so that they get in each other's way.
pub(super) fn any_ask() -> impl Strategy<Value = Ask> {
    let (key, value) = (0_u32..3, 0_u32..4);
    prop_oneof![
        key.clone().prop_map(Ask::Read),
        (key.clone(), value.clone()).prop_map(|(key, value)| Ask::Write(key, value)),
        (key, value.clone(), value, any::<bool>())
            .prop_map(|(key, from, to, create)| Ask::Cas(key, from, to, create)),
    ]
}

/// The body that answers a request whose `msg_id` is 1.
pub(super) fn answer_to(
    service: &mut dyn Service,
    client: &str,
    body: &str,
    rng: &mut ChaCha8Rng,
) -> String {
    let mut out = Vec::new();
    write_body(&mut out, &service.handle(client, body, rng), 1);
    String::from_utf8(out).unwrap()
}

/// As [`answer_to`].
pub(super) fn answer(
    service: &mut dyn Service,
    client: &str,
    ask: &Ask,
    rng: &mut ChaCha8Rng,
) -> String {
    answer_to(service, client, &ask.body(), rng)
}

/// The state of a service after these requests, each with its client.
pub(super) fn after(service: &mut dyn Service, asks: &[(&str, Ask)]) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for (client, ask) in asks {
        answer(service, client, ask, &mut rng);
    }
    let mut state = Vec::new();
    service.write_state(&mut state);
    String::from_utf8(state).unwrap()
}

/// What a store is meant to be.
#[derive(Debug, Default)]
pub(super) struct Plain(BTreeMap<u32, u32>);

impl Plain {
    pub(super) fn answer(&mut self, ask: &Ask) -> String {
        let no_key = r#"{"type":"error","code":20,"text":"key does not exist","in_reply_to":1}"#;
        match *ask {
            Ask::Read(key) => match self.0.get(&key) {
                Some(value) => format!(r#"{{"type":"read_ok","value":{value},"in_reply_to":1}}"#),
                None => no_key.into(),
            },
            Ask::Write(key, value) => {
                self.0.insert(key, value);
                r#"{"type":"write_ok","in_reply_to":1}"#.into()
            }
            Ask::Cas(key, from, to, create) => match self.0.get(&key) {
                None if !create => no_key.into(),
                Some(value) if *value != from => format!(
                    r#"{{"type":"error","code":22,"text":"current value {value} is not {from}","in_reply_to":1}}"#
                ),
                _ => {
                    self.0.insert(key, to);
                    r#"{"type":"cas_ok","in_reply_to":1}"#.into()
                }
            },
        }
    }
}
