//! A touch as a line of a schedule's file: what is done by hand, and at which moment.
//!
//! Those that are moves have the fields of the move of the same name.

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::episode::node_of;
use super::moves::{MessageLine, MoveLine};
use host_sim::workload::AnyWorkload;
use host_sim::{Cluster, Move, MoveKind, RunOptions, Touch, TouchKind};

/// A [`Touch`]; [`TouchKind`] explains each kind.
#[derive(Debug)]
pub(super) struct TouchLine {
    after: u64,
    what: WhatLine,
}

#[derive(Debug)]
enum WhatLine {
    Move(MoveLine),
    Own(OwnLine),
}

/// What is no move. The names are those of `touch`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "touch", rename_all = "kebab-case", deny_unknown_fields)]
enum OwnLine {
    Delay {
        at_ns: u64,
        src: String,
        dest: String,
        number: u64,
        by_ns: u64,
    },
    Pause {
        at_ns: u64,
        node: String,
    },
    Resume {
        at_ns: u64,
        node: String,
    },
    Send {
        at_ns: u64,
        node: String,
        /// JSON in a string: what is sent has to be the same to the byte.
        body: String,
    },
    Finish {
        at_ns: u64,
    },
}

/// The names of those that are no moves.
const OWN: [&str; 5] = ["delay", "pause", "resume", "send", "finish"];

