//! `poll_oneoff`: waits for a time, for input, or for whichever comes first.
//!
//! Source: the witx description of `wasi_snapshot_preview1`, and its clients: Go's
//! `runtime/netpoll_wasip1.go` and wasi-libc's `poll.c` and `clock_nanosleep.c`.

use wasmtime::{Caller, Result};

use super::fiber::wait;
use super::files::readable;
use super::io::Io;
use super::process::ProgramState;
use super::threads::{Event, State};
use crate::wasi::errno;
use crate::wasi::fuel::{BUFFER_UNITS, charge};
use crate::wasi::memory::{GuestMemory, OutOfBounds, with_memory};

/// The most subscriptions in one call.
const SUBSCRIPTIONS_MAX: u32 = 1024;

const SUBSCRIPTION_BYTES: i32 = 48;
const EVENT_BYTES: i32 = 32;

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

const ABSOLUTE_TIME: u16 = 1;

/// The room for writing that an event reports: writing never waits.
const WRITE_ROOM_BYTES: u64 = 64 << 10;

/// A condition that a program waits for.
struct Subscription {
    /// Copied to the event.
    userdata: [u8; 8],
    /// The type, copied to the event.
    tag: u8,
    condition: Condition,
}

enum Condition {
    /// The program's clock reaches this time, in nanoseconds.
    Time(u64),
    /// There is input on stdin.
    Input,
    /// There is room on stdout or stderr, which is always true.
    Output,
    /// A file has so many bytes to read. It is always ready.
    File(u64),
    /// None: the event reports this error at once.
    Error(i32),
}

/// Waits until at least one of `count` subscriptions at `input` is ready, and writes an
/// event to `output` for each that is.
///
/// Relative times count from the time of the call. They are not written back: Go reuses
/// its array of subscriptions and expects it unchanged.
pub(super) async fn poll_oneoff(
    caller: &mut Caller<'_, ProgramState>,
    (input, output, count, stored): (i32, i32, i32, i32),
) -> Result<i32> {
    let count = count.cast_unsigned();
    if count == 0 || count > SUBSCRIPTIONS_MAX {
        return Ok(errno::INVAL);
    }
    charge(caller, BUFFER_UNITS * u64::from(count))?;
    let mut subscriptions = Vec::new();
    let answer = with_memory(caller, |memory, state| {
        let mut at = input;
        for _ in 0..count {
            match read_subscription(memory, at, state)? {
                Some(subscription) => subscriptions.push(subscription),
                None => return Ok(errno::INVAL),
            }
            at = at.wrapping_add(SUBSCRIPTION_BYTES);
        }
        // A bad address must be found before the wait, not after it.
        memory.range(output, subscriptions.len() * EVENT_BYTES as usize)?;
        memory.range(stored, 4)?;
        Ok(errno::SUCCESS)
    })?;
    if answer != errno::SUCCESS {
        return Ok(answer);
    }
    let until_ns = subscriptions.iter().filter_map(Subscription::time).min();
    let has_input = |it: &Subscription| matches!(it.condition, Condition::Input);
    let what = match subscriptions.iter().any(has_input) {
        true => Event::Input,
        false => Event::Time,
    };
    if only_looks(&subscriptions, &caller.data().io)
        && let Some(until_ns) = caller.data_mut().io.has_polled_in_vain()
    {
        let until_ns = Some(until_ns);
        wait(caller, State::WaitsFor { until_ns, what }).await?;
    } else if subscriptions.iter().any(|it| it.is_due(&caller.data().io))
        && caller.data().threads.others_are_ready(caller.data().thread)
    {
        // A sleep of no time lets other threads run.
        wait(caller, State::Yields).await?;
    }
    loop {
        let io = &caller.data().io;
        if subscriptions
            .iter()
            .any(|subscription| subscription.is_ready(io))
        {
            break;
        }
        wait(caller, State::WaitsFor { until_ns, what }).await?;
    }
    with_memory(caller, |memory, state| {
        let (mut at, mut events) = (output, 0);
        for subscription in &subscriptions {
            if subscription.is_ready(&state.io) {
                memory.write(at, &subscription.event(&state.io))?;
                at = at.wrapping_add(EVENT_BYTES);
                events += 1;
            }
        }
        memory.write_u32(stored, events)?;
        Ok(errno::SUCCESS)
    })
}

