//! Every tour of the host: its moments are found, and what it says of them is so.

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
