//! What is said of runs that go over a limit or miss a target, whole texts.

mod guest;

use expect_test::{Expect, expect};
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::{Bounds, Cluster, Hops, Latency, RunOptions, SECOND};
use host_trial::heavy::{Focus, Since, heavy};
use host_trial::{Scenario, Trial};
use serde_json::{Value as Json, json};

use guest::{Me, Program, React, answer};

fn options(nodes: usize, seconds: u64) -> RunOptions {
    RunOptions {
        cluster: Cluster::of(nodes),
        concurrency: nodes,
        time_limit_ns: seconds * SECOND,
        hops: Some(Hops::of(0)), // times are round
        ..RunOptions::default()
    }
}

/// What is said of the run with seed 1. What it stops for, if it does, has to be what is asked about.
#[track_caller]
fn check(program: React, workload: Workload, options: RunOptions, focus: Focus, expected: &Expect) {
    let program = Program(program);
    let trial = Trial::of(&program, Scenario::with(workload, options));
    let result = trial.run(1, Vec::new());
    if let Err(stopped) = &result.result {
        assert_eq!(Focus::of_stop(stopped), Some(focus), "{stopped}");
    }
    let lines = heavy(&trial, 1, None, focus);
    assert!(lines.len() <= 20, "{} lines", lines.len());
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

/// Every message is passed on to all others, with one more number in it.
fn spreads(me: &mut Me, message: &Json) -> Vec<(String, Json)> {
    let mut sent = Vec::new();
    if message["body"]["type"] == "echo" {
        let echo = json!({"type": "echo_ok", "echo": message["body"]["echo"]});
        sent.push(answer(message, echo));
    }
    let mut seen = message["body"]["seen"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    seen.push(json!(me.events));
    let others = me.all.iter().filter(|name| **name != me.name);
    sent.extend(others.map(|name| (name.clone(), json!({"type": "gossip", "seen": seen}))));
    sent
}

#[test]
fn a_storm_is_told_by_who_sends_what_and_how_it_grew() {
    let options = RunOptions {
        latency: Latency {
            mean_ms: 100,
            ..Latency::default()
        },
        bounds: Bounds {
            steps: 5_000,
            ..Bounds::default()
        },
        ..options(3, 10)
    };
    check(
        spreads,
        Workload::Echo,
        options,
        Focus::Work,
        &expect![[r#"
            in its first 1.1 s, 4,001 events:
              n0..n2 -> n0..n2   gossip   7,996 messages, 428.5 KiB, most from n0: 3,544
              clients -> n0..n2  echo         7 messages, 349 bytes
              n0..n2 -> clients  echo_ok      6 messages, 348 bytes, most from n0: 3
            work: gossip handled 3,992 times with 99 % of all fuel, most at n0: 44 %
            8,009 messages, 7,996 of them between servers; a second: 89 in the first quarter of the time, 22,801 in the last
            largest body: 65 bytes, gossip from n0 to n1 at 1.1 s; in the first quarter of the time 58 bytes
        "#]],
    );
}

#[test]
fn the_same_storm_in_flight_is_told_by_bytes() {
    let options = RunOptions {
        latency: Latency {
            mean_ms: 100,
            ..Latency::default()
        },
        bounds: Bounds {
            in_flight: 2_000,
            ..Bounds::default()
        },
        ..options(3, 10)
    };
    check(
        spreads,
        Workload::Echo,
        options,
        Focus::Output,
        &expect![[r#"
            in 1 s, 1,998 events:
              n0..n2 -> n0..n2   gossip   3,990 messages, 197.6 KiB, most from n0: 1,768
              clients -> n0..n2  echo         6 messages, 300 bytes
              n0..n2 -> clients  echo_ok      5 messages, 290 bytes, most from n0: 3
            4,001 messages, 3,990 of them between servers; a second: 98 in the first quarter of the time, 12,917 in the last
            largest body: 59 bytes, echo_ok from n0 to clients at 0.4 s; in the first quarter of the time 58 bytes
        "#]],
    );
}

#[test]
fn time_that_stands_still_is_told_and_a_long_run_only_by_its_beginning() {
    let to_itself: React = |me, _| vec![(me.name.clone(), json!({"type": "again"}))];
    let options = RunOptions {
        bounds: Bounds {
            steps: 10_000,
            ..Bounds::default()
        },
        ..options(1, 10)
    };
    check(
        to_itself,
        Workload::Echo,
        options,
        Focus::Work,
        &expect![[r#"
            in its first 0 s, 4,001 events:
              n0 -> n0       again  4,000 messages, 62.5 KiB
              clients -> n0  echo       1 message, 50 bytes
            work: again handled 3,999 times with 99 % of all fuel, most at n0: 99 %
            4,001 of 4,001 messages were sent at one moment, 0 s: virtual time stood still
            largest body: 50 bytes, echo from clients to n0 at 0 s
        "#]],
    );
}

#[test]
fn one_event_is_one_event() {
    let options = RunOptions {
        bounds: Bounds {
            steps: 0,
            ..Bounds::default()
        },
        ..options(1, 10)
    };
    let nothing: React = |_, _| Vec::new();
    check(
        nothing,
        Workload::Echo,
        options,
        Focus::Work,
        &expect![[r#"
            in 0 s, 1 event:
            work: init handled once with 100 % of all fuel, most at n0: 100 %
        "#]],
    );
}

#[test]
fn memory_is_told_from_its_first_size_to_its_last() {
    let keeps: React = |me, message| {
        let node = usize::from(me.name == "n1");
        me.memory += (1 << 20) << node;
        vec![answer(
            message,
            json!({"type": "echo_ok", "echo": message["body"]["echo"]}),
        )]
    };
    let options = RunOptions {
        rate: 20.0,
        bounds: Bounds {
            memory_bytes: 100 << 20,
            ..Bounds::default()
        },
        ..options(2, 60)
    };
    check(
        keeps,
        Workload::Echo,
        options,
        Focus::Memory,
        &expect![[r#"
            in 3.835 s, 78 events:
              clients -> n0, n1  echo     76 messages, 3,868 bytes
              n0 -> clients      echo_ok  51 messages, 3,007 bytes
              n1 -> clients      echo_ok  25 messages, 1,469 bytes
            memory of n0: 0 bytes at 0 s, 4 MiB at 0.245 s, 8 MiB at 0.547 s, 16 MiB at 1.179 s, 32 MiB at 2.595 s, 51 MiB at 3.835 s; all nodes and services 101 MiB
            152 messages, 0 of them between servers; a second: 40 in the first quarter of the time, 48 in the last
            largest body: 60 bytes, echo_ok from n0 to clients at 1.413 s; in the first quarter of the time 59 bytes
        "#]],
    );
}

#[test]
fn memory_that_grows_with_each_message_is_a_warning_and_no_verdict() {
    let leaks: React = |me, message| {
        me.memory += 64 << 10;
        let echo = json!({"type": "echo_ok", "echo": message["body"]["echo"]});
        vec![answer(message, echo)]
    };
    let options = RunOptions {
        rate: 40.0,
        ..options(2, 20)
    };
    let trial_of = |program: &Program| {
        let trial = Trial::of(program, Scenario::with(Workload::Echo, options.clone()));
        trial.run(1, Vec::new())
    };
    let result = trial_of(&Program(leaks));
    assert_eq!(result.valid(), Validity::True);
    expect![[r#"
        n0's memory grew by 1.68 MiB a second through the whole run: 33.81 MiB after 20 s, while clients sent 0.04 MiB; at the limit of 128 MiB it would end after 75 s
    "#]].assert_eq(&(result.warnings().join("\n") + "\n"));
    let keeps_nothing: React = |_, message| {
        let echo = json!({"type": "echo_ok", "echo": message["body"]["echo"]});
        vec![answer(message, echo)]
    };
    assert_eq!(trial_of(&Program(keeps_nothing)).warnings(), [""; 0]);
}

/// Nodes are a chain: each passes a new value on to the next, with a map of all that it has.
fn chain(me: &mut Me, message: &Json) -> Vec<(String, Json)> {
    let body = &message["body"];
    let mut sent = Vec::new();
    match body["type"].as_str() {
        Some("broadcast") => sent.push(answer(message, json!({"type": "broadcast_ok"}))),
        Some("read") => {
            let read_ok = json!({"type": "read_ok", "messages": me.values});
            sent.push(answer(message, read_ok));
        }
        _ => {}
    }
    let Some(value) = body["message"]
        .as_i64()
        .filter(|it| !me.values.contains(it))
    else {
        return sent;
    };
    me.values.push(value);
    let at = me.all.iter().position(|name| *name == me.name).unwrap_or(0);
    let neighbours = [at.checked_sub(1), Some(at + 1)];
    for neighbour in neighbours.into_iter().flatten() {
        if let Some(name) = me.all.get(neighbour) {
            sent.push((
                name.clone(),
                json!({"type": "pass", "message": value, "msg_id": me.events}),
            ));
        }
    }
    sent
}

#[test]
fn the_worst_value_is_followed_to_the_node_that_lacked_it() {
    let options = RunOptions {
        rate: 20.0,
        latency: Latency {
            mean_ms: 100,
            ..Latency::default()
        },
        ..options(5, 5)
    };
    check(
        chain,
        Workload::Broadcast,
        options.clone(),
        Focus::Latency(Since::Acknowledged),
        &expect![[r#"
            in 14.966 s, 441 events:
              n0..n4 -> n0..n4  pass  328 messages, 12.7 KiB, most from n1: 82
            534 messages, 328 of them between servers; a second: 110 in the first quarter of the time, 115 in the last
            largest body: 161 bytes, read_ok from n0 to clients at 14.966 s; in the first quarter of the time 65 bytes
            the value that a read lacked longest after it was known to be there: 25, sent to n0 at 3.147 s (op 117), acknowledged at 3.213 s
            the last read without it began at n4 at 3.453 s (op 128)
            its way to n4, by the first message with the number 25 that each got:
              n0: at 3.213 s, broadcast from a client, sent at 3.147 s
              n1: at 3.313 s, pass from n0, sent at 3.213 s
              n2: at 3.413 s, pass from n1, sent at 3.313 s
              n3: at 3.513 s, pass from n2, sent at 3.413 s
              n4: at 3.613 s, pass from n3, sent at 3.513 s
            the last to get it: n4 at 3.613 s
        "#]],
    );
    check(
        chain,
        Workload::Broadcast,
        options,
        Focus::Messages,
        &expect![[r#"
            in 14.966 s, 441 events:
              n0..n4 -> n0..n4  pass  328 messages, 12.7 KiB, most from n1: 82
            534 messages, 328 of them between servers; a second: 110 in the first quarter of the time, 115 in the last
            largest body: 161 bytes, read_ok from n0 to clients at 14.966 s; in the first quarter of the time 65 bytes
        "#]],
    );
}

#[test]
fn a_value_that_comes_to_nobody_has_no_way() {
    let keeps_it: React = |me, message| {
        let body = &message["body"];
        me.values.extend(body["message"].as_i64());
        let answer_to = |body| vec![answer(message, body)];
        match body["type"].as_str() {
            Some("broadcast") => answer_to(json!({"type": "broadcast_ok"})),
            _ => answer_to(json!({"type": "read_ok", "messages": me.values})),
        }
    };
    check(
        keeps_it,
        Workload::Broadcast,
        options(2, 5),
        Focus::Latency(Since::Sent),
        &expect![[r#"
            in 14.95 s, 31 events:
            54 messages, 0 of them between servers; a second: 11 in the first quarter of the time, 9 in the last
            largest body: 68 bytes, read_ok from n0 to clients at 4.95 s; in the first quarter of the time 49 bytes
            the value that a read lacked longest after it was sent: 0, sent to n1 at 0.018 s (op 2), acknowledged at 0.018 s
            the last read without it began at n0 at 14.95 s (op 50)
            its way to n0, by the first message with the number 0 that each got:
              no message with it came to n0
            the last to get it: n1 at 0.018 s; 1 node never got such a message
        "#]],
    );
}
