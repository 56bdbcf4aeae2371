//! Jepsen's definitions carried out as they are written, a dense vector for each log and a loop for
//! each "for all": slow, and with nothing in common with the checker but the history.

use std::collections::{BTreeMap, BTreeSet};

use host_check::history::{History, Kind, Op, Process};
use host_check::value::Value;

/// One operation that ended.
struct Done {
    invoked: usize,
    ended: usize,
    invoked_ns: i64,
    ended_ns: i64,
    kind: Kind,
    process: i64,
    f: String,
    /// Key, offset, message.
    sends: Sends,
    /// By key, in the order of the polls.
    reads: Reads,
    assigned: Vec<String>,
}

type Message = (String, i64);

/// What the definitions say of a history.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Naive {
    /// How many errors of each kind.
    pub(crate) counts: BTreeMap<String, usize>,
    /// Of the jumps, their lengths, sorted.
    pub(crate) deltas: BTreeMap<String, Vec<i64>>,
    /// Key, message, first index, greatest index read.
    pub(crate) lost: BTreeSet<(String, i64, usize, usize)>,
    pub(crate) duplicates: BTreeSet<(String, i64, Vec<i64>)>,
    pub(crate) inconsistent: BTreeSet<(String, i64, usize, Vec<i64>)>,
    pub(crate) unseen: BTreeMap<String, BTreeSet<i64>>,
    pub(crate) lag_ns_max: i64,
}

/// The order in which Clojure lists the set of the first twenty integers.
const CLOJURE_SET: [i64; 20] = [
    0, 7, 1, 4, 15, 13, 6, 17, 3, 12, 2, 19, 11, 9, 5, 14, 16, 10, 18, 8,
];

struct Log {
    /// By offset, the messages there.
    dense: Vec<BTreeSet<i64>>,
    /// The offsets in use.
    offsets: Vec<usize>,
    by_index: Vec<i64>,
}

impl Log {
    fn at(&self, index: usize) -> &BTreeSet<i64> {
        &self.dense[self.offsets[index]]
    }

    fn index(&self, message: i64) -> Option<usize> {
        self.by_index.iter().rposition(|&it| it == message)
    }

    fn first(&self, message: i64) -> Option<usize> {
        (0..self.offsets.len()).find(|&index| self.at(index).contains(&message))
    }

    fn last(&self, message: i64) -> Option<usize> {
        (0..self.offsets.len()).rfind(|&index| self.at(index).contains(&message))
    }
}

