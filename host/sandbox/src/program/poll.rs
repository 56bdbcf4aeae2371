//! `poll_oneoff`: waiting for the time, for input, or for whichever comes first.
//!
//! Source: the witx description of `wasi_snapshot_preview1`, and its clients: Go's
//! `runtime/netpoll_wasip1.go` and wasi-libc's `poll.c` and `clock_nanosleep.c`.

use wasmtime::{Caller, Result};

use super::fiber::{ProgramState, wait};
use super::io::Io;
use crate::wasi::{OutOfBounds, Space, charge, errno, with_memory};

/// More subscriptions than this in one call are refused.
const SUBSCRIPTIONS_MAX: u32 = 1024;

const SUBSCRIPTION_BYTES: i32 = 48;
const EVENT_BYTES: i32 = 32;

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

const ABSOLUTE_TIME: u16 = 1;

/// What an event reports as room to write: there is always some.
const WRITE_ROOM_BYTES: u64 = 64 << 10;

/// One thing that a program waits for.
struct Subscription {
    /// What its event has to carry.
    userdata: [u8; 8],
    /// Its type, as the program gave it.
    tag: u8,
    on: On,
}

enum On {
    /// This time, in nanoseconds of the program's clock.
    Time(u64),
    Input,
    Output,
    /// Nothing: this error is reported at once.
    Error(i32),
}

/// Waits until at least one of `count` subscriptions at `input` is ready, and writes
/// an event for each that is to `output`.
///
/// Relative times count from here on, and are kept on this side: Go reuses its array
/// of subscriptions and expects to find in it what it wrote.
pub(super) async fn poll_oneoff(
    mut caller: Caller<'_, ProgramState>,
    (input, output, count, stored): (i32, i32, i32, i32),
) -> Result<i32> {
    let count = count.cast_unsigned();
    if count == 0 || count > SUBSCRIPTIONS_MAX {
        return Ok(errno::INVAL);
    }
    charge(&mut caller, u64::from(count))?;
    let mut subscriptions = Vec::new();
    let answer = with_memory(&mut caller, |space, state| {
        let now_ns = state.io.now_ns();
        let mut at = input;
        for _ in 0..count {
            match read_subscription(space, at, now_ns)? {
                Some(subscription) => subscriptions.push(subscription),
                None => return Ok(errno::INVAL),
            }
            at = at.wrapping_add(SUBSCRIPTION_BYTES);
        }
        // A bad address is found before the wait, not after it.
        space.range(output, subscriptions.len() * EVENT_BYTES as usize)?;
        space.range(stored, 4)?;
        Ok(errno::SUCCESS)
    })?;
    if answer != errno::SUCCESS {
        return Ok(answer);
    }
    let until_ns = subscriptions.iter().filter_map(Subscription::time).min();
    loop {
        let io = &caller.data().io;
        if subscriptions
            .iter()
            .any(|subscription| subscription.is_ready(io))
        {
            break;
        }
        wait(&mut caller, until_ns).await?;
    }
    with_memory(&mut caller, |space, state| {
        let (mut at, mut events) = (output, 0);
        for subscription in &subscriptions {
            if subscription.is_ready(&state.io) {
                space.write(at, &subscription.event(&state.io))?;
                at = at.wrapping_add(EVENT_BYTES);
                events += 1;
            }
        }
        space.write_u32(stored, events)?;
        Ok(errno::SUCCESS)
    })
}

/// `None` if it is of no known type.
fn read_subscription(
    space: &mut Space<'_>,
    at: i32,
    now_ns: u64,
) -> Result<Option<Subscription>, OutOfBounds> {
    let mut bytes = [0; SUBSCRIPTION_BYTES as usize];
    bytes.copy_from_slice(space.range(at, SUBSCRIPTION_BYTES as usize)?);
    let u32_at =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let tag = bytes[8];
    let on = match (tag, u32_at(16)) {
        (CLOCK, 0..=3) => {
            let (time_ns, flags) = (u64_at(24), u16::from_le_bytes([bytes[40], bytes[41]]));
            On::Time(match flags & ABSOLUTE_TIME {
                0 => now_ns.saturating_add(time_ns),
                _ => time_ns,
            })
        }
        (CLOCK, _) => On::Error(errno::INVAL),
        (FD_READ, 0) => On::Input,
        (FD_WRITE, 1 | 2) => On::Output,
        (FD_READ | FD_WRITE, _) => On::Error(errno::BADF),
        _ => return Ok(None),
    };
    let mut userdata = [0; 8];
    userdata.copy_from_slice(&bytes[..8]);
    Ok(Some(Subscription { userdata, tag, on }))
}

impl Subscription {
    fn time(&self) -> Option<u64> {
        match self.on {
            On::Time(at_ns) => Some(at_ns),
            On::Input | On::Output | On::Error(_) => None,
        }
    }

    fn is_ready(&self, io: &Io) -> bool {
        match self.on {
            On::Time(at_ns) => at_ns <= io.now_ns(),
            On::Input => !io.stdin.is_empty(),
            On::Output | On::Error(_) => true,
        }
    }

    fn event(&self, io: &Io) -> [u8; EVENT_BYTES as usize] {
        let (error, bytes) = match self.on {
            On::Time(_) => (errno::SUCCESS, 0),
            On::Input => (errno::SUCCESS, io.stdin.len() as u64),
            On::Output => (errno::SUCCESS, WRITE_ROOM_BYTES),
            On::Error(error) => (error, 0),
        };
        let mut event = [0; EVENT_BYTES as usize];
        event[..8].copy_from_slice(&self.userdata);
        event[8..10].copy_from_slice(&error.to_le_bytes()[..2]);
        event[10] = self.tag;
        event[16..24].copy_from_slice(&bytes.to_le_bytes());
        event
    }
}
