//! A node that is killed again and again has all that it acknowledged.

use std::path::Path;
use std::thread;

use rustix::process::Signal;
use serde_json::{Value as Json, json};
use test_support::{Dir, Live, Run, built, compiled, json_lines};

/// A module that keeps numbers, and how it is spoken to.
struct Keeper<'a> {
    module: &'a Path,
    /// Its arguments.
    args: &'static [&'static str],
    /// How many numbers are sent to a node before it is killed: more than it is let answer.
    sent: u64,
    /// The request to keep a number, without `msg_id`; the answer says that it is durable.
    keep: fn(u64, &mut fastrand::Rng) -> Json,
    /// The request for all numbers that were kept.
    list: Json,
    /// What the answer to that says: the numbers, in the order in which they came.
    listed: fn(&Json) -> Vec<u64>,
}

/// What a pipe takes at once, though nobody reads.
const PIPE_BYTES: usize = 64 << 10;

/// The `msg_id` of the request for number 0.
const FIRST_ID: u64 = 10;

/// How often each of four nodes is killed.
const KILLS: u64 = 250;

impl Keeper<'_> {
    /// Kills four nodes at the same time.
    fn kill_four(&self, data_dir: &Path) {
        thread::scope(|scope| {
            for name in ["n1", "n2", "n3", "n4"] {
                scope.spawn(move || self.kill(name, data_dir, KILLS));
            }
        });
    }

    /// Kills the node `name` at random moments under load, and starts it again each time.
    fn kill(&self, name: &str, data_dir: &Path, times: u64) {
        let mut random = fastrand::Rng::with_seed(name.bytes().map(u64::from).sum());
        let (mut live, mut kept) = self.start(name, data_dir);
        assert_eq!(kept, [0; 0]);
        let mut next = 0;
        for _ in 0..times {
            let input: String = (next..next + self.sent)
                .map(|number| line(name, FIRST_ID + number, (self.keep)(number, &mut random)))
                .collect();
            // A node that answers later does so only while its stdin is open.
            match input.len() <= PIPE_BYTES {
                true => live.send(input),
                false => live = live.write(input),
            }
            for _ in 0..random.u64(0..self.sent / 4) {
                live.next_line();
            }
            live.signal(Signal::KILL);
            let stdout = live.wait().stdout;
            // The last line may be cut off.
            let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
            let answers = json_lines(whole);
            let ids = answers.iter().map(|answer| &answer["body"]["in_reply_to"]);
            let acknowledged: Vec<u64> = ids
                .filter_map(|id| id.as_u64()?.checked_sub(FIRST_ID))
                .collect();
            // What was not acknowledged may be there too.
            let (again, found) = self.start(name, data_dir);
            let new = found.strip_prefix(&kept[..]);
            let new = new.unwrap_or_else(|| panic!("{name} had {kept:?}, and now has {found:?}"));
            let sent: Vec<u64> = (next..next + self.sent).collect();
            assert!(
                sent.starts_with(new),
                "{name} was sent {sent:?}, and has {new:?}"
            );
            assert!(
                new.starts_with(&acknowledged),
                "{name} acknowledged {acknowledged:?}, and has {new:?}"
            );
            (live, kept, next) = (again, found, next + self.sent);
        }
        assert_eq!(live.end().code(), Some(0));
        // With load on it, not only at the start.
        assert!(
            kept.len() as u64 > self.sent / 20 * times,
            "{name}: {}",
            kept.len()
        );
    }

    /// Starts the node, and asks what it has.
    fn start(&self, name: &str, data_dir: &Path) -> (Live, Vec<u64>) {
        let run = Run::host().arg("--module").arg(self.module);
        let run = run.arg("--cache-dir").arg(compiled());
        let run = run.arg("--data-dir").arg(data_dir).arg("--");
        let mut live = run.args(self.args).start();
        let init = json!({"type": "init", "node_id": name, "node_ids": [name]});
        live.send(line(name, 1, init) + &line(name, 2, self.list.clone()));
        live.next_line();
        let answer: Json = serde_json::from_str(&live.next_line()).unwrap();
        (live, (self.listed)(&answer["body"]))
    }
}

fn line(name: &str, msg_id: u64, mut body: Json) -> String {
    body["msg_id"] = json!(msg_id);
    json!({"src": "c1", "dest": name, "body": body}).to_string() + "\n"
}

#[test]
fn a_thousand_kills_of_a_live_node_lose_nothing_that_was_acknowledged() {
    let dir = Dir::new();
    let module = dir.guest("keeper");
    let keeper = Keeper {
        module: &module,
        args: &[],
        sent: 200,
        keep: |number, random| {
            // Some are long, so that the file is replaced by an image now and then.
            let pad = match random.u8(0..10) {
                0 => random.usize(0..60_000),
                _ => random.usize(0..200),
            };
            json!({"type": "add", "element": number.to_string(), "pad": "x".repeat(pad)})
        },
        list: json!({"type": "read"}),
        listed: |answer| {
            let log = answer["log"].as_str().unwrap();
            log.lines().map(|number| number.parse().unwrap()).collect()
        },
    };
    keeper.kill_four(&dir.path("data"));
}

/// How many numbers go to one key of a log: no more than a poll has.
const OF_A_KEY: u64 = 50;

#[test]
fn a_thousand_kills_of_a_live_kafka_node_lose_no_message() {
    let dir = Dir::new();
    let keys = (0..KILLS * 20 / OF_A_KEY).map(|key| (key.to_string(), json!(0)));
    let keeper = Keeper {
        module: &built("kafka"),
        args: &["--strategy", "single"],
        sent: 20, // all are read again at each start
        keep: |number, _| json!({"type": "send", "key": (number / OF_A_KEY).to_string(), "msg": number}),
        list: json!({"type": "poll", "offsets": keys.collect::<serde_json::Map<_, _>>()}),
        listed: |answer| {
            let logs = answer["msgs"].as_object().unwrap();
            let messages = logs.values().flat_map(|log| log.as_array().unwrap());
            let numbers = messages.map(|message| message[1].as_u64().unwrap());
            let mut numbers: Vec<u64> = numbers.collect();
            numbers.sort_unstable(); // keys come in the order of their texts
            numbers
        },
    };
    keeper.kill_four(&dir.path("data"));
}