pub(crate) fn naive(history: &History) -> Naive {
    let done = done(history);
    let ok_read = |key: &str, message: i64| {
        done.iter()
            .any(|it| it.kind == Kind::Ok && shows(it, key, message))
    };
    let took_place = |it: &Done| {
        it.kind == Kind::Ok
            || it.kind == Kind::Info && it.sends.iter().any(|(key, _, m)| ok_read(key, *m))
    };
    let writer = |key: &str, message: i64| {
        let sends = |it: &&Done| it.sends.iter().any(|(k, _, m)| k == key && *m == message);
        done.iter().find(sends)
    };
    let logs = logs(&done, took_place);
    let index = |key: &str, message: i64| logs.get(key).and_then(|log| log.index(message));
    let mut naive = Naive::default();

    for (key, log) in &logs {
        for (index, &offset) in log.offsets.iter().enumerate() {
            if log.dense[offset].len() > 1 {
                let messages = log.dense[offset].iter().copied().collect();
                naive
                    .inconsistent
                    .insert((key.clone(), offset as i64, index, messages));
            }
        }
        let all: BTreeSet<i64> = log.dense.iter().flatten().copied().collect();
        for message in all {
            let has = |offset: &&usize| log.dense[**offset].contains(&message);
            let offsets: Vec<i64> = log
                .offsets
                .iter()
                .filter(has)
                .map(|&it| it as i64)
                .collect();
            if offsets.len() > 1 {
                naive.duplicates.insert((key.clone(), message, offsets));
            }
        }
        let read = (0..20).filter(|&message| ok_read(key, message));
        let Some(bound) = read.filter_map(|message| log.first(message)).max() else {
            continue;
        };
        for message in 0..20 {
            if log.last(message).is_some_and(|last| last <= bound)
                && !ok_read(key, message)
                && writer(key, message).is_some_and(took_place)
            {
                let first = log.first(message).unwrap();
                naive.lost.insert((key.clone(), message, first, bound));
            }
        }
    }

    let mut unwritten = BTreeSet::new();
    for it in &done {
        for (key, pairs) in &it.reads {
            for (_, message) in pairs {
                match writer(key, *message) {
                    None => {
                        unwritten.insert((key.clone(), *message));
                    }
                    Some(writer) if writer.kind == Kind::Fail && it.kind == Kind::Ok => {
                        naive.count("G1a");
                    }
                    Some(_) => {}
                }
            }
        }
        if it.sends.iter().any(|(key, _, m)| shows(it, key, *m)) {
            naive.count("precommitted-read");
        }
        for (key, _, message) in &it.sends {
            if it.kind == Kind::Ok && !ok_read(key, *message) {
                naive
                    .unseen
                    .entry(key.clone())
                    .or_default()
                    .insert(*message);
            }
        }
        for (key, pairs) in &it.reads {
            for pair in pairs.windows(2) {
                naive.jump(
                    "int-poll-skip",
                    "int-nonmonotonic-poll",
                    index(key, pair[0].1),
                    index(key, pair[1].1),
                );
            }
        }
        for key in ["a", "b"] {
            let sends: Vec<i64> = sends_to(it, key);
            for pair in sends.windows(2) {
                naive.jump(
                    "int-send-skip",
                    "int-nonmonotonic-send",
                    index(key, pair[0]),
                    index(key, pair[1]),
                );
            }
        }
    }
    naive.counts.extend(
        (!unwritten.is_empty()).then(|| ("no-writer-of-value".to_owned(), unwritten.len())),
    );
    let processes: BTreeSet<i64> = done.iter().map(|it| it.process).collect();
    for process in processes {
        let own: Vec<&Done> = done.iter().filter(|it| it.process == process).collect();
        naive.between(&own, &index);
    }
    naive.cycles(&done);
    naive.lag(&done);
    for (name, len) in [
        ("duplicate", naive.duplicates.len()),
        ("inconsistent-offsets", naive.inconsistent.len()),
        ("lost-write", naive.lost.len()),
        ("unseen", naive.unseen.len()),
    ] {
        if len > 0 {
            naive.counts.insert(name.to_owned(), len);
        }
    }
    naive
}

fn shows(it: &Done, key: &str, message: i64) -> bool {
    it.reads
        .iter()
        .any(|(k, pairs)| k == key && pairs.iter().any(|&(_, m)| m == message))
}

fn sends_to(it: &Done, key: &str) -> Vec<i64> {
    let to_key = it.sends.iter().filter(|(k, ..)| k == key);
    to_key.map(|(_, _, message)| *message).collect()
}

fn read_of<'a>(it: &'a Done, key: &str) -> Option<&'a [(Option<i64>, i64)]> {
    let of_key = it.reads.iter().find(|(k, _)| k == key);
    of_key.map(|(_, pairs)| &pairs[..])
}

fn logs(done: &[Done], took_place: impl Fn(&Done) -> bool) -> BTreeMap<String, Log> {
    let mut places: BTreeSet<(Message, i64)> = BTreeSet::new();
    for it in done {
        for (key, offset, message) in it.sends.iter().filter(|_| took_place(it)) {
            places.extend(offset.map(|offset| ((key.clone(), *message), offset)));
        }
        for (key, pairs) in &it.reads {
            for (offset, message) in pairs {
                places.extend(offset.map(|offset| ((key.clone(), *message), offset)));
            }
        }
    }
    let ends = places.iter().map(|(_, offset)| *offset as usize + 1);
    let end = ends.max().unwrap_or_default();
    let mut logs = BTreeMap::new();
    for key in ["a", "b"] {
        let mut dense = vec![BTreeSet::new(); end];
        for ((_, message), offset) in places.iter().filter(|((k, _), _)| k == key) {
            dense[*offset as usize].insert(*message);
        }
        let offsets: Vec<usize> = (0..end)
            .filter(|&offset: &usize| !dense[offset].is_empty())
            .collect();
        let first = |offset: &usize| {
            let of_set = |message: &&i64| dense[*offset].contains(message);
            *CLOJURE_SET.iter().find(of_set).unwrap()
        };
        let by_index = offsets.iter().map(first).collect();
        let log = Log {
            dense,
            offsets,
            by_index,
        };
        logs.insert(key.to_owned(), log);
    }
    logs
}

