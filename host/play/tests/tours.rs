//! Every tour of the host: its moments are found, and what it says of them is so.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use host_play::tour::TourFile;

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
    expect_test::expect![[r#""#]].assert_eq(&said);
}
