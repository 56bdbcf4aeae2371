//! Offsets anywhere, and histories made to be slow (benches/check.rs has the times).

use std::fmt::Write;

use host_check::history::{History, read};
use host_check::kafka::{ErrorType, Kafka, kafka};
use host_check::validity::{Checks, Validity};

/// A history being written, an operation at a time.
#[derive(Default)]
struct Script {
    text: String,
    count: u64,
}

impl Script {
    fn push(&mut self, process: u64, kind: &str, f: &str, value: &str) {
        let Self { text, count } = self;
        writeln!(
            text,
            "{{:index {count}, :time {count}, :type :{kind}, :process {process}, :f :{f}, :value {value}}}"
        )
        .unwrap();
        *count += 1;
    }

    fn send(&mut self, process: u64, key: u64, message: u64, offset: i64) {
        self.push(
            process,
            "invoke",
            "send",
            &format!("[[:send \"{key}\" {message}]]"),
        );
        self.push(
            process,
            "ok",
            "send",
            &format!("[[:send \"{key}\" [{offset} {message}]]]"),
        );
    }

    fn poll(&mut self, process: u64, entries: &str) {
        self.push(process, "invoke", "poll", "[[:poll]]");
        self.push(process, "ok", "poll", &format!("[[:poll {{{entries}}}]]"));
    }

    fn history(self) -> History {
        read(self.text.as_bytes()).unwrap()
    }
}

fn judged(history: &History) -> Kafka {
    kafka(history, Checks::Strict).unwrap()
}

/// Sixteen messages to each key, as in Maelstrom, polled by two processes.
fn valid_history(operations: u64, offset: impl Fn(u64) -> i64) -> History {
    let mut script = Script::default();
    for round in 0..operations / 24 {
        for message in 1..=16 {
            script.send(message % 5, round, message, offset(message));
            if message % 4 == 0 {
                let pair = |message| format!("[{} {message}]", offset(message));
                let pairs: Vec<String> = (message - 3..=message).map(pair).collect();
                for process in [10, 11] {
                    script.poll(process, &format!("\"{round}\" [{}]", pairs.join(" ")));
                }
            }
        }
    }
    script.history()
}

#[test]
fn twenty_thousand_operations_are_judged_alike_wherever_their_offsets_are() {
    let near = judged(&valid_history(20_000, |message| message as i64));
    assert_eq!((near.valid, near.error_types.len()), (Validity::True, 0));
    let timestamp = |message| 1_700_000_000_000_000_000 + 1_000_000_000 * message as i64;
    assert_eq!(judged(&valid_history(20_000, timestamp)), near);
    let ends = |message| i64::MAX - 16 + message as i64;
    assert_eq!(judged(&valid_history(20_000, ends)), near);
}

#[test]
fn many_messages_at_one_offset_are_no_slower() {
    let mut script = Script::default();
    for message in 0..5_000 {
        script.send(0, 0, message, 7);
        script.poll(1, &format!("\"0\" [[7 {message}] [8 {message}]]"));
    }
    let result = judged(&script.history());
    assert_eq!(result.errors[&ErrorType::InconsistentOffsets].count(), 2);
    assert_eq!(result.errors[&ErrorType::Duplicate].count(), 5_000);
}

#[test]
fn long_jumps_are_no_slower() {
    // Two processes go from one end of the log to the other and back.
    let mut script = Script::default();
    for message in 0..5_000 {
        script.send(0, 0, message, message as i64);
    }
    for _ in 0..2_500 {
        script.poll(1, "\"0\" [[0 0] [4999 4999]]");
    }
    let result = judged(&script.history());
    assert_eq!(result.errors[&ErrorType::IntPollSkip].count(), 2_500);
    assert_eq!(result.errors[&ErrorType::LostWrite].count(), 4_998);
    assert_eq!(result.left_out["lost-write"], 3_998);
}

#[test]
fn one_large_cycle_is_no_slower() {
    // Each transaction polls what the next one sends, and the last what the first does.
    let mut script = Script::default();
    let count = 3_000;
    for process in 0..count {
        let asked = format!("[[:send \"k\" {process}] [:poll]]");
        script.push(process, "invoke", "txn", &asked);
    }
    for process in 0..count {
        let next = (process + 1) % count;
        let answered =
            format!("[[:send \"k\" [{process} {process}]] [:poll {{\"k\" [[{next} {next}]]}}]]");
        script.push(process, "ok", "txn", &answered);
    }
    let result = judged(&script.history());
    assert_eq!(
        result.error_types,
        [ErrorType::G1c, ErrorType::Pl2CycleExists]
    );
}

#[test]
fn many_small_cycles_are_no_slower() {
    let mut script = Script::default();
    for message in 0..5_000 {
        script.poll(1, &format!("\"0\" [[{message} {message}]]"));
        script.send(0, 0, message, message as i64);
    }
    let result = judged(&script.history());
    assert_eq!(result.errors[&ErrorType::G1cRealtime].count(), 5_000);
    assert_eq!(result.left_out["strong-PL-2-cycle-exists"], 4_000);
}