/// Whether a program looks for input that is not there and does not wait for it.
fn only_looks(subscriptions: &[Subscription], io: &Io) -> bool {
    let is_input = |it: &Subscription| matches!(it.condition, Condition::Input);
    let mut ready = subscriptions.iter().filter(|it| it.is_ready(io));
    subscriptions.iter().any(is_input)
        && ready.clone().next().is_some()
        && ready.all(|it| it.time().is_some())
}

/// Reads the subscription at the address `at`; `None` if its type is unknown.
fn read_subscription(
    memory: &mut GuestMemory<'_>,
    at: i32,
    state: &ProgramState,
) -> Result<Option<Subscription>, OutOfBounds> {
    let mut bytes = [0; SUBSCRIPTION_BYTES as usize];
    bytes.copy_from_slice(memory.range(at, SUBSCRIPTION_BYTES as usize)?);
    let u32_at =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let tag = bytes[8];
    let condition = match (tag, u32_at(16)) {
        (CLOCK, 0..=3) => {
            let (time_ns, flags) = (u64_at(24), u16::from_le_bytes([bytes[40], bytes[41]]));
            Condition::Time(match flags & ABSOLUTE_TIME {
                0 => state.io.now_ns().saturating_add(time_ns),
                _ => time_ns,
            })
        }
        (CLOCK, _) => Condition::Error(errno::INVAL),
        (FD_READ, 0) => Condition::Input,
        (FD_WRITE, 1 | 2) => Condition::Output,
        (FD_READ | FD_WRITE, fd) => match state.files.get(fd.cast_signed()) {
            Some(_) => Condition::File(readable(state, fd.cast_signed()).unwrap_or(0)),
            None => Condition::Error(errno::BADF),
        },
        _ => return Ok(None),
    };
    let mut userdata = [0; 8];
    userdata.copy_from_slice(&bytes[..8]);
    Ok(Some(Subscription {
        userdata,
        tag,
        condition,
    }))
}

impl Subscription {
    fn time(&self) -> Option<u64> {
        match self.condition {
            Condition::Time(at_ns) => Some(at_ns),
            Condition::Input | Condition::Output | Condition::File(_) | Condition::Error(_) => None,
        }
    }

    /// Whether it is a time that has come.
    fn is_due(&self, io: &Io) -> bool {
        self.time().is_some_and(|at_ns| at_ns <= io.now_ns())
    }

    fn is_ready(&self, io: &Io) -> bool {
        match self.condition {
            Condition::Time(at_ns) => at_ns <= io.now_ns(),
            Condition::Input => !io.stdin.is_empty(),
            Condition::Output | Condition::File(_) | Condition::Error(_) => true,
        }
    }

    fn event(&self, io: &Io) -> [u8; EVENT_BYTES as usize] {
        let (error, bytes) = match self.condition {
            Condition::Time(_) => (errno::SUCCESS, 0),
            Condition::Input => (errno::SUCCESS, io.stdin.len() as u64),
            Condition::Output => (errno::SUCCESS, WRITE_ROOM_BYTES),
            Condition::File(bytes) => (errno::SUCCESS, bytes),
            Condition::Error(error) => (error, 0),
        };
        let mut event = [0; EVENT_BYTES as usize];
        event[..8].copy_from_slice(&self.userdata);
        event[8..10].copy_from_slice(&error.to_le_bytes()[..2]);
        event[10] = self.tag;
        event[16..24].copy_from_slice(&bytes.to_le_bytes());
        event
    }
}
