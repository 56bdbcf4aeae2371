//! How a branch is at a moment, as a page gets it.

use serde::Serialize;

use host_check::validity::Validity;
use host_sim::{Cluster, Moment, Phase, Touch, TouchKind};

/// Where a run stands still.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Standing {
    /// The virtual time, in nanoseconds.
    pub(crate) at_ns: u64,
    phase: &'static str,
    /// Whether nothing is left to happen unless it is touched.
    pub(crate) idle: bool,
    pub(crate) in_flight: Vec<InFlight>,
    nodes: Vec<NodeState>,
    /// The links that are cut, each as receiver and sender.
    pub(crate) cuts: Vec<(String, String)>,
    workers: Vec<WorkerState>,
    /// How many of the script's moves are made.
    #[serde(skip)]
    pub(crate) moves: usize,
}

/// A message on its way.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct InFlight {
    pub(crate) id: u64,
    src: String,
    dest: String,
    number: u64,
    due_ns: Option<u64>,
    held: bool,
}

#[derive(Debug, Clone, Serialize)]
struct NodeState {
    up: bool,
    paused: bool,
    syncing: bool,
}

#[derive(Debug, Clone, Serialize)]
struct WorkerState {
    worker: usize,
    node: String,
    client: String,
    process: i64,
    doing: Option<String>,
}

impl Standing {
    /// Before the first event.
    pub(crate) fn at_the_beginning(cluster: Cluster) -> Self {
        let node = NodeState {
            up: true,
            paused: false,
            syncing: false,
        };
        Standing {
            at_ns: 0,
            phase: "init",
            idle: false,
            in_flight: Vec::new(),
            nodes: vec![node; cluster.count],
            cuts: Vec::new(),
            workers: Vec::new(),
            moves: 0,
        }
    }

    pub(crate) fn of(moment: &Moment<'_>, cluster: Cluster) -> Self {
        let in_flight = moment.in_flight().into_iter().map(|it| InFlight {
            id: it.id,
            src: it.message.src,
            dest: it.message.dest,
            number: it.message.number,
            due_ns: it.due_ns.map(|due_ns| due_ns.max(moment.at_ns)),
            held: it.is_held,
        });
        let nodes = moment.nodes().into_iter().map(|it| NodeState {
            up: it.is_up,
            paused: it.is_paused,
            syncing: it.is_syncing,
        });
        let name = |node: usize| cluster.node_name(node);
        let cuts = moment.cuts().into_iter();
        let workers = moment.workers().into_iter().enumerate();
        Standing {
            at_ns: moment.at_ns,
            phase: moment.phase.into(),
            idle: moment.idle,
            in_flight: in_flight.collect(),
            nodes: nodes.collect(),
            cuts: cuts.map(|(dest, src)| (name(dest), name(src))).collect(),
            workers: workers
                .map(|(worker, it)| WorkerState {
                    worker,
                    node: name(it.node),
                    client: it.client,
                    process: it.process,
                    doing: it.doing.map(|f| f.to_string()),
                })
                .collect(),
            moves: moment.moves,
        }
    }

    /// The run is over, at this time.
    pub(crate) fn end(&mut self, at_ns: u64) {
        (self.at_ns, self.phase, self.idle) = (at_ns, Phase::Over.into(), false);
        self.in_flight.clear();
    }
}

/// What was done to a run by hand.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// How many events had happened by then: where it is done again.
    pub(crate) events: u64,
    /// How many entries the journal had.
    pub(crate) at: usize,
    /// What it was, in words.
    pub(crate) words: String,
    /// The same for a script.
    pub(crate) touch: Touch,
}

/// What was done to a run, by hand or by its script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Done {
    /// How many entries the journal had.
    pub(crate) at: usize,
    /// What it was, in words.
    pub(crate) words: String,
}

/// Whether the main phase of a run to which this was done goes on until it is finished.
pub(crate) fn holds(made: &[Made]) -> bool {
    let is_finish = |made: &Made| made.touch.what == TouchKind::Finish;
    !made.is_empty() && !made.iter().any(is_finish)
}

/// Why a run stands still that had not come to what it was to go on to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Hit {
    /// The position of the breakpoint.
    pub(crate) breakpoint: usize,
    pub(crate) words: String,
}

/// What the checkers say of a branch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) valid: Validity,
    /// Whether the run goes on: what is not wrong yet may be later.
    pub(crate) so_far: bool,
    pub(crate) problems: String,
    /// Where the first that is wrong is shown.
    pub(crate) first: Option<First>,
}

/// An entry of the journal, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct First {
    pub(crate) position: usize,
    pub(crate) words: String,
}

impl Verdict {
    /// Nothing is wrong yet.
    pub(crate) fn none_yet() -> Self {
        Verdict {
            valid: Validity::True,
            so_far: true,
            problems: String::new(),
            first: None,
        }
    }
}
