//! The generator and the client of kafka, without a simulator around them.

use expect_test::expect;
use serde_json::Value as Json;

use super::*;
use crate::workload::testing::Turns;

fn kafka(workers: usize) -> Kafka {
    Kafka::new(&WorkloadOptions {
        concurrency: workers,
        ..WorkloadOptions::default()
    })
}

/// A client at work: what it asks, and what it is answered.
struct Client {
    kafka: Kafka,
    log: String,
}

impl Client {
    fn new() -> Self {
        Client {
            kafka: kafka(1),
            log: String::new(),
        }
    }

    /// Does an operation of worker 0; `answers` are the fields of the answers.
    fn invoke(&mut self, operation: &Operation, answers: &[&str]) -> &mut Self {
        self.note(&format!("{} {}", operation.f, operation.value));
        let mut step = Ok(self.kafka.begin(0, operation));
        let mut answers = answers.iter();
        loop {
            match step {
                Ok(Step::Call(body) | Step::CallAt { body, .. }) => {
                    self.note(&format!("  > {body}"));
                    let Some(answer) = answers.next() else {
                        self.note("  timeout");
                        break;
                    };
                    self.note(&format!("  < {answer}"));
                    let kind = serde_json::from_str::<Json>(&body).unwrap()["type"].clone();
                    let kind = format!("{}_ok", kind.as_str().unwrap());
                    let answer = answer.strip_prefix('{').unwrap();
                    let comma = if answer == "}" { "" } else { "," };
                    let answer = format!("{{\"type\":\"{kind}\",\"in_reply_to\":1{comma}{answer}");
                    step = self.kafka.answer(0, operation, &answer);
                }
                Ok(Step::Done(done)) => {
                    self.note(&format!("  {} {}", done.kind.name(), done.value));
                    break;
                }
                Err(Malformed(why)) => {
                    self.note(&format!("  malformed: {why}"));
                    break;
                }
            }
        }
        assert_eq!(answers.next(), None, "an answer was not asked for");
        self
    }

    fn note(&mut self, line: &str) {
        self.log += line;
        self.log.push('\n');
    }
}

