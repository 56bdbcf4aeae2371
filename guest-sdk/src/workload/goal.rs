//! Goals: what nodes can come to hold.

use host_protocol::workload::{Goal as WireGoal, GoalKind, GoalOf};

/// A goal: [`reachable`], [`always_reachable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// Its name, a few words joined by hyphens.
    pub name: &'static str,
    kind: GoalKind,
    of: GoalOf,
    help: &'static str,
}

/// A goal that some schedule comes to. `help` says what it means.
#[must_use]
pub const fn reachable(name: &'static str, help: &'static str) -> Goal {
    Goal {
        name,
        kind: GoalKind::Reachable,
        of: GoalOf::Any,
        help,
    }
}

/// A goal that can be reached from every state, once faults are over.
#[must_use]
pub const fn always_reachable(name: &'static str, help: &'static str) -> Goal {
    Goal {
        kind: GoalKind::AlwaysReachable,
        ..reachable(name, help)
    }
}

impl Goal {
    /// The same, which all nodes have to show, and not any of them.
    #[must_use]
    pub const fn of_all(self) -> Self {
        Goal {
            of: GoalOf::All,
            ..self
        }
    }

    pub(super) fn wire(&self) -> WireGoal {
        WireGoal {
            name: self.name.to_owned(),
            kind: self.kind,
            of: self.of,
            help: self.help.to_owned(),
        }
    }
}

/// What a node's state says about goals; by default nothing: it is no state that the workload can read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observation(pub(super) Option<Vec<&'static str>>);

impl Observation {
    /// The node shows these goals, by name, and no others.
    #[must_use]
    pub fn of(goals: impl IntoIterator<Item = &'static str>) -> Self {
        Observation(Some(goals.into_iter().collect()))
    }
}
