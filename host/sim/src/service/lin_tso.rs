//! lin-tso: a counter. Each request gets the next number, which is greater than all before.

use host_protocol::message::Error;
use host_protocol::services::LIN_TSO;
use rand_chacha::ChaCha8Rng;

use super::api::Service;
use super::kv::{Fields, not_supported};
use super::reply::Reply;

/// The linearizable timestamp oracle: 0, 1, 2, …
#[derive(Debug, Clone, Default)]
pub struct LinTso {
    next: u64,
}

impl Service for LinTso {
    fn name(&self) -> &'static str {
        LIN_TSO
    }

    fn handle(&mut self, _client: &str, body: &str, _rng: &mut ChaCha8Rng) -> Result<Reply, Error> {
        let fields = Fields::read(body)?;
        if fields.kind != "ts" {
            return Err(not_supported(LIN_TSO, &fields.kind, "ts"));
        }
        let ts = self.next;
        self.next += 1;
        Ok(Reply::TsOk { ts })
    }

    fn bytes(&self) -> usize {
        0 // one number
    }

    fn boxed_clone(&self) -> Box<dyn Service> {
        Box::new(self.clone())
    }

    fn write_state(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.next.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::super::testing::{after, answer_to};
    use super::*;

    #[test]
    fn timestamps_count_from_zero() {
        let (mut tso, mut rng) = (LinTso::default(), ChaCha8Rng::seed_from_u64(0));
        let mut ask = |body| answer_to(&mut tso, "n1", body, &mut rng);
        assert_eq!(
            ask(r#"{"type":"ts"}"#),
            r#"{"type":"ts_ok","ts":0,"in_reply_to":1}"#
        );
        assert_eq!(
            ask(r#"{"type":"read","key":1}"#),
            r#"{"type":"error","code":10,"text":"lin-tso does not know \"read\"; it knows ts","in_reply_to":1}"#
        );
        assert_eq!(
            ask(r#"{"type":"ts","msg_id":5}"#),
            r#"{"type":"ts_ok","ts":1,"in_reply_to":1}"#
        );
        let mut copy = tso.boxed_clone();
        answer_to(&mut tso, "n1", r#"{"type":"ts"}"#, &mut rng);
        assert_eq!(
            (after(&mut tso, &[]), after(copy.as_mut(), &[])),
            ("3".to_owned(), "2".to_owned())
        );
    }
}