#[test]
fn a_client_goes_on_where_it_is_or_else_where_others_have_committed() {
    let names = Names::new();
    let mut client = Client::new();
    client
        .invoke(&names.poll(), &[r#"{"msgs":{}}"#])
        .invoke(
            &names.assign([2, 3].into_iter()),
            &[r#"{"offsets":{"3":5}}"#],
        )
        .invoke(
            &names.poll(),
            &[r#"{"msgs":{"2":[[0,1],[4,2]],"3":[]}}"#, "{}"],
        )
        .invoke(
            &names.assign([2, 9].into_iter()),
            &[r#"{"offsets":{"2":1,"9":7}}"#],
        )
        // Null stands for an empty list, and a key that was not asked for is taken up.
        .invoke(
            &names.poll(),
            &[r#"{"msgs":{"2":null,"4":[[1,{}]]}}"#, "{}"],
        )
        .invoke(&names.poll(), &[r#"{"msgs":{}}"#]);
    expect![[r#"
        poll [[:poll]]
          > {"offsets":{},"type":"poll"}
          < {"msgs":{}}
          ok [[:poll {}]]
        assign ["2" "3"]
          > {"keys":["2","3"],"type":"list_committed_offsets"}
          < {"offsets":{"3":5}}
          ok ["2" "3"]
        poll [[:poll]]
          > {"offsets":{"2":0,"3":5},"type":"poll"}
          < {"msgs":{"2":[[0,1],[4,2]],"3":[]}}
          > {"offsets":{"2":4},"type":"commit_offsets"}
          < {}
          ok [[:poll {"2" [[0 1] [4 2]], "3" []}]]
        assign ["2" "9"]
          > {"keys":["2","9"],"type":"list_committed_offsets"}
          < {"offsets":{"2":1,"9":7}}
          ok ["2" "9"]
        poll [[:poll]]
          > {"offsets":{"2":5,"9":7},"type":"poll"}
          < {"msgs":{"2":null,"4":[[1,{}]]}}
          > {"offsets":{"4":1},"type":"commit_offsets"}
          < {}
          ok [[:poll {"2" [], "4" [[1 {}]]}]]
        poll [[:poll]]
          > {"offsets":{"2":5,"4":2,"9":7},"type":"poll"}
          < {"msgs":{}}
          ok [[:poll {}]]
    "#]]
    .assert_eq(&client.log);
}

#[test]
fn a_poll_whose_commit_fails_has_moved_on_all_the_same() {
    let names = Names::new();
    let mut client = Client::new();
    client
        .invoke(
            &names.assign([1].into_iter()).with(SEEK, Value::Bool(true)),
            &[],
        )
        .invoke(&names.poll(), &[r#"{"msgs":{"1":[[0,1]]}}"#])
        .invoke(&names.poll(), &[r#"{"msgs":{}}"#]);
    client.kafka.reopened(0);
    client.invoke(&names.poll(), &[r#"{"msgs":[]}"#]);
    expect![[r#"
        assign ["1"]
          ok ["1"]
        poll [[:poll]]
          > {"offsets":{"1":0},"type":"poll"}
          < {"msgs":{"1":[[0,1]]}}
          > {"offsets":{"1":0},"type":"commit_offsets"}
          timeout
        poll [[:poll]]
          > {"offsets":{"1":1},"type":"poll"}
          < {"msgs":{}}
          ok [[:poll {}]]
        poll [[:poll]]
          > {"offsets":{},"type":"poll"}
          < {"msgs":[]}
          malformed: "msgs" is a list; expected an object with a list of [offset, message] for each key
    "#]]
    .assert_eq(&client.log);
}

#[test]
fn sends_have_offsets_and_crashes_have_no_request() {
    let mut client = Client::new();
    let send = client.kafka.message(Mop::Write { key: 8, value: 1 });
    let crash = client.kafka.names.crash();
    client
        .invoke(&send, &[r#"{"offset":1000}"#])
        .invoke(&send, &[r#"{"offset":1.5}"#])
        .invoke(&crash, &[]);
    expect![[r#"
        send [[:send "8" 1]]
          > {"key":"8","msg":1,"type":"send"}
          < {"offset":1000}
          ok [[:send "8" [1000 1]]]
        send [[:send "8" 1]]
          > {"key":"8","msg":1,"type":"send"}
          < {"offset":1.5}
          malformed: "offset" is 1.5; expected a whole number
        crash nil
          info nil
    "#]]
    .assert_eq(&client.log);
}

/// How many operations of each kind a generator has made.
#[derive(Debug, Default)]
struct Counts {
    sends: usize,
    polls: usize,
    crashes: usize,
    assigns: usize,
    with_unseen: usize,
}

/// Counts `count` operations, one each millisecond; all sends succeed and nothing is polled.
fn count(kafka: &mut Kafka, turns: &mut Turns, count: usize) -> Counts {
    let mut counts = Counts::default();
    for _ in 0..count {
        let (_, operation) = turns.invoke(kafka);
        turns.now_ns += crate::MS;
        match &*operation.f {
            "send" => {
                counts.sends += 1;
                let (key, _) = message(&operation);
                kafka.seen.sent(key.as_name().unwrap(), 0);
            }
            "poll" => counts.polls += 1,
            "crash" => counts.crashes += 1,
            _ => {
                counts.assigns += 1;
                let unseen = operation.extra.iter().any(|(name, _)| *name == "unseen");
                counts.with_unseen += usize::from(unseen);
                let keys = keys(&operation);
                assert!(unseen || keys.len() == 1, "{keys:?}");
                let mut distinct = keys.clone();
                distinct.dedup();
                assert_eq!(distinct, keys);
            }
        }
    }
    counts
}

#[test]
fn operations_are_mixed_as_in_jepsen() {
    let counts = count(&mut kafka(10), &mut Turns::new(10), 64_000);
    // Half, half, one in 64, and a third of these; each within five standard deviations.
    assert!(counts.sends.abs_diff(31_500) < 1000, "{counts:?}");
    assert!(counts.polls.abs_diff(31_500) < 1000, "{counts:?}");
    assert!(counts.assigns.abs_diff(1000) < 157, "{counts:?}");
    assert!(
        counts.with_unseen.abs_diff(counts.assigns / 3) < 80,
        "{counts:?}"
    );
    // One in three seconds on average, in 64 s: gaps of up to 6 s, so 10 at the least.
    assert!((10..40).contains(&counts.crashes), "{counts:?}");
}

#[test]
fn an_assignment_comes_before_the_operation_of_its_key() {
    let mut kafka = kafka(1);
    let mut turns = Turns::new(1);
    let mut assigned: Option<String> = None;
    for _ in 0..10_000 {
        let (_, operation) = turns.invoke(&mut kafka);
        match &*operation.f {
            "assign" => assigned = keys(&operation).pop(),
            "send" => {
                let (key, _) = message(&operation);
                let assigned = assigned.take();
                assert!(assigned.is_none_or(|assigned| key.as_name() == Some(&assigned)));
            }
            "poll" => assigned = None,
            _ => {}
        }
    }
}

#[test]
fn what_is_sent_and_not_polled_is_unseen() {
    let mut seen = Seen::default();
    for (key, offset) in [("7", 3), ("7", 8), ("4", 0), ("none", 1)] {
        seen.sent(key, offset);
    }
    assert_eq!(
        seen.as_value().to_string(),
        "{4 {:polled -1, :sent 0}, 7 {:polled -1, :sent 8}}"
    );
    seen.begun("5");
    seen.begun("6");
    // Nobody has asked for 8.
    seen.polled([("7", 5), ("4", 0), ("5", 2), ("6", -1), ("8", 1)].into_iter());
    assert_eq!(seen.as_value().to_string(), "{7 {:polled 5, :sent 8}}");
    seen.polled([("7", 9)].into_iter());
    assert_eq!(seen.as_value().to_string(), "{}");
    let highest: Vec<(i64, i64)> = seen.highest().iter().map(|(k, o)| (*k, *o)).collect();
    assert_eq!(highest, [(4, 0), (5, 2), (6, -1), (7, 9)]);
}

/// Asks a worker for its last operations, and answers its polls.
fn last(kafka: &mut Kafka, turns: &mut Turns, polls: &[&str]) -> Vec<String> {
    let mut polls = polls.iter();
    let mut log = Vec::new();
    loop {
        match turns.ask(|turn| kafka.last(turn)) {
            Next::Invoke { worker, operation } => {
                let extra = operation.extra.iter();
                let extra: String = extra
                    .map(|(name, value)| format!(" :{name} {value}"))
                    .collect();
                log.push(format!("{} {}{extra}", operation.f, operation.value));
                let mut step = kafka.begin(worker, &operation);
                while let Step::Call(body) = step {
                    let answer = if body.contains("commit") {
                        r#"{"type":"commit_offsets_ok","in_reply_to":1}"#.to_owned()
                    } else {
                        let msgs = polls.next().unwrap_or(&"{}");
                        format!(r#"{{"type":"poll_ok","in_reply_to":1,"msgs":{msgs}}}"#)
                    };
                    step = kafka.answer(worker, &operation, &answer).unwrap();
                }
                if operation.f == "crash" {
                    kafka.reopened(worker);
                }
            }
            Next::Later(at_ns) => {
                assert!(at_ns > turns.now_ns && at_ns < turns.now_ns + 400 * crate::MS);
                turns.now_ns = at_ns;
            }
            Next::Wait => panic!("all workers are free"),
            Next::Done => return log,
        }
    }
}

#[test]
fn at_the_end_everybody_polls_until_nothing_is_missing() {
    let mut kafka = kafka(1);
    let mut turns = Turns::new(1);
    kafka.seen.sent("10", 2);
    kafka.seen.sent("9", 0);
    let polls = [
        r#"{"9":[[0,1]]}"#,
        r#"{"10":[[0,1],[1,2]]}"#,
        r#"{"10":[[2,3]]}"#,
    ];
    let log = last(&mut kafka, &mut turns, &polls);
    assert_eq!(
        log,
        [
            "crash nil",
            r#"assign ["9" "10"] :seek-to-beginning? true"#,
            "poll [[:poll]] :poll-ms 1000",
            "poll [[:poll]] :poll-ms 1000",
            "poll [[:poll]] :poll-ms 1000",
        ]
    );
    assert_eq!(kafka.consumers[0].offsets()["10"], 3);
}

#[test]
fn who_never_catches_up_stops_after_ten_seconds() {
    let mut kafka = kafka(1);
    let mut turns = Turns::new(1);
    turns.now_ns = 5 * SECOND;
    kafka.seen.sent("1", 2);
    let polls = last(&mut kafka, &mut turns, &[]).len() - 2;
    // Gaps of 0 to 0.4 s: 25 at the least. Of 200 gaps in 10 s there is no chance.
    assert!((25..200).contains(&polls), "{polls}");
    assert!(turns.now_ns < 15 * SECOND, "{}", turns.now_ns);
    assert!(turns.now_ns > 14 * SECOND, "{}", turns.now_ns);
}

#[test]
fn without_any_offset_there_is_nothing_to_do_at_the_end() {
    assert_eq!(last(&mut kafka(3), &mut Turns::new(3), &[]), [""; 0]);
}
