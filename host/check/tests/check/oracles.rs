//! The checkers against their definitions carried out by brute force, on small random histories;
//! and strict checking against systems that are correct by construction, of which it must never
//! complain.

use std::collections::{BTreeMap, BTreeSet};

use crate::script::json;
use host_check::counter::counter;
use host_check::history::{History, Kind, Op, Process};
use host_check::set_full::{Quantiles, set_full};
use host_check::unique_ids::unique_ids;
use host_check::validity::{Checks, Validity};
use host_check::value::Value;
use host_check::workload::{CheckOptions, Workload, check};
use proptest::prelude::*;

/// A history being written, a few milliseconds from operation to operation.
#[derive(Default)]
struct Script {
    ops: Vec<Op>,
    time_ns: i64,
    open: BTreeMap<i64, (String, Value)>,
}

impl Script {
    fn push(&mut self, process: i64, kind: Kind, f: &str, value: Value, is_final: bool) {
        let extra = if is_final {
            vec![("final?".into(), Value::Bool(true))]
        } else {
            Vec::new()
        };
        let index = self.ops.len() as u64;
        self.ops.push(Op {
            index,
            time_ns: self.time_ns,
            kind,
            process: Process::Client(process),
            f: f.into(),
            value,
            error: None,
            extra,
        });
    }

    fn history(self) -> History {
        History::new(self.ops).unwrap()
    }
}

/// One step of a random history: who, how much later, what kind of completion or operation, which
/// element or elements.
type Step = (i64, i64, u8, i64, Vec<i64>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        (
            0..4_i64,
            0..3_000_000_i64,
            0..8_u8,
            0..6_i64,
            prop::collection::vec(0..7_i64, 0..7),
        ),
        0..60,
    )
}

/// Adds and reads without rhyme or reason, in sets: whatever is invoked completes in some way, or
/// not.
fn random_set_history(steps: &[Step]) -> History {
    let mut script = Script::default();
    for (process, later, choice, element, elements) in steps {
        script.time_ns += later;
        match script.open.remove(process) {
            None if *choice < 4 => {
                script.push(*process, Kind::Invoke, "add", Value::Int(*element), false);
                script
                    .open
                    .insert(*process, ("add".to_owned(), Value::Int(*element)));
            }
            None => {
                script.push(*process, Kind::Invoke, "read", Value::Nil, false);
                script
                    .open
                    .insert(*process, ("read".to_owned(), elements.clone().into()));
            }
            Some((f, value)) => {
                let kind = [
                    Kind::Ok,
                    Kind::Ok,
                    Kind::Ok,
                    Kind::Ok,
                    Kind::Ok,
                    Kind::Ok,
                    Kind::Info,
                    Kind::Fail,
                ][usize::from(*choice)];
                script.push(*process, kind, &f, value, false);
            }
        }
    }
    script.history()
}

/// Jepsen's set-full as it is defined: every read asks about every element.
#[derive(Clone, Default)]
struct Naive {
    added_ns: i64,
    known: Option<usize>,
    last_present: Option<usize>,
    last_absent: Option<usize>,
}

fn naive_set_full(history: &History) -> serde_json::Value {
    let ops = history.ops();
    let mut elements: BTreeMap<i64, Naive> = BTreeMap::new();
    for (at, op) in ops.iter().enumerate() {
        match (&*op.f, op.kind) {
            ("add", Kind::Invoke) => {
                elements.insert(
                    op.value.as_int().unwrap(),
                    Naive {
                        added_ns: op.time_ns,
                        ..Naive::default()
                    },
                );
            }
            ("add", Kind::Ok) => {
                let element = elements.get_mut(&op.value.as_int().unwrap()).unwrap();
                element.known = element.known.or(Some(at));
            }
            ("read", Kind::Ok) => {
                let invocation = history.pairs().partner(at).unwrap();
                let read: BTreeSet<i64> = op
                    .value
                    .items()
                    .unwrap()
                    .iter()
                    .map(|value| value.as_int().unwrap())
                    .collect();
                for (value, element) in &mut elements {
                    if read.contains(value) {
                        element.known = element.known.or(Some(at));
                        element.last_present = element.last_present.max(Some(invocation));
                    } else {
                        element.last_absent = element.last_absent.max(Some(invocation));
                    }
                }
            }
            _ => {}
        }
    }
    let time = |at: usize| ops[at].time_ns;
    let ms = |from: i64, until: Option<usize>| {
        until.map_or(0, |until| ((time(until) + 1 - from) / 1_000_000).max(0))
    };
    let (mut stable, mut lost, mut never_read, mut stale) = (vec![], vec![], vec![], vec![]);
    let (mut stable_ms, mut visible_ms, mut lost_ms) = (vec![], vec![], vec![]);
    for (&value, element) in &elements {
        let before = |a: Option<usize>, b: Option<usize>| {
            a.map_or(-1, |at| at as i64) < b.map_or(-1, |at| at as i64)
        };
        if element.last_present.is_some() && before(element.last_absent, element.last_present) {
            stable.push(value);
            stable_ms.push(ms(time(element.known.unwrap()), element.last_absent));
            visible_ms.push(ms(element.added_ns, element.last_absent));
            stale.extend((*stable_ms.last().unwrap() > 0).then_some(value));
        } else if element.known.is_some()
            && before(element.last_present, element.last_absent)
            && before(element.known, element.last_absent)
        {
            lost.push(value);
            lost_ms.push(ms(time(element.known.unwrap()), element.last_present));
        } else {
            never_read.push(value);
        }
    }
    let quantiles = |latencies: Vec<i64>| serde_json::to_value(Quantiles::of(latencies)).unwrap();
    serde_json::json!({
        "valid?": if !lost.is_empty() { false.into() } else if stable.is_empty() { "unknown".into() } else { serde_json::Value::Bool(true) },
        "attempt-count": elements.len(),
        "stable-count": stable.len(),
        "lost": lost,
        "never-read": never_read,
        "stale": stale,
        "stable-latencies": quantiles(stable_ms),
        "visible-latencies": quantiles(visible_ms),
        "lost-latencies": quantiles(lost_ms),
    })
}

