//! lww-kv: five replicas that each answer on their own and sometimes gossip. The last write to a
//! key wins, in the order of Lamport timestamps; of two with the same, that of the replica with the
//! greater number.
//!
//! With every request, one replica picked at random tells another all that it knows (they may be
//! the same one), and a third, just as random, handles the request. So the store is eventually
//! consistent and nothing more: a client may miss its own write and see it later. Once the writes
//! end, further requests spread them, until all replicas have the last write to every key.
//!
//! What a replica knows is always a prefix of what each replica has written, so telling all is
//! telling the part that the other lacks: each write goes to each replica once. (The tests compare
//! this with merging whole replicas.)
//!
//! Maelstrom computes the merge and drops it, so that its replicas never agree, has two replicas
//! where its document says five, and of writes with the same timestamp keeps the teller's.
//!
//! Source: Maelstrom's `doc/services.md`; Lamport, "Time, clocks, and the ordering of events in a
//! distributed system" (1978).

use std::array;
use std::collections::VecDeque;

use host_protocol::message::Error;
use host_protocol::services::LWW_KV;
use rand_chacha::ChaCha8Rng;

use super::api::Service;
use super::draw::below;
use super::json::Json;
use super::kv::Request;
use super::reply::Reply;
use super::store::{Store, Stored, entry_bytes, has_room};

/// How many replicas lww-kv has.
pub const REPLICAS: usize = 5;

/// The eventually consistent key-value store in which the last write wins.
#[derive(Debug, Clone, Default)]
pub struct LwwKv {
    replicas: [Replica; REPLICAS],
    /// What each replica has written, as long as some replica does not know it.
    logs: [Log; REPLICAS],
}

#[derive(Debug, Clone, Default)]
struct Replica {
    /// The greatest timestamp it knows.
    clock: u64,
    store: Store<Written>,
    /// How many writes of each replica it knows.
    known: [u64; REPLICAS],
}

/// What is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    stamp: Stamp,
    value: Json,
}

/// When something was written. No two writes have the same one; the greater is the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    clock: u64,
    replica: usize,
}

#[derive(Debug, Clone, Default)]
struct Log {
    /// How many writes all replicas know.
    forgotten: u64,
    /// The later ones.
    writes: VecDeque<(Json, Written)>,
    /// What these keep, in bytes.
    bytes: usize,
}

impl Stored for Written {
    fn bytes(&self) -> usize {
        self.value.bytes() + size_of::<Stamp>()
    }
}

impl Service for LwwKv {
    fn name(&self) -> &'static str {
        LWW_KV
    }

    fn handle(&mut self, _client: &str, body: &str, rng: &mut ChaCha8Rng) -> Result<Reply, Error> {
        let Request { key, op } = Request::read(LWW_KV, body)?;
        let [teller, listener, handler] = array::from_fn(|_| pick(rng));
        self.tell(teller, listener);
        let store = &self.replicas[handler].store;
        let step = op.step(store.get(&key).map(|written| &written.value));
        if let Some(value) = step.put {
            has_room(LWW_KV, store.bytes(), &key, &value)?;
            self.write(handler, key, value);
        }
        step.answer
    }

    fn bytes(&self) -> usize {
        let replicas = self.replicas.iter().map(|replica| replica.store.bytes());
        let logs = self.logs.iter().map(|log| log.bytes);
        replicas.chain(logs).sum()
    }

    fn boxed_clone(&self) -> Box<dyn Service> {
        Box::new(self.clone())
    }

    /// For each replica a line with its clock and how many writes of each log it knows, then its keys;
    /// for each log a line, then its writes. Of the writes that a replica knows, those that are not in
    /// the log any more do not count.
    fn write_state(&self, out: &mut Vec<u8>) {
        let shown = |Written { stamp, value }: &Written| {
            format!("{}\t{}\t{value}", stamp.clock, stamp.replica)
        };
        for replica in &self.replicas {
            let known = replica.known.iter().zip(&self.logs);
            let known: Vec<u64> = known.map(|(known, log)| known - log.forgotten).collect();
            let line = format!("replica\t{}\t{known:?}\n", replica.clock);
            out.extend_from_slice(line.as_bytes());
            replica.store.write_state(out, shown);
        }
        for log in &self.logs {
            out.extend_from_slice(b"log\n");
            for (key, written) in &log.writes {
                out.extend_from_slice(format!("{key}\t{}\n", shown(written)).as_bytes());
            }
        }
    }
}

