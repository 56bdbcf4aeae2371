//! A move as a line of a schedule's file: nodes have names instead of numbers.

use serde::{Deserialize, Serialize};

use super::episode::{Keeps, Links, grudges_of, links_of, node_of};
use super::operation::{OperationLine, is_worker};
use host_protocol::services::SERVICES;
use host_sim::workload::AnyWorkload;
use host_sim::{Cluster, Invocation, MessageRef, Move, MoveKind, RunOptions};

/// A [`Move`]; [`MoveKind`] explains each kind.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum MoveLine {
    Invoke(OperationLine),
    Deliver(MessageLine),
    Lose(MessageLine),
    Copy(MessageLine),
    Fire {
        at_ns: u64,
        node: String,
        timer: u64,
    },
    Synced(NodeLine),
    TimeOut {
        at_ns: u64,
        worker: usize,
    },
    Kill(NodeLine),
    Power {
        at_ns: u64,
        node: String,
        keeps: Keeps,
    },
    Start(NodeLine),
    Cut {
        at_ns: u64,
        links: Links,
    },
    Heal {
        at_ns: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageLine {
    at_ns: u64,
    src: String,
    dest: String,
    number: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeLine {
    at_ns: u64,
    node: String,
}

impl MoveLine {
    pub(super) fn of(it: &Move, cluster: Cluster) -> Self {
        let at_ns = it.at_ns;
        let name = |node: &usize| cluster.node_name(*node);
        let node = |node: &usize| NodeLine {
            at_ns,
            node: name(node),
        };
        let message = |MessageRef { src, dest, number }: &MessageRef| {
            MessageLine::new(at_ns, src.clone(), dest.clone(), *number)
        };
        match &it.what {
            MoveKind::Invoke { worker, operation } => {
                MoveLine::Invoke(OperationLine::of(&Invocation {
                    at_ns,
                    worker: *worker,
                    operation: operation.clone(),
                }))
            }
            MoveKind::Deliver { message: it } => MoveLine::Deliver(message(it)),
            MoveKind::Lose { message: it } => MoveLine::Lose(message(it)),
            MoveKind::Copy { message: it } => MoveLine::Copy(message(it)),
            MoveKind::Fire { node, timer } => MoveLine::Fire {
                at_ns,
                node: name(node),
                timer: *timer,
            },
            MoveKind::Synced { node: it } => MoveLine::Synced(node(it)),
            MoveKind::TimeOut { worker } => MoveLine::TimeOut {
                at_ns,
                worker: *worker,
            },
            MoveKind::Kill { node: it } => MoveLine::Kill(node(it)),
            MoveKind::Power { node, survival } => MoveLine::Power {
                at_ns,
                node: name(node),
                keeps: (*survival).into(),
            },
            MoveKind::Start { node: it } => MoveLine::Start(node(it)),
            MoveKind::Cut { grudges } => MoveLine::Cut {
                at_ns,
                links: links_of(grudges, cluster),
            },
            MoveKind::Heal => MoveLine::Heal { at_ns },
        }
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(self, workload: &AnyWorkload, options: &RunOptions) -> Result<Move, String> {
        let (cluster, workers) = (options.cluster, options.concurrency);
        let node = |name: &str| node_of(name, cluster);
        let (at_ns, what) = match self {
            MoveLine::Invoke(line) => {
                let Invocation {
                    at_ns,
                    worker,
                    operation,
                } = line.read(workload, workers)?;
                (at_ns, MoveKind::Invoke { worker, operation })
            }
            MoveLine::Deliver(line) => {
                let (at_ns, message) = line.read(cluster)?;
                (at_ns, MoveKind::Deliver { message })
            }
            MoveLine::Lose(line) => {
                let (at_ns, message) = line.read_between_nodes("lost", cluster)?;
                (at_ns, MoveKind::Lose { message })
            }
            MoveLine::Copy(line) => {
                let (at_ns, message) = line.read_between_nodes("doubled", cluster)?;
                (at_ns, MoveKind::Copy { message })
            }
            MoveLine::Fire {
                at_ns,
                node: name,
                timer,
            } => {
                let node = node(&name)?;
                (at_ns, MoveKind::Fire { node, timer })
            }
            MoveLine::Synced(line) => {
                let node = node(&line.node)?;
                (line.at_ns, MoveKind::Synced { node })
            }
            MoveLine::TimeOut { at_ns, worker } => {
                is_worker(worker, workers)?;
                (at_ns, MoveKind::TimeOut { worker })
            }
            MoveLine::Kill(line) => {
                let node = node(&line.node)?;
                (line.at_ns, MoveKind::Kill { node })
            }
            MoveLine::Power {
                at_ns,
                node: name,
                keeps,
            } => {
                let (node, survival) = (node(&name)?, keeps.survival()?);
                (at_ns, MoveKind::Power { node, survival })
            }
            MoveLine::Start(line) => {
                let node = node(&line.node)?;
                (line.at_ns, MoveKind::Start { node })
            }
            MoveLine::Cut { at_ns, links } => {
                let grudges = grudges_of(&links, cluster)?;
                (at_ns, MoveKind::Cut { grudges })
            }
            MoveLine::Heal { at_ns } => (at_ns, MoveKind::Heal),
        };
        Ok(Move { at_ns, what })
    }
}

impl MessageLine {
    pub(super) fn new(at_ns: u64, src: String, dest: String, number: u64) -> Self {
        MessageLine {
            at_ns,
            src,
            dest,
            number,
        }
    }

    /// When, and which message.
    pub(super) fn read(self, cluster: Cluster) -> Result<(u64, MessageRef), String> {
        for name in [&self.src, &self.dest] {
            is_participant(name, cluster)?;
        }
        if self.number == 0 {
            return Err("`number` is 0: the messages of a link are counted from 1".to_owned());
        }
        let message = MessageRef {
            src: self.src,
            dest: self.dest,
            number: self.number,
        };
        Ok((self.at_ns, message))
    }

    /// The same of a message that something is `done` to.
    fn read_between_nodes(self, done: &str, cluster: Cluster) -> Result<(u64, MessageRef), String> {
        let (at_ns, message) = self.read(cluster)?;
        let MessageRef { src, dest, .. } = &message;
        let is_node = |name: &str| node_of(name, cluster).is_ok();
        match is_node(src) && is_node(dest) && src != dest {
            true => Ok((at_ns, message)),
            false => Err(format!(
                "only messages between two nodes are {done}, not from {src} to {dest}"
            )),
        }
    }
}

/// Whether a node, a client or a service may have this name.
fn is_participant(name: &str, cluster: Cluster) -> Result<(), String> {
    let is_client = || {
        let number = name.strip_prefix('c').unwrap_or_default();
        let parsed = number.parse::<usize>();
        parsed.is_ok_and(|parsed| parsed.to_string() == number)
    };
    if node_of(name, cluster).is_ok() || SERVICES.contains(&name) || is_client() {
        return Ok(());
    }
    let (first, last) = (cluster.first, cluster.first + cluster.count - 1);
    let services = SERVICES.join(", ");
    Err(format!(
        "there is no `{name}`: nodes are n{first} to n{last}, clients c0, c1 and so on, services {services}"
    ))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::schedule::Schedule;
    use crate::schedule::testing::small;

    /// Those of a small schedule with every kind of move.
    const LISTS: &str = r#"  "warm_up_ns": 500,
  "moves": [
    {"move":"invoke","at_ns":500,"worker":0,"f":"broadcast","value":"3"},
    {"move":"invoke","at_ns":500,"worker":1,"f":"read","value":"nil","extra":{"note":":none"}},
    {"move":"deliver","at_ns":500,"src":"c4","dest":"n1","number":1},
    {"move":"copy","at_ns":600,"src":"n1","dest":"n2","number":1},
    {"move":"lose","at_ns":600,"src":"n1","dest":"n2","number":1},
    {"move":"deliver","at_ns":600,"src":"lin-kv","dest":"n2","number":7},
    {"move":"fire","at_ns":700,"node":"n1","timer":18446744073709551615},
    {"move":"synced","at_ns":700,"node":"n2"},
    {"move":"time-out","at_ns":700,"worker":1},
    {"move":"kill","at_ns":700,"node":"n2"},
    {"move":"power","at_ns":700,"node":"n1","keeps":{"prefix":{"permille":500,"torn_permille":0}}},
    {"move":"power","at_ns":700,"node":"n1","keeps":"none"},
    {"move":"start","at_ns":800,"node":"n2"},
    {"move":"cut","at_ns":800,"links":{"n2":["n1"]}},
    {"move":"heal","at_ns":800}
  ]
}
"#;

    #[test]
    fn a_file_is_written_as_it_was_read() {
        let small = small(LISTS);
        assert_eq!(Schedule::read(small.as_bytes()).unwrap().write(), small);
        let with = r#""operations": [], "faults": [], "moves""#;
        let empty = small.replace("\"moves\"", with);
        assert_eq!(Schedule::read(empty.as_bytes()).unwrap().write(), small);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let small = small(LISTS);
        let changes = [
            (
                "\"invoke\",\"at_ns\":500,\"worker\":0",
                "\"invoke\",\"at_ns\":499,\"worker\":0",
            ),
            (
                "\"invoke\",\"at_ns\":500,\"worker\":1",
                "\"invoke\",\"at_ns\":499,\"worker\":1",
            ),
            (
                "\"heal\",\"at_ns\":800",
                "\"heal\",\"at_ns\":86400000000001",
            ),
            ("\"worker\":0,", "\"worker\":2,"),
            ("\"worker\":1}", "\"worker\":2}"),
            ("\"f\":\"read\"", "\"f\":\"reed\""),
            ("\"value\":\"3\"", "\"value\":\"[3\""),
            ("\"move\":\"heal\"", "\"move\":\"mend\""),
            ("{\"move\":\"heal\",", "{"),
            ("\"heal\",\"at_ns\":800", "\"heal\""),
            ("\"heal\",", "\"heal\",\"node\":\"n1\","),
            (",\"timer\":18446744073709551615", ""),
            ("18446744073709551615", "-1"),
            ("\"number\":7", "\"number\":0"),
            ("\"number\":7", "\"number\":7,\"copy\":true"),
            ("\"c4\"", "\"c04\""),
            ("\"lin-kv\"", "\"kv\""),
            ("\"dest\":\"n1\"", "\"dest\":\"n3\""),
            (
                "\"copy\",\"at_ns\":600,\"src\":\"n1\"",
                "\"copy\",\"at_ns\":600,\"src\":\"n2\"",
            ),
            (
                "\"lose\",\"at_ns\":600,\"src\":\"n1\"",
                "\"lose\",\"at_ns\":600,\"src\":\"c1\"",
            ),
            (
                "\"kill\",\"at_ns\":700,\"node\":\"n2\"",
                "\"kill\",\"at_ns\":700,\"node\":\"n0\"",
            ),
            ("\"permille\":500", "\"permille\":1500"),
            ("\"keeps\":\"none\"", "\"keeps\":\"some\""),
            ("{\"n2\":[\"n1\"]}", "{\"n2\":[\"n9\"]}"),
            ("\"warm_up_ns\": 500", "\"warm_up_ns\": 86400000000001"),
            ("\"warm_up_ns\"", "\"swap_after_ns\": 0, \"warm_up_ns\""),
            (
                "\"moves\"",
                "\"faults\": [{\"fault\":\"loss\",\"from_ns\":0,\"permille\":1}], \"moves\"",
            ),
            (
                "\"moves\"",
                "\"operations\": [{\"at_ns\":1,\"worker\":0,\"f\":\"read\",\"value\":\"nil\"}], \"moves\"",
            ),
        ];
        let mut errors = String::new();
        let mut refused = |text: &str| {
            let error = Schedule::read(text.as_bytes()).unwrap_err();
            errors.push_str(&error.to_string());
            errors.push('\n');
        };
        for (from, to) in changes {
            assert!(small.contains(from), "{from}");
            refused(&small.replacen(from, to, 1));
        }
        let begin = small.find("\"moves\"").unwrap();
        let without = &small[..begin];
        refused(&format!("{without}\"operations\": [], \"faults\": []}}"));
        let without = without.replace("\"warm_up_ns\": 500,", "");
        refused(&format!("{without}\"operations\": []}}"));
        refused(&format!("{without}\"faults\": []}}"));
        expect![[r#"
            moves[0]: it is due at 499 ns, before the end of the warm-up (`warm_up_ns`)
            moves[1]: it is due at 499 ns, before the one above it
            moves[14]: it is due at 86400000000001 ns, after 86400000000000 ns, which is a day
            moves[0]: there is no worker 2, only 0 to 1
            moves[8]: there is no worker 2, only 0 to 1
            moves[1]: broadcast has the operations broadcast, read, not `reed`
            moves[0]: `value` is no EDN: line 1, column 3: expected a value or `]`, found the end of the text
            moves[14]: unknown variant `mend`, expected one of `invoke`, `deliver`, `lose`, `copy`, `fire`, `synced`, `time-out`, `kill`, `power`, `start`, `cut`, `heal` at line 1 column 14
            moves[14]: missing field `move` at line 1 column 13
            moves[14]: missing field `at_ns`
            moves[14]: unknown field `node`, expected `at_ns`
            moves[6]: missing field `timer`
            moves[6]: invalid value: integer `-1`, expected u64
            moves[5]: `number` is 0: the messages of a link are counted from 1
            moves[5]: unknown field `copy`, expected one of `at_ns`, `src`, `dest`, `number`
            moves[2]: there is no `c04`: nodes are n1 to n2, clients c0, c1 and so on, services lin-kv, seq-kv, lww-kv, lin-tso
            moves[5]: there is no `kv`: nodes are n1 to n2, clients c0, c1 and so on, services lin-kv, seq-kv, lww-kv, lin-tso
            moves[2]: there is no `n3`: nodes are n1 to n2, clients c0, c1 and so on, services lin-kv, seq-kv, lww-kv, lin-tso
            moves[3]: only messages between two nodes are doubled, not from n2 to n2
            moves[4]: only messages between two nodes are lost, not from c1 to n2
            moves[9]: there is no node `n0`, only n1 to n2
            moves[10]: `keeps` has a part of 1500, more than 1000
            moves[11]: unknown variant `some`, expected one of `all`, `none`, `prefix`, `any`
            moves[13]: there is no node `n9`, only n1 to n2
            `warm_up_ns` has to be from 0 to 86400000000000, and is 86400000000001
            `swap_after_ns` cannot be beside `moves`, which say all that happens: leave one of them out
            `faults` cannot be beside `moves`, which say all that happens: leave one of them out
            `operations` cannot be beside `moves`, which say all that happens: leave one of them out
            `warm_up_ns` is the time before the first of `moves`, and there are none
            missing field `faults`
            missing field `operations`
        "#]].assert_eq(&errors);
    }
}
