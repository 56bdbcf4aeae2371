//! seq-kv: a sequence of states. Each client moves along it at its own pace, and never back.
//!
//! Every write makes a new newest state. A request first looks at a state picked at random among
//! those that are not older than what its client has seen. If it changes nothing there (a read, a
//! refused cas, a write of what is there already), it is answered from there, and its client has
//! now seen that state. If it would change something, the past cannot be changed: it is done to
//! the newest state instead, and its client has now seen the result.
//!
//! This is sequentially consistent. Give each request the number of the state that answered it,
//! or that it made; order requests by that number, the maker of a state before those that only
//! looked at it, and those by their arrival. Executed in this order on a plain map, the requests
//! get the same answers, since whoever looked at a state did not change it. And the order keeps
//! each client's own: its numbers never fall, as the pick starts at the last one and a new state's
//! number exceeds all others. (The tests execute exactly this order.)
//!
//! States live in a window of [`STATES_MAX`], as in Maelstrom: the oldest state as a map, and what
//! each later one changed. A client that is further behind goes on from the oldest state in the
//! window, which is still forwards. Maelstrom's own buffer wraps around instead and shows such a
//! client some newer state while noting down the older one, so it can go back afterwards.
//!
//! Source: Maelstrom's `doc/services.md`, and `service.clj` for what the document leaves open.

use std::collections::{HashMap, VecDeque};

use host_protocol::message::Error;
use host_protocol::services::SEQ_KV;
use rand_chacha::ChaCha8Rng;

use super::api::Service;
use super::draw::below;
use super::json::Json;
use super::kv::{Request, Step};
use super::reply::Reply;
use super::store::{Store, entry_bytes, has_room};

/// How many states clients may still look at.
pub const STATES_MAX: usize = 32;

/// The sequentially consistent key-value store.
#[derive(Debug, Clone, Default)]
pub struct SeqKv {
    /// The oldest state in the window.
    oldest: Store<Json>,
    /// Its number.
    oldest_number: u64,
    /// What each later state changed, oldest first. Nothing, if a request that would have changed
    /// an older state came to the newest and changed nothing there: that makes a state too, as in
    /// Maelstrom, where it lets others catch up the sooner.
    changes: VecDeque<Option<(Json, Json)>>,
    /// What `changes` keeps, in bytes.
    changes_bytes: usize,
    /// The number of the state that each client has seen last; 0 is the empty store.
    seen: HashMap<Box<str>, u64>,
}

impl Service for SeqKv {
    fn name(&self) -> &'static str {
        SEQ_KV
    }

    fn handle(&mut self, client: &str, body: &str, rng: &mut ChaCha8Rng) -> Result<Reply, Error> {
        let request = Request::read(SEQ_KV, body)?;
        let first = self.seen(client).max(self.oldest_number);
        let picked = first + below(rng, self.newest_number() - first + 1);
        let there = self.get(picked, &request.key);
        let Step { put, answer } = request.op.step(there);
        if put.is_none() || put.as_ref() == there {
            self.set_seen(client, picked);
            return answer;
        }
        let answer = self.make_state(request);
        self.set_seen(client, self.newest_number());
        answer
    }

    fn bytes(&self) -> usize {
        self.oldest.bytes() + self.changes_bytes
    }

    fn boxed_clone(&self) -> Box<dyn Service> {
        Box::new(self.clone())
    }

    /// The oldest state in the window; a line for each change since, which is empty or `+`, key and
    /// value; then a line for each client that has seen more than the oldest state: `@`, its name, and
    /// how many changes it has seen. The numbers of states do not matter, only which is later.
    fn write_state(&self, out: &mut Vec<u8>) {
        self.oldest
            .write_state(out, |value| value.text().to_owned());
        for change in &self.changes {
            if let Some((key, value)) = change {
                let line = format!("+\t{key}\t{value}");
                out.extend_from_slice(line.as_bytes());
            }
            out.push(b'\n');
        }
        let seen = self.seen.iter();
        let seen = seen.filter(|(_, number)| **number > self.oldest_number);
        let mut seen: Vec<(&str, u64)> = seen
            .map(|(client, number)| (&**client, number - self.oldest_number))
            .collect();
        seen.sort_unstable();
        for (client, number) in seen {
            out.extend_from_slice(format!("@\t{client}\t{number}\n").as_bytes());
        }
    }
}

impl SeqKv {
    fn newest_number(&self) -> u64 {
        self.oldest_number + self.changes.len() as u64
    }

    fn seen(&self, client: &str) -> u64 {
        self.seen.get(client).copied().unwrap_or(0)
    }

    fn set_seen(&mut self, client: &str, number: u64) {
        match self.seen.get_mut(client) {
            Some(seen) => *seen = number,
            None => _ = self.seen.insert(client.into(), number),
        }
    }

    /// What is under `key` in the state of this number, which is in the window.
    fn get(&self, number: u64, key: &Json) -> Option<&Json> {
        let newer = self.newest_number() - number;
        let changes = self.changes.iter().rev().skip(index(newer)).flatten();
        let mut of_key = changes.filter(|(changed, _)| changed == key);
        match of_key.next() {
            Some((_, value)) => Some(value),
            None => self.oldest.get(key),
        }
    }

