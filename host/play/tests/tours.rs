//! Every tour of the host: its moments are found, and what it says of them is so.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_play::tour::TourFile;
use host_sim::nemesis::Fault;
use host_sim::{Cluster, RunOptions, SECOND};
use host_trial::{Scenario, Trial};

/// Reads a tour and makes its runs.
fn walk(name: &str) {
    let text = host_tours::tour(name).unwrap();
    let tour = TourFile::read(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let node = tour.node.as_deref().unwrap();
    let start = host_tours::node(node, &[]).unwrap();
    let walked = tour
        .walk(&*start)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!((6..=10).contains(&walked.steps.len()), "{name}");
    let questions = walked.steps.iter().filter(|it| it.question.is_some());
    assert!(questions.count() >= 2, "{name}");
}

#[test]
fn lost_message() {
    walk("lost-message");
}

#[test]
fn partition() {
    walk("partition");
}

#[test]
fn raft_election() {
    walk("raft-election");
}

#[test]
fn stale_read() {
    walk("stale-read");
}

#[test]
fn power_loss() {
    walk("power-loss");
}

/// The example of docs/tours.md.
fn example() -> &'static str {
    let docs = include_str!("../../../docs/tours.md");
    let (_, rest) = docs.split_once("````markdown\n").unwrap();
    rest.split_once("````\n").unwrap().0
}

/// What is said of a text: nothing if it is a tour and what it says is so.
fn said_of(text: &str) -> String {
    let walked = TourFile::read(text).and_then(|tour| {
        let start = host_tours::node("relay", &[]).unwrap();
        tour.walk(&*start).map(drop)
    });
    walked.map_or_else(|error| error.to_string(), |()| String::new())
}

