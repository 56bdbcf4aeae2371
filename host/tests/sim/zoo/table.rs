//! Reads `zoo.txt`, whose head describes its lines, and turns it into a suite: a challenge for
//! each mutant, and one for each program without its bug.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The end of the id of a challenge for a program without its bug.
pub(crate) const RIGHT: &str = ".right";

/// The contents of `zoo.txt`.
pub(crate) struct Table {
    pub(crate) mutants: Vec<Mutant>,
    /// How the grader reports each anomaly, by its name.
    anomalies: BTreeMap<String, Reason>,
    /// The keys and values of each challenge, by its name.
    challenges: BTreeMap<String, Vec<String>>,
}

/// How the grader reports an anomaly.
#[derive(Debug)]
pub(crate) struct Reason {
    /// The verdict's abbreviation.
    pub(crate) verdict: String,
    /// Words that the report contains.
    pub(crate) words: String,
}

impl Reason {
    /// Whether this verdict with this text matches. A name that only begins with the words does
    /// not.
    pub(crate) fn is(&self, verdict: &str, said: &str) -> bool {
        let goes_on = |c: char| c.is_alphanumeric() || c == '-';
        let mut places = said.match_indices(&self.words);
        let has_words = places.any(|(at, words)| !said[at + words.len()..].starts_with(goes_on));
        verdict == self.verdict && has_words
    }
}

/// A program that is wrong.
pub(crate) struct Mutant {
    pub(crate) module: String,
    pub(crate) anomaly: String,
    challenge: String,
    args: Vec<String>,
}

impl Mutant {
    /// The id of its challenge in the suite.
    pub(crate) fn id(&self) -> String {
        let bug = self.bug();
        format!("{}.{bug}", self.challenge)
    }

    /// The bug's name.
    pub(crate) fn bug(&self) -> &str {
        self.args.last().map_or("", String::as_str)
    }
}

impl Table {
    /// Reads `zoo.txt`.
    ///
    /// # Panics
    /// If a line is invalid.
    pub(crate) fn read() -> Self {
        let mut table = Table {
            mutants: Vec::new(),
            anomalies: BTreeMap::new(),
            challenges: BTreeMap::new(),
        };
        for line in include_str!("zoo.txt").lines() {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let fresh = match &words[..] {
                [] => true,
                [first, ..] if first.starts_with('#') => true,
                [first, name, verdict, words @ ..] if first == "anomaly" => {
                    let reason = Reason {
                        verdict: verdict.clone(),
                        words: words.join(" "),
                    };
                    table.anomalies.insert(name.clone(), reason).is_none()
                }
                [first, name, options @ ..] if first == "challenge" => table
                    .challenges
                    .insert(name.clone(), options.to_vec())
                    .is_none(),
                [module, challenge, anomaly, args @ ..] if !args.is_empty() => {
                    table.mutants.push(Mutant {
                        module: module.clone(),
                        anomaly: anomaly.clone(),
                        challenge: challenge.clone(),
                        args: args.to_vec(),
                    });
                    table.challenges.contains_key(challenge)
                        && table.anomalies.contains_key(anomaly)
                }
                _ => false,
            };
            assert!(fresh, "zoo.txt: {line}");
        }
        table
    }

    /// All modules and their bugs, each once.
    pub(crate) fn bugs(&self) -> BTreeSet<(&str, &str)> {
        let mutants = self.mutants.iter();
        mutants.map(|it| (it.module.as_str(), it.bug())).collect()
    }

    /// How the grader reports a mutant.
    pub(crate) fn reason(&self, mutant: &Mutant) -> &Reason {
        &self.anomalies[&mutant.anomaly]
    }

    /// The suite as TOML, with the grader's default seeds.
    pub(crate) fn suite(&self) -> String {
        let mut text = "version = 1\nname = \"zoo\"\n".to_owned();
        let mut right: Vec<String> = Vec::new();
        for mutant in &self.mutants {
            self.add(&mut text, &mutant.id(), mutant, &mutant.args);
            let id = format!("{}{RIGHT}", mutant.challenge);
            if !right.contains(&id) {
                self.add(&mut text, &id, mutant, &[]);
                right.push(id);
            }
        }
        text
    }

    fn add(&self, text: &mut String, id: &str, mutant: &Mutant, args: &[String]) {
        let module = &mutant.module;
        let title = format!("{module} {}", args.join(" "));
        let options = self.challenges[&mutant.challenge].join("\n");
        writeln!(
            text,
            "\n[[challenge]]\nid = {id:?}\ntitle = {:?}\nmodule = {module:?}\npoints = 1\n\
             args = {args:?}\n{options}",
            title.trim_end()
        )
        .expect("writing to a string does not fail");
    }
}
