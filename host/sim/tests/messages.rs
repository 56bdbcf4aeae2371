//! The examples in `docs/messages.md` are what clients send, and what they accept as answers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value as Json;

use host_check::value::Value;
use host_check::workload::Workload;
use host_protocol::message::{ErrorCode, Identity, Message};
use host_sim::workload::{WorkloadOptions, make};
use host_sim::{Cluster, Operation, Step, WorkloadClient, service};

const DOCUMENT: &str = include_str!("../../../docs/messages.md");

const WORKLOADS: [Workload; 10] = [
    Workload::Echo,
    Workload::UniqueIds,
    Workload::Broadcast,
    Workload::GSet,
    Workload::GCounter,
    Workload::PnCounter,
    Workload::Kafka,
    Workload::TxnRwRegister,
    Workload::TxnListAppend,
    Workload::LinKv,
];

/// The requests and their answers in the section with this heading, without its tables.
fn examples(heading: &str) -> Vec<(Json, Json)> {
    let section = DOCUMENT
        .split("\n## ")
        .find(|section| section.lines().next() == Some(heading))
        .unwrap_or_else(|| panic!("there is no section {heading}"));
    let bodies = |mark: &str| -> Vec<Json> {
        let lines = section.lines().filter_map(|line| line.strip_prefix(mark));
        lines
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    };
    let (requests, answers) = (bodies("    > "), bodies("    < "));
    assert_eq!(requests.len(), answers.len(), "{heading}");
    assert!(!requests.is_empty(), "{heading}");
    requests.into_iter().zip(answers).collect()
}

fn client(workload: Workload) -> Box<dyn WorkloadClient> {
    let options = WorkloadOptions {
        cluster: Cluster::of(1),
        concurrency: 2,
        ..WorkloadOptions::default()
    };
    make(workload, &options).unwrap()
}

fn value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap()
}

fn pair(first: Value, second: Value) -> Value {
    Value::from(vec![first, second])
}

/// The operation of a client whose request this is. The keys of operations inside are keywords.
fn operation(workload: Workload, request: &Json) -> Operation {
    let kind = request["type"].as_str().unwrap();
    let field = |name: &str| value(&request[name]);
    let keyword = |name: &str| Value::Keyword(name.into());
    let value = match (workload, kind) {
        (_, "echo") => field("echo"),
        (Workload::LinKv, "cas") => pair(field("key"), pair(field("from"), field("to"))),
        (Workload::LinKv, _) => pair(field("key"), field("value")),
        (_, "generate" | "read") => Value::Nil,
        (_, "broadcast") => field("message"),
        (Workload::GSet, "add") => field("element"),
        (_, "add") => field("delta"),
        (_, "send") => Value::from(vec![Value::from(vec![
            keyword("send"),
            field("key"),
            field("msg"),
        ])]),
        (_, "poll") => Value::from(vec![Value::from(vec![keyword("poll")])]),
        (_, "list_committed_offsets") => field("keys"),
        (_, "txn") => {
            let mops = request["txn"].as_array().unwrap().iter();
            let mop = |mop: &Json| {
                let f = keyword(mop[0].as_str().unwrap());
                Value::from(vec![f, self::value(&mop[1]), self::value(&mop[2])])
            };
            Value::from(mops.map(mop).collect::<Vec<_>>())
        }
        _ => panic!("no client of {} sends {kind}", workload.name()),
    };
    let f = match kind {
        "list_committed_offsets" => "assign",
        kind => kind,
    };
    Operation::new(&f.into(), value)
}

fn without_id(body: &Json) -> Json {
    let mut body = body.clone();
    body.as_object_mut()
        .unwrap()
        .remove("msg_id")
        .expect("a msg_id");
    body
}

/// The client accepts the answer, but not if it has another type or one field more.
#[track_caller]
fn accepts(client: &mut dyn WorkloadClient, operation: &Operation, answer: &Json) -> Step {
    for (key, wrong) in [("type", "something_ok"), ("extra", "field")] {
        let mut answer = answer.clone();
        answer[key] = wrong.into();
        assert!(
            client.answer(0, operation, &answer.to_string()).is_err(),
            "accepted: {answer}"
        );
        client.begin(0, operation);
    }
    let step = client.answer(0, operation, &answer.to_string());
    step.unwrap_or_else(|why| panic!("{answer}: {why}"))
}