#[test]
fn the_example_of_the_docs_is_a_tour() {
    let tour = TourFile::read(example()).unwrap();
    let start = host_tours::node("relay", &[]).unwrap();
    let walked = tour.walk(&*start).unwrap();
    assert_eq!(walked.title, "One message");
    let page = serde_json::to_value(walked.page("one", &[1])).unwrap();
    // `init` and `topology` to two nodes, and their answers: eight messages, sent and received. Then a client's is sent and
    // received, and n0 sends two.
    let first = &page["steps"][0];
    assert_eq!(
        *first,
        serde_json::json!({
            "title": "A client has a value",
            "text": [{"p": "n0 has the value 7, and a message to n1 is on its way."}],
            "branch": 1,
            "at": 20,
            "marks": ["message 9"],
            "question": {
                "text": "Who knows 7 now?",
                "answers": ["Both nodes", "n0"],
                "right": 1,
                "why": "The message has not arrived."
            }
        })
    );
    assert_eq!(page["steps"][1]["marks"], serde_json::json!(["n0"]));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let changes = [
        ("---\ntitle", "title"),
        ("title: One message\n", ""),
        ("seed: 1", "seed: one"),
        ("seed: 1", "seed: 1\nseed: 2"),
        ("seed: 1", "seed: 1\nspeed: 2"),
        ("seed: 1", "seed: 1\nmax-steps: 2"),
        ("workload: broadcast\n", ""),
        ("workload: broadcast", "workload: podcast"),
        ("node-count: 2", "node-count: 0"),
        ("# It is lost", "# A client has a value"),
        (
            "n0 has no acknowledgement, so its timer sends the message again.",
            "",
        ),
        ("- [ ] Both nodes\n", ""),
        ("- [x] n0", "- [ ] n0"),
        ("mark n0\n```", "mark n0"),
        ("mark n0", "mark n7"),
        ("mark n0", "mark message"),
        ("mark n0", "mark gossip_ok from n1"),
        ("mark n0", "praise n0"),
        ("go to timer of n0", "go to timer of n9"),
        ("go to timer of n0", "go to bed"),
        ("go to timer of n0", "go to nack from n1 sent"),
        ("go to timer of n0", "go to end"),
        ("go to timer of n0", "go to write at n0 begun"),
        ("lose gossip from n0 to n1", "go back to \"Nowhere\""),
        ("go to timer of n0", "begin again"),
        ("lose gossip from n0 to n1", "lose gossip of n0"),
        ("lose gossip from n0 to n1", "lose gossip from n1 to n0"),
        ("lose gossip from n0 to n1", "start n0"),
        ("lose gossip from n0 to n1", "cut n0 | n0"),
        ("invoke broadcast 7 at n0", "invoke broadcast [7 at n0"),
        ("invoke broadcast 7 at n0", "invoke broadcast 7"),
        (
            "expect n0 /node/values is [7]",
            "expect n0 /node/values is [8]",
        ),
        (
            "expect n0 /node/values is [7]",
            "expect n0 /node/values is [8",
        ),
        (
            "expect n0 /node/values is [7]",
            "expect n1 /node/values is not []",
        ),
        ("expect n0 /node/values is [7]", "expect n1 down"),
        ("expect n0 /node/values is [7]", "expect n1 not durable"),
        (
            "expect n0 /node/values is [7]",
            "expect no gossip in flight",
        ),
        (
            "expect n0 /node/values is [7]",
            "expect broadcast at n0 gave 7",
        ),
        ("expect n0 /node/values is [7]", "expect read at n0 open"),
        ("expect n0 /node/values is [7]", "expect verdict invalid"),
        ("expect n0 /node/values is [7]", "expect peace"),
    ];
    let mut said = String::new();
    for (from, to) in changes {
        assert!(example().contains(from), "{from}");
        said += &format!("{}\n", said_of(&example().replacen(from, to, 1)));
    }
    assert_eq!(said_of(example()), "");
    expect_test::expect![[r#"
        line 1: a tour begins with a head: a line `---`, then lines such as `title: A lost message`, then `---`
        line 1: the head has no `title`
        line 8: `one` is no seed: a number from 0 on
        line 9: `seed` is given twice
        line 9: `speed` is neither `title`, `node`, `show`, `args` or `seed` nor an option of a run: `host sim -h` lists those, without their limits
        line 9: `max-steps` is neither `title`, `node`, `show`, `args` or `seed` nor an option of a run: `host sim -h` lists those, without their limits
        line 1: the head has no `workload`
        line 3: `workload`: expected a workload (echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv), found `podcast`
        line 5: `node-count`: expected a whole number from 1 to 10000, found 0
        line 30: each step has a heading of its own
        line 30: a step has a text
        line 22: a question has a text, two answers or more as `- [ ] text`, of which one is right (`- [x] text`), an empty line, and why it is right
        line 22: a question has a text, two answers or more as `- [ ] text`, of which one is right (`- [x] text`), an empty line, and why it is right
        line 32: the block that begins here has no end: a line of three backticks
        line 36: there is no node `n7`, only n0 to n1

        line 36: no gossip_ok from n1 is on its way
        line 36: `praise n0` says nothing that a tour does: a line begins with `go to`, `expect`, `mark`, `go back to`, `begin again`, or with one of invoke, deliver, lose, copy, delay, fire, time-out, kill, power-off, start, pause, resume, cut, heal, send, finish
        line 34: there is no node `n9`, only n0 to n1
        line 34: `bed` says no event: write `gossip from n0 to n1 sent` (`received`, `lost`), `timer of n1`, `sync of n1`, `write at n0 begun` (`ended`), `n1 /node/role is "leader"`, `200 ms later` or `end`
        line 34: this does not come any more: nothing is left to happen
        line 34: this does not come any more: the main phase goes on until a line `finish`
        line 34: broadcast has the operations broadcast, read, not `write`
        line 33: there is no step "Nowhere" before this one
        line 34: this may only be the first line of a step, and not of the first one
        line 33: `gossip of n0` says no message: write `gossip from n0 to n1`, `gossip to n1` or `message from n0`
        line 33: no gossip from n1 to n0 is on its way
        line 33: this is not possible here: n0 runs
        line 33: a node is on one side of a cut
        line 16: `[7` is no EDN: line 1, column 3: expected a value or `]`, found the end of the text
        line 16: `invoke broadcast 7` says no operation: write `invoke write [1 5] at n0`, with the value as EDN
        line 18: n0 has [7] there
        line 18: `[8` is no JSON: EOF while parsing a list at line 1 column 2
        line 18: n1 has [] there
        line 18: n1 is up
        line 18: all that n1 has written is durable
        line 18: gossip in flight: 1
        line 18: the last broadcast at n0 is open
        line 18: no client has begun read at n0
        line 18: the verdict is valid
        line 18: `peace` says nothing that can be looked up: write `n1 /node/role is "leader"`, `n1 down` (`up`, `paused`), `n1 durable` (`not durable`), `2 gossip to n1 in flight`, `read at n1 gave [1 5]` (`failed`, `unknown`, `open`) or `verdict valid` (`invalid`, `unknown`)
    "#]].assert_eq(&said);
}

/// How many of ten seeds are invalid with a node and faults.
fn invalid(node: &str, args: &[&str], workload: Workload, faults: &[Fault]) -> usize {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let start = host_tours::node(node, &args).unwrap();
    let options = RunOptions {
        cluster: Cluster::of(3),
        concurrency: 6,
        rate: 30.0,
        time_limit_ns: 20 * SECOND,
        faults: faults.to_vec(),
        nemesis_interval_ns: 2 * SECOND,
        guest_args: args,
        ..RunOptions::default()
    };
    let trial = Trial::of(&*start, Scenario::with(workload, options));
    let is_invalid = |seed: &u64| trial.run(*seed, Vec::new()).valid() == Validity::False;
    (0..10).filter(is_invalid).count()
}

#[test]
fn nodes_are_right_or_wrong_as_the_tours_say() {
    use Fault::{Kill, Partition, Power};
    let lin_kv =
        |node, args: &[&str], faults: &[Fault]| invalid(node, args, Workload::LinKv, faults);
    assert_eq!(
        lin_kv(
            "raft",
            &["--reads", "read-index"],
            &[Partition, Kill, Power]
        ),
        0
    );
    assert!(lin_kv("raft", &["--reads", "local"], &[Partition]) > 0);
    let broadcast =
        |args: &[&str], faults: &[Fault]| invalid("relay", args, Workload::Broadcast, faults);
    assert_eq!(broadcast(&["--retry", "on"], &[Partition]), 0);
    assert!(broadcast(&["--retry", "off"], &[Partition]) > 0);
}
