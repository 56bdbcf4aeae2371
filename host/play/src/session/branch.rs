//! A branch: a run, what is known of it, and how its page gets it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_report::live::{LiveHistory, LivePart, LiveRecord};
use host_sim::Script;
use host_trial::TrialResult;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::now::{Done, Hit, Made, Standing, Verdict};
use crate::game::{Base, limits};

/// A branch.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) id: u32,
    known: Mutex<Known>,
    /// Held by who has it do something.
    turn: Mutex<()>,
}

/// What is known of a branch.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) parent: Option<u32>,
    /// Where it left its parent, in entries.
    pub(crate) at: usize,
    /// Where a page should open it; its head if `None`.
    pub(crate) opens_at: Option<usize>,
    pub(crate) base: Base,
    pub(crate) generation: u64,
    pub(crate) record: LiveRecord,
    pub(crate) history: LiveHistory,
    pub(crate) touches: Vec<Made>,
    /// What its script did.
    pub(crate) scripted: Vec<Done>,
    /// When the main phase began, in virtual nanoseconds.
    pub(crate) main_ns: Option<u64>,
    /// How many entries there were before each move of the script.
    pub(crate) moves: Vec<usize>,
    /// How many events have happened up to its head.
    pub(crate) events: u64,
    /// How many entries pages may see.
    pub(crate) position: usize,
    pub(crate) standing: Standing,
    pub(crate) is_running: bool,
    pub(crate) is_over: bool,
    pub(crate) why: Option<String>,
    pub(crate) hit: Option<Hit>,
    pub(crate) verdict: Verdict,
    /// How many completed operations the verdict is about.
    pub(crate) judged: usize,
    /// Grows with every change of the above.
    pub(crate) revision: u64,
}

impl Branch {
    /// A branch whose run has not begun.
    pub(crate) fn new(id: u32, name: String, base: Base, generation: u64) -> Self {
        let standing = Standing::at_the_beginning(base.scenario.options.cluster);
        Branch {
            id,
            known: Mutex::new(Known {
                name,
                parent: None,
                at: 0,
                opens_at: None,
                base,
                generation,
                record: LiveRecord::with_states(),
                history: LiveHistory::default(),
                touches: Vec::new(),
                scripted: Vec::new(),
                main_ns: None,
                moves: Vec::new(),
                events: 0,
                position: 0,
                standing,
                is_running: false,
                is_over: false,
                why: None,
                hit: None,
                verdict: Verdict::none_yet(),
                judged: 0,
                revision: 0,
            }),
            turn: Mutex::new(()),
        }
    }

    /// A branch of this one that leaves it at a moment.
    pub(crate) fn fork(&self, id: u32, name: String, base: Base, at: usize) -> Self {
        let known = self.known();
        let fork = Branch::new(id, name, base, known.generation);
        {
            let mut its = fork.known();
            its.parent = Some(self.id);
            its.at = at;
        }
        fork
    }

    /// What is known of it. Whoever holds it waits for nothing.
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        // A run that panicked is over, and has left what it knew.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else has it do something.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `{"id", "parent", "at", "name", "opens_at", "now"}`.
    pub(crate) fn shown(&self) -> Json {
        let known = self.known();
        json!({
            "id": self.id,
            "parent": known.parent,
            "at": known.at,
            "name": known.name,
            "opens_at": known.opens_at,
            "now": known.now(),
        })
    }

    /// What is new from an entry on, as JSON, and how many entries and which revision that is.
    pub(crate) fn delta(&self, from: usize) -> Delta {
        let known = self.known();
        let text = serde_json::to_string(&DeltaParts::of(self.id, &known, from));
        Delta {
            // Numbers, texts and lists of them are JSON.
            text: text.unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string()),
            position: known.position,
            revision: known.revision,
        }
    }
}

/// What is new in a branch.
#[derive(Debug)]
pub(crate) struct Delta {
    pub(crate) text: String,
    pub(crate) position: usize,
    pub(crate) revision: u64,
}

#[derive(Serialize)]
struct DeltaParts<'a, O: Serialize, F: Serialize> {
    branch: u32,
    generation: u64,
    #[serde(flatten)]
    part: LivePart<'a>,
    operations: O,
    faults: F,
    now: Now<'a>,
}

