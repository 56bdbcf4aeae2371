//! Explains a verdict in words. Every format has these words: text, JUnit, Gradescope, the page of
//! a class.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::VariantArray;

use super::Verdict;
use super::grade::{
    ChallengeFacts, ChallengeGrade, ChallengeState, Grade, Judgement, SubmissionGrade, TargetResult,
};
use host_protocol::text::{counted, figure, one_line};
use host_trial::scenario::with_report;

/// The use of a resource is worth a word from this part of its limit on, in percent.
const USE_WORTH_A_WORD: u128 = 50;

/// What is said of runs whose faults changed nothing.
pub const NO_FAULT_TOUCHED: &str =
    "no fault touched anything, so they test nothing that runs without faults would not";

/// Why a challenge of a submission has its verdict. All texts are fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The verdict, and where it failed.
    pub head: String,
    /// The reasons.
    pub reasons: Vec<String>,
    /// What happened, under titles.
    pub parts: Vec<Part>,
    /// The command that replays it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// What else is to be said, a line each.
    pub more: Vec<String>,
}

/// Lines under a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The title, without a colon.
    pub title: String,
    /// The lines.
    pub lines: Vec<String>,
}

impl Explanation {
    /// As lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.head.clone()];
        let indented = |line: &String| format!("  {line}");
        lines.extend(self.reasons.iter().map(indented));
        for part in &self.parts {
            lines.push(format!("{}:", part.title));
            lines.extend(part.lines.iter().map(indented));
        }
        if let Some(replay) = &self.replay {
            lines.push(format!("replay: {replay}"));
            lines.extend(with_report(replay).map(|command| format!("pages: {command}")));
        }
        lines.extend(self.more.iter().cloned());
        lines
    }

    fn of(head: String) -> Self {
        Explanation {
            head,
            reasons: Vec::new(),
            parts: Vec::new(),
            replay: None,
            more: Vec::new(),
        }
    }

    fn fit(self) -> Self {
        let fit = |line: String| one_line(&line).into_owned();
        let all = |lines: Vec<String>| lines.into_iter().map(fit).collect();
        let parts = self.parts.into_iter().map(|part| Part {
            title: fit(part.title),
            lines: all(part.lines),
        });
        Explanation {
            head: fit(self.head),
            reasons: all(self.reasons),
            parts: parts.collect(),
            replay: self.replay.map(fit),
            more: all(self.more),
        }
    }
}

/// Explains the verdict on a challenge to its author. A module that cannot be loaded is explained
/// with the first challenge that it is for.
#[must_use]
pub fn explained(
    grade: &Grade,
    submission: &SubmissionGrade,
    facts: &ChallengeFacts,
    challenge: &ChallengeGrade,
) -> Explanation {
    let explanation = match &challenge.state {
        ChallengeState::Missing => {
            let names = facts.file_names();
            let head = format!("There is no module for it: {names} was looked for.");
            let reasons = submission.notes.clone();
            Explanation {
                reasons,
                ..Explanation::of(head)
            }
        }
        ChallengeState::Pending => Explanation::of("It has not been judged.".to_owned()),
        ChallengeState::Judged(judgement) => {
            match not_loaded_before(grade, submission, challenge) {
                Some(id) => Explanation::of(format!(
                    "{}: {}, as with {id}",
                    judgement.verdict,
                    judgement.verdict.meaning()
                )),
                None => of_judgement(facts, judgement),
            }
        }
    };
    explanation.fit()
}

/// The first challenge that explains why the module of this one cannot be loaded, if that is another
/// one. What is hidden explains nothing to a student.
#[must_use]
pub fn not_loaded_before<'a>(
    grade: &'a Grade,
    submission: &'a SubmissionGrade,
    challenge: &ChallengeGrade,
) -> Option<&'a str> {
    let not_loaded = |it: &ChallengeGrade| match &it.state {
        ChallengeState::Judged(judgement) => {
            let failure = judgement.failure.as_ref()?;
            let module = (judgement.module.clone(), judgement.sha256.clone());
            (failure.seed.is_none()).then(|| (module, failure.anomaly.clone()))
        }
        ChallengeState::Missing | ChallengeState::Pending => None,
    };
    let this = not_loaded(challenge)?;
    let is_hidden = |id: &str| {
        let mut challenges = grade.suite.challenges.iter();
        challenges.any(|facts| facts.id == id && facts.hidden)
    };
    let mut before = submission
        .challenges
        .iter()
        .take_while(|it| it.id != challenge.id);
    let first = before.find(|it| {
        not_loaded(it).as_ref() == Some(&this) && (!is_hidden(&it.id) || is_hidden(&challenge.id))
    });
    first.map(|it| it.id.as_str())
}

