//! What a grade says of runs that went over a limit or missed a target, of faults that touched nothing,
//! and of memory that grows.

use expect_test::expect;
use serde_json::json;

use test_support::Ended;
use test_support::class::{Class, check};

/// Two targets that a flood misses, and a partition that has nothing to cut.
const SUITE: &str = r#"
version = 1
name = "heavy"
seeds = "1..4"

[[challenge]]
id = "late"
title = "Soon everywhere"
module = "broadcast"
points = 1
workload = "broadcast"
node-count = 5
topology = "line"
rate = 10
time-limit = 5
latency = 100

[challenge.below]
stable-max-ms = 200

[[challenge]]
id = "many"
title = "Few messages"
module = "broadcast"
points = 1
workload = "broadcast"
node-count = 5
rate = 10
time-limit = 5

[challenge.below]
msgs-per-op = 1

[[challenge]]
id = "quiet"
title = "Echo, cut off"
module = "echo"
points = 1
workload = "echo"
node-count = 3
rate = 5
time-limit = 5
nemesis = ["partition"]
"#;

/// A class of one, judged by a suite.
fn class(suite: &str) -> Class {
    let class = Class::empty();
    std::fs::write(class.path("suite.toml"), suite).unwrap();
    class
}

/// The shares of fuel as `N`: they change with each compiler of guests.
fn without_shares(mut ended: Ended) -> Ended {
    let words: Vec<&str> = ended.stdout.split(' ').collect();
    let shown = words.iter().enumerate().map(|(at, word)| {
        let is_share = words.get(at + 1).is_some_and(|next| next.starts_with('%'));
        if is_share { "N" } else { word }
    });
    let shown: Vec<&str> = shown.collect();
    ended.stdout = shown.join(" ");
    ended
}

