//! Claims about the table.

use std::collections::BTreeSet;

use super::{ALL, SuiteKey, Values};
use crate::scenario::facts::Scenario;

/// A value of each option that is not its default, as it is written.
const EXAMPLES: &[(&str, &str)] = &[
    ("workload", "lin-kv"),
    ("node-count", "3"),
    ("concurrency", "7"),
    ("rate", "0.5"),
    ("time-limit", "1.25"),
    ("latency", "100"),
    ("latency-dist", "uniform"),
    (
        "latency-matrix",
        "regions us eu; us 0.5 40; eu 42.25 0.5; nodes eu n3",
    ),
    ("hop-time", "0.25"),
    ("disk-latency", "10"),
    ("disk-latency-dist", "exponential"),
    ("topology", "tree3"),
    ("key-count", "3"),
    ("max-txn-length", "2"),
    ("max-writes-per-key", "5"),
    ("nemesis", "partition,clock-skew"),
    ("swap-at", "0"),
    ("nemesis-interval", "0.001"),
    ("availability", "0.99"),
    ("consistency-models", "read-committed,prefix"),
    ("checks", "maelstrom"),
    ("network", "ideal"),
    ("max-memory-mib", "4096"),
    ("max-fuel", "18446744073709551615"),
    ("max-step-ms", "1"),
    ("max-output-bytes", "1"),
    ("max-effects", "1"),
    ("max-timers", "0"),
    ("max-log-bytes", "0"),
    ("max-disk-bytes", "0"),
    ("max-steps", "1"),
    ("max-run-fuel", "1"),
    ("max-run-memory-mib", "1"),
    ("max-in-flight", "0"),
    ("max-in-flight-mib", "1"),
    ("max-answers-mib", "1"),
];

/// All options but those of workloads, which built-in ones do not have. The tests of the command try them.
fn options() -> impl Iterator<Item = &'static &'static super::ScenarioOption> {
    ALL.iter().filter(|option| option.name != "option")
}

#[test]
fn writing_what_was_read_gives_the_same_text() {
    let names: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    let all: Vec<&str> = options().map(|option| option.name).collect();
    assert_eq!(names, all);
    let mut scenario = Scenario::default();
    for (option, (_, text)) in options().zip(EXAMPLES) {
        option.set(&mut scenario, text).unwrap();
    }
    for (option, (name, text)) in options().zip(EXAMPLES) {
        assert_eq!(option.get(&scenario).as_deref(), Some(*text), "{name}");
    }
}

#[test]
fn flags_make_the_scenario_again() {
    let mut scenario = Scenario::default();
    for (option, (_, text)) in options().zip(EXAMPLES) {
        option.set(&mut scenario, text).unwrap();
    }
    scenario.options.bounds = Scenario::default().options.bounds;
    let mut again = Scenario::default();
    for words in scenario.flags().chunks(2) {
        let option = ALL.iter().find(|option| option.flag() == words[0]);
        option.unwrap().set(&mut again, &words[1]).unwrap();
    }
    assert_eq!(format!("{again:?}"), format!("{scenario:?}"));
}

#[test]
fn the_default_in_the_table_is_that_of_a_scenario() {
    let usual = Scenario::default();
    for option in ALL {
        assert_eq!(option.get(&usual), None, "{}", option.name);
        let Some(default) = option.default else {
            continue;
        };
        assert_eq!(option.text(&usual).as_deref(), Some(default));
        let mut set = Scenario::default();
        option.set(&mut set, default).unwrap();
        assert_eq!(format!("{set:?}"), format!("{usual:?}"), "{}", option.name);
    }
    // The others have no default, or one that no text says.
    let others = ALL.iter().filter(|option| option.default.is_none());
    let others: Vec<&str> = others.map(|option| option.name).collect();
    assert_eq!(
        others,
        [
            "workload",
            "option",
            "node-count",
            "latency-matrix",
            "hop-time",
            "nemesis",
            "swap-at",
            "availability"
        ]
    );
}