impl Naive {
    fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_insert(0) += 1;
    }

    fn jump(&mut self, skip: &str, back: &str, from: Option<usize>, to: Option<usize>) {
        let (Some(from), Some(to)) = (from, to) else {
            return;
        };
        let delta = to as i64 - from as i64;
        let name = if delta > 1 { skip } else { back };
        if delta != 1 && !name.is_empty() {
            self.count(name);
            let deltas = self.deltas.entry(name.to_owned()).or_default();
            deltas.push(delta);
            deltas.sort_unstable();
        }
    }

    /// One process's operations, one after the other.
    fn between(&mut self, own: &[&Done], index: &dyn Fn(&str, i64) -> Option<usize>) {
        let (mut polls, mut sends): (BTreeMap<&str, &Done>, BTreeMap<&str, &Done>) =
            (BTreeMap::new(), BTreeMap::new());
        for it in own {
            if it.f == "assign" || it.f == "subscribe" {
                if it.kind != Kind::Fail {
                    polls.retain(|key, _| it.assigned.iter().any(|k| k == key));
                    sends.retain(|key, _| it.assigned.iter().any(|k| k == key));
                }
                continue;
            }
            for key in ["a", "b"] {
                if let Some(pairs) = read_of(it, key) {
                    if let Some(before) = polls.get(key) {
                        let last = read_of(before, key).and_then(|pairs| pairs.last());
                        let from = last.and_then(|&(_, message)| index(key, message));
                        let to = pairs.first().and_then(|&(_, message)| index(key, message));
                        self.jump("poll-skip", "nonmonotonic-poll", from, to);
                    }
                    if it.kind == Kind::Ok {
                        polls.insert(key, it);
                    }
                }
                let sent = sends_to(it, key);
                if let (Some(&first), Kind::Ok | Kind::Info) = (sent.first(), it.kind) {
                    if let Some(before) = sends.get(key) {
                        let last = *sends_to(before, key).last().unwrap();
                        self.jump("", "nonmonotonic-send", index(key, last), index(key, first));
                    }
                    sends.insert(key, it);
                }
            }
        }
    }

    /// Reachability between all operations, along all edges.
    fn cycles(&mut self, done: &[Done]) {
        let wr = |a: &Done, b: &Done| {
            a.ended != b.ended && a.sends.iter().any(|(key, _, m)| shows(b, key, *m))
        };
        let rt = |a: &Done, b: &Done| a.kind == Kind::Ok && a.ended < b.invoked;
        let txns: Vec<&Done> = done
            .iter()
            .filter(|it| matches!(&*it.f, "send" | "poll" | "txn"))
            .collect();
        let reach = |edge: &dyn Fn(&Done, &Done) -> bool| {
            let n = txns.len();
            let mut reach = vec![vec![false; n]; n];
            for a in 0..n {
                for b in 0..n {
                    reach[a][b] = edge(txns[a], txns[b]);
                }
            }
            for via in 0..n {
                for a in 0..n {
                    for b in 0..n {
                        reach[a][b] |= reach[a][via] && reach[via][b];
                    }
                }
            }
            reach
        };
        let (by_wr, by_all) = (reach(&wr), reach(&|a, b| wr(a, b) || rt(a, b)));
        let mut components: BTreeSet<Vec<usize>> = BTreeSet::new();
        for (a, reached) in by_all.iter().enumerate() {
            let with = |b: &usize| reached[*b] && by_all[*b][a];
            let component: Vec<usize> = (0..txns.len()).filter(with).collect();
            if component.len() > 1 {
                components.insert(component);
            }
        }
        for component in components {
            let is_wr = component.iter().any(|&a| by_wr[a][a]);
            let (cycle, exists) = if is_wr {
                ("G1c", "PL-2-cycle-exists")
            } else {
                ("G1c-realtime", "strong-PL-2-cycle-exists")
            };
            self.count(cycle);
            self.count(exists);
        }
        let any = |edge: &dyn Fn(&Done, &Done) -> bool| {
            txns.iter().any(|a| txns.iter().any(|b| edge(a, b)))
        };
        if !any(&wr) && !any(&rt) {
            self.count("empty-transaction-graph");
        }
    }

    /// Every poll asks about every key its process has; when an offset stopped being the last one
    /// is found by going through the history.
    fn lag(&mut self, done: &[Done]) {
        let offset_max = |it: &Done, key: &str| {
            let read = read_of(it, key);
            let polled = read.map(|pairs| {
                pairs
                    .iter()
                    .filter_map(|&(offset, _)| offset)
                    .max()
                    .unwrap_or(-1)
            });
            let sent = it.sends.iter().filter(|(k, ..)| k == key);
            polled
                .into_iter()
                .chain(sent.filter_map(|&(_, offset, _)| offset))
                .max()
        };
        let mut positions: BTreeMap<i64, BTreeMap<&str, i64>> = BTreeMap::new();
        for it in done.iter().filter(|it| it.kind == Kind::Ok) {
            let own = positions.entry(it.process).or_default();
            match &*it.f {
                "assign" => {
                    let before = std::mem::take(own);
                    for key in ["a", "b"]
                        .iter()
                        .filter(|key| it.assigned.iter().any(|k| k == *key))
                    {
                        own.insert(key, before.get(key).copied().unwrap_or(-1));
                    }
                }
                "subscribe" => own.clear(),
                "poll" | "txn" => {
                    for key in ["a", "b"] {
                        if let Some(offset) = offset_max(it, key) {
                            let position = own.entry(key).or_insert(-1);
                            *position = offset.max(*position);
                        }
                    }
                    for (key, position) in own {
                        let knows = |other: &&Done| {
                            matches!(other.kind, Kind::Ok | Kind::Info)
                                && offset_max(other, key).is_some_and(|offset| offset > *position)
                        };
                        let since = done.iter().find(knows).map(|other| other.ended_ns);
                        let lag = since.map_or(0, |since| it.invoked_ns - since);
                        self.lag_ns_max = self.lag_ns_max.max(lag);
                    }
                }
                _ => {}
            }
        }
    }
}

