//! Schedules with moves, through the command line.

use expect_test::expect;
use test_support::{Dir, Ended, built, sim, with_placeholders};

/// Two nodes; the client of the first worker, `c4`, broadcasts 5 and 6. The second message is told n1
/// before the first one, which is lost. The last move is not possible.
const LOST: &str = r#"{
  "version": 1,
  "workload": "broadcast",
  "seed": 1,
  "node_count": 2,
  "first_node": 0,
  "concurrency": 2,
  "time_limit_ns": 1000000000,
  "latency_ms": 0,
  "latency_dist": "constant",
  "hop_ns": 0,
  "network": "ideal",
  "topology": "total",
  "checks": "strict",
  "consistency_models": [
    "serializable"
  ],
  "guest_args": [],
  "moves": [
    {"move":"invoke","at_ns":0,"worker":0,"f":"broadcast","value":"5"},
    {"move":"deliver","at_ns":0,"src":"c4","dest":"n0","number":1},
    {"move":"deliver","at_ns":1000000,"src":"n0","dest":"c4","number":1},
    {"move":"invoke","at_ns":1000000,"worker":0,"f":"broadcast","value":"6"},
    {"move":"deliver","at_ns":1000000,"src":"c4","dest":"n0","number":2},
    {"move":"deliver","at_ns":1000000,"src":"n0","dest":"n1","number":2},
    {"move":"lose","at_ns":2000000,"src":"n0","dest":"n1","number":1},
    {"move":"deliver","at_ns":2000000,"src":"n0","dest":"c4","number":2},
    {"move":"heal","at_ns":2000000}
  ]
}
"#;

struct Played {
    dir: Dir,
    path: String,
}

impl Played {
    fn new() -> Self {
        let dir = Dir::new();
        let path = dir.write("lost.json", LOST);
        Played {
            path: path.to_str().unwrap().to_owned(),
            dir,
        }
    }

    fn with(&self, module: &str, more: &[&str]) -> Ended {
        sim(module, &format!("--schedule {}", self.path), more)
    }

    fn path(&self, name: &str) -> String {
        self.dir.path(name).to_str().unwrap().to_owned()
    }

    /// What was printed, without paths.
    fn told(&self, ended: &Ended) -> String {
        let modules = built("broadcast-flood");
        let modules = modules.parent().unwrap().to_str().unwrap();
        let text = with_placeholders(&ended.stdout);
        let text = text.replace(modules, "DIR");
        text.replace(self.dir.root().to_str().unwrap(), "HERE")
    }
}