/// A system of sets that is correct: what an add brings to one node spreads to the others in time,
/// reads show what their node has, a refused add does nothing, an open one may come late, and when
/// all is over every node has the same.
fn correct_history(steps: &[Step], is_counter: bool, marks_final: bool) -> History {
    let mut script = Script::default();
    let mut nodes: Vec<Vec<(usize, i64)>> = vec![Vec::new(); 4];
    let mut late: Vec<(usize, (usize, i64))> = Vec::new();
    let add = "add";
    let shows = |node: &[(usize, i64)]| {
        if is_counter {
            Value::Int(node.iter().map(|(_, n)| n).sum())
        } else {
            node.iter().map(|(_, n)| *n).collect::<Vec<i64>>().into()
        }
    };
    for (number, (process, later, choice, element, gossip)) in steps.iter().enumerate() {
        let node = *process as usize;
        script.time_ns += later;
        // A new element each time, as Maelstrom's generator has it; a delta may be anything.
        let value = if is_counter {
            element - 2
        } else {
            number as i64
        };
        for &to in gossip.iter().filter(|to| **to < 4) {
            let from = nodes[node].clone();
            for one in from {
                if !nodes[to as usize].contains(&one) {
                    nodes[to as usize].push(one);
                }
            }
        }
        match script.open.remove(process) {
            None if *choice < 5 => {
                script.push(*process, Kind::Invoke, add, Value::Int(value), false);
                script.open.insert(
                    *process,
                    (add.to_owned(), Value::from(vec![number as i64, value])),
                );
            }
            None => {
                script.push(*process, Kind::Invoke, "read", Value::Nil, false);
                script
                    .open
                    .insert(*process, ("read".to_owned(), Value::Nil));
            }
            Some((f, pending)) if f == add => {
                let pending = pending.items().unwrap();
                let (id, value) = (
                    pending[0].as_int().unwrap() as usize,
                    pending[1].as_int().unwrap(),
                );
                let kind = match choice {
                    0..5 => Kind::Ok,
                    5 => Kind::Fail,
                    _ => Kind::Info,
                };
                match (kind, *choice) {
                    (Kind::Ok, _) => nodes[node].push((id, value)),
                    (Kind::Info, 6) => late.push((node, (id, value))),
                    _ => {}
                }
                script.push(*process, kind, add, Value::Int(value), false);
            }
            Some(_) => script.push(*process, Kind::Ok, "read", shows(&nodes[node]), false),
        }
        if *choice == 7
            && let Some((node, one)) = late.pop()
        {
            nodes[node].push(one);
        }
    }
    for (process, (f, _)) in std::mem::take(&mut script.open) {
        let value = script
            .ops
            .iter()
            .rev()
            .find(|op| op.process == Process::Client(process))
            .unwrap()
            .value
            .clone();
        script.push(process, Kind::Info, &f, value, false);
    }
    // Recovery: what is late may come or never come; everybody hears everything.
    nodes[0].extend(late.into_iter().step_by(2).map(|(_, one)| one));
    let all: BTreeSet<(usize, i64)> = nodes.into_iter().flatten().collect();
    let all: Vec<(usize, i64)> = all.into_iter().collect();
    script.time_ns += 10_000_000_000;
    for process in 10..14 {
        script.push(process, Kind::Invoke, "read", Value::Nil, marks_final);
    }
    for process in 10..14 {
        script.push(process, Kind::Ok, "read", shows(&all), marks_final);
    }
    script.history()
}

