//! A new version of the program takes over in running nodes, one after the other.

use super::SECOND;
use super::exception::keyword;
use super::node::Life;
use super::outcome::Stopped;
use super::run::{Event, Run};
use host_check::value::{Map, Value};
use host_guest::{Carried, carry_state};

/// How long after one node the next one follows.
const BETWEEN_NODES_NS: u64 = SECOND;

impl Run<'_> {
    /// The upgrade that was asked for begins, if there is one.
    pub(super) fn plan_swaps(&mut self) {
        if let Some(after_ns) = self.options.swap_after_ns {
            let at_ns = self.world.now_ns + after_ns;
            self.world.queue.push(at_ns, Event::Swap(0));
        }
    }

    /// This node gets the next version, and a second later the one after it.
    pub(super) fn rolling_swap(&mut self, node: usize) -> Result<(), Stopped> {
        let done = self.swap(node, true)?;
        let done = self.swap_value(node, done);
        self.record_fault("swap", Value::Nil, done);
        if node + 1 < self.nodes.len() {
            let at_ns = self.world.now_ns + BETWEEN_NODES_NS;
            self.world.queue.push(at_ns, Event::Swap(node + 1));
        }
        Ok(())
    }

    /// As a fault: a node changes to the other version.
    pub(super) fn swap_over(&mut self, node: usize) -> Result<Value, Stopped> {
        let to_next = !self.nodes[node].has_next_version;
        let done = self.swap(node, to_next)?;
        Ok(self.swap_value(node, done))
    }

    fn swap_value(&self, node: usize, done: &str) -> Value {
        let entry = (Value::from(self.nodes[node].name.as_str()), keyword(done));
        Value::Map(Box::new([entry].into_iter().collect::<Map>()))
    }

    /// Puts a new guest in the place of a node's current one and tells what came of it.
    ///
    /// The state and the timers go over between two events. A new version that knows
    /// nothing of state starts as after a kill; one that refuses the state leaves the old
    /// one running. A node that is down just starts with the new version later.
    fn swap(&mut self, node: usize, to_next: bool) -> Result<&'static str, Stopped> {
        let before = std::mem::replace(&mut self.nodes[node].has_next_version, to_next);
        let mut new = self.new_guest(node)?;
        let Life::Running(old) = &mut self.nodes[node].life else {
            return Ok("not-running");
        };
        match carry_state(old.as_mut(), new.as_mut(), false) {
            Ok(Carried::State { .. }) => {
                self.count_last(node);
                self.nodes[node].life = Life::Running(new);
                Ok("swapped")
            }
            Ok(Carried::Nothing(_)) => {
                self.kill(node);
                self.start_node(node)?;
                Ok("restarted")
            }
            Err(refusal) => {
                self.nodes[node].has_next_version = before;
                let name = &self.nodes[node].name;
                let text = format!("swap refused: {refusal}");
                self.world.journal.log(
                    self.world.now_ns,
                    name,
                    host_protocol::abi::Level::Error,
                    &text,
                );
                Ok("refused")
            }
        }
    }
}