fn done(history: &History) -> Vec<Done> {
    let completions = history
        .client_ops()
        .filter(|(_, op)| op.kind != Kind::Invoke);
    completions
        .map(|(ended, op)| {
            let Process::Client(process) = op.process else {
                unreachable!()
            };
            let invocation = history.invocation(ended);
            let (sends, reads) = parts(op);
            let assigned = matches!(&*op.f, "assign" | "subscribe").then(|| op.value.items());
            let assigned = assigned.flatten().unwrap_or_default();
            Done {
                invoked: history.pairs().partner(ended).unwrap(),
                ended,
                invoked_ns: invocation.time_ns,
                ended_ns: op.time_ns,
                kind: op.kind,
                process,
                f: op.f.to_string(),
                sends,
                reads,
                assigned: assigned.iter().map(text).collect(),
            }
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_name().unwrap().to_owned()
}

type Sends = Vec<(String, Option<i64>, i64)>;
type Reads = Vec<(String, Pairs)>;
type Pairs = Vec<(Option<i64>, i64)>;

fn parts(op: &Op) -> (Sends, Reads) {
    let (mut sends, mut reads) = (Sends::new(), Reads::new());
    if !matches!(&*op.f, "send" | "poll" | "txn") {
        return (sends, reads);
    }
    let pair = |value: &Value| {
        let parts = value.items().unwrap();
        (parts[0].as_int(), parts[1].as_int().unwrap())
    };
    for micro_op in op.value.items().unwrap() {
        let parts = micro_op.items().unwrap();
        if parts[0].as_name() == Some("send") {
            let (offset, message) = match &parts[2] {
                Value::Int(message) => (None, *message),
                sent => pair(sent),
            };
            sends.push((text(&parts[1]), offset, message));
        } else if let Some(Value::Map(map)) = parts.get(1) {
            for (key, pairs) in map.iter() {
                let pairs = pairs.items().unwrap();
                let pairs = pairs.iter().map(pair);
                match reads.iter_mut().find(|(k, _)| *k == text(key)) {
                    Some((_, before)) => before.extend(pairs),
                    None => reads.push((text(key), pairs.collect())),
                }
            }
        }
    }
    (sends, reads)
}
