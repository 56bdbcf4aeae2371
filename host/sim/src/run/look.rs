//! What nodes hold, shown to the workload: its invariants, and the goal that a script is about.

use super::Run;
use crate::client::WorkloadClient;
use crate::goal::{Held, shown};
use crate::outcome::{StopReason, Stopped};
use crate::script::Script;

/// The goal that a script is about.
pub(super) struct GoalWatch {
    name: String,
    /// Its place among the goals of the workload; none if it is none of them.
    place: Option<usize>,
    /// A workload that has seen no node.
    fresh: Box<dyn WorkloadClient>,
    nodes: Vec<Node>,
    /// Whether nodes are looked at: after the last move.
    is_on: bool,
    /// Whether they have shown it.
    is_shown: bool,
    /// Whether all of them said which goals they show, the last time.
    is_told: bool,
}

/// What a node held last.
#[derive(Clone)]
enum Node {
    /// It has shown nothing yet.
    Hidden,
    Down,
    Up(Vec<u8>),
}

impl GoalWatch {
    /// That of a script, if it is about one, with a workload that has done nothing.
    pub(super) fn of(
        script: Option<&Script>,
        workload: &dyn WorkloadClient,
        nodes: usize,
    ) -> Option<Self> {
        let script = script?;
        let name = script.goal.clone()?;
        let goals = workload.goals();
        Some(GoalWatch {
            place: goals.iter().position(|goal| goal.name == name),
            name,
            fresh: workload.boxed_clone(),
            nodes: vec![Node::Hidden; nodes],
            is_on: !script.is_directed(),
            is_shown: false,
            is_told: false,
        })
    }

    fn look(&mut self, now_ns: u64) -> Result<(), StopReason> {
        let (true, false, Some(place)) = (self.is_on, self.is_shown, self.place) else {
            return Ok(());
        };
        let mut fresh = self.fresh.boxed_clone();
        let nodes = self.nodes.iter().map(|node| match node {
            Node::Hidden => Held::Hidden,
            Node::Down => Held::Down,
            Node::Up(state) => Held::State(state),
        });
        let shown = shown(fresh.as_mut(), now_ns, nodes).map_err(StopReason::Invariant)?;
        if let Some(why) = fresh.failure() {
            return Err(StopReason::Workload(why));
        }
        self.is_shown = shown.goals.contains(place);
        self.is_told = shown.is_told;
        Ok(())
    }
}

impl Run<'_> {
    /// Shows the workload what nodes hold after an event, and ends the run if the workload cannot go on.
    pub(super) fn look(&mut self) -> Result<(), Stopped> {
        let observes = self.workers.observe_nodes();
        let observed = self.world.take_observed();
        let is_new = !observed.is_empty();
        for (node, state) in observed {
            if observes {
                let now_ns = self.world.now_ns();
                let looked = self.workers.observe(now_ns, node, state.as_deref());
                looked.map_err(|reason| self.world.stop_at(node, reason))?;
            }
            if let Some(goal) = &mut self.goal {
                goal.nodes[node] = state.map_or(Node::Down, Node::Up);
            }
        }
        if is_new {
            self.look_for_goal()?;
        }
        match self.workers.failure() {
            Some(why) => Err(self.world.stop(StopReason::Workload(why))),
            None => Ok(()),
        }
    }

    fn look_for_goal(&mut self) -> Result<(), Stopped> {
        let now_ns = self.world.now_ns();
        let looked = match &mut self.goal {
            Some(goal) => goal.look(now_ns),
            None => Ok(()),
        };
        looked.map_err(|reason| self.world.stop(reason))
    }

    /// The last move is made: from now on nodes may show the goal.
    pub(super) fn watch_goal(&mut self) -> Result<(), Stopped> {
        if let Some(goal) = &mut self.goal {
            goal.is_on = true;
        }
        self.look_for_goal()
    }

    /// The cluster has had time to recover: ends the run if nodes have not shown the goal.
    pub(super) fn judge_goal(&mut self) -> Result<(), Stopped> {
        let Some(goal) = &self.goal else {
            return Ok(());
        };
        let reason = match goal.place {
            // What is not told may have been shown.
            Some(_) if goal.is_shown || !goal.is_told => return Ok(()),
            Some(_) => StopReason::Goal(goal.name.clone()),
            None => StopReason::Workload(format!(
                "the schedule is about the goal {:?}, which is none of its goals",
                goal.name
            )),
        };
        Err(self.world.stop(reason))
    }
}
