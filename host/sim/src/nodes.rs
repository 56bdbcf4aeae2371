//! The nodes of a run: start, are killed, handle events and are upgraded.

use std::sync::Arc;

use host_check::value::{Map, Value};

use super::clients::{Clients, Owner};
use super::clock::{STEADY, draw_date_ns};
use super::coverage::Touched;
use super::exception::keyword;
use super::growth::Sizes;
use super::nemesis::Fault;
use super::network::Network;
use super::node::{Node, Pause, Replaced};
use super::outcome::Stopped;
use super::packets::{Body, Packet};
use super::programs::Programs;
use super::ranges::SMALL_NODES_MAX;
use super::scheduled::Scheduled;
use super::silence::Instead;
use super::time::SECOND;
use super::world::World;

/// How long after it has crashed a node is started again.
const RESTART_NS: u64 = SECOND;

/// How long a node may take to respond to `init`.
pub(super) const INIT_TIMEOUT_NS: u64 = 10 * SECOND;

/// All nodes, and the programs that they run.
pub(super) struct Nodes<'a> {
    nodes: Vec<Node>,
    programs: Programs<'a>,
    /// The names of all nodes as JSON, if they are many: each `init` has them.
    node_ids: Option<Arc<str>>,
}

impl<'a> Nodes<'a> {
    /// Nodes that do not run yet.
    pub(super) fn new(names: &[String], programs: Programs<'a>) -> Self {
        let date_ns = draw_date_ns(&programs.streams);
        let are_many = names.len() > SMALL_NODES_MAX;
        let node_ids = are_many.then(|| serde_json::json!(names).to_string().into());
        let names = names.iter().cloned().enumerate();
        let nodes = names.map(|(index, name)| Node::new(index, name, &programs, date_ns));
        Nodes {
            nodes: nodes.collect(),
            programs,
            node_ids,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn is_paused(&self, node: usize) -> bool {
        self.nodes[node].is_paused()
    }

    /// The nodes that this has ended, in ascending order.
    pub(super) fn down_by(&self, fault: Fault) -> Vec<usize> {
        self.all_that(|node| node.is_down_by(fault))
    }

    /// The nodes that this has paused, in ascending order.
    pub(super) fn paused(&self, pause: Pause) -> Vec<usize> {
        self.all_that(|node| node.is_paused_by(pause))
    }

    fn all_that(&self, is_meant: impl Fn(&Node) -> bool) -> Vec<usize> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| is_meant(node))
            .map(|(index, _)| index)
            .collect()
    }

    /// Starts a node's guest, and has a new client send it `init`.
    pub(super) fn start(
        &mut self,
        node: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) -> Result<(), Stopped> {
        let this = &mut self.nodes[node];
        network.reset(world, node, this.down_by());
        let guest = this.new_guest(&self.programs, world)?;
        let client = clients.open(Owner::Init(node));
        this.start(guest, client, world);
        // Before the next one starts: all start at once, and each may begin with much.
        world.check(network.in_flight())?;
        let node_ids = match &self.node_ids {
            Some(_) => serde_json::json!([]),
            None => world.names().nodes().into(),
        };
        let init = serde_json::json!({
            "type": "init",
            "node_id": this.name(),
            "node_ids": node_ids,
        });
        let init = init.to_string();
        let body = match init.split_once("[]") {
            Some((head, tail)) => Body {
                head,
                shared: self.node_ids.as_ref(),
                tail,
            },
            None => Body::own(&init),
        };
        clients.call(client, node, body, INIT_TIMEOUT_NS, world, network);
        Ok(())
    }

    /// The response to a node's `init` has arrived.
    pub(super) fn initialised(&mut self, node: usize) {
        self.nodes[node].initialised();
    }

    /// Hands a message to a node.
    pub(super) fn deliver(
        &mut self,
        node: usize,
        packet: Packet,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.nodes[node].deliver(packet, world, network, clients)
    }

    /// Fires a node's timers that are due.
    pub(super) fn wake(
        &mut self,
        node: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.nodes[node].wake(world, network, clients)
    }

    /// Ends a node's process.
    pub(super) fn kill(
        &mut self,
        node: usize,
        by: Fault,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) {
        self.nodes[node].kill(by, world, network, clients);
    }

    /// A node, for what happens to it alone.
    pub(super) fn node(&mut self, node: usize) -> &mut Node {
        &mut self.nodes[node]
    }

