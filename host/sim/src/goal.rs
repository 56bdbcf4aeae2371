//! Goals of workloads: what the nodes of a cluster can come to hold.
//!
//! A goal is a property of what all nodes hold at one moment. It is looked at as a whole: a copy of the workload that has
//! seen nothing is shown one node after the other, so what it says of the last one may depend on all.

pub use host_protocol::workload::{Goal, GoalKind, GoalOf};

use super::client::WorkloadClient;

/// The most goals of a workload.
pub const GOALS_MAX: usize = u32::BITS as usize;

/// Some of the goals of a workload, by their places among those that it declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GoalSet(u32);

impl GoalSet {
    /// Those with these bits, the first goal's the lowest.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        GoalSet(bits)
    }

    /// A bit for each.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Adds the goal at this place.
    pub fn insert(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    /// Whether the goal at this place is one of them.
    #[must_use]
    pub fn contains(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }

    /// Those of both.
    #[must_use]
    pub fn with(self, other: GoalSet) -> GoalSet {
        GoalSet(self.0 | other.0)
    }

    /// Those that are not in the other.
    #[must_use]
    pub fn without(self, other: GoalSet) -> GoalSet {
        GoalSet(self.0 & !other.0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What a node holds.
#[derive(Debug, Clone, Copy)]
pub enum Held<'s> {
    /// Nothing: it is down.
    Down,
    /// Nobody knows: its program has no snapshot.
    Hidden,
    /// This state.
    State(&'s [u8]),
}

/// The goals that all nodes show together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The goals.
    pub goals: GoalSet,
    /// Whether each node that is up has said which goals it shows. If not, there may be more.
    pub is_told: bool,
}

/// Shows a workload that has seen nothing what all nodes hold, in their order.
///
/// # Errors
/// The invariant that does not hold.
pub fn shown<'s>(
    fresh: &mut dyn WorkloadClient,
    now_ns: u64,
    nodes: impl IntoIterator<Item = Held<'s>>,
) -> Result<Shown, String> {
    let (mut any, mut all) = (0, u32::MAX);
    let mut is_told = true;
    for (node, held) in nodes.into_iter().enumerate() {
        let says = match held {
            Held::Down => Some(fresh.observe(now_ns, node, None)?.unwrap_or_default()),
            Held::Hidden => None,
            Held::State(state) => fresh.observe(now_ns, node, Some(state))?,
        };
        is_told &= says.is_some();
        let says = says.unwrap_or_default().bits();
        any |= says;
        all &= says;
    }
    let goals = fresh.goals().iter().enumerate();
    let of_all = goals.filter(|(_, goal)| goal.of == GoalOf::All);
    let of_all = of_all.fold(0, |bits, (place, _)| bits | 1 << place);
    Ok(Shown {
        goals: GoalSet(any & !of_all | all & of_all),
        is_told,
    })
}

#[cfg(test)]
mod tests {
    use super::super::client::{Malformed, Next, Operation, Step, Turn};
    use super::*;

    /// Nodes say which goals they show: `0`, `1`, `0 1`; `-` for nothing. It has seen the sum of their bits.
    #[derive(Clone)]
    struct Told {
        goals: Vec<Goal>,
        sum: usize,
    }

    impl WorkloadClient for Told {
        fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
            Box::new(self.clone())
        }

        fn next(&mut self, _turn: &mut Turn<'_>) -> Next {
            Next::Done
        }

        fn begin(&mut self, _worker: usize, _operation: &Operation) -> Step {
            unreachable!("it has no operations")
        }

        fn answer(
            &mut self,
            _worker: usize,
            _operation: &Operation,
            _answer: &str,
        ) -> Result<Step, Malformed> {
            unreachable!("it has no operations")
        }

        fn goals(&self) -> &[Goal] {
            &self.goals
        }

        fn observe(
            &mut self,
            _now_ns: u64,
            _node: usize,
            state: Option<&[u8]>,
        ) -> Result<Option<GoalSet>, String> {
            let Some(state) = state else { return Ok(None) };
            let mut shows = GoalSet::default();
            for byte in state {
                match byte {
                    b'-' => return Ok(None),
                    b'!' => return Err("broken".to_owned()),
                    byte => shows.insert(usize::from(byte - b'0')),
                }
            }
            self.sum += state.len();
            if self.sum == 4 {
                shows.insert(2);
            }
            Ok(Some(shows))
        }
    }

    fn goal(name: &str, of: GoalOf) -> Goal {
        Goal {
            name: name.to_owned(),
            kind: GoalKind::Reachable,
            of,
            help: String::new(),
        }
    }

    /// The goals of nodes with these states: `down`, `hidden`, or a state.
    fn of(nodes: &[&str]) -> Result<(u32, bool), String> {
        let mut told = Told {
            goals: vec![
                goal("any", GoalOf::Any),
                goal("all", GoalOf::All),
                goal("four", GoalOf::Any),
            ],
            sum: 0,
        };
        let nodes = nodes.iter().map(|&node| match node {
            "down" => Held::Down,
            "hidden" => Held::Hidden,
            state => Held::State(state.as_bytes()),
        });
        let shown = shown(&mut told, 0, nodes)?;
        Ok((shown.goals.bits(), shown.is_told))
    }

    #[test]
    fn a_goal_is_shown_by_any_node_or_by_all() {
        for (nodes, goals) in [
            (["", "", ""], 0b000),
            (["0", "", ""], 0b001),
            (["1", "1", ""], 0b000),
            (["1", "1", "1"], 0b010),
            (["1", "1", "down"], 0b000),
            (["0", "1", "01"], 0b101),
            (["01", "1", "1"], 0b111),
        ] {
            assert_eq!(of(&nodes), Ok((goals, true)), "{nodes:?}");
        }
    }

    #[test]
    fn a_node_that_says_nothing_leaves_it_open_whether_there_are_more() {
        assert_eq!(of(&["0", "-", ""]), Ok((0b001, false)));
        assert_eq!(of(&["0", "hidden", ""]), Ok((0b001, false)));
        assert_eq!(of(&["0", "!"]), Err("broken".to_owned()));
    }
}
