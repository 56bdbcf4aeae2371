//! Faults, done to the nodes and the network.

use host_check::value::Value;

use super::clients::Clients;
use super::exception::keyword;
use super::links::LinkFault;
use super::nemesis::{Fault, FaultAction, each};
use super::network::Network;
use super::nodes::Nodes;
use super::outcome::Stopped;
use super::world::World;

/// Starts a fault; what was done, as the history has it.
pub(super) fn start(
    action: FaultAction,
    nodes: &mut Nodes<'_>,
    network: &mut Network,
    clients: &mut Clients,
    world: &mut World<'_>,
) -> Result<Value, Stopped> {
    let done = action.done(world.names().nodes());
    world.tally().begin(action.fault(), network.sent());
    let links = network.links();
    match action {
        FaultAction::Partition(_, grudges) => links.break_links(LinkFault::Partition, &grudges),
        FaultAction::OneWay(grudges) => links.break_links(LinkFault::OneWay, &grudges),
        FaultAction::Slow(grudges) => links.break_links(LinkFault::Slow, &grudges),
        FaultAction::Loss(permille) => links.set_loss(permille),
        FaultAction::Duplicate(permille) => links.set_duplication(permille),
        FaultAction::Kill(_, killed) => {
            for node in killed {
                nodes.kill(node, world, network, clients);
            }
        }
        FaultAction::Pause(_, paused) => paused.into_iter().for_each(|node| nodes.pause(node)),
        FaultAction::ClockSkew(skews) => {
            for skew in skews {
                nodes.skew(skew.node, skew.rate_permille, skew.jump_ns, world);
            }
        }
        FaultAction::Swap(node) => {
            return nodes.swap(node.unwrap_or(0), world, network, clients);
        }
    }
    Ok(done)
}

/// Stops a fault, after which it touches nothing; what was asked for and what was done, as the history has it.
pub(super) fn stop(
    fault: Fault,
    nodes: &mut Nodes<'_>,
    network: &mut Network,
    clients: &mut Clients,
    world: &mut World<'_>,
) -> Result<(Value, Value), Stopped> {
    let done = stopped(fault, nodes, network, clients, world);
    world.tally().end(fault);
    done
}

fn stopped(
    fault: Fault,
    nodes: &mut Nodes<'_>,
    network: &mut Network,
    clients: &mut Clients,
    world: &mut World<'_>,
) -> Result<(Value, Value), Stopped> {
    let healed = || keyword("network-healed");
    let links = network.links();
    let done = match fault {
        Fault::Partition => {
            links.repair(LinkFault::Partition);
            healed()
        }
        Fault::OneWay => {
            links.repair(LinkFault::OneWay);
            healed()
        }
        Fault::Slow => {
            links.repair(LinkFault::Slow);
            healed()
        }
        Fault::Loss => {
            links.set_loss(0);
            healed()
        }
        Fault::Duplicate => {
            links.set_duplication(0);
            healed()
        }
        Fault::Kill => {
            let down = nodes.down();
            for node in &down {
                nodes.start(*node, world, network, clients)?;
            }
            let started = each(&down, world.names().nodes(), "started");
            return Ok((keyword("all"), started));
        }
        Fault::Pause => {
            let paused = nodes.paused();
            for node in &paused {
                nodes.resume(*node, world, network, clients)?;
            }
            let resumed = each(&paused, world.names().nodes(), "resumed");
            return Ok((keyword("all"), resumed));
        }
        Fault::ClockSkew => {
            nodes.steady_clocks(world);
            keyword("clocks-steady")
        }
        Fault::Swap => Value::Nil, // a version that has come stays
    };
    Ok((Value::Nil, done))
}