/// How many runs passed before the first that failed: `10 seeds`, or `10 official runs and 3 of 12
/// in worlds`.
fn passed(facts: &ChallengeFacts, judgement: &Judgement) -> String {
    let (official, in_worlds) = (judgement.seeds_passed, judgement.world_runs_passed);
    let all_in_worlds: usize = facts.worlds.iter().map(|world| world.seeds.len()).sum();
    let failed_before = (judgement.failure.as_ref()).is_some_and(|it| it.world.is_none());
    match all_in_worlds {
        0 => counted(official, "seed"),
        _ if failed_before => counted(official, "official run"),
        all => format!(
            "{} and {in_worlds} of {all} in worlds",
            counted(official, "official run")
        ),
    }
}

/// What was measured for a target, with as many digits as tell it from the bound.
fn measured(target: &TargetResult) -> String {
    let short = figure(target.worst);
    match short == figure(target.below) {
        true => target.worst.to_string(),
        false => short,
    }
}

fn of_judgement(facts: &ChallengeFacts, judgement: &Judgement) -> Explanation {
    let verdict = judgement.verdict;
    let meaning = verdict.meaning();
    let mut told = Explanation::of(format!("{verdict}: {meaning}"));
    if let Some(failure) = &judgement.failure {
        if let Some(seed) = failure.seed {
            let world = failure.world.as_ref();
            let place = world.map_or_else(String::new, |it| format!(" in the world {}", it.name));
            told.head = format!(
                "{verdict}: {meaning}, with seed {seed}{place}, after {} that passed",
                passed(facts, judgement)
            );
            let why = world.map(|world| format!("the world {}: {}", world.name, world.why));
            told.reasons.extend(why);
        }
        told.reasons.extend(failure.anomaly.iter().cloned());
        if !failure.trace.is_empty() {
            let title = match failure.trace_may_be_shorter {
                false => "shortest trace that fails",
                true => {
                    "shortest trace found within the budget that fails; there may be a shorter one"
                }
            };
            told.parts.push(Part {
                title: title.to_owned(),
                lines: failure.trace.clone(),
            });
        }
        if let [first, rest @ ..] = failure.evidence.as_slice() {
            told.parts.push(Part {
                title: format!("what it did {}", first.trim_end_matches(':')),
                lines: rest.to_vec(),
            });
        }
        told.replay = Some(failure.replay.clone());
    } else {
        told.head = format!("{verdict}: {meaning} with {}", passed(facts, judgement));
        if judgement.seeds_untouched > 0 {
            let runs = judgement.runs_judged();
            told.more.push(format!(
                "faults: in {} of {} {NO_FAULT_TOUCHED}",
                judgement.seeds_untouched,
                counted(runs, "run")
            ));
        }
    }
    let explored = judgement.explored.iter().map(|it| {
        let (world, seed) = (&it.world, it.seed);
        format!(
            "explored in the world {world} with seed {seed}: {}",
            it.proof.in_words()
        )
    });
    told.more.extend(explored);
    let warnings = judgement.warnings.iter();
    told.more
        .extend(warnings.map(|warning| format!("warning: {warning}")));
    let targets = judgement.targets.iter();
    let targets = targets.map(|(name, it)| format!("{name} {} (below {})", measured(it), it.below));
    for (what, words) in [
        ("targets", targets.collect::<Vec<_>>()),
        ("used", used(judgement)),
    ] {
        if !words.is_empty() {
            told.more.push(format!("{what}: {}", words.join(", ")));
        }
    }
    told
}

/// What it used much of, in words: `92 % of the fuel of a run`.
fn used(judgement: &Judgement) -> Vec<String> {
    let words = judgement.usage.iter().filter_map(|(name, usage)| {
        let percent = u128::from(usage.used) * 100 / u128::from(usage.limit.max(1));
        let name = match name.as_str() {
            "events" => "the events of a run",
            "fuel" => "the fuel of a run",
            "node-memory-bytes" => "the memory of a node",
            "memory-bytes" => "the memory of all nodes",
            "messages-in-flight" => "the messages in flight",
            "bytes-in-flight" => "the bytes in flight",
            "answer-bytes" => "the bytes of answers",
            other => other,
        };
        (percent >= USE_WORTH_A_WORD).then(|| format!("{percent} % of {name}"))
    });
    words.collect()
}

/// What verdicts and other states of a challenge mean, by their name in a table.
#[must_use]
pub fn meanings() -> BTreeMap<&'static str, &'static str> {
    let verdicts = Verdict::VARIANTS.iter();
    let verdicts = verdicts.map(|it| (it.abbreviation(), it.meaning()));
    let states = [("missing", "no module"), ("pending", "not judged yet")];
    verdicts.chain(states).collect()
}
