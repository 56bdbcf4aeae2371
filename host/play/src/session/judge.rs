//! The verdict as a run goes on, on a thread of its own: always about the newest history.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use super::branch::Branch;
use super::now::{First, Verdict};
use super::signal::Signal;
use host_check::evidence::{Anomaly, evidence};
use host_check::history::{History, Op, Process};
use host_check::text::render_problems;
use host_check::validity::Validity;
use host_protocol::text::excerpt;
use host_report::live::LiveHistory;
use host_trial::schedule::operation_in_words;
use host_trial::{Scenario, TrialResult};

/// The most characters of what is wrong.
const PROBLEM_CHARS_MAX: usize = 20_000;

/// Judges branches whose history has grown.
#[derive(Debug)]
pub(super) struct Judge {
    waiting: Mutex<Waiting>,
    comes: Condvar,
    signal: Signal,
}

#[derive(Debug, Default)]
struct Waiting {
    branches: BTreeMap<u32, Weak<Branch>>,
    is_over: bool,
}

impl Judge {
    /// Starts its thread.
    pub(super) fn start(signal: Signal) -> Arc<Self> {
        let judge = Arc::new(Judge {
            waiting: Mutex::default(),
            comes: Condvar::new(),
            signal,
        });
        let this = Arc::clone(&judge);
        thread::spawn(move || {
            while let Some(branch) = this.next() {
                if let Some(branch) = branch.upgrade() {
                    // A checker that panics has said so on stderr; the branch keeps the verdict that it has.
                    let _ = catch_unwind(AssertUnwindSafe(|| this.judge(&branch)));
                }
            }
        });
        judge
    }

    /// Pages see the branch in another way, and its history may have grown.
    pub(super) fn wants(&self, branch: &Arc<Branch>) {
        let mut waiting = self.waiting();
        waiting.branches.insert(branch.id, Arc::downgrade(branch));
        drop(waiting);
        self.comes.notify_one();
        self.signal.changed();
    }

    /// Ends its thread.
    pub(super) fn end(&self) {
        self.waiting().is_over = true;
        self.comes.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Weak<Branch>> {
        let waiting = self.waiting();
        let is_idle = |it: &mut Waiting| it.branches.is_empty() && !it.is_over;
        let waited = self.comes.wait_while(waiting, is_idle);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        if waiting.is_over {
            return None;
        }
        waiting.branches.pop_first().map(|(_, branch)| branch)
    }

    fn judge(&self, branch: &Branch) {
        let (scenario, history, generation) = {
            let known = branch.known();
            if known.is_over || known.history.completed() == known.judged {
                return;
            }
            let scenario = Arc::clone(&known.base.scenario);
            (scenario, known.history.clone(), known.generation)
        };
        let verdict = judged(&scenario, &history);
        let mut known = branch.known();
        // Somebody else may have judged more of it meanwhile.
        if known.is_over || known.generation != generation || known.judged >= history.completed() {
            return;
        }
        known.judged = history.completed();
        if known.verdict != verdict {
            known.verdict = verdict;
            known.revision += 1;
            drop(known);
            self.signal.changed();
        }
    }
}

/// The verdict on a history that goes on: what is wrong whatever comes next.
pub(super) fn judged(scenario: &Scenario, history: &LiveHistory) -> Verdict {
    let Ok(so_far) = History::new(history.ops().to_vec()) else {
        return Verdict::none_yet();
    };
    let options = scenario.check_options();
    let Some(result) = scenario.check_so_far(&so_far) else {
        return Verdict::none_yet();
    };
    let anomalies = evidence(&result, &so_far, &options);
    Verdict {
        valid: result.valid,
        so_far: true,
        problems: problems(&render_problems(&result)),
        first: first(scenario, history, &anomalies),
    }
}

/// The verdict on a run that is over.
pub(super) fn final_verdict(
    scenario: &Scenario,
    history: &LiveHistory,
    result: &TrialResult,
) -> Verdict {
    let valid = result.valid();
    let text = match &result.result {
        Ok(_) if valid == Validity::True => String::new(),
        Ok(result) => render_problems(result),
        Err(_) => result.stop_in_words().unwrap_or_default(),
    };
    let anomalies = result.evidence(&scenario.check_options());
    Verdict {
        valid,
        so_far: false,
        problems: problems(&text),
        first: first(scenario, history, &anomalies),
    }
}

fn problems(text: &str) -> String {
    excerpt(text, PROBLEM_CHARS_MAX).into_owned()
}

/// Where the first anomaly is shown by an operation.
fn first(scenario: &Scenario, history: &LiveHistory, anomalies: &[Anomaly]) -> Option<First> {
    let shown = anomalies.iter().filter_map(|anomaly| {
        let contradiction = anomaly.evidence.contradiction()?;
        Some((contradiction.shown_by, anomaly.name.0.as_str()))
    });
    let (shown_by, name) = shown.min()?;
    let op = history.ops().get(shown_by)?;
    Some(First {
        position: history.entry_of(shown_by)?,
        words: format!("{name}: {}", in_words(scenario, op)),
    })
}

fn in_words(scenario: &Scenario, op: &Op) -> String {
    let Process::Client(process) = op.process else {
        return op.to_string();
    };
    let options = &scenario.options;
    let node = options.cluster.node_of(process, options.concurrency);
    let node = options.cluster.node_name(node);
    let has_keys = scenario.workload.name() == "lin-kv";
    operation_in_words(op, process, &node, has_keys)
}
