//! The forms of a page: operations that clients can begin, and messages that nodes know.

use serde::Serialize;
use serde_json::Value as Json;

use host_check::workload::Workload;
use host_sim::workload::AnyWorkload;

/// An operation that a page can begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OperationForm {
    f: String,
    /// A value, as EDN.
    value: &'static str,
    /// What the value means.
    hint: &'static str,
}

/// A message that nodes know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MessageForm {
    r#type: String,
    body: Json,
}

/// The operations of a workload.
pub(crate) fn operations(workload: &AnyWorkload) -> Vec<OperationForm> {
    let form = |f: &str| {
        let (value, hint) = match workload.built_in() {
            Some(workload) => example(workload, f),
            None => ("nil", "what the workload's own clients ask for"),
        };
        OperationForm {
            f: f.to_owned(),
            value,
            hint,
        }
    };
    workload.operations().into_iter().map(form).collect()
}

/// A value of an operation, and what it means.
fn example(workload: Workload, f: &str) -> (&'static str, &'static str) {
    match (workload, f) {
        (Workload::Echo, _) => ("\"Please echo 35\"", "the payload"),
        (Workload::Broadcast, "broadcast") => {
            ("1000", "the number, one that has not been told yet")
        }
        (Workload::GSet, "add") => ("1000", "the element, one that has not been added yet"),
        (Workload::GCounter, "add") => ("1", "how much, not negative"),
        (Workload::PnCounter, "add") => ("-1", "how much"),
        (Workload::LinKv, "read") => ("[0 nil]", "[key nil]"),
        (Workload::LinKv, "write") => ("[0 1]", "[key value]"),
        (Workload::LinKv, "cas") => ("[0 [1 2]]", "[key [from to]]"),
        (Workload::TxnListAppend, _) => (
            "[[:r 1 nil] [:append 1 1000]]",
            "[[:r key nil] [:append key element] …]",
        ),
        (Workload::TxnRwRegister, _) => (
            "[[:r 1 nil] [:w 1 1000]]",
            "[[:r key nil] [:w key value] …]",
        ),
        (Workload::Kafka, "send") => ("[[:send \"1\" 1000]]", "[[:send key message] …]"),
        (Workload::Kafka, "poll") => ("[[:poll]]", "[[:poll]]"),
        (Workload::Kafka, "txn") => (
            "[[:send \"1\" 1000] [:poll]]",
            "[[:send key message] [:poll] …]",
        ),
        (Workload::Kafka, "assign" | "subscribe") => ("[\"1\"]", "[key …]"),
        _ => ("nil", "nil"),
    }
}

/// The messages with these bodies, without the fields that number messages.
pub(crate) fn messages(bodies: &[String]) -> Vec<MessageForm> {
    let form = |body: &String| {
        let mut body: Json = serde_json::from_str(body).ok()?;
        let r#type = body.get("type")?.as_str()?.to_owned();
        body.as_object_mut()?.remove("in_reply_to");
        Some(MessageForm { r#type, body })
    };
    bodies.iter().filter_map(form).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_check::edn;

    #[test]
    fn each_built_in_operation_has_a_value_that_can_be_read() {
        for workload in Workload::ALL {
            let forms = operations(&AnyWorkload::BuiltIn(*workload));
            assert!(!forms.is_empty(), "{workload}");
            for form in forms {
                let read = edn::read(form.value.as_bytes()).unwrap();
                assert_eq!(read.to_string(), form.value, "{workload} {}", form.f);
            }
        }
    }

    #[test]
    fn messages_are_known_by_their_types() {
        let bodies = [r#"{"type":"read","msg_id":4}"#, "{}", "no JSON"].map(str::to_owned);
        let form = MessageForm {
            r#type: "read".to_owned(),
            body: serde_json::json!({"type": "read", "msg_id": 4}),
        };
        assert_eq!(messages(&bodies), [form]);
    }
}
