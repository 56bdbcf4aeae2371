//! The state that the nodes of a run share, and the answers from it.

use std::collections::BTreeMap;

use host_check::workload::Workload;
use serde_json::{Value as Json, json};

/// The most messages of a log that one poll gets.
const POLLED_MAX: usize = 100;

/// What all nodes know. Each workload uses its part.
#[derive(Debug, Default)]
pub(super) struct State {
    ids: u64,
    elements: Vec<Json>,
    sum: i64,
    /// By key, as JSON text.
    registers: BTreeMap<String, Json>,
    logs: BTreeMap<String, Vec<Json>>,
    committed: BTreeMap<String, u64>,
}

impl State {
    /// The answer to a request, without its `in_reply_to`; `None` to what the workload does not
    /// have.
    pub(super) fn answer(
        &mut self,
        workload: Workload,
        kind: &str,
        request: &Json,
    ) -> Option<Json> {
        match workload {
            Workload::Echo => Some(json!({"type": "echo_ok", "echo": request["echo"]})),
            Workload::UniqueIds => {
                self.ids += 1;
                Some(json!({"type": "generate_ok", "id": self.ids}))
            }
            Workload::Broadcast => self.set(kind, &request["message"], "messages"),
            Workload::GSet => self.set(kind, &request["element"], "value"),
            Workload::GCounter | Workload::PnCounter => self.counter(kind, request),
            Workload::Kafka => self.logs(kind, request),
            Workload::TxnListAppend | Workload::TxnRwRegister => self.transaction(request),
            Workload::LinKv => self.register(kind, request),
        }
    }

    fn set(&mut self, kind: &str, element: &Json, elements: &str) -> Option<Json> {
        match kind {
            "read" => Some(json!({"type": "read_ok", elements: self.elements})),
            "add" | "broadcast" => {
                if !self.elements.contains(element) {
                    self.elements.push(element.clone());
                }
                Some(json!({"type": format!("{kind}_ok")}))
            }
            "topology" => Some(json!({"type": "topology_ok"})),
            _ => None,
        }
    }

    fn counter(&mut self, kind: &str, request: &Json) -> Option<Json> {
        match kind {
            "read" => Some(json!({"type": "read_ok", "value": self.sum})),
            "add" => {
                self.sum = self.sum.checked_add(request["delta"].as_i64()?)?;
                Some(json!({"type": "add_ok"}))
            }
            _ => None,
        }
    }

    fn logs(&mut self, kind: &str, request: &Json) -> Option<Json> {
        match kind {
            "send" => {
                let log = self.logs.entry(request["key"].as_str()?.to_owned());
                let log = log.or_default();
                log.push(request["msg"].clone());
                Some(json!({"type": "send_ok", "offset": log.len() - 1}))
            }
            "poll" => {
                let polled = |(key, from): (&String, &Json)| {
                    let log = self.logs.get(key).map_or(&[][..], Vec::as_slice);
                    let from = usize::try_from(from.as_u64()?).ok()?;
                    let shown = log.iter().enumerate().skip(from).take(POLLED_MAX);
                    let shown: Vec<Json> = shown.map(|(at, msg)| json!([at, msg])).collect();
                    Some((key.clone(), Json::from(shown)))
                };
                let offsets = request["offsets"].as_object()?;
                let msgs = offsets.iter().map(polled).collect::<Option<_>>()?;
                Some(json!({"type": "poll_ok", "msgs": Json::Object(msgs)}))
            }
            "commit_offsets" => {
                for (key, offset) in request["offsets"].as_object()? {
                    let committed = self.committed.entry(key.clone()).or_default();
                    *committed = (*committed).max(offset.as_u64()?);
                }
                Some(json!({"type": "commit_offsets_ok"}))
            }
            "list_committed_offsets" => {
                let keys = request["keys"].as_array()?.iter();
                let known = keys.filter_map(|key| {
                    let key = key.as_str()?;
                    Some((key.to_owned(), Json::from(*self.committed.get(key)?)))
                });
                let offsets = Json::Object(known.collect());
                Some(json!({"type": "list_committed_offsets_ok", "offsets": offsets}))
            }
            _ => None,
        }
    }

    fn transaction(&mut self, request: &Json) -> Option<Json> {
        let mut done = request["txn"].clone();
        for mop in done.as_array_mut()? {
            let [f, key, value] = mop.as_array_mut()?.as_mut_slice() else {
                return None;
            };
            let stored = self.registers.entry(key.to_string()).or_default();
            match f.as_str()? {
                "r" => *value = stored.clone(),
                "w" => *stored = value.clone(),
                _ => match stored {
                    Json::Array(list) => list.push(value.clone()),
                    _ => *stored = Json::from(vec![value.clone()]),
                },
            }
        }
        Some(json!({"type": "txn_ok", "txn": done}))
    }

    fn register(&mut self, kind: &str, request: &Json) -> Option<Json> {
        let error = |code: u32, text: &str| json!({"type": "error", "code": code, "text": text});
        let key = request["key"].to_string();
        let stored = self.registers.get_mut(&key);
        Some(match (kind, stored) {
            ("write", _) => {
                self.registers.insert(key, request["value"].clone());
                json!({"type": "write_ok"})
            }
            (_, None) => error(20, "the key does not exist"),
            ("read", Some(value)) => json!({"type": "read_ok", "value": value}),
            (_, Some(value)) if *value == request["from"] => {
                *value = request["to"].clone();
                json!({"type": "cas_ok"})
            }
            _ => error(22, "the value is another one"),
        })
    }
}