    /// A node, to look at.
    pub(super) fn get(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// The first node that waits for a sync.
    pub(super) fn syncing(&self) -> Option<usize> {
        self.nodes.iter().position(Node::is_syncing)
    }

    /// Has time go by again for all nodes.
    pub(super) fn release(&mut self, world: &mut World<'_>) {
        for node in &mut self.nodes {
            node.release(world);
        }
    }

    /// All nodes, for what happens to each alone.
    pub(super) fn each(&mut self) -> impl Iterator<Item = &mut Node> {
        self.nodes.iter_mut()
    }

    /// A node goes on after a sync.
    pub(super) fn synced(
        &mut self,
        node: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.nodes[node].synced(world, network, clients)
    }

    /// A node's process has ended by itself: something starts it again after a second, as an operating
    /// system does with a service.
    pub(super) fn crash(
        &mut self,
        node: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) {
        if self.nodes[node].has_crashed() {
            self.kill(node, Fault::DiskError, world, network, clients);
            let at_ns = world.now_ns() + RESTART_NS;
            world.schedule(at_ns, Scheduled::Restart(node));
        }
    }

    /// Starts a node again that has crashed, unless something else keeps it down.
    pub(super) fn restart(
        &mut self,
        node: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) -> Result<(), Stopped> {
        match self.nodes[node].is_down_by(Fault::DiskError) {
            true => self.start(node, world, network, clients),
            false => Ok(()),
        }
    }

    /// Pauses a node.
    pub(super) fn pause(&mut self, node: usize, pause: Pause) {
        self.nodes[node].pause(pause);
    }

    /// Has a paused node go on, unless something else pauses it.
    pub(super) fn resume(
        &mut self,
        node: usize,
        pause: Pause,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &Clients,
    ) -> Result<(), Stopped> {
        self.nodes[node].resume(pause, world, network, clients)
    }

    /// Changes the rate of a node's clock, and has it jump ahead.
    pub(super) fn skew(
        &mut self,
        node: usize,
        rate_permille: u64,
        jump_ns: u64,
        world: &mut World<'_>,
    ) {
        self.nodes[node].skew(rate_permille, jump_ns, world);
    }

    /// Has all clocks run at the right rate again.
    pub(super) fn steady_clocks(&mut self, world: &mut World<'_>) {
        for node in &mut self.nodes {
            node.skew(STEADY, 0, world);
        }
    }

    /// Upgrades a node to the next version, and tells what came of it.
    pub(super) fn upgrade(
        &mut self,
        node: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) -> Result<Value, Stopped> {
        self.change_version(node, true, world, network, clients)
    }

    /// Changes a node to the other version, and tells what came of it.
    pub(super) fn swap(
        &mut self,
        node: usize,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) -> Result<Value, Stopped> {
        let to_next = !self.nodes[node].has_next_version();
        self.change_version(node, to_next, world, network, clients)
    }

    /// `{"n1" :swapped}`
    fn change_version(
        &mut self,
        node: usize,
        to_next: bool,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
    ) -> Result<Value, Stopped> {
        let this = &mut self.nodes[node];
        let done = match this.replace_guest(to_next, &self.programs, world)? {
            Replaced::Swapped => "swapped",
            Replaced::Refused => "refused",
            Replaced::NotRunning => "not-running",
            Replaced::NeedsRestart => {
                this.kill(Fault::Swap, world, network, clients);
                self.start(node, world, network, clients)?;
                "restarted"
            }
        };
        if matches!(done, "swapped" | "restarted") {
            world.tally().touch(Fault::Swap, Touched::default());
        }
        let entry = (Value::from(self.nodes[node].name()), keyword(done));
        Ok(Value::Map(Box::new([entry].into_iter().collect::<Map>())))
    }

    /// Measures all guests for the last time, and counts what faults that are still on have touched.
    pub(super) fn count(&mut self, world: &mut World<'_>) {
        for node in &mut self.nodes {
            node.count(world);
            node.tally_pause(world);
            node.tally_skew(world);
        }
    }

    /// The line that a node has begun to write and not ended.
    pub(super) fn unfinished(&self, node: usize) -> Option<Instead> {
        let line = self.nodes[node].unfinished_output();
        (!line.is_empty()).then(|| Instead::unfinished(line))
    }

    /// The name of each node and the sizes of its memory, since its guest was started.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (&str, &Sizes)> {
        self.nodes.iter().map(|node| (node.name(), node.sizes()))
    }
}
