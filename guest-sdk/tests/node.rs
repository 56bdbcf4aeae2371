//! A node that uses every part of the SDK, driven event by event.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service;
use guest_sdk::testing::{Sent, TestNode};
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    /// Reads a key of seq-kv and answers when the value is there.
    Fetch {
        key: String,
    },
    /// Asks a peer once, without patience.
    Ping {
        peer: String,
    },
    /// Asks a peer three times.
    Insist {
        peer: String,
    },
    /// Writes to lin-kv, and asks the oracle for a timestamp.
    Store {
        value: i64,
    },
    /// Sets a timer, or takes it back.
    Alarm {
        after_ms: u64,
    },
    Disarm,
    Refuse,
    Log,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    Ping,
    FetchOk { value: i64 },
    Rang { label: String },
}

#[derive(Serialize, Deserialize)]
enum Call {
    Fetch(Caller),
    Ping(Caller),
    Timestamp,
    Store,
}

#[derive(Serialize, Deserialize)]
struct Kitchen {
    alarm: Option<TimerId>,
    outcomes: Vec<String>,
}

impl Node for Kitchen {
    type Request = Request;
    type Call = Call;
    type Timer = String;

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        Kitchen {
            alarm: None,
            outcomes: Vec::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let patience = Duration::from_millis(100);
        match request {
            Request::Fetch { key } => {
                let call = Call::Fetch(from);
                ctx.call(
                    service::SEQ_KV,
                    &service::read(key),
                    call,
                    Retry::never(patience),
                );
            }
            Request::Ping { peer } => {
                ctx.call(
                    &peer,
                    &Message::Ping,
                    Call::Ping(from),
                    Retry::never(patience),
                );
            }
            Request::Insist { peer } => {
                ctx.call(
                    &peer,
                    &Message::Ping,
                    Call::Ping(from),
                    Retry::times(3, patience),
                );
            }
            Request::Store { value } => {
                let write = service::write("k", value);
                ctx.call(service::LIN_KV, &write, Call::Store, Retry::never(patience));
                let cas = service::cas("k", value, value + 1);
                ctx.call(service::LWW_KV, &cas, Call::Store, Retry::never(patience));
                let create = service::cas_or_create("k", 0, 1);
                ctx.call(
                    service::LIN_KV,
                    &create,
                    Call::Store,
                    Retry::never(patience),
                );
                let ts = service::timestamp();
                ctx.call(
                    service::LIN_TSO,
                    &ts,
                    Call::Timestamp,
                    Retry::never(patience),
                );
            }
            Request::Alarm { after_ms } => {
                let after = Duration::from_millis(after_ms);
                self.alarm = Some(ctx.set_timer(after, "soup".into()));
            }
            Request::Disarm => {
                if let Some(alarm) = self.alarm.take() {
                    ctx.cancel_timer(alarm);
                }
            }
            Request::Refuse => return Err(Error::new(ErrorCode::Abort, "not today")),
            Request::Log => ctx.log(Level::Warn, "it burns"),
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match call {
            Call::Fetch(client) => match response.and_then(|r| service::value(&r)) {
                Ok(value) => ctx.reply(client, &Message::FetchOk { value }),
                Err(error) => ctx.reply_error(client, error),
            },
            Call::Ping(client) => match response {
                Ok(pong) => self
                    .outcomes
                    .push(format!("{} says {}", pong.from(), pong.kind())),
                Err(error) => ctx.reply_error(client, error),
            },
            Call::Timestamp => match response.and_then(|r| service::ts(&r)) {
                Ok(ts) => self.outcomes.push(format!("it is {ts}")),
                Err(error) => self.outcomes.push(error.to_string()),
            },
            Call::Store => match response {
                Ok(done) => self.outcomes.push(done.kind().to_owned()),
                Err(error) => self.outcomes.push(error.to_string()),
            },
        }
    }

    fn timer(&mut self, label: String, ctx: &mut Ctx<Self>) {
        ctx.send("n2", &Message::Rang { label });
    }
}

fn kitchen() -> TestNode<Kitchen> {
    TestNode::start("n1", &["n1", "n2"])
}

fn outcomes(node: &TestNode<Kitchen>) -> Value {
    node.snapshot()["node"]["outcomes"].clone()
}

fn no_answer(dest: &str) -> Value {
    json!({"type": "error", "in_reply_to": 7, "code": 0, "text": format!("no answer from {dest}")})
}

#[test]
fn an_answer_may_be_given_later_from_a_service() {
    let mut node = kitchen();
    let sent = node.receive("c1", json!({"type": "fetch", "msg_id": 7, "key": "x"}));
    assert_eq!(
        sent,
        [("seq-kv", json!({"type": "read", "key": "x", "msg_id": 1}))]
    );
    let sent = node.receive(
        "seq-kv",
        json!({"type": "read_ok", "in_reply_to": 1, "value": 42}),
    );
    assert_eq!(
        sent,
        [(
            "c1",
            json!({"type": "fetch_ok", "in_reply_to": 7, "value": 42})
        )]
    );
    assert_eq!(
        node.advance(Duration::from_secs(60)),
        [],
        "its timeout is gone"
    );
}

#[test]
fn a_services_error_reaches_the_call_with_its_code() {
    let mut node = kitchen();
    node.receive("c1", json!({"type": "fetch", "msg_id": 7, "key": "x"}));
    let missing = json!({"type": "error", "in_reply_to": 1, "code": 20, "text": "no such key"});
    let answer = json!({"type": "error", "in_reply_to": 7, "code": 20, "text": "no such key"});
    assert_eq!(node.receive("seq-kv", missing), [("c1", answer)]);
}

#[test]
fn an_answer_of_the_wrong_type_is_an_error_not_a_panic() {
    let mut node = kitchen();
    node.receive("c1", json!({"type": "fetch", "msg_id": 7, "key": "x"}));
    let sent = node.receive(
        "seq-kv",
        json!({"type": "read_ok", "in_reply_to": 1, "value": "?"}),
    );
    let text = "malformed read_ok: invalid type: string \"?\", expected i64 at line 1 column 3";
    let answer = json!({"type": "error", "in_reply_to": 7, "code": 12, "text": text});
    assert_eq!(sent, [("c1", answer)]);
}

#[test]
fn a_call_without_retry_ends_with_a_timeout_and_late_answers_are_dropped() {
    let mut node = kitchen();
    node.receive("c1", json!({"type": "ping", "msg_id": 7, "peer": "n2"}));
    assert_eq!(node.advance(Duration::from_millis(99)), []);
    assert_eq!(
        node.advance(Duration::from_millis(1)),
        [("c1", no_answer("n2"))]
    );
    assert_eq!(
        node.receive("n2", json!({"type": "pong", "in_reply_to": 1})),
        []
    );
    assert_eq!(outcomes(&node), json!([]));
}

#[test]
fn a_call_with_retry_repeats_the_same_message_until_any_answer_comes() {
    let mut node = kitchen();
    let ping = || ("n2", json!({"type": "ping", "msg_id": 1}));
    let sent = node.receive("c1", json!({"type": "insist", "msg_id": 7, "peer": "n2"}));
    assert_eq!(sent, [ping()]);
    assert_eq!(node.advance(Duration::from_millis(100)), [ping()]);
    assert_eq!(node.advance(Duration::from_millis(199)), []);
    assert_eq!(node.advance(Duration::from_millis(51)), [ping()]);
    node.receive("n2", json!({"type": "pong", "in_reply_to": 1}));
    assert_eq!(outcomes(&node), json!(["n2 says pong"]));
    assert_eq!(
        node.receive("n2", json!({"type": "pong", "in_reply_to": 1})),
        []
    );
    assert_eq!(outcomes(&node), json!(["n2 says pong"]));
    assert_eq!(node.advance(Duration::from_secs(60)), []);
}

#[test]
fn a_call_gives_up_after_its_last_attempt() {
    let mut node = kitchen();
    node.receive("c1", json!({"type": "insist", "msg_id": 7, "peer": "n2"}));
    let sent = node.advance(Duration::from_secs(60));
    let ping = json!({"type": "ping", "msg_id": 1});
    assert_eq!(
        sent,
        [("n2", ping.clone()), ("n2", ping), ("c1", no_answer("n2"))]
    );
}

#[test]
fn error_11_is_tried_again_while_attempts_are_left_other_errors_are_not() {
    let busy = json!({"type": "error", "in_reply_to": 1, "code": 11, "text": "later"});
    let mut node = kitchen();
    node.receive("c1", json!({"type": "insist", "msg_id": 7, "peer": "n2"}));
    assert_eq!(node.receive("n2", busy.clone()), []);
    assert_eq!(node.advance(Duration::from_millis(100)).len(), 1);
    assert_eq!(node.advance(Duration::from_millis(250)).len(), 1);
    let answer = json!({"type": "error", "in_reply_to": 7, "code": 11, "text": "later"});
    assert_eq!(
        node.receive("n2", busy),
        [("c1", answer)],
        "no attempt is left"
    );

    let mut node = kitchen();
    node.receive("c1", json!({"type": "insist", "msg_id": 7, "peer": "n2"}));
    let crash = json!({"type": "error", "in_reply_to": 1, "code": 13, "text": "oh"});
    let answer = json!({"type": "error", "in_reply_to": 7, "code": 13, "text": "oh"});
    assert_eq!(node.receive("n2", crash), [("c1", answer)]);
}

#[test]
fn the_requests_of_all_services_are_maelstroms() {
    let mut node = kitchen();
    let sent = node.receive("c1", json!({"type": "store", "value": 3}));
    let cas = |from, to, create, msg_id| {
        json!({"type": "cas", "key": "k", "from": from, "to": to,
               "create_if_not_exists": create, "msg_id": msg_id})
    };
    assert_eq!(
        sent,
        [
            (
                "lin-kv",
                json!({"type": "write", "key": "k", "value": 3, "msg_id": 1})
            ),
            ("lww-kv", cas(3, 4, false, 2)),
            ("lin-kv", cas(0, 1, true, 3)),
            ("lin-tso", json!({"type": "ts", "msg_id": 4})),
        ]
    );
    node.receive("lin-kv", json!({"type": "write_ok", "in_reply_to": 1}));
    node.receive(
        "lin-tso",
        json!({"type": "ts_ok", "ts": 123, "in_reply_to": 4}),
    );
    assert_eq!(outcomes(&node), json!(["write_ok", "it is 123"]));
}

#[test]
fn timers_fire_once_and_can_be_taken_back() {
    let mut node = kitchen();
    node.receive("c1", json!({"type": "alarm", "after_ms": 50}));
    let rang = json!({"type": "rang", "label": "soup"});
    assert_eq!(node.advance(Duration::from_secs(1)), [("n2", rang)]);
    node.receive("c1", json!({"type": "disarm"}));
    node.receive("c1", json!({"type": "alarm", "after_ms": 50}));
    node.receive("c1", json!({"type": "disarm"}));
    assert_eq!(node.advance(Duration::from_secs(1)), []);
}

#[test]
fn bad_requests_are_answered_with_an_error_or_logged() {
    let mut node = kitchen();
    let error = |code: u64, text: &str| {
        (
            "c1",
            json!({"type": "error", "in_reply_to": 7, "code": code, "text": text}),
        )
    };
    let sent = node.receive("c1", json!({"type": "cook", "msg_id": 7}));
    let known = "fetch, ping, insist, store, alarm, disarm, refuse, log";
    let text = format!("unknown message type \"cook\"; this node knows {known}");
    assert_eq!(sent, [error(10, &text)]);
    let sent = node.receive("c1", json!({"type": "fetch", "msg_id": 7}));
    assert_eq!(sent, [error(12, "malformed fetch: missing field `key`")]);
    let sent = node.receive("c1", json!({"type": "refuse", "msg_id": 7}));
    assert_eq!(sent, [error(14, "not today")]);
    assert_eq!(node.receive("n2", json!({"type": "refuse"})), []);
    node.receive("c1", json!({"type": "log"}));
    let warned = "cannot handle a message from n2: error 14 (abort): not today";
    let log = [
        (Level::Warn, warned.to_owned()),
        (Level::Warn, "it burns".to_owned()),
    ];
    assert_eq!(node.log(), log);
}

#[test]
fn calls_and_timers_in_flight_are_part_of_the_snapshot() {
    let mut old = kitchen();
    old.receive("c1", json!({"type": "insist", "msg_id": 7, "peer": "n2"}));
    let snapshot = old.snapshot();
    let mut new = kitchen();
    new.restore(&snapshot).unwrap();
    assert_eq!(new.snapshot(), snapshot);
    new.receive("n2", json!({"type": "pong", "in_reply_to": 1}));
    assert_eq!(outcomes(&new), json!(["n2 says pong"]));
}

/// A counter whose state has changed since version 1 wrote its snapshots.
#[derive(Serialize, Deserialize)]
struct Counter<const VERSION: u32> {
    #[serde(alias = "total")]
    count: i64,
    #[serde(default)]
    by_client: BTreeMap<String, i64>,
}

impl<const VERSION: u32> Node for Counter<VERSION> {
    type Request = Value;
    type Call = ();
    type Timer = ();
    const STATE_VERSION: u32 = VERSION;

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        Counter {
            count: 0,
            by_client: BTreeMap::new(),
        }
    }

