//! All schedules of a small cluster in a unit test.

use std::fmt;

use host_check::text::render_problems;
use host_explore::{Budget, End, Exploration, FailingSchedule, Spent};
use host_protocol::text::{counted, grouped};
use host_trial::schedule::trace;

use super::{Bounds, Cluster, Ran, played};

/// The most states that a test meets: some seconds.
const STATES_MAX: usize = 1_000_000;

/// What was tried without a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proved {
    /// Whether everything within the bounds was tried. If not, the test has met a million states, or the bounds have
    /// a depth.
    pub is_complete: bool,
    /// How many states were met.
    pub states: usize,
    /// Schedules of up to so many moves were all tried.
    pub depth: u32,
}

impl Proved {
    /// Asserts that everything within the bounds was tried.
    ///
    /// # Panics
    /// When it was not; the message says how far the exploration came.
    #[track_caller]
    pub fn assert_complete(&self) {
        assert!(
            self.is_complete,
            "not everything was tried: {self}; take less of something"
        );
    }
}

/// `all 1,234 states`, or `1,000,000 states, every schedule of up to 9 moves`
impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = grouped(self.states as u64);
        match self.is_complete {
            true => write!(f, "all {states} states"),
            false => {
                let moves = counted(self.depth, "move");
                write!(f, "{states} states, every schedule of up to {moves}")
            }
        }
    }
}

impl Cluster {
    /// Explores it: tries every schedule within the bounds, the shorter ones first. Times do not matter, and
    /// neither do faults that were asked for: there are as many as the bounds say.
    ///
    /// # Panics
    /// When a schedule fails; the message is the shortest, and a report on it is written. When the cluster does not
    /// come as far as the first operation.
    #[track_caller]
    pub fn explore(self, bounds: &Bounds) -> Proved {
        let exploration = Exploration {
            module: self.program.as_ref(),
            scenario: &self.scenario,
            bounds,
            budget: Budget {
                states: STATES_MAX,
                ..Budget::default()
            },
            seed: 1,
            operations: host_explore::Operations::Drawn,
        };
        let explored = match exploration.search(&mut |_| ()) {
            Ok(explored) => explored,
            Err(why) => panic!("nothing was explored: {why}"),
        };
        let is_complete = match explored.end {
            End::Complete => true,
            End::Depth | End::States | End::Spent(Spent::Fuel | Spent::Memory) => false,
            End::Failure(failing) => fail(self, failing),
            other => panic!("the exploration ended in {other:?}"),
        };
        Proved {
            is_complete,
            states: explored.progress.states,
            depth: explored.progress.depth,
        }
    }
}

/// Panics with a schedule, on which the report is then.
#[track_caller]
fn fail(cluster: Cluster, failing: FailingSchedule) -> ! {
    let schedule = failing.schedule;
    let names = failing.names.join(", ");
    let ran = played(cluster.program, schedule.clone());
    let anomaly = ran.report().anomalies().into_iter().next();
    let mut lines = match &anomaly {
        Some(anomaly) => trace(&schedule, ran.cluster.program.as_ref(), None, anomaly),
        None => {
            vec!["the simulator finds nothing wrong in it, which is a fault of the host".to_owned()]
        }
    };
    lines.extend(problems(&ran));
    let moves = counted(failing.moves, "move");
    panic!(
        "a schedule of {moves} fails ({names}):\n{}",
        lines.join("\n")
    );
}

/// What the simulator says of a run.
fn problems(ran: &Ran) -> Option<String> {
    match &ran.report().result {
        Ok(result) => Some(render_problems(result).trim_end().to_owned()),
        Err(_) => ran.report().stop_in_words(),
    }
}