#[test]
fn no_name_is_there_twice() {
    let mut flags = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for option in ALL {
        assert!(flags.insert(option.name.to_owned()), "{}", option.name);
        if let Some(letter) = option.short {
            assert!(flags.insert(letter.to_string()), "{letter}");
        }
        let key = match option.suite {
            SuiteKey::Required | SuiteKey::Optional => option.name,
            SuiteKey::Limit(older) => {
                assert!(older.is_none_or(|key| keys.insert(key)), "{older:?}");
                option.name
            }
            SuiteKey::None(reason) => {
                assert!(!reason.is_empty(), "{}", option.name);
                continue;
            }
        };
        assert!(keys.insert(key), "{key}");
    }
}

#[test]
fn names_are_in_kebab_case_and_help_is_a_sentence() {
    for option in ALL {
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(option.name.chars().all(kebab), "{}", option.name);
        let help = option.help;
        assert!(help.starts_with(|c: char| c.is_ascii_uppercase()), "{help}");
        assert!(!help.ends_with('.') && !help.is_empty(), "{help}");
    }
}

#[test]
fn every_choice_can_be_set_and_is_written_as_it_is_read() {
    for option in ALL {
        let Values::Names { choices, .. } = option.values else {
            continue;
        };
        for choice in choices() {
            let mut scenario = Scenario::default();
            option.set(&mut scenario, choice.name).unwrap();
            assert_eq!(option.text(&scenario).as_deref(), Some(choice.name));
        }
    }
}

#[test]
fn values_out_of_range_are_refused() {
    for option in ALL {
        let (too_small, too_large) = match option.values {
            Values::Whole(least, most) => (
                least.checked_sub(1).map(|it| it.to_string()),
                most.checked_add(1).map(|it| it.to_string()),
            ),
            Values::Decimal(least, most) => (
                Some((least - 0.001).to_string()),
                Some((most + 0.001).to_string()),
            ),
            _ => continue,
        };
        for text in [too_small, too_large].into_iter().flatten() {
            let error = option.set(&mut Scenario::default(), &text).unwrap_err();
            let error = error.to_string();
            assert!(error.ends_with(&format!(", found {text}")), "{error}");
        }
    }
}

#[test]
fn a_list_may_be_empty_but_not_its_items() {
    let mut scenario = Scenario::default();
    super::NEMESIS.set(&mut scenario, "").unwrap();
    assert_eq!(scenario.flags(), Scenario::default().flags());
    let error = super::NEMESIS.set(&mut scenario, "kill,").unwrap_err();
    assert!(error.to_string().ends_with("found ``"), "{error}");
}

#[test]
fn nothing_to_judge_by_is_refused() {
    let mut scenario = Scenario::default();
    let mut refusal = |items: &[&str]| {
        let items: Vec<String> = items.iter().map(|&item| item.to_owned()).collect();
        let set = super::CONSISTENCY_MODELS.set_list(&mut scenario, &items);
        set.unwrap_err().to_string()
    };
    assert_eq!(
        refusal(&[]),
        "expected at least one consistency model: without any, nothing that transactions do is \
         wrong; leave the option out for strict-serializable"
    );
    assert_eq!(
        refusal(&["read-committed", "linearizable"]),
        "expected a consistency model that forbids something which transactions show (use \
         strict-serializable), found `linearizable`"
    );
    assert_eq!(scenario.flags(), Scenario::default().flags());
}

#[test]
fn clients_per_node_are_those_of_the_nodes_that_are_set() {
    let mut scenario = Scenario::default();
    super::NODE_COUNT.set(&mut scenario, "3").unwrap();
    assert_eq!(scenario.options.concurrency, 3);
    super::CONCURRENCY.set(&mut scenario, "2n").unwrap();
    assert_eq!(scenario.options.concurrency, 6);
    let error = super::CONCURRENCY.set(&mut scenario, "5000n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "it makes 15000 clients, and the limit is 10000"
    );
}