#[test]
fn missed_targets_say_who_sent_what_and_how_the_worst_value_came() {
    let class = class(SUITE);
    class.built("ann/broadcast.wasm", "broadcast-flood");
    class.built("ann/echo.wasm", "echo");
    check(
        &class.grade(&["class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission  late  many  quiet  score
            ann         WA    WA    AC     1/3

            ann late
              WA: wrong answer, with seed 1, after 0 seeds that passed
                the longest time from a value's acknowledgement until every read has it is 251 ms; below 200 ms is asked for
              what it did in 14.945 s, 132 events:
                  n0..n4 -> n0..n4  gossip  72 messages, 2,120 bytes, most from n2: 24
                172 messages, 72 of them between servers; a second: 39 in the first quarter of the time, 28 in the last
                largest body: 92 bytes, read_ok from n0 to clients at 4.674 s; in the first quarter of the time 59 bytes
                the value that a read lacked longest after it was known to be there: 2, sent to n4 at 0.325 s (op 8), acknowledged at 0.368 s
                the last read without it began at n1 at 0.62 s (op 14)
                its way to n1, by the first message with the number 2 that each got:
                  n4: at 0.368 s, broadcast from a client, sent at 0.325 s
                  n3: at 0.468 s, gossip from n4, sent at 0.368 s
                  n2: at 0.568 s, gossip from n3, sent at 0.468 s
                  n1: at 0.668 s, gossip from n2, sent at 0.568 s
                the last to get it: n0 at 0.768 s
              replay: host sim --module class/ann/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 5 --latency 100 --topology line --below stable-max-ms=200 --seed 1
              pages: host sim --report report --module class/ann/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 5 --latency 100 --topology line --below stable-max-ms=200 --seed 1
              targets: stable-max-ms 251 (below 200)

            ann many
              WA: wrong answer, with seed 1, after 0 seeds that passed
                2.16 messages between servers an operation; fewer than 1 are asked for
              what it did in 14.945 s, 168 events:
                  n0..n4 -> n0..n4  gossip  108 messages, 3,180 bytes, most from n1: 39
                208 messages, 108 of them between servers; a second: 49 in the first quarter of the time, 30 in the last
                largest body: 92 bytes, read_ok from n0 to clients at 4.674 s; in the first quarter of the time 59 bytes
              replay: host sim --module class/ann/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 5 --below msgs-per-op=1 --seed 1
              pages: host sim --report report --module class/ann/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 5 --below msgs-per-op=1 --seed 1
              targets: msgs-per-op 2.16 (below 1)

            quiet: in 3 of 3 runs no fault touched anything, so they test nothing that runs without faults would not

            0 of 1 submission passed (suite heavy, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
    let grade = class.json(&[]);
    let challenges = grade["submissions"][0]["challenges"].as_array().unwrap();
    let untouched: Vec<_> = challenges.iter().map(|it| &it["seeds-untouched"]).collect();
    assert_eq!(untouched, [&json!(null), &json!(null), &json!(3)]);
    for missed in &challenges[..2] {
        let evidence = missed["failure"]["evidence"].as_array().unwrap();
        assert!((2..=20).contains(&evidence.len()), "{evidence:?}");
        assert_eq!(missed["failure"]["trace"], json!(null));
    }
}

#[test]
fn a_run_with_too_many_events_says_which() {
    let limited = SUITE.replacen(
        "[[challenge]]",
        "[limits]\nmax-steps = 150\n\n[[challenge]]",
        1,
    );
    let class = class(&limited);
    class.built("ann/broadcast.wasm", "broadcast-flood");
    let ended = class.grade(&["--challenge", "many", "class"]);
    check(
        &without_shares(ended),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission  many  score
            ann         TLE   0/1

            ann many
              TLE: out of fuel, with seed 1, after 0 seeds that passed
                at 4.187 s, the nodes have handled more than 150 events (--max-steps); do they send or set timers without end?
              what it did in 4.187 s, 151 events:
                  n0..n4 -> n0..n4   gossip        103 messages, 3,030 bytes, most from n1: 37
                  clients -> n0..n4  read           21 messages, 548 bytes
                  n0..n4 -> clients  read_ok        21 messages, 1,444 bytes, most from n0: 8
                  clients -> n0..n4  broadcast      18 messages, 784 bytes
                  n0..n4 -> clients  broadcast_ok   18 messages, 704 bytes, most from n2: 6
                work: gossip handled 102 times with N % of all fuel, most at n3: N %; broadcast handled 18 times with N % of all fuel, most at n0: N %; read handled 21 times with N % of all fuel, most at n0: N %
                181 messages, 103 of them between servers; a second: 55 in the first quarter of the time, 49 in the last
                largest body: 89 bytes, read_ok from n0 to clients at 4.032 s; in the first quarter of the time 59 bytes
              replay: host sim --module class/ann/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 5 --max-steps=150 --seed 1
              pages: host sim --report report --module class/ann/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 5 --max-steps=150 --seed 1
              used: N % of the events of a run

            0 of 1 submission passed (suite heavy, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
}

#[test]
fn memory_that_grows_is_a_warning_beside_the_verdict() {
    let class = class(&SUITE.replace("node-count = 3", "node-count = 1"));
    class.guest("ann/echo.wasm", "grows");
    check(
        &class.grade(&["--challenge", "quiet", "class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission  quiet  score
            ann         IL     0/1

            ann quiet
              IL: no answer, with seed 1, after 0 seeds that passed
                unknown: no echo succeeded, of 1: too few to know whether one should have; n0 got echo from c2 at 0.001 s and did not answer within 5 s
              replay: host sim --module class/ann/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 5 --nemesis partition --seed 1
              pages: host sim --report report --module class/ann/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 5 --nemesis partition --seed 1
              warning: 1 of 1 run: n0's memory grew by 6.25 MiB a second through the whole run: 31.31 MiB after 5 s, while clients sent less than 0.01 MiB; at the limit of 128 MiB it would end after 20 s

            quiet: in 1 of 1 run no fault touched anything, so they test nothing that runs without faults would not

            0 of 1 submission passed (suite heavy, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
}
