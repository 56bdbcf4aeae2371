//! Leader election. Clients ask nodes who leads:
//!
//! ```text
//! > {"type":"who","msg_id":1}
//! < {"type":"who_ok","in_reply_to":1,"term":3,"leader":"n0"}
//! ```
//!
//! `term` is the latest term that the node has taken part in, `leader` the leader of that term; a node that knows none leaves it out.
//!
//! # What is promised
//!
//! | anomaly | when |
//! |---|---|
//! | `two-leaders` | two answers name different leaders of one term |
//! | `term-went-back` | a node answers with a term, and later with a lower one |
//! | `no-agreement` | after recovery ten seconds pass, and the last answers of all nodes do not name one leader of one term |
//!
//! Besides, nodes are looked at: if the state in a node's snapshot has `term` and `role`, no two nodes ever have the role `"leader"` in one term. The run ends
//! at the event that breaks this.
//!
//! The goal `leader-elected`, which can be reached from every state, is told from the same fields: all nodes are up and in one term, and one of them leads in it.
//! `host explore` judges it. A node whose state has no such fields says nothing about it.
//!
//! A term never goes back at a node, so it has to be durable before it is told. A node whose disk was replaced must not answer
//! before it has learned the term from the others, or it breaks that promise.
//!
//! Nothing is promised about how long there is no leader while faults last, nor that a leader is obeyed: a node that is cut off
//! may name the leader of an old term, itself included. The figures `terms` and `leaderless` tell how restless an election is.

mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::workload::prelude::*;

/// How long nodes have to agree after recovery, and how often they are asked.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(2);

/// All nodes are in one term, and one of them leads in it.
const ELECTED: &str = "leader-elected";

/// What clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
pub enum Operation {
    /// Ask a node who leads.
    Who,
    /// The same after recovery.
    WhoAtLast,
}

/// The body of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Who leads?
    Who {},
}

/// The body of an answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Who leads, as the node knows it.
    WhoOk {
        /// The latest term that it has taken part in.
        term: u64,
        /// The leader of that term.
        leader: Option<String>,
    },
}

/// What a node knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The node.
    pub node: String,
    /// Its term.
    pub term: u64,
    /// The leader of that term, if it knows one.
    pub leader: Option<String>,
}

/// The clients.
#[derive(Debug, Serialize, Deserialize)]
pub struct Election {
    nodes: Vec<String>,
    /// The node that has been seen to lead in each term, by number.
    led: BTreeMap<u64, usize>,
    /// The term of each node, and whether it leads, as it was seen last; none if it was down.
    terms: Vec<Option<(u64, bool)>>,
    /// What each node has answered at last.
    views: Vec<Option<View>>,
    /// When the first of the last operations began.
    last_began: Option<Duration>,
    /// Before this time each worker is not asked again.
    rests_until: Vec<Duration>,
}

impl Workload for Election {
    const NAME: &'static str = "leader";
    const ABOUT: &'static str = "Leader election: clients ask who leads in which term.";
    const OPERATIONS: &'static [OperationKind] = &[reads("who"), reads("who-at-last")];
    const MESSAGES: &'static [&'static str] =
        &["who {} -> who_ok {term: integer, leader?: string}"];
    const HAS_LAST: bool = true;
    const CHECKS_HISTORY: bool = true;
    const HAS_INVARIANTS: bool = true;
    const GOALS: &'static [Goal] = &[always_reachable(
        ELECTED,
        "all nodes are in one term, and one of them leads in it",
    )];
    const TIMEOUT: Duration = Duration::from_secs(1);

    type Options = ();
    type Operation = Operation;
    type Outcome = Option<View>;
    type Request = Request;
    type Answer = Answer;
    type Specification = ();

    fn new(cluster: &Cluster, (): ()) -> Result<Self, String> {
        let (nodes, workers) = (cluster.nodes.len(), cluster.workers);
        if workers < nodes {
            return Err(format!(
                "{workers} clients cannot ask {nodes} nodes: give each node one, with --concurrency 1n or more"
            ));
        }
        Ok(Election {
            nodes: cluster.nodes.clone(),
            led: BTreeMap::new(),
            terms: vec![None; nodes],
            views: vec![None; nodes],
            last_began: None,
            rests_until: vec![Duration::ZERO; workers],
        })
    }

    fn next(&mut self, _: &mut Turn<'_>) -> Next<Operation> {
        Next::Invoke(Operation::Who)
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        if self.last_began.is_none() {
            self.views.fill(None);
        }
        let began = *self.last_began.get_or_insert(turn.now);
        if check::agree(self.views.iter().flatten(), self.nodes.len())
            || turn.now >= began + PATIENCE
        {
            return Next::Done;
        }
        let rests_until = &mut self.rests_until[turn.worker];
        if turn.worker >= self.nodes.len() || turn.now < *rests_until {
            return match self.rests_until[..self.nodes.len()].iter().min() {
                Some(first) if *first > turn.now => Next::Later(*first),
                _ => Next::Pass,
            };
        }
        *rests_until = turn.now + PAUSE;
        Next::Invoke(Operation::WhoAtLast)
    }

    fn begin(&mut self, _: usize, _: &Operation) -> Step<Self> {
        Step::call(Request::Who {})
    }

    fn answer(&mut self, worker: usize, _: &Operation, answer: Answer) -> Step<Self> {
        let node = worker % self.nodes.len();
        let Answer::WhoOk { term, leader } = answer;
        if let Some(stranger) = leader.as_ref().filter(|name| !self.nodes.contains(name)) {
            return Step::malformed(format!("{stranger:?} leads, which is no node"));
        }
        let view = View {
            node: self.nodes[node].clone(),
            term,
            leader,
        };
        self.views[node] = Some(view.clone());
        Step::ok(Some(view))
    }

    fn observe(&mut self, _: Duration, node: usize, state: &Value) -> Result<Observation, String> {
        // The SDK has the state of a node in `node`.
        let state = state.get("node").unwrap_or(state);
        self.terms[node] = None;
        let (Some(term), Some(role)) = (state["term"].as_u64(), state.get("role")) else {
            return Ok(Observation::default());
        };
        let leads = role == "leader";
        if leads {
            let first = *self.led.entry(term).or_insert(node);
            if first != node {
                let (first, second) = (&self.nodes[first], &self.nodes[node]);
                return Err(format!("{first} and {second} both lead in term {term}"));
            }
        }
        self.terms[node] = Some((term, leads));
        let all_in_term = self.terms.iter().flatten().filter(|it| it.0 == term);
        let is_elected = all_in_term.clone().count() == self.nodes.len()
            && all_in_term.clone().any(|(_, leads)| *leads);
        Ok(Observation::of(is_elected.then_some(ELECTED)))
    }

    fn check(history: &History<Self>) -> Findings {
        check::check(history)
    }
}

guest_sdk::export_workload!(Election);