#[test]
fn what_is_lost_is_found_if_nobody_sends_it_again() {
    let lost = Played::new();
    let ended = lost.with("broadcast-flood", &[]);
    assert_eq!((ended.code(), &*ended.stderr), (Some(1), ""));
    expect![[r#"
        broadcast: INVALID

        - 1 known element lost, not in the last reads: 5

        elements      2 added: 1 stable (0 of them stale), 1 lost, 0 never read
        latency in ms     min  median    95 %    99 %     max
          stable            0       0       0       0       0  from the acknowledgement until every read has it
          visible           0       0       0       0       0  from the invocation until every read has it
          lost          10001   10001   10001   10001   10001  from the acknowledgement until no read has it
        operations    4: 4 ok, 0 fail, 0 info; 100.00 % of invocations ok
          broadcast   2: 2 ok, 0 fail, 0 info
          read        2: 2 ok, 0 fail, 0 info
        messages      18 sent, 17 received; 4.50 an operation, 0.50 of them between servers
        simulated     10.002 s with seed 1; 9 events
        faults        1 lose-one, 1 of them took messages: 1 (1 on its way)
        warning       1 move was not possible and was skipped: moves[8]
        next          replay: host sim --no-cache --module DIR/broadcast-flood.wasm --schedule HERE/lost.json
                      shrink: host sim --no-cache --module DIR/broadcast-flood.wasm --schedule HERE/lost.json --shrink shortest.json
                      report: host sim --no-cache --module DIR/broadcast-flood.wasm --schedule HERE/lost.json --report report
                      play: host play --no-cache --module DIR/broadcast-flood.wasm --schedule HERE/lost.json

        [INVALID]
    "#]].assert_eq(&lost.told(&ended));
    let right = lost.with("broadcast-retry", &[]);
    assert_eq!(right.code(), Some(0), "{}", right.stdout);
}

#[test]
fn the_same_file_gives_the_same_journal() {
    let lost = Played::new();
    let journal = |name: &str| {
        lost.with("broadcast-flood", &["--journal", &lost.path(name)]);
        lost.dir.read(name)
    };
    let first = journal("a.jsonl");
    assert_eq!(first, journal("b.jsonl"));
    // In the order of the moves.
    let begin = first.find(r#""event":"send","id":8,"#).unwrap();
    let from = first[..begin].rfind('\n').unwrap() + 1;
    let moved: Vec<&str> = first[from..].lines().take(13).collect();
    expect![[r#"
        {"at_ns":0,"event":"send","id":8,"src":"c4","dest":"n0","body":{"message":5,"type":"broadcast","msg_id":1}}
        {"at_ns":0,"event":"recv","id":8,"src":"c4","dest":"n0"}
        {"at_ns":0,"event":"send","id":9,"src":"n0","dest":"n1","body":{"type":"gossip","message":5}}
        {"at_ns":0,"event":"send","id":10,"src":"n0","dest":"c4","body":{"type":"broadcast_ok","in_reply_to":1}}
        {"at_ns":1000000,"event":"recv","id":10,"src":"n0","dest":"c4"}
        {"at_ns":1000000,"event":"send","id":11,"src":"c4","dest":"n0","body":{"message":6,"type":"broadcast","msg_id":2}}
        {"at_ns":1000000,"event":"recv","id":11,"src":"c4","dest":"n0"}
        {"at_ns":1000000,"event":"send","id":12,"src":"n0","dest":"n1","body":{"type":"gossip","message":6}}
        {"at_ns":1000000,"event":"send","id":13,"src":"n0","dest":"c4","body":{"type":"broadcast_ok","in_reply_to":2}}
        {"at_ns":1000000,"event":"recv","id":12,"src":"n0","dest":"n1"}
        {"at_ns":2000000,"event":"drop","id":9,"src":"n0","dest":"n1","why":"loss"}
        {"at_ns":2000000,"event":"recv","id":13,"src":"n0","dest":"c4"}
        {"at_ns":10002000000,"event":"send","id":14,"src":"c4","dest":"n0","body":{"type":"read","msg_id":3}}"#]].assert_eq(&moved.join("\n"));
}

#[test]
fn it_is_shrunk_and_reported() {
    let lost = Played::new();
    let short = lost.path("short.json");
    let ended = lost.with("broadcast-flood", &["--shrink", &short]);
    assert_eq!((ended.code(), &*ended.stderr), (Some(1), ""));
    expect![[r#"
        broadcast: INVALID

        The run with seed 1 has 2 nodes, 2 clients, 2 operations and 1 fault in 9 moves.
        One that is invalid like it (lost-elements) has 2 nodes, 2 clients, 1 operation and 1 fault in 3 moves;
        nothing of it can be left out:

        0   op 0: client 0 asks n0 to broadcast 5
        0   n0 tells n1: gossip {"message":5}, but the network loses it, and n0 never tries again
        0   op 1: n0 answers client 0: ok  <-- contradicts op 5
        10  op 2: client 0 asks n0 to read
        10  op 3: client 1 asks n1 to read
        10  op 4: n0 answers client 0: [5]  <-- contradicts op 5
        10  op 5: n1 answers client 1: []  <-- shows lost-elements

        - 1 known element lost, not in the last reads: 5

        simulated     10 s with seed 1; 7 events, after 19 runs
        next          replay: host sim --no-cache --module DIR/broadcast-flood.wasm --schedule HERE/short.json
                      report: host sim --no-cache --module DIR/broadcast-flood.wasm --schedule HERE/short.json --report report
                      play: host play --no-cache --module DIR/broadcast-flood.wasm --schedule HERE/short.json

        [INVALID]
    "#]].assert_eq(&lost.told(&ended));
    let written = lost.dir.read("short.json");
    let moves = &written[written.find("\"moves\"").unwrap()..];
    expect![[r#"
        "moves": [
            {"move":"invoke","at_ns":0,"worker":0,"f":"broadcast","value":"5"},
            {"move":"deliver","at_ns":0,"src":"c4","dest":"n0","number":1},
            {"move":"lose","at_ns":0,"src":"n0","dest":"n1","number":1}
          ]
        }
    "#]]
    .assert_eq(moves);
    let report = lost.path("report");
    let ended = lost.with("broadcast-flood", &["--report", &report]);
    assert_eq!((ended.code(), &*ended.stderr), (Some(1), ""));
    let shortest = lost.dir.read("report/shortest/schedule.json");
    assert_eq!(shortest, written);
    let results = lost.dir.read("report/results.json");
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    assert_eq!(
        results["results"]["workload"]["lost"],
        serde_json::json!([5])
    );
}
