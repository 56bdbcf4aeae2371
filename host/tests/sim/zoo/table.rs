//! Reads the tables of the zoo, `*.txt` beside this file, and turns them into a suite: for each
//! program and challenge that challenge of a suite with all its worlds, and the arguments of the
//! program.
//!
//! | line | |
//! |---|---|
//! | `wrong CHALLENGES MODULE ANOMALIES ARGUMENTS…` | each of these challenges must refuse it, for one of these anomalies |
//! | `missed CHALLENGES MODULE ANOMALIES ARGUMENTS…` | it is wrong, and the suite accepts it |
//! | `right CHALLENGES MODULE ARGUMENTS…` | each of these challenges must accept it |
//! | `group NAME ANOMALIES` | a name for several anomalies |
//!
//! Lists are separated by commas. The last argument is the name of the bug or of the design, which
//! the head of the module's source describes.

use std::collections::{BTreeMap, BTreeSet};

use host_grade::Suite;

const TABLES: [&str; 9] = [
    include_str!("groups.txt"),
    include_str!("echo.txt"),
    include_str!("ids.txt"),
    include_str!("broadcast.txt"),
    include_str!("g-set.txt"),
    include_str!("counter.txt"),
    include_str!("kafka.txt"),
    include_str!("txn.txt"),
    include_str!("lin-kv.txt"),
];

/// What the tables say.
pub(crate) struct Table {
    pub(crate) programs: Vec<Program>,
    /// Names for several anomalies.
    groups: BTreeMap<String, Vec<String>>,
}

/// What is to be said of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is refused.
    Wrong,
    /// It should be refused, and is not.
    Missed,
    /// It is accepted.
    Right,
}

/// A program on one challenge.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    pub(crate) challenge: String,
    pub(crate) module: String,
    /// The ways in which it may show what is wrong with it.
    pub(crate) anomalies: Vec<String>,
    args: Vec<String>,
}

impl Program {
    /// The id of its challenge in the suite of the zoo.
    pub(crate) fn id(&self) -> String {
        format!("{} {}", self.challenge, self.full_name())
    }

    /// The module and its arguments.
    pub(crate) fn full_name(&self) -> String {
        let Program { module, args, .. } = self;
        format!("{module} {}", args.join(" ")).trim_end().to_owned()
    }

    /// The name of the bug or of the design.
    pub(crate) fn name(&self) -> &str {
        self.args.last().map_or("", String::as_str)
    }
}

impl Table {
    /// Reads the tables.
    ///
    /// # Panics
    /// If a line is invalid.
    pub(crate) fn read() -> Self {
        let mut table = Table {
            programs: Vec::new(),
            groups: BTreeMap::new(),
        };
        let lines = TABLES.iter().flat_map(|text| text.lines());
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            assert!(table.add(line), "the zoo: {line}");
        }
        let ids: BTreeSet<String> = table.programs.iter().map(Program::id).collect();
        assert_eq!(
            ids.len(),
            table.programs.len(),
            "each program is there once"
        );
        table
    }

    fn add(&mut self, line: &str) -> bool {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (kind, challenges, module, anomalies, args) = match words[..] {
            ["group", name, anomalies] => {
                let group = self.groups.insert(name.to_owned(), list(anomalies));
                return group.is_none();
            }
            ["wrong", challenges, module, anomalies, ref args @ ..] => {
                (Kind::Wrong, challenges, module, anomalies, args)
            }
            ["missed", challenges, module, anomalies, ref args @ ..] => {
                (Kind::Missed, challenges, module, anomalies, args)
            }
            ["right", challenges, module, ref args @ ..] => {
                (Kind::Right, challenges, module, "", args)
            }
            _ => return false,
        };
        let anomalies = list(anomalies);
        for challenge in challenges.split(',') {
            self.programs.push(Program {
                kind,
                challenge: challenge.to_owned(),
                module: module.to_owned(),
                anomalies: anomalies.clone(),
                args: args.iter().map(|word| (*word).to_owned()).collect(),
            });
        }
        kind == Kind::Right || !anomalies.is_empty()
    }

    /// The first of the anomalies that the grader reports which the program may show.
    pub(crate) fn shown<'a>(&self, program: &Program, reported: &'a [String]) -> Option<&'a str> {
        let is_expected = |name: &&String| {
            let mut expected = program.anomalies.iter();
            expected.any(|it| {
                let group = self.groups.get(it).map(Vec::as_slice);
                group.unwrap_or(std::slice::from_ref(it)).contains(name)
            })
        };
        reported.iter().find(is_expected).map(String::as_str)
    }
}

/// Names between commas.
fn list(names: &str) -> Vec<String> {
    let names = names.split(',').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// A challenge for each of these programs: that of the suite, worlds included.
///
/// # Panics
/// If there is no such challenge.
pub(crate) fn suite<'a>(mut suite: Suite, programs: impl Iterator<Item = &'a Program>) -> Suite {
    let known = std::mem::take(&mut suite.challenges);
    suite.challenges.extend(programs.map(|program| {
        let found = known.iter().find(|it| it.id == program.challenge);
        let mut challenge = found.unwrap_or_else(|| panic!("{program:?}")).clone();
        challenge.id = program.id();
        challenge.module.clone_from(&program.module);
        challenge.set_guest_args(&program.args);
        challenge
    }));
    suite
}