#[test]
fn every_workload_has_a_section_and_its_examples_are_what_clients_send_and_accept() {
    for workload in WORKLOADS {
        let mut client = client(workload);
        let mut seen = BTreeSet::new();
        // What follows a poll is sent by the client itself.
        let mut sent_by_itself: Option<(Operation, Json)> = None;
        for (request, answer) in examples(workload.name()) {
            let kind = request["type"].as_str().unwrap().to_owned();
            assert_eq!(answer["in_reply_to"], request["msg_id"]);
            if kind == "topology" {
                let setup: Json = serde_json::from_str(&client.setup(0).unwrap()).unwrap();
                assert!(setup["topology"].is_object() && request["topology"].is_object());
                client.check_setup(&answer.to_string()).unwrap();
                seen.insert(kind);
                continue;
            }
            if let Some((poll, expected)) = sent_by_itself.take() {
                assert_eq!(without_id(&request), expected);
                let step = client.answer(0, &poll, &answer.to_string()).unwrap();
                assert!(matches!(step, Step::Done(_)));
                seen.insert(kind);
                continue;
            }
            let operation = operation(workload, &request);
            if kind == "poll" {
                // Only who is assigned a key polls it.
                let keys = request["offsets"].as_object().unwrap().keys();
                let keys: Vec<Value> = keys.map(|key| Value::from(key.as_str())).collect();
                let assign = Operation::new(&"assign".into(), Value::from(keys));
                client.begin(0, &assign);
                let none = r#"{"type":"list_committed_offsets_ok","in_reply_to":1,"offsets":{}}"#;
                client.answer(0, &assign, none).unwrap();
            }
            let Step::Call(body) = client.begin(0, &operation) else {
                panic!("{kind} is no request");
            };
            let body: Json = serde_json::from_str(&body).unwrap();
            assert_eq!(body, without_id(&request));
            seen.insert(kind);
            if answer["type"] == "error" {
                is_error(&answer);
                continue;
            }
            if let Step::Call(next) = accepts(&mut *client, &operation, &answer) {
                sent_by_itself = Some((operation, serde_json::from_str(&next).unwrap()));
            }
        }
        assert!(sent_by_itself.is_none());
        let all: &[&str] = match workload {
            Workload::Broadcast => &["broadcast", "read", "topology"],
            Workload::Kafka => &["commit_offsets", "list_committed_offsets", "poll", "send"],
            other => other.operations(),
        };
        let all: BTreeSet<String> = all.iter().map(|&kind| kind.to_owned()).collect();
        assert_eq!(seen, all, "{}", workload.name());
    }
}

fn is_error(body: &Json) {
    let fields: Vec<&str> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(fields, ["code", "in_reply_to", "text", "type"]);
    assert!(body["code"].is_u64() && body["text"].is_string());
}

#[test]
fn the_table_of_errors_is_the_protocols() {
    let rows: Vec<(u64, String, bool)> = DOCUMENT
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let code = cells.get(1)?.parse().ok()?;
            Some((code, cells[2].to_owned(), cells[3] == "yes"))
        })
        .filter(|(_, name, _)| !name.contains(' '))
        .filter(|(_, name, _)| {
            name.chars()
                .all(|char| char.is_ascii_lowercase() || char == '-')
        })
        .collect();
    let named = (0..1000).map(ErrorCode::from);
    let named = named.filter(|code| !matches!(code, ErrorCode::Other(_)));
    let expected: Vec<(u64, String, bool)> = named
        .map(|code| (code.number(), code.name().to_owned(), code.is_definite()))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn services_answer_the_examples_as_they_are_shown() {
    let mut services = service::all();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
    for name in names {
        assert!(DOCUMENT.contains(&format!("| `{name}` |")), "{name}");
    }
    for (request, expected) in examples("Services") {
        let name = match request["type"] == "ts" {
            true => "lin-tso",
            false => "lin-kv",
        };
        let service = services.iter_mut().find(|it| it.name() == name).unwrap();
        let answer = service.handle("n0", &request.to_string(), &mut rng);
        let mut body = Vec::new();
        service::write_body(&mut body, &answer, request["msg_id"].as_u64().unwrap());
        let body: Json = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, expected);
    }
}

#[test]
fn every_node_is_sent_init_as_it_is_shown() {
    let [(init, init_ok)] = &examples("Every message")[..] else {
        panic!("only init is shown with > and <");
    };
    assert_eq!(
        init_ok,
        &serde_json::json!({"type": "init_ok", "in_reply_to": 1})
    );
    let message = serde_json::json!({"src": "c0", "dest": "n0", "body": init}).to_string();
    let message: Message<'_> = serde_json::from_str(&message).unwrap();
    let header = message.header().unwrap();
    let mut identity = Identity::default();
    identity.admit(&message, &header).unwrap();
    assert_eq!(identity.id(), Some("n0"));
}
