//! `--strategy star`, the default: gather at a hub, scatter from it, in synchronised windows.
//!
//! One node, the first, is the hub; the others are [spokes](Spoke). All clocks count the same
//! windows. At the end of each, every spoke that has something new sends it to the hub; as
//! soon as that has arrived, the [hub](Hub) sends to each spoke, in one message, whatever it
//! lacks.
//!
//! - Costs: in a window of W seconds with v values among n nodes at most 2 (n - 1) messages: a
//!   spoke without a new value is silent, which (1 - 1/n)^v of them are. Nothing when nothing
//!   is new. A value is known everywhere W / 2 + 2 latencies after it came on average,
//!   W + 2 latencies at most.
//! - Acknowledgements cost nothing: every message says how much its sender knows, and the next
//!   one goes the other way soon. Only a spoke that has had nothing to say for [`ACK_AFTER`]
//!   says just that. What is not acknowledged goes out again.
//! - Failure detection: a spoke that waits for the hub longer than three windows takes it
//!   for unreachable, and falls back on [gossip](crate::gossip) with the other spokes, until
//!   the hub has acknowledged what it waits for.
//! - A node that lost its memory says hello until it is answered, and is told everything that
//!   the hub (or, if it is the hub, that any spoke) knows.
//! - Clocks that disagree make the windows of nodes differ: values are later by up to a window.
//!
//! Source: gather and scatter of a collective operation (MPI's `allgather` by way of a root),
//! with the version vectors of anti-entropy as acknowledgements. Windows aligned to the clock
//! make all gathers arrive at once, so that one scatter serves them all.

mod hub;
mod spoke;

use std::time::Duration;

use guest_sdk::prelude::*;

pub(crate) use hub::Hub;
pub(crate) use spoke::Spoke;

use crate::{Broadcast, Timer};

/// The default: as few messages as a median below 400 ms and a maximum below 600 ms allow on a
/// network with 100 ms of latency.
const WINDOW: Duration = Duration::from_millis(430);

/// How long a spoke may owe the hub an acknowledgement. In so many windows hardly any spoke has
/// nothing else to send.
const ACK_AFTER: Duration = Duration::from_secs(3);

/// How long a node that began without memory waits for the first message before it says hello.
const HELLO_AFTER: Duration = Duration::from_secs(2);

/// Joins the star, as its hub or as a spoke.
pub(crate) fn join(window: Option<Duration>, ctx: &mut Ctx<Broadcast>) -> Broadcast {
    let window = window.unwrap_or(WINDOW);
    next_tick(window, ctx);
    let hub = ctx.nodes().first().cloned().unwrap_or_default();
    if hub == ctx.id() {
        Broadcast::Hub(Hub::new(window, ctx))
    } else {
        Broadcast::Spoke(Spoke::new(hub, window, ctx))
    }
}

/// Has the timer fire when the current window ends, by this node's clock.
fn next_tick(window: Duration, ctx: &mut Ctx<Broadcast>) {
    let phase = phase(window, ctx.now());
    ctx.set_timer(window - phase, Timer::Tick);
}

/// How much of the current window is over.
fn phase(window: Duration, now: Duration) -> Duration {
    let nanos = now.as_nanos() % window.as_nanos();
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}
