//! What would take for ever if every read asked about every element (benches/check.rs has the times).

use host_check::history::{History, Kind, Op, Process};
use host_check::set_full::set_full;
use host_check::validity::{Checks, Validity};
use host_check::value::Value;

/// A history of `pairs` adds and as many reads, of which each shows the last `shown` elements.
fn adds_and_reads(pairs: i64, shown: i64) -> History {
    let mut ops = Vec::new();
    let mut push = |process: i64, kind: Kind, f: &str, value: Value| {
        let index = ops.len() as u64;
        let process = Process::Client(process);
        let (f, time_ns) = (f.into(), ops.len() as i64);
        ops.push(Op {
            index,
            time_ns,
            kind,
            process,
            f,
            value,
            error: None,
            extra: Vec::new(),
        });
    };
    // One read is under way all the time: every element's add is invoked before it ends.
    push(99, Kind::Invoke, "read", Value::Nil);
    for element in 0..pairs {
        push(0, Kind::Invoke, "add", Value::Int(element));
        push(0, Kind::Ok, "add", Value::Int(element));
        push(1, Kind::Invoke, "read", Value::Nil);
        let read: Vec<i64> = ((element - shown + 1).max(0)..=element).collect();
        push(1, Kind::Ok, "read", read.into());
    }
    push(99, Kind::Ok, "read", Value::from(Vec::<i64>::new()));
    History::new(ops).unwrap()
}

#[test]
fn many_elements_and_many_reads() {
    for (shown, lost) in [(0, 10_000), (1, 9_999), (100, 9_900)] {
        let history = adds_and_reads(10_000, shown);
        let result = set_full(&history, "add", Checks::Strict).unwrap();
        assert_eq!((result.valid, result.lost_count), (Validity::False, lost));
    }
}