impl TouchLine {
    pub(super) fn of(touch: &Touch, cluster: Cluster) -> Self {
        let at_ns = touch.at_ns;
        let name = |node: &usize| cluster.node_name(*node);
        let own = match &touch.what {
            TouchKind::Move(what) => {
                let what = what.clone();
                let line = MoveLine::of(&Move { at_ns, what }, cluster);
                return TouchLine {
                    after: touch.after,
                    what: WhatLine::Move(line),
                };
            }
            TouchKind::Delay { message, by_ns } => OwnLine::Delay {
                at_ns,
                src: message.src.clone(),
                dest: message.dest.clone(),
                number: message.number,
                by_ns: *by_ns,
            },
            TouchKind::Pause { node } => OwnLine::Pause {
                at_ns,
                node: name(node),
            },
            TouchKind::Resume { node } => OwnLine::Resume {
                at_ns,
                node: name(node),
            },
            TouchKind::Send { node, body } => OwnLine::Send {
                at_ns,
                node: name(node),
                body: body.clone(),
            },
            TouchKind::Finish => OwnLine::Finish { at_ns },
        };
        TouchLine {
            after: touch.after,
            what: WhatLine::Own(own),
        }
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(
        self,
        workload: &AnyWorkload,
        options: &RunOptions,
    ) -> Result<Touch, String> {
        let cluster = options.cluster;
        let (at_ns, what) = match self.what {
            WhatLine::Move(line) => {
                let Move { at_ns, what } = line.read(workload, options)?;
                if let MoveKind::Synced { .. } = what {
                    return Err("syncs end by themselves, not by a touch".to_owned());
                }
                (at_ns, TouchKind::Move(what))
            }
            WhatLine::Own(own) => match own {
                OwnLine::Delay {
                    at_ns,
                    src,
                    dest,
                    number,
                    by_ns,
                } => {
                    let line = MessageLine::new(at_ns, src, dest, number);
                    let (at_ns, message) = line.read(cluster)?;
                    (at_ns, TouchKind::Delay { message, by_ns })
                }
                OwnLine::Pause { at_ns, node } => {
                    let node = node_of(&node, cluster)?;
                    (at_ns, TouchKind::Pause { node })
                }
                OwnLine::Resume { at_ns, node } => {
                    let node = node_of(&node, cluster)?;
                    (at_ns, TouchKind::Resume { node })
                }
                OwnLine::Send { at_ns, node, body } => {
                    let node = node_of(&node, cluster)?;
                    (at_ns, TouchKind::Send { node, body })
                }
                OwnLine::Finish { at_ns } => (at_ns, TouchKind::Finish),
            },
        };
        Ok(Touch {
            at_ns,
            after: self.after,
            what,
        })
    }
}

impl Serialize for TouchLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (line, tag) = match &self.what {
            WhatLine::Move(line) => (serde_json::to_value(line), "move"),
            WhatLine::Own(line) => (serde_json::to_value(line), "touch"),
        };
        let Ok(Json::Object(mut fields)) = line else {
            return Err(serde::ser::Error::custom("it is no object"));
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("touch", &fields.remove(tag))?;
        map.serialize_entry("at_ns", &fields.remove("at_ns"))?;
        map.serialize_entry("after", &self.after)?;
        for (key, value) in &fields {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for TouchLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        let after = fields
            .remove("after")
            .ok_or_else(|| D::Error::missing_field("after"))?;
        let after = u64::deserialize(after).map_err(D::Error::custom)?;
        let kind = match fields.get("touch") {
            Some(Json::String(kind)) => kind.clone(),
            Some(_) => return Err(D::Error::custom("`touch` is no text")),
            None => return Err(D::Error::missing_field("touch")),
        };
        let what = if OWN.contains(&kind.as_str()) {
            OwnLine::deserialize(Json::Object(fields)).map(WhatLine::Own)
        } else {
            fields.remove("touch");
            if fields.insert("move".to_owned(), kind.into()).is_some() {
                return Err(D::Error::unknown_field("move", &["touch"]));
            }
            MoveLine::deserialize(Json::Object(fields)).map(WhatLine::Move)
        };
        let what = what.map_err(|error| {
            let own = OWN.join("`, `");
            match error.to_string() {
                text if text.contains("unknown variant") => {
                    D::Error::custom(format!("{text}, or one of `{own}`"))
                }
                text => D::Error::custom(text),
            }
        })?;
        Ok(TouchLine { after, what })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::schedule::Schedule;
    use crate::schedule::testing::small;

    /// Those of a small schedule with every kind of touch.
    const LISTS: &str = r#"  "operations": [],
  "faults": [],
  "touches": [
    {"touch":"invoke","at_ns":500,"after":0,"f":"broadcast","value":"3","worker":0},
    {"touch":"deliver","at_ns":500,"after":1,"dest":"n1","number":1,"src":"c4"},
    {"touch":"copy","at_ns":600,"after":0,"dest":"n2","number":1,"src":"n1"},
    {"touch":"lose","at_ns":600,"after":0,"dest":"n2","number":1,"src":"n1"},
    {"touch":"delay","at_ns":600,"after":3,"by_ns":1000,"dest":"n2","number":7,"src":"lin-kv"},
    {"touch":"fire","at_ns":700,"after":0,"node":"n1","timer":18446744073709551615},
    {"touch":"time-out","at_ns":700,"after":0,"worker":1},
    {"touch":"kill","at_ns":700,"after":0,"node":"n2"},
    {"touch":"start","at_ns":700,"after":0,"node":"n2"},
    {"touch":"power","at_ns":700,"after":0,"keeps":{"prefix":{"permille":500,"torn_permille":0}},"node":"n1"},
    {"touch":"cut","at_ns":800,"after":0,"links":{"n2":["n1"]}},
    {"touch":"heal","at_ns":800,"after":0},
    {"touch":"pause","at_ns":800,"after":0,"node":"n1"},
    {"touch":"resume","at_ns":800,"after":0,"node":"n1"},
    {"touch":"send","at_ns":800,"after":0,"body":"{\"type\":\"read\", \"b\":1, \"a\":2}","node":"n1"},
    {"touch":"finish","at_ns":900,"after":0}
  ]
}
"#;

    #[test]
    fn a_file_is_written_as_it_was_read() {
        let small = small(LISTS);
        assert_eq!(Schedule::read(small.as_bytes()).unwrap().write(), small);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let small = small(LISTS);
        let changes = [
            ("\"invoke\",\"at_ns\":500", "\"invoke\",\"at_ns\":501"),
            (
                "\"finish\",\"at_ns\":900",
                "\"finish\",\"at_ns\":86400000000001",
            ),
            ("\"touch\":\"heal\"", "\"touch\":\"mend\""),
            ("\"touch\":\"heal\"", "\"touch\":\"synced\",\"node\":\"n1\""),
            ("\"touch\":\"heal\"", "\"touch\":1"),
            ("\"touch\":\"heal\",", ""),
            ("\"touch\":\"heal\"", "\"touch\":\"heal\",\"move\":\"cut\""),
            (
                "\"heal\",\"at_ns\":800,\"after\":0",
                "\"heal\",\"at_ns\":800",
            ),
            (
                "\"heal\",\"at_ns\":800,\"after\":0",
                "\"heal\",\"at_ns\":800,\"after\":-1",
            ),
            ("\"heal\",", "\"heal\",\"node\":\"n1\","),
            (
                "\"pause\",\"at_ns\":800",
                "\"pause\",\"more\":1,\"at_ns\":800",
            ),
            ("\"number\":7", "\"number\":0"),
            ("\"lin-kv\"", "\"kv\""),
            ("\"worker\":1", "\"worker\":2"),
            (
                "\"resume\",\"at_ns\":800,\"after\":0,\"node\":\"n1\"",
                "\"resume\",\"at_ns\":800,\"after\":0,\"node\":\"n9\"",
            ),
        ];
        let mut errors = String::new();
        for (from, to) in changes {
            let changed = small.replacen(from, to, 1);
            assert_ne!(changed, small, "{from}");
            let error = Schedule::read(changed.as_bytes()).unwrap_err();
            errors += &format!("{error}\n");
        }
        expect![[r#"
            touches[1]: it is done at 500 ns, before the one above it
            touches[15]: it is done at 86400000000001 ns, after 86400000000000 ns, which is a day
            touches[11]: unknown variant `mend`, expected one of `invoke`, `deliver`, `lose`, `copy`, `fire`, `synced`, `time-out`, `kill`, `power`, `start`, `cut`, `heal`, or one of `delay`, `pause`, `resume`, `send`, `finish`
            touches[11]: syncs end by themselves, not by a touch
            touches[11]: `touch` is no text
            touches[11]: missing field `touch`
            touches[11]: unknown field `move`, expected `touch`
            touches[11]: missing field `after`
            touches[11]: invalid value: integer `-1`, expected u64
            touches[11]: unknown field `node`, expected `at_ns`
            touches[12]: unknown field `more`, expected `at_ns` or `node`
            touches[4]: `number` is 0: the messages of a link are counted from 1
            touches[4]: there is no `kv`: nodes are n1 to n2, clients c0, c1 and so on, services lin-kv, seq-kv, lww-kv, lin-tso
            touches[6]: there is no worker 2, only 0 to 1
            touches[13]: there is no node `n9`, only n1 to n2
        "#]].assert_eq(&errors);
    }
}