/// How a branch is now, as a page gets it.
#[derive(Serialize)]
pub(crate) struct Now<'a> {
    position: usize,
    revision: u64,
    running: bool,
    ended: bool,
    why: &'a Option<String>,
    hit: &'a Option<Hit>,
    #[serde(flatten)]
    standing: &'a Standing,
    touches: Vec<Done>,
    verdict: &'a Verdict,
}

impl<'a> DeltaParts<'a, (), ()> {
    fn of(branch: u32, known: &'a Known, from: usize) -> impl Serialize + 'a {
        DeltaParts {
            branch,
            generation: known.generation,
            part: known.record.since(from, known.position),
            operations: known.history.operations_since(from),
            faults: known.history.faults(),
            now: known.now(),
        }
    }
}

impl Known {
    /// The run without what its script says of later moments than this one, so that something else can happen.
    ///
    /// # Errors
    /// If its script says all that happens until then.
    pub(crate) fn base_at(&self, at: usize) -> Result<Base, String> {
        let mut base = self.base.clone();
        let Some(script) = &base.script else {
            return Ok(base);
        };
        let moves = self.moves_at(at);
        if script.is_directed() && moves == 0 {
            return Err(
                "the moves of the schedule decide all that happens, and none has been made here: go on by a step"
                    .to_owned(),
            );
        }
        let at_ns = at.checked_sub(1).and_then(|last| self.record.at_ns(last));
        let since_ns = at_ns
            .zip(self.main_ns)
            .map(|(at_ns, main_ns)| at_ns.saturating_sub(main_ns));
        let since_ns = since_ns.unwrap_or(0);
        let after = self.record.marks_at(at);
        let mut script = Script::clone(script);
        script.moves.truncate(moves);
        script
            .touches
            .retain(|touch| (touch.at_ns, touch.after) < (since_ns, after));
        base.script = Some(Arc::new(script));
        Ok(base)
    }

    /// All that was done to it, in order.
    pub(crate) fn done(&self) -> Vec<Done> {
        let by_hand = self.touches.iter().map(|made| Done {
            at: made.at,
            words: made.words.clone(),
        });
        let mut done: Vec<Done> = self.scripted.iter().cloned().chain(by_hand).collect();
        done.sort_by_key(|done| done.at);
        done
    }

    /// How many of the script's moves had been made when there were so many entries.
    fn moves_at(&self, at: usize) -> usize {
        self.moves.partition_point(|entries| *entries < at)
    }

    /// Where a run that is over and fails shows that it does.
    pub(crate) fn decisive_entry(&self, result: &TrialResult) -> Option<usize> {
        let checks = self.base.scenario.check_options();
        let at_ns = host_report::failure_ns(result, &checks)?;
        Some(self.record.entries_until(at_ns))
    }

    pub(crate) fn now(&self) -> Now<'_> {
        Now {
            position: self.position,
            revision: self.revision,
            running: self.is_running,
            ended: self.is_over,
            why: &self.why,
            hit: &self.hit,
            standing: &self.standing,
            touches: self.done(),
            verdict: &self.verdict,
        }
    }

    /// Why the branch cannot go on, if it has become too large.
    pub(crate) fn is_full(&self) -> Option<String> {
        if self.record.entries() >= limits::ENTRIES {
            return Some(format!(
                "the branch has {} entries, the most that are kept: go back and branch earlier",
                limits::ENTRIES
            ));
        }
        (self.record.bytes() >= limits::BYTES).then(|| {
            format!(
                "the branch takes {} MiB, the most that is kept: go back and branch earlier",
                limits::BYTES >> 20
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_sim::journal::{Entry, EntryKind, Observer};
    use host_trial::Scenario;

    #[test]
    fn what_a_branch_keeps_has_a_limit_that_is_told() {
        let base = Base {
            seed: 1,
            scenario: Arc::new(Scenario::default()),
            script: None,
        };
        let branch = Branch::new(1, "main".to_owned(), base, 1);
        let mut known = branch.known();
        let timer = Entry {
            at_ns: 0,
            kind: EntryKind::Timer { node: "n0", id: 1 },
        };
        for _ in 1..limits::ENTRIES {
            known.record.note(&timer).unwrap();
        }
        assert_eq!(known.is_full(), None);
        known.record.note(&timer).unwrap();
        assert_eq!(
            known.is_full().unwrap(),
            "the branch has 200000 entries, the most that are kept: go back and branch earlier"
        );
    }
}
