use std::collections::BTreeMap;

use guest_sdk::workload::testing::{TestHistory, TestRun};

use super::*;

/// A cluster that shares one state. Groups get shards in turn when they change.
#[derive(Default)]
struct Cluster {
    values: BTreeMap<u64, Vec<u64>>,
    done: BTreeMap<u64, u64>,
    groups: Vec<u64>,
    shards: Vec<u64>,
}

impl Cluster {
    fn answer(&mut self, request: &Value) -> Value {
        let number = |name: &str| request[name].as_u64().unwrap_or_default();
        let kind = request["type"].as_str().unwrap_or_default();
        let (key, group) = (number("key"), number("group"));
        match kind {
            "get" => {
                let value = self.values.get(&key).cloned().unwrap_or_default();
                return json!({"type": "get_ok", "value": value});
            }
            "config" => return json!({"type": "config_ok", "shards": self.shards}),
            "move" => {
                if !self.groups.contains(&group) {
                    return json!({"type": "error", "code": 22, "text": "there is no such group"});
                }
                self.shards[usize::try_from(number("shard")).unwrap()] = group;
            }
            "join" | "leave" => {
                if kind == "leave" && self.groups == [group] {
                    return json!({"type": "error", "code": 22, "text": "it is the last group"});
                }
                self.groups.retain(|other| *other != group);
                self.groups.extend((kind == "join").then_some(group));
                self.shards = self.groups.iter().copied().cycle().take(8).collect();
            }
            _ => {
                let (client, serial) = (number("client"), number("serial"));
                if self.done.insert(client, serial) != Some(serial) {
                    let value = self.values.entry(key).or_default();
                    if kind == "put" {
                        value.clear();
                    }
                    value.push(number("value"));
                }
            }
        }
        json!({"type": format!("{kind}_ok")})
    }
}

fn run(operations: usize, mut answer: impl FnMut(usize, &Value) -> Value) -> TestHistory<ShardKv> {
    let run = TestRun::new().operations(operations);
    run.against(|node, request| answer(node, &request))
}

fn redirect(node: &str) -> Value {
    json!({"type": "error", "code": 1000, "text": "ask another", "node": node})
}

#[test]
fn one_state_keeps_all_promises_and_redirects_are_followed() {
    let mut cluster = Cluster::default();
    let history = run(1000, |node, request| match node {
        2 => cluster.answer(request),
        0 => redirect("n1"),
        _ => redirect("n2"),
    });
    assert_eq!(history.problems(), [""; 0]);
    let succeeded = |f: fn(&Operation) -> bool| {
        let records = history.records().iter().filter(|it| f(&it.operation));
        records.filter(|it| it.outcome().is_some()).count()
    };
    assert_eq!(
        succeeded(|it| matches!(it, Operation::GetAtLast { .. })),
        16
    );
    assert!(succeeded(|it| matches!(it, Operation::Join { .. })) >= 3);
    assert!(succeeded(|it| matches!(it, Operation::Leave { .. })) >= 1);
    assert!(succeeded(|it| matches!(it, Operation::Move { .. })) >= 20);
    assert!(succeeded(|it| *it == Operation::Config) >= 10);
}

#[test]
fn a_client_that_is_sent_round_gives_up_and_nothing_has_happened() {
    let history = run(1, |node, _| redirect(if node == 0 { "n1" } else { "n0" }));
    assert_eq!(history.records()[0].end, End::Failed);
    assert_eq!(history.answers().iter().take(12).count(), 12);
}

#[test]
fn a_shard_that_is_forgotten_when_it_moves_is_told() {
    let mut cluster = Cluster::default();
    let history = run(200, |_, request| {
        if request["type"] == "move" {
            let shard = request["shard"].as_u64();
            cluster.values.retain(|key, _| Some(key % SHARDS) != shard);
        }
        cluster.answer(request)
    });
    let [problem] = history.problems() else {
        panic!("{:?}", history.problems())
    };
    assert!(problem.contains("Get { key: "), "{problem}");
}

#[test]
fn keys_that_nobody_can_read_at_last_are_told() {
    let mut cluster = Cluster::default();
    let mut moved = false;
    let history = run(100, |_, request| {
        moved |= request["type"] == "move";
        match request["type"].as_str() {
            Some("get") if moved && request["key"] == 2 => {
                json!({"type": "error", "code": 11, "text": "the shard is on its way"})
            }
            _ => cluster.answer(request),
        }
    });
    assert_eq!(
        history.problems(),
        ["unreachable: for ten seconds after recovery nobody could read key 2"]
    );
}