/// One of the replicas.
fn pick(rng: &mut ChaCha8Rng) -> usize {
    usize::try_from(below(rng, REPLICAS as u64)).unwrap_or_default()
}

impl LwwKv {
    /// Writes at one replica.
    fn write(&mut self, at: usize, key: Json, value: Json) {
        let replica = &mut self.replicas[at];
        replica.clock += 1;
        replica.known[at] += 1;
        let stamp = Stamp {
            clock: replica.clock,
            replica: at,
        };
        let written = Written { stamp, value };
        replica.store.put(key.clone(), written.clone());
        let log = &mut self.logs[at];
        log.bytes += entry_bytes(&key, &written.value);
        log.writes.push_back((key, written));
    }

    /// Has `listener` learn all that `teller` knows.
    fn tell(&mut self, teller: usize, listener: usize) {
        let told = self.replicas[teller].known;
        let clock = self.replicas[teller].clock;
        let replica = &mut self.replicas[listener];
        replica.clock = replica.clock.max(clock);
        for (writer, log) in self.logs.iter().enumerate() {
            let known = &mut replica.known[writer];
            for (key, written) in log.between(*known, told[writer]) {
                let newer = |old: &Written| old.stamp < written.stamp;
                if replica.store.get(key).is_none_or(newer) {
                    replica.store.put(key.clone(), written.clone());
                }
            }
            *known = told[writer].max(*known);
        }
        for (writer, log) in self.logs.iter_mut().enumerate() {
            let known_to = |replica: &Replica| replica.known[writer];
            let known_to_all = self.replicas.iter().map(known_to).min();
            log.forget(known_to_all.unwrap_or(0));
        }
    }
}

impl Log {
    /// The writes after the first `known` ones, up to the first `told` ones.
    fn between(&self, known: u64, told: u64) -> impl Iterator<Item = &(Json, Written)> {
        let at = |count: u64| usize::try_from(count - self.forgotten).unwrap_or(usize::MAX);
        let (start, end) = (at(known), at(told));
        self.writes.iter().take(end).skip(start)
    }