    /// Makes a new newest state: the newest as it is, with the request done to it.
    fn make_state(&mut self, Request { key, op }: Request) -> Result<Reply, Error> {
        let Step { put, answer } = op.step(self.get(self.newest_number(), &key));
        let bytes = self.oldest.bytes() + self.changes_bytes;
        let room = match &put {
            Some(value) => has_room(SEQ_KV, bytes, &key, value),
            None => Ok(()),
        };
        self.push(put.filter(|_| room.is_ok()).map(|value| (key, value)));
        room.and(answer)
    }

    fn push(&mut self, change: Option<(Json, Json)>) {
        if self.changes.len() == STATES_MAX - 1 {
            self.oldest_number += 1;
            if let Some((key, value)) = self.changes.pop_front().flatten() {
                self.changes_bytes -= entry_bytes(&key, &value);
                self.oldest.put(key, value);
            }
        }
        if let Some((key, value)) = &change {
            self.changes_bytes += entry_bytes(key, value);
        }
        self.changes.push_back(change);
    }
}

/// A number of states in the window.
fn index(states: u64) -> usize {
    usize::try_from(states).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use rand_chacha::rand_core::SeedableRng;

    use super::super::testing::{Ask, Plain, after, answer, any_ask};
    use super::*;

    /// Asks a store that already has a past, with every seed from 0 to 199; all answers there are.
    fn answers(past: &[(&str, Ask)], client: &str, ask: &Ask) -> BTreeSet<String> {
        let one = |seed: u64| {
            let (mut kv, mut rng) = (SeqKv::default(), ChaCha8Rng::seed_from_u64(seed));
            for (client, ask) in past {
                answer(&mut kv, client, ask, &mut rng);
            }
            answer(&mut kv, client, ask, &mut rng)
        };
        (0..200).map(one).collect()
    }

    fn set<const N: usize>(answers: [&str; N]) -> BTreeSet<String> {
        answers.map(str::to_owned).into()
    }

    const NO_KEY: &str =
        r#"{"type":"error","code":20,"text":"key does not exist","in_reply_to":1}"#;

    #[test]
    fn a_read_may_be_answered_from_any_state_that_is_not_older_than_what_its_client_saw() {
        let past = [
            ("n1", Ask::Write(0, 1)),
            ("n1", Ask::Write(0, 2)),
            ("n1", Ask::Write(0, 3)),
        ];
        assert_eq!(
            answers(&past, "n2", &Ask::Read(0)),
            set([
                NO_KEY,
                r#"{"type":"read_ok","value":1,"in_reply_to":1}"#,
                r#"{"type":"read_ok","value":2,"in_reply_to":1}"#,
                r#"{"type":"read_ok","value":3,"in_reply_to":1}"#,
            ])
        );
        assert_eq!(
            answers(&past, "n1", &Ask::Read(0)),
            set([r#"{"type":"read_ok","value":3,"in_reply_to":1}"#])
        );
    }

    #[test]
    fn a_client_that_wrote_something_new_sees_all_that_was_before() {
        let past = [
            ("n1", Ask::Write(0, 1)),
            ("n1", Ask::Write(0, 2)),
            ("n2", Ask::Write(1, 7)),
        ];
        assert_eq!(
            answers(&past, "n2", &Ask::Read(0)),
            set([r#"{"type":"read_ok","value":2,"in_reply_to":1}"#])
        );
    }

    #[test]
    fn a_cas_is_refused_in_the_past_but_takes_place_only_in_the_present() {
        let past = [("n1", Ask::Write(0, 1)), ("n1", Ask::Write(0, 2))];
        assert_eq!(
            answers(&past, "n2", &Ask::Cas(0, 1, 3, false)),
            set([
                NO_KEY,
                r#"{"type":"error","code":22,"text":"current value 2 is not 1","in_reply_to":1}"#,
            ])
        );
        assert_eq!(
            answers(&past, "n2", &Ask::Cas(0, 2, 3, false)),
            set([
                NO_KEY,
                r#"{"type":"cas_ok","in_reply_to":1}"#,
                r#"{"type":"error","code":22,"text":"current value 1 is not 2","in_reply_to":1}"#,
            ])
        );
    }

    /// The example in Maelstrom's document.
    #[test]
    fn a_write_of_what_was_there_may_take_place_in_the_past() {
        let past = [
            ("n1", Ask::Write(0, 1)),
            ("n2", Ask::Cas(0, 1, 2, false)),
            ("n1", Ask::Write(0, 1)),
        ];
        let two = r#"{"type":"read_ok","value":2,"in_reply_to":1}"#;
        assert!(answers(&past, "n2", &Ask::Read(0)).contains(two));
        // And all that follow then find the 2, although the write of 1 has been acknowledged.
        let (mut kv, mut rng) = (SeqKv::default(), ChaCha8Rng::seed_from_u64(0));
        kv.push(Some((Json::read("0").unwrap(), Json::read("1").unwrap())));
        kv.push(Some((Json::read("0").unwrap(), Json::read("2").unwrap())));
        kv.set_seen("n2", 2);
        kv.set_seen("n1", 1);
        while kv.seen("n1") == 1 {
            assert_eq!(
                answer(&mut kv, "n1", &Ask::Write(0, 1), &mut rng),
                r#"{"type":"write_ok","in_reply_to":1}"#
            );
            if kv.newest_number() == 2 {
                assert_eq!(answer(&mut kv, "n2", &Ask::Read(0), &mut rng), two);
            }
        }
        assert_eq!(kv.newest_number(), 3);
    }

    #[test]
    fn its_state_is_the_window_and_who_has_seen_what_of_it() {
        let mut kv = SeqKv::default();
        let asks = [("n2", Ask::Write(1, 7)), ("n1", Ask::Write(0, 3))];
        let state = after(&mut kv, &asks);
        assert_eq!(state, "+\t1\t7\n+\t0\t3\n@\tn1\t2\n@\tn2\t1\n");
        // 31 more changes of another key, by a client that nobody else follows.
        let copy = kv.boxed_clone();
        let more: Vec<_> = (0..31).map(|value| ("n3", Ask::Write(5, value))).collect();
        let state = after(&mut kv, &more);
        let lines: Vec<&str> = state.lines().collect();
        assert_eq!(lines.len(), 2 + 31 + 1);
        assert_eq!(lines[..3], ["0\t3", "1\t7", "+\t5\t0"]);
        assert_eq!(lines[32..], ["+\t5\t30", "@\tn3\t31"]);
        // What came before the window does not matter.
        let mut same = SeqKv::default();
        let asks = [
            ("n1", Ask::Write(0, 3)),
            ("n1", Ask::Write(1, 9)),
            ("n1", Ask::Write(1, 7)),
        ];
        after(&mut same, &asks);
        assert_eq!(after(&mut same, &more), state);
        assert_ne!(after(copy.boxed_clone().as_mut(), &[]), state);
    }

    #[test]
    fn the_window_has_32_states_and_a_new_client_meets_each_of_them() {
        let past: Vec<_> = (0..100).map(|value| ("n1", Ask::Write(0, value))).collect();
        let expected = (68..100)
            .map(|value| format!(r#"{{"type":"read_ok","value":{value},"in_reply_to":1}}"#));
        let (mut kv, mut rng) = (SeqKv::default(), ChaCha8Rng::seed_from_u64(0));
        for (client, ask) in &past {
            answer(&mut kv, client, ask, &mut rng);
        }
        let met: BTreeSet<String> = (0..1000)
            .map(|i| answer(&mut kv, &format!("m{i}"), &Ask::Read(0), &mut rng))
            .collect();
        assert_eq!(met, expected.collect());
    }

    proptest! {
        /// Maelstrom's buffer wraps around here, and a client that slept through more than its 32
        /// states can go back in time.
        #[test]
        fn a_laggard_never_goes_backwards(bursts in prop::collection::vec(0_u32..80, 1..20), seed: u64) {
            let (mut kv, mut rng) = (SeqKv::default(), ChaCha8Rng::seed_from_u64(seed));
            let (mut written, mut read) = (0, 0);
            for burst in bursts {
                for _ in 0..burst {
                    written += 1;
                    answer(&mut kv, "writer", &Ask::Write(0, written), &mut rng);
                }
                let value = match kv.handle("laggard", &Ask::Read(0).body(), &mut rng) {
                    Ok(Reply::ReadOk { value }) => value.text().parse().unwrap(),
                    _ => 0,
                };
                prop_assert!(read <= value && value <= written, "{read} {value} {written}");
                prop_assert!(value + 32 > written, "{value} {written}");
                read = value;
            }
        }

        /// The order that the module's head describes is a witness: in it, a plain map gives the
        /// same answers, and each client's requests keep their own order.
        #[test]
        fn every_run_is_sequentially_consistent(
            asks in prop::collection::vec((0_usize..4, any_ask()), 0..200),
            seed: u64,
        ) {
            let (mut kv, mut rng) = (SeqKv::default(), ChaCha8Rng::seed_from_u64(seed));
            let mut answered = Vec::new();
            let mut last = BTreeMap::new();
            for (arrival, (client, ask)) in asks.iter().enumerate() {
                let client = ["n0", "n1", "n2", "n3"][*client];
                let newest = kv.newest_number();
                let text = answer(&mut kv, client, ask, &mut rng);
                let number = kv.seen(client);
                let made_it = kv.newest_number() > newest;
                prop_assert!(!made_it || number == newest + 1);
                let before = last.insert(client, number).unwrap_or(0);
                prop_assert!(before + u64::from(made_it) <= number);
                answered.push((number, !made_it, arrival, ask, text));
            }
            answered.sort_by_key(|(number, looked, arrival, ..)| (*number, *looked, *arrival));
            let mut plain = Plain::default();
            for (.., ask, text) in answered {
                prop_assert_eq!(plain.answer(ask), text);
            }
        }
    }
}
