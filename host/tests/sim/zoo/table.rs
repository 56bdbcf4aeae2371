//! Reads the tables of the zoo, `*.txt` beside this file, and turns them into a suite: for each
//! program and challenge the challenge of the built-in suite with all its worlds, and the
//! arguments of the program.
//!
//! | line | |
//! |---|---|
//! | `wrong CHALLENGES MODULE ANOMALIES ARGUMENTS…` | each of these challenges must refuse it, for one of these anomalies |
//! | `missed CHALLENGES MODULE ANOMALIES ARGUMENTS…` | it is wrong, and the suite accepts it |
//! | `right CHALLENGES MODULE ARGUMENTS…` | each of these challenges must accept it |
//! | `anomaly NAME VERDICT WORDS…` | a way to be wrong: the verdict, and words that the reason has |
//!
//! Lists are separated by commas. The last argument is the name of the bug or of the design, which
//! the head of the module's source describes.

use std::collections::{BTreeMap, BTreeSet};

use host_grade::Suite;

const TABLES: [&str; 9] = [
    include_str!("anomalies.txt"),
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
    /// How the grader reports each anomaly, by its name.
    anomalies: BTreeMap<String, Reason>,
}

/// How the grader reports an anomaly.
#[derive(Debug)]
struct Reason {
    /// The verdict's abbreviation.
    verdict: String,
    /// Words that the report contains.
    words: String,
}

impl Reason {
    /// Whether this verdict with this text matches. A name that only begins with the words does
    /// not.
    fn is(&self, verdict: &str, said: &str) -> bool {
        let goes_on = |c: char| c.is_alphanumeric() || c == '-';
        let mut places = said.match_indices(&self.words);
        let has_words = places.any(|(at, words)| !said[at + words.len()..].starts_with(goes_on));
        verdict == self.verdict && has_words
    }
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
            anomalies: BTreeMap::new(),
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
            ["anomaly", name, verdict, ref words @ ..] => {
                let reason = Reason {
                    verdict: verdict.to_owned(),
                    words: words.join(" "),
                };
                return self.anomalies.insert(name.to_owned(), reason).is_none();
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
        let anomalies = anomalies.split(',').filter(|it| !it.is_empty());
        let anomalies: Vec<String> = anomalies.map(str::to_owned).collect();
        for challenge in challenges.split(',') {
            self.programs.push(Program {
                kind,
                challenge: challenge.to_owned(),
                module: module.to_owned(),
                anomalies: anomalies.clone(),
                args: args.iter().map(|word| (*word).to_owned()).collect(),
            });
        }
        anomalies
            .iter()
            .all(|name| self.anomalies.contains_key(name))
    }

    /// The anomaly of a program that the grader reports, if it is one of those that it may show.
    pub(crate) fn shown<'a>(
        &self,
        program: &'a Program,
        verdict: &str,
        said: &str,
    ) -> Option<&'a str> {
        let mut names = program.anomalies.iter().map(String::as_str);
        names.find(|name| self.anomalies[*name].is(verdict, said))
    }
}

/// A challenge for each of these programs: that of the built-in suite, worlds included.
///
/// # Panics
/// If there is no such challenge.
pub(crate) fn suite<'a>(programs: impl Iterator<Item = &'a Program>) -> Suite {
    let mut suite = Suite::built_in().expect("a test reads it");
    let built_in = std::mem::take(&mut suite.challenges);
    suite.challenges.extend(programs.map(|program| {
        let found = built_in.iter().find(|it| it.id == program.challenge);
        let mut challenge = found.unwrap_or_else(|| panic!("{program:?}")).clone();
        challenge.id = program.id();
        challenge.module.clone_from(&program.module);
        challenge.set_guest_args(&program.args);
        challenge
    }));
    suite
}