    /// Drops the first `known_to_all` writes.
    fn forget(&mut self, known_to_all: u64) {
        while self.forgotten < known_to_all {
            if let Some((key, written)) = self.writes.pop_front() {
                self.bytes -= entry_bytes(&key, &written.value);
            }
            self.forgotten += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use rand_chacha::rand_core::SeedableRng;

    use super::super::testing::{Ask, after, answer};
    use super::*;

    fn json(number: u32) -> Json {
        Json::read(&number.to_string()).unwrap()
    }

    /// What each replica has under the keys 0 to 3.
    fn shown(kv: &LwwKv) -> Vec<Vec<Option<Written>>> {
        let of = |replica: &Replica| {
            (0..4)
                .map(|key| replica.store.get(&json(key)).cloned())
                .collect()
        };
        kv.replicas.iter().map(of).collect()
    }

    #[test]
    fn a_client_may_miss_its_own_write() {
        let one = |seed: u64| {
            let (mut kv, mut rng) = (LwwKv::default(), ChaCha8Rng::seed_from_u64(seed));
            answer(&mut kv, "n1", &Ask::Write(0, 1), &mut rng);
            answer(&mut kv, "n1", &Ask::Read(0), &mut rng)
        };
        let answers: BTreeSet<String> = (0..50).map(one).collect();
        assert_eq!(
            answers.iter().map(String::as_str).collect::<Vec<_>>(),
            [
                r#"{"type":"error","code":20,"text":"key does not exist","in_reply_to":1}"#,
                r#"{"type":"read_ok","value":1,"in_reply_to":1}"#,
            ]
        );
    }

    #[test]
    fn of_writes_at_the_same_time_that_of_the_greater_replica_wins() {
        for (first, second) in [(1, 3), (3, 1)] {
            let mut kv = LwwKv::default();
            kv.write(1, json(0), json(10));
            kv.write(3, json(0), json(30));
            kv.tell(first, second);
            kv.tell(second, first);
            for replica in [1, 3] {
                let written = kv.replicas[replica].store.get(&json(0)).unwrap();
                assert_eq!(written.value, json(30));
            }
            // A write that has heard of both is later than both.
            kv.write(1, json(0), json(11));
            kv.tell(1, 3);
            assert_eq!(kv.replicas[3].store.get(&json(0)).unwrap().value, json(11));
        }
    }

    #[test]
    fn its_state_is_what_replicas_have_and_what_some_have_not_heard() {
        let mut kv = LwwKv::default();
        kv.write(1, json(0), json(10));
        let copy = kv.boxed_clone();
        kv.tell(1, 3);
        kv.write(3, json(2), json(30));
        assert_eq!(
            after(&mut kv, &[]),
            "replica\t0\t[0, 0, 0, 0, 0]\n\
             replica\t1\t[0, 1, 0, 0, 0]\n0\t1\t1\t10\n\
             replica\t0\t[0, 0, 0, 0, 0]\n\
             replica\t2\t[0, 1, 0, 1, 0]\n0\t1\t1\t10\n2\t2\t3\t30\n\
             replica\t0\t[0, 0, 0, 0, 0]\n\
             log\nlog\n0\t1\t1\t10\nlog\nlog\n2\t2\t3\t30\nlog\n"
        );
        // What all have heard is in no log, and how much that was does not matter.
        for listener in [0, 2, 4, 1] {
            kv.tell(3, listener);
        }
        let state = after(&mut kv, &[]);
        let all = "replica\t2\t[0, 0, 0, 0, 0]\n0\t1\t1\t10\n2\t2\t3\t30\n";
        assert_eq!(state, all.repeat(5) + &"log\n".repeat(5));
        assert_ne!(after(copy.boxed_clone().as_mut(), &[]), state);
    }

    /// What is done to the replicas, in the way of Maelstrom's document: whole states are merged.
    #[derive(Debug, Clone)]
    enum Deed {
        Write(usize, u32, u32),
        Tell(usize, usize),
    }

    fn any_deed() -> impl Strategy<Value = Deed> {
        let replica = 0..REPLICAS;
        prop_oneof![
            (replica.clone(), 0_u32..4, any::<u32>())
                .prop_map(|(at, key, value)| Deed::Write(at, key, value)),
            (replica.clone(), replica).prop_map(|(teller, listener)| Deed::Tell(teller, listener)),
        ]
    }

    proptest! {
        #[test]
        fn telling_what_is_new_is_merging_whole_replicas(deeds in prop::collection::vec(any_deed(), 0..100)) {
            let mut kv = LwwKv::default();
            let mut whole: Vec<(u64, BTreeMap<u32, Written>)> = vec![(0, BTreeMap::new()); REPLICAS];
            for deed in deeds {
                match deed {
                    Deed::Write(at, key, value) => {
                        kv.write(at, json(key), json(value));
                        let (clock, state) = &mut whole[at];
                        *clock += 1;
                        let stamp = Stamp { clock: *clock, replica: at };
                        state.insert(key, Written { stamp, value: json(value) });
                    }
                    Deed::Tell(teller, listener) => {
                        kv.tell(teller, listener);
                        let (told_clock, told) = whole[teller].clone();
                        let (clock, state) = &mut whole[listener];
                        *clock = told_clock.max(*clock);
                        for (key, written) in told {
                            let old = state.entry(key).or_insert_with(|| written.clone());
                            if old.stamp < written.stamp {
                                *old = written;
                            }
                        }
                    }
                }
                let whole: Vec<Vec<Option<Written>>> = whole
                    .iter()
                    .map(|(_, state)| (0..4).map(|key| state.get(&key).cloned()).collect())
                    .collect();
                prop_assert_eq!(shown(&kv), whole);
            }
        }

        #[test]
        fn once_the_writes_end_all_replicas_come_to_have_the_last_ones(
            writes in prop::collection::vec((0_u32..4, any::<u32>()), 0..100),
            seed: u64,
        ) {
            let (mut kv, mut rng) = (LwwKv::default(), ChaCha8Rng::seed_from_u64(seed));
            for (key, value) in &writes {
                answer(&mut kv, "n1", &Ask::Write(*key, *value), &mut rng);
            }
            let last: Vec<Option<Written>> = (0..4)
                .map(|key| {
                    let all = kv.replicas.iter().filter_map(|replica| replica.store.get(&json(key)));
                    all.max_by_key(|written| written.stamp).cloned()
                })
                .collect();
            // In 200 tellings all replicas miss something with a chance below 10^-9.
            for _ in 0..200 {
                answer(&mut kv, "n1", &Ask::Read(0), &mut rng);
            }
            prop_assert_eq!(shown(&kv), vec![last; REPLICAS]);
            prop_assert!(kv.logs.iter().all(|log| log.writes.is_empty()));
        }
    }
}