#[test]
#[should_panic(expected = "3 nodes are not two groups of 2: raise --node-count")]
fn there_are_two_groups_at_least() {
    let options = Options {
        group_size: 2,
        ..Options::default()
    };
    let run = TestRun::<ShardKv>::new().options(options);
    let _ = run.against(|_, _| Value::Null);
}

/// The state after operations that succeeded, and what it says of a configuration.
fn config_after(operations: &[Operation], shards: &[u64]) -> Result<(), Option<Vec<u64>>> {
    let mut state = <Store as Specification<ShardKv>>::State::default();
    for operation in operations {
        Store::accept(&mut state, operation, &None)?;
    }
    let seen = Some(shards.to_vec());
    Store::accept(&mut state, &Operation::Config, &seen)?;
    // From then on it is known.
    Store::accept(&mut state, &Operation::Config, &seen)
}

fn join(group: u64) -> Operation {
    let nodes = Vec::new();
    Operation::Join { group, nodes }
}

#[test]
fn a_configuration_is_even_and_moved_shards_are_where_they_were_moved() {
    let of_two = [1, 2, 1, 2, 1, 2, 1, 2];
    assert_eq!(config_after(&[], &[]), Ok(()));
    assert_eq!(config_after(&[join(1)], &[1; 8]), Ok(()));
    assert_eq!(config_after(&[join(1), join(2)], &of_two), Ok(()));
    assert_eq!(
        config_after(&[join(1), join(2)], &[2, 2, 2, 2, 1, 1, 1, 1]),
        Ok(())
    );
    let uneven = [2, 2, 2, 2, 2, 1, 1, 1];
    assert_eq!(
        config_after(&[join(1), join(2)], &uneven),
        Err(Some(of_two.to_vec()))
    );
    let stranger = [3, 2, 1, 2, 1, 2, 1, 2];
    assert_eq!(
        config_after(&[join(1), join(2)], &stranger),
        Err(Some(of_two.to_vec()))
    );

    let moved = [join(1), join(2), Operation::Move { shard: 5, group: 1 }];
    assert_eq!(config_after(&moved, &[2, 2, 2, 1, 1, 1, 1, 1]), Ok(()));
    let expected = vec![1, 2, 1, 2, 1, 1, 1, 2];
    assert_eq!(config_after(&moved, &of_two), Err(Some(expected)));
    let left = [join(1), join(2), Operation::Leave { group: 1 }];
    assert_eq!(config_after(&left, &[2; 8]), Ok(()));
}

#[test]
fn a_configuration_that_was_seen_stays_until_groups_change() {
    let mut state = <Store as Specification<ShardKv>>::State::default();
    let config = |shards: [u64; 8]| (Operation::Config, Some(shards.to_vec()));
    let steps = [
        (join(1), None),
        (join(2), None),
        config([1, 1, 1, 1, 2, 2, 2, 2]),
        (Operation::Move { shard: 0, group: 2 }, None),
        config([2, 1, 1, 1, 2, 2, 2, 2]),
        (join(2), None),
        config([2, 1, 1, 1, 2, 2, 2, 2]),
    ];
    for (operation, outcome) in steps {
        assert_eq!(Store::accept(&mut state, &operation, &outcome), Ok(()));
    }
    let seen = Some(vec![2, 1, 1, 1, 2, 2, 2, 2]);
    let other = Some(vec![1, 1, 1, 1, 2, 2, 2, 2]);
    assert_eq!(
        Store::accept(&mut state, &Operation::Config, &other),
        Err(seen)
    );
}

#[test]
fn the_last_group_does_not_leave_and_shards_go_to_groups_that_are_there() {
    let refused = Err(Some(Vec::new()));
    let mut state = <Store as Specification<ShardKv>>::State::default();
    assert_eq!(Store::accept(&mut state, &join(1), &None), Ok(()));
    let to_nowhere = Operation::Move { shard: 0, group: 2 };
    assert_eq!(Store::accept(&mut state, &to_nowhere, &None), refused);
    assert_eq!(
        Store::accept(&mut state, &Operation::Leave { group: 1 }, &None),
        refused
    );
    // Who is not there may leave.
    assert_eq!(
        Store::accept(&mut state, &Operation::Leave { group: 2 }, &None),
        Ok(())
    );
}
