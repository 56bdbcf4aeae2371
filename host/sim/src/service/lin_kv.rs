//! lin-kv: one map. A request takes effect when it arrives, so requests that do not overlap take
//! effect in their order: the store is linearizable.

use host_protocol::message::Error;
use host_protocol::services::LIN_KV;
use rand_chacha::ChaCha8Rng;

use super::api::Service;
use super::json::Json;
use super::kv::Request;
use super::reply::Reply;
use super::store::{Store, has_room};

/// The linearizable key-value store.
#[derive(Debug, Clone, Default)]
pub struct LinKv {
    store: Store<Json>,
}

impl Service for LinKv {
    fn name(&self) -> &'static str {
        LIN_KV
    }

    fn handle(&mut self, _client: &str, body: &str, _rng: &mut ChaCha8Rng) -> Result<Reply, Error> {
        let Request { key, op } = Request::read(LIN_KV, body)?;
        let step = op.step(self.store.get(&key));
        if let Some(value) = step.put {
            has_room(LIN_KV, self.store.bytes(), &key, &value)?;
            self.store.put(key, value);
        }
        step.answer
    }

    fn bytes(&self) -> usize {
        self.store.bytes()
    }

    fn boxed_clone(&self) -> Box<dyn Service> {
        Box::new(self.clone())
    }

    fn write_state(&self, out: &mut Vec<u8>) {
        self.store.write_state(out, |value| value.text().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::rand_core::SeedableRng;

    use super::super::testing::{Ask, Plain, after, answer, answer_to, any_ask};
    use super::*;

    /// Requests to one store after the other, each with its answer.
    fn dialogue(lines: &[(&str, &str)]) {
        let (mut kv, mut rng) = (LinKv::default(), ChaCha8Rng::seed_from_u64(0));
        for (body, expected) in lines {
            assert_eq!(
                answer_to(&mut kv, "n1", body, &mut rng),
                *expected,
                "{body}"
            );
        }
    }

    const NO_KEY: &str =
        r#"{"type":"error","code":20,"text":"key does not exist","in_reply_to":1}"#;
    const WRITE_OK: &str = r#"{"type":"write_ok","in_reply_to":1}"#;
    const CAS_OK: &str = r#"{"type":"cas_ok","in_reply_to":1}"#;

    #[test]
    fn keys_are_read_written_compared_and_set() {
        dialogue(&[
            (r#"{"type":"read","key":"x"}"#, NO_KEY),
            (r#"{"type":"cas","key":"x","from":1,"to":2}"#, NO_KEY),
            (
                r#"{"type":"cas","key":"x","from":1,"to":2,"create_if_not_exists":null}"#,
                NO_KEY,
            ),
            (
                r#"{"type":"cas","key":"x","from":1,"to":2,"create_if_not_exists":true}"#,
                CAS_OK,
            ),
            (
                r#"{"type":"read","key":"x"}"#,
                r#"{"type":"read_ok","value":2,"in_reply_to":1}"#,
            ),
            (
                r#"{"type":"cas","key":"x","from":"a","to":3,"create_if_not_exists":true}"#,
                r#"{"type":"error","code":22,"text":"current value 2 is not \"a\"","in_reply_to":1}"#,
            ),
            (r#"{"type":"cas","key":"x","from":2,"to":3}"#, CAS_OK),
            (
                r#"{"type":"write","key":"x","value":[1, {"b":2,"a":1.50}]}"#,
                WRITE_OK,
            ),
            (
                r#"{"type":"read","key":"x"}"#,
                r#"{"type":"read_ok","value":[1,{"a":1.5,"b":2}],"in_reply_to":1}"#,
            ),
            (
                r#"{"type":"cas","key":"x","from":[1,{"a":15e-1,"b":2}],"to":0}"#,
                CAS_OK,
            ),
        ]);
    }

    #[test]
    fn keys_and_values_of_different_kinds_are_different() {
        dialogue(&[
            (r#"{"type":"write","key":1,"value":1}"#, WRITE_OK),
            (r#"{"type":"read","key":"1"}"#, NO_KEY),
            (r#"{"type":"read","key":1.0}"#, NO_KEY),
            (
                r#"{"type":"cas","key":1,"from":1.0,"to":2}"#,
                r#"{"type":"error","code":22,"text":"current value 1 is not 1.0","in_reply_to":1}"#,
            ),
        ]);
    }

    #[test]
    fn what_is_missing_is_null() {
        dialogue(&[
            (r#"{"type":"read"}"#, NO_KEY),
            (r#"{"type":"write"}"#, WRITE_OK),
            (
                r#"{"type":"read","key":null}"#,
                r#"{"type":"read_ok","value":null,"in_reply_to":1}"#,
            ),
            (r#"{"type":"cas","key":null,"to":5}"#, CAS_OK),
            (
                r#"{"type":"read"}"#,
                r#"{"type":"read_ok","value":5,"in_reply_to":1}"#,
            ),
        ]);
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        dialogue(&[
            (
                r#"{"type":"txn","create_if_not_exists":5}"#,
                r#"{"type":"error","code":10,"text":"lin-kv does not know \"txn\"; it knows read, write and cas","in_reply_to":1}"#,
            ),
            (
                r#"{"type":"cas","key":1,"from":1,"to":2,"create_if_not_exists":1}"#,
                r#"{"type":"error","code":12,"text":"malformed cas: create_if_not_exists: expected true or false, found 1","in_reply_to":1}"#,
            ),
            (
                r#"{"type":"write","key":1,"value":1e999}"#,
                r#"{"type":"error","code":12,"text":"malformed write: value: the number 1e999 is beyond 64-bit floats","in_reply_to":1}"#,
            ),
            (
                r#"{"key":1}"#,
                r#"{"type":"error","code":12,"text":"malformed request: missing field `type` at line 1 column 9","in_reply_to":1}"#,
            ),
            (
                r#"{"type":"read","key":1,"key":2}"#,
                r#"{"type":"error","code":12,"text":"malformed request: duplicate field `key` at line 1 column 28","in_reply_to":1}"#,
            ),
            // A field that the request does not need may be anything.
            (r#"{"type":"read","key":1,"value":1e999}"#, NO_KEY),
        ]);
    }

    #[test]
    fn an_error_shows_long_values_in_part() {
        let long = "x".repeat(10_000);
        let shown = format!("\\\"{}… (9802 more bytes)", "x".repeat(199));
        dialogue(&[
            (
                &format!(r#"{{"type":"write","key":1,"value":"{long}"}}"#),
                WRITE_OK,
            ),
            (
                r#"{"type":"cas","key":1,"from":1,"to":2}"#,
                &format!(
                    r#"{{"type":"error","code":22,"text":"current value {shown} is not 1","in_reply_to":1}}"#
                ),
            ),
        ]);
    }

    #[test]
    fn its_state_is_what_it_keeps_whatever_led_there() {
        let (one, other) = (
            after(
                &mut LinKv::default(),
                &[("n1", Ask::Write(1, 3)), ("n1", Ask::Write(0, 2))],
            ),
            after(
                &mut LinKv::default(),
                &[
                    ("n2", Ask::Read(7)),
                    ("n2", Ask::Write(0, 2)),
                    ("n1", Ask::Write(1, 5)),
                    ("n1", Ask::Cas(1, 5, 3, false)),
                ],
            ),
        );
        assert_eq!(one, "0\t2\n1\t3\n");
        assert_eq!(one, other);
    }

    #[test]
    fn a_copy_goes_on_independently() {
        let mut kv = LinKv::default();
        after(&mut kv, &[("n1", Ask::Write(0, 2))]);
        let mut copy = kv.boxed_clone();
        after(copy.as_mut(), &[("n1", Ask::Write(0, 3))]);
        assert_eq!(after(&mut kv, &[]), "0\t2\n");
        assert_eq!(after(copy.as_mut(), &[]), "0\t3\n");
    }

    proptest! {
        #[test]
        fn it_is_a_plain_map(asks in prop::collection::vec(any_ask(), 0..200)) {
            let (mut kv, mut rng) = (LinKv::default(), ChaCha8Rng::seed_from_u64(0));
            let mut plain = Plain::default();
            for ask in asks {
                prop_assert_eq!(answer(&mut kv, "n1", &ask, &mut rng), plain.answer(&ask));
            }
        }
    }
}
