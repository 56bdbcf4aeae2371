//! Faults, done to the nodes and the network.

use host_check::value::Value;

use super::clients::Clients;
use super::exception::keyword;
use super::links::LinkFault;
use super::nemesis::{Cut, Fault, FaultAction, each};
use super::network::Network;
use super::node::Pause;
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
                nodes.kill(node, Fault::Kill, world, network, clients);
            }
        }
        FaultAction::Power(_, losses) => {
            for loss in losses {
                nodes.kill(loss.node, Fault::Power, world, network, clients);
                nodes.node(loss.node).lose_power(loss.survival, world);
            }
        }
        FaultAction::Wipe(_, wiped) => {
            for node in wiped {
                nodes.kill(node, Fault::Wipe, world, network, clients);
                nodes.node(node).wipe(world);
            }
        }
        FaultAction::DiskSlow(slow) => {
            for node in slow {
                nodes.node(node).set_slow_disk(true);
            }
        }
        FaultAction::DiskFull(full) => {
            for node in full {
                nodes.node(node).set_full_disk(true);
            }
        }
        FaultAction::DiskError(losses) => {
            for loss in losses {
                nodes.node(loss.node).set_failing_disk(Some(loss.survival));
            }
        }
        FaultAction::BitRot(rot) => nodes.node(rot.node).rot(rot.byte, rot.bit, world),
        FaultAction::Pause(_, paused) => {
            paused
                .iter()
                .for_each(|node| nodes.pause(*node, Pause::Drawn));
        }
        FaultAction::Stall(_, paused) => {
            paused
                .iter()
                .for_each(|node| nodes.pause(*node, Pause::Aimed));
        }
        FaultAction::Cut(cut, _, grudges) => links.break_links(link_fault(cut), &grudges),
        FaultAction::Hold(grudges, messages) => links.hold_next(&grudges, messages),
        FaultAction::LoseOne {
            links: which,
            messages,
            answers,
        } => links.lose_next(&which, messages, answers),
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

fn link_fault(cut: Cut) -> LinkFault {
    match cut {
        Cut::Isolate => LinkFault::Isolate,
        Cut::Chain => LinkFault::Chain,
        Cut::Flip => LinkFault::Flip,
        Cut::Flap => LinkFault::Flap,
    }
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
        Fault::Kill | Fault::Power | Fault::Wipe => {
            let down = nodes.down_by(fault);
            for node in &down {
                nodes.start(*node, world, network, clients)?;
            }
            let started = each(&down, world.names().nodes(), "started");
            return Ok((keyword("all"), started));
        }
        Fault::Isolate => {
            links.repair(LinkFault::Isolate);
            healed()
        }
        Fault::Chain => {
            links.repair(LinkFault::Chain);
            healed()
        }
        Fault::Flip => {
            links.repair(LinkFault::Flip);
            healed()
        }
        Fault::Flap => {
            links.repair(LinkFault::Flap);
            healed()
        }
        Fault::Hold => {
            network.release_held(world);
            healed()
        }
        Fault::LoseOne => {
            links.stop_losing();
            healed()
        }
        Fault::Hunt => Value::Nil, // it starts and stops the others
        Fault::Pause | Fault::Stall => {
            let pause = match fault {
                Fault::Pause => Pause::Drawn,
                _ => Pause::Aimed,
            };
            let paused = nodes.paused(pause);
            for node in &paused {
                nodes.resume(*node, pause, world, network, clients)?;
            }
            let resumed = each(&paused, world.names().nodes(), "resumed");
            return Ok((keyword("all"), resumed));
        }
        Fault::ClockSkew => {
            nodes.steady_clocks(world);
            keyword("clocks-steady")
        }
        Fault::DiskSlow => {
            nodes.each().for_each(|node| node.set_slow_disk(false));
            keyword("disks-fast")
        }
        Fault::DiskFull => {
            nodes.each().for_each(|node| node.set_full_disk(false));
            keyword("disks-have-room")
        }
        Fault::DiskError => {
            nodes.each().for_each(|node| node.set_failing_disk(None));
            keyword("disks-work")
        }
        Fault::BitRot => Value::Nil, // a bit that has flipped stays so
        Fault::Swap => Value::Nil,   // a version that has come stays
    };
    Ok((Value::Nil, done))
}