    fn request(&mut self, _: Value, _: Caller, _: &mut Ctx<Self>) -> Result<(), Error> {
        self.count += 1;
        Ok(())
    }
}

#[test]
fn state_evolves_by_serde_defaults_and_aliases_but_not_across_versions() {
    let mut one: TestNode<Counter<1>> = TestNode::start("n1", &["n1"]);
    let sent: Vec<Sent> = one.receive("c1", json!({"type": "add"}));
    assert_eq!(sent, []);
    let mut older = one.snapshot();
    older["node"] = json!({"total": 5, "dropped": true});
    one.restore(&older).unwrap();
    assert_eq!(one.snapshot()["node"], json!({"count": 5, "by_client": {}}));

    let mut two: TestNode<Counter<2>> = TestNode::start("n1", &["n1"]);
    let before = two.snapshot();
    assert_eq!(
        two.restore(&older).unwrap_err().to_string(),
        "state version 1, this module continues from 2"
    );
    older["state_version"] = json!(2);
    older["node"] = json!({"count": "many"});
    let unfit = two.restore(&older).unwrap_err().to_string();
    assert_eq!(
        unfit.split(" at line").next(),
        Some("the state does not fit: invalid type: string \"many\", expected i64")
    );
    older["format"] = json!(9);
    assert_eq!(
        two.restore(&older).unwrap_err().to_string(),
        "snapshot format 9, this module's SDK reads 3"
    );
    let no_snapshot = two.restore(&json!([])).unwrap_err().to_string();
    assert!(no_snapshot.starts_with("not a snapshot: "), "{no_snapshot}");
    assert_eq!(two.snapshot(), before, "a refused snapshot changes nothing");
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Manner {
    greeting: String,
    repeat: u8,
}

#[derive(Serialize, Deserialize)]
struct Polite(Manner);

impl Node for Polite {
    type Request = Hello;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Polite(ctx.options())
    }

    fn request(&mut self, _: Hello, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        let Manner { greeting, repeat } = &self.0;
        let text = greeting.repeat(usize::from(*repeat));
        ctx.reply(from, &json!({"type": "hello_ok", "text": text}));
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Hello {
    Hello,
}

#[test]
fn arguments_reach_the_solution_as_its_own_type() {
    let arguments = ["--greeting", "hm", "--repeat", "2"];
    let mut node = TestNode::<Polite>::start_with(&arguments, "n1", &["n1"]);
    assert_eq!(
        node.receive("c1", json!({"type": "hello", "msg_id": 1})),
        [(
            "c1",
            json!({"type": "hello_ok", "in_reply_to": 1, "text": "hmhm"})
        )]
    );
}

/// A restarted node used to count from 1 again, and took an answer that was still on its way
/// to its former life for the answer to its first call.
#[test]
fn an_answer_to_a_former_life_is_not_for_this_one() {
    let fetch = json!({"type": "fetch", "key": "x", "msg_id": 7});
    let mut node = TestNode::<Kitchen>::start("n1", &["n1"]);
    let [former] = &node.receive("c1", fetch.clone())[..] else {
        panic!("one call");
    };
    let answer =
        json!({"type": "read_ok", "value": 5, "in_reply_to": former.body["msg_id"].clone()});
    let mut node = TestNode::<Kitchen>::start_at(Duration::from_secs(5), "n1", &["n1"]);
    let again = node.receive("c1", fetch);
    assert_eq!(again[0].body["msg_id"], json!(5_000_001));
    assert_eq!(node.receive("seq-kv", answer), []);
}