/// What one part of a result has under some keys.
fn fields<'a>(
    result: &'a serde_json::Value,
    like: &serde_json::Value,
) -> BTreeMap<String, &'a serde_json::Value> {
    like.as_object()
        .unwrap()
        .keys()
        .map(|key| {
            (
                key.clone(),
                result.get(key).unwrap_or(&serde_json::Value::Null),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn set_full_is_its_definition(steps in steps()) {
        let history = random_set_history(&steps);
        let naive = naive_set_full(&history);
        let ours = json(&set_full(&history, "add", Checks::Maelstrom).unwrap());
        prop_assert_eq!(fields(&ours, &naive), fields(&naive, &naive));
    }

    #[test]
    fn strictness_only_adds_complaints(steps in steps()) {
        let history = random_set_history(&steps);
        let judge = |checks| check(Workload::GSet, &history, None, &CheckOptions { checks, ..CheckOptions::default() }).unwrap();
        let (strict, maelstrom) = (judge(Checks::Strict), judge(Checks::Maelstrom));
        // Strictly, that no operation of a kind succeeded needs evidence.
        let lenient = if strict.stats.valid == Validity::Unknown { maelstrom.workload.valid().max(Validity::Unknown) } else { maelstrom.valid };
        prop_assert!(strict.valid >= lenient);
    }

    #[test]
    fn what_a_correct_set_does_is_never_invalid(steps in steps(), marks_final: bool) {
        let history = correct_history(&steps, false, marks_final);
        let result = set_full(&history, "add", Checks::Strict).unwrap();
        prop_assert!(result.valid != Validity::False, "{}", json(&result));
    }

    #[test]
    fn what_a_correct_counter_does_is_valid(steps in steps(), marks_final: bool) {
        let history = correct_history(&steps, true, marks_final);
        let result = counter(&history, Checks::Strict).unwrap();
        prop_assert!(result.valid == Validity::True, "{}", json(&result));
    }

    #[test]
    fn a_counter_accepts_every_sum_of_a_choice_of_open_adds(
        done in prop::collection::vec(-5..5_i64, 0..5),
        open in prop::collection::vec(prop_oneof![-5..5_i64, -900..900_i64], 0..9),
        shown in -40..40_i64,
    ) {
        let mut script = Script::default();
        for (kind, deltas) in [(Kind::Ok, &done), (Kind::Info, &open)] {
            for &delta in deltas {
                script.push(0, Kind::Invoke, "add", Value::Int(delta), false);
                script.push(0, kind, "add", Value::Int(delta), false);
            }
        }
        script.push(1, Kind::Invoke, "read", Value::Nil, true);
        script.push(1, Kind::Ok, "read", Value::Int(shown), true);
        let result = counter(&script.history(), Checks::Maelstrom).unwrap();

        let choices = 0..1_u32 << open.len();
        let chosen = |choice: u32| open.iter().enumerate().filter(move |(i, _)| choice >> i & 1 == 1).map(|(_, delta)| delta).sum::<i64>();
        let sums: BTreeSet<i64> = choices.map(|choice| done.iter().sum::<i64>() + chosen(choice)).collect();
        let accepted: BTreeSet<i64> = result.acceptable.iter().flat_map(|&(first, last)| first..=last).collect();
        prop_assert_eq!(&accepted, &sums);
        prop_assert!(result.acceptable.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", result.acceptable);
        prop_assert_eq!(result.valid, Validity::from(sums.contains(&shown)));
    }

    #[test]
    fn ids_are_unique_if_no_two_are_equal(ids in prop::collection::vec(prop_oneof![(0..30_i64).prop_map(Value::Int), "[ab]{1,3}".prop_map(|id| Value::from(&*id)), prop::collection::vec(0..3_i64, 0..3).prop_map(Value::from)], 0..20)) {
        let mut script = Script::default();
        for id in &ids {
            script.push(0, Kind::Invoke, "generate", Value::Nil, false);
            script.push(0, Kind::Ok, "generate", id.clone(), false);
        }
        let result = unique_ids(&script.history());

        let times = |id: &Value| ids.iter().filter(|other| *other == id).count();
        let mut duplicated: Vec<(Value, usize)> = ids.iter().map(|id| (id.clone(), times(id))).filter(|(_, times)| *times > 1).collect();
        duplicated.sort();
        duplicated.dedup();
        prop_assert_eq!(result.valid, Validity::from(duplicated.is_empty()));
        prop_assert_eq!(&result.duplicated, &duplicated);
        prop_assert_eq!((result.attempted_count, result.acknowledged_count, result.duplicated_count), (ids.len(), ids.len(), duplicated.len()));
        let range = (ids.iter().min().cloned().unwrap_or_default(), ids.iter().max().cloned().unwrap_or_default());
        prop_assert_eq!(result.range, range);
    }
}
