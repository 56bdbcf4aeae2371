//! The data that a program and its driver exchange. The side that runs owns it.

use std::collections::VecDeque;
use std::io::Read;
use std::mem;

use host_disk::Scope;
use host_guest::{Effect, ErrorKind, STDERR_SHOWN_MAX};
use host_protocol::abi::{Level, Log};
use host_protocol::disk::SyncFailure;
use host_protocol::text::{ends, with_gap};
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// How much input a program may leave unread, in bytes: far more than correct programs
/// leave, and little enough for a cluster of nodes.
const STDIN_BYTES_MAX: usize = 16 << 20;

/// After this many reads in one step, each read advances the clock.
const READS_BEFORE_SPINNING: u32 = 1000;

/// How far such a read, and each `sched_yield`, advances the clock.
const SPIN_NS: u64 = 1000;

/// After this many calls of `sched_yield` between which a program did nothing else, it sleeps; and
/// after this many once it has slept.
const YIELDS_MAX: u32 = 100;
const MORE_YIELDS_MAX: u32 = 20;

/// How much fuel a program may use between two such calls to have done nothing else.
const IDLE_UNITS: u64 = 50_000;

/// How long it sleeps first. Each time it sleeps twice as long.
const SLEEP_NS: u64 = 1_000_000;

/// How long it sleeps at most, and if it reads the clock, whose time it may wait for.
const SLEEP_NS_MAX: u64 = 100_000_000;
const CLOCK_SLEEP_NS_MAX: u64 = 10_000_000;
/// After this many polls that found nothing, since input has arrived, a program sleeps in each.
const IDLE_POLLS_MAX: u32 = 100;

/// How long it sleeps in such a poll, unless input arrives.
const IDLE_POLL_NS: u64 = 1_000_000;

/// Input, output and clock of a program.
#[derive(Default)]
pub(super) struct Io {
    /// The program's clock: the driver's, or ahead of it if the program has polled it.
    now_ns: u64,
    clock_reads: u32,
    /// How often it has yielded since it did something else.
    yields: u32,
    /// The fuel that was left when it yielded the last time.
    yielded_fuel: u64,
    /// How long it slept the last time because it only yields.
    slept_ns: u64,
    /// Whether it has read the clock since then.
    asks_time: bool,
    /// Polls that looked for input and found none, since some has arrived.
    idle_polls: u32,
    /// The bytes that have arrived and are not paid for.
    pub(super) arrived_bytes: u64,
    /// The messages that have arrived.
    messages: u64,
    /// The unread input.
    pub(super) stdin: VecDeque<u8>,
    /// The output since the last step, and an unfinished line before it.
    pub(super) stdout: Vec<u8>,
    /// The stderr of the step.
    pub(super) log: StepLog,
    /// The sync that the program waits for, before the driver knows of it.
    pub(super) sync: Option<Scope>,
    /// How the sync ended that a thread waits for, until that is told.
    pub(super) synced: Option<Result<(), SyncFailure>>,
}

/// Whether a message has an `id` besides its sender, receiver and body.
fn has_id(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Numbered {
        id: Option<IgnoredAny>,
    }
    // Most have no such word in them anywhere, and need not be parsed.
    memmem::find(text.as_bytes(), b"\"id\"").is_some()
        && serde_json::from_str::<Numbered>(text).is_ok_and(|message| message.id.is_some())
}

/// The stderr of a step, up to a limit. Maelstrom's libraries log every message twice, so
/// output above the limit is dropped and the step does not fail.
#[derive(Default)]
pub(super) struct StepLog {
    pub(super) text: Vec<u8>,
    dropped: usize,
    /// The last of what was dropped, at least [`STDERR_SHOWN_MAX`] bytes of it: an error may need it.
    tail: Vec<u8>,
}

impl Io {
    /// Begins a step at the driver's time `now_ns`. The clock never shows zero: Go takes
    /// that for a broken clock and refuses to start.
    pub(super) fn arrive_at(&mut self, now_ns: u64) {
        self.now_ns = self.now_ns.max(now_ns).max(1);
        self.clock_reads = 0;
    }

    /// The time of the clock, without advancing it.
    pub(super) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Reads the clock. It does not advance during a step, unless the program polls it in
    /// a loop, which would never end otherwise.
    pub(super) fn read_clock(&mut self) -> u64 {
        if self.polls_clock() {
            self.spin();
        }
        self.clock_reads = self.clock_reads.saturating_add(1);
        self.asks_time = true;
        self.now_ns
    }

    /// Whether the program has read the clock so often in this step that it does so in a loop.
    pub(super) fn polls_clock(&self) -> bool {
        self.clock_reads >= READS_BEFORE_SPINNING
    }

    /// Advances the clock a little.
    pub(super) fn spin(&mut self) {
        self.now_ns = self.now_ns.saturating_add(SPIN_NS);
    }

    /// The program has done something that others, or its own threads, can notice.
    pub(super) fn has_advanced(&mut self) {
        self.yields = 0;
        self.slept_ns = 0;
    }

    /// Whether it sleeps because it only yields.
    pub(super) fn is_idle(&self) -> bool {
        self.slept_ns > 0
    }

    /// The program yields, with so much fuel left. Returns for how long it has to sleep, in
    /// nanoseconds, if it has done nothing else for long.
    pub(super) fn has_yielded(&mut self, fuel: u64) -> Option<u64> {
        if self.yielded_fuel.saturating_sub(fuel) > IDLE_UNITS {
            self.has_advanced();
        }
        self.yielded_fuel = fuel;
        self.yields += 1;
        let (yields_max, sleep_ns) = match self.slept_ns {
            0 => (YIELDS_MAX, SLEEP_NS),
            slept_ns => (MORE_YIELDS_MAX, slept_ns * 2),
        };
        if self.yields <= yields_max {
            return None;
        }
        self.yields = 0;
        let sleep_ns_max = match mem::take(&mut self.asks_time) {
            true => CLOCK_SLEEP_NS_MAX,
            false => SLEEP_NS_MAX,
        };
        self.slept_ns = sleep_ns.min(sleep_ns_max);
        Some(self.slept_ns)
    }

    /// The program has looked for input without waiting for it, and there was none. Returns until
    /// when it sleeps now: a program that looks again and again would never let any arrive.
    pub(super) fn has_polled_in_vain(&mut self) -> Option<u64> {
        self.idle_polls = self.idle_polls.saturating_add(1);
        (self.idle_polls > IDLE_POLLS_MAX).then(|| self.now_ns.saturating_add(IDLE_POLL_NS))
    }

    /// Appends a message to stdin, as a line. Under Maelstrom each has an `id`, and programs may be written for that, so
    /// one without gets the number of messages before it.
    pub(super) fn push_message(&mut self, text: &str) -> Result<(), ErrorKind> {
        let fields = text.strip_prefix("{\"").filter(|_| !has_id(text));
        let (id, rest) = match fields {
            Some(_) => (format!("{{\"id\":{},", self.messages), &text[1..]),
            None => (String::new(), text),
        };
        let bytes = id.len() + rest.len() + 1;
        if self.stdin.len() + bytes > STDIN_BYTES_MAX {
            return Err(ErrorKind::Unread {
                limit: STDIN_BYTES_MAX,
            });
        }
        self.messages += 1;
        self.idle_polls = 0;
        self.arrived_bytes += bytes as u64;
        self.stdin.extend(id.as_bytes());
        self.stdin.extend(rest.as_bytes());
        self.stdin.push_back(b'\n');
        Ok(())
    }

    /// How many bytes of input are unread, and how many of output have been written.
    pub(super) fn left(&self) -> (usize, usize) {
        (self.stdin.len(), self.stdout.len())
    }

    /// Moves as much of stdin as fits into `target`.
    pub(super) fn read_stdin(&mut self, target: &mut [u8]) -> usize {
        self.has_advanced();
        // A read from memory never fails.
        self.stdin.read(target).unwrap_or(0)
    }
}

impl StepLog {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.tail.clear();
        self.dropped = 0;
    }

    /// Appends what fits. Returns the number of lines that it ends.
    pub(super) fn write(&mut self, bytes: &[u8], limit: usize) -> usize {
        let room = limit.saturating_sub(self.text.len()).min(bytes.len());
        self.text.extend_from_slice(&bytes[..room]);
        let dropped = &bytes[room..];
        self.dropped += dropped.len();
        let kept = dropped.len().min(STDERR_SHOWN_MAX);
        self.tail
            .extend_from_slice(&dropped[dropped.len() - kept..]);
        if self.tail.len() > 2 * STDERR_SHOWN_MAX {
            self.tail.drain(..self.tail.len() - STDERR_SHOWN_MAX);
        }
        memchr::memchr_iter(b'\n', &bytes[..room]).count()
    }

    /// The beginning and the end of all that was written, if a part was dropped. `text` is what was not, and
    /// perhaps more before it.
    pub(super) fn ends(&self, text: &[u8]) -> Option<String> {
        if self.dropped == 0 {
            return None;
        }
        let between = self.dropped - self.tail.len();
        if between == 0 {
            let whole = [text, &self.tail].concat();
            return Some(ends(&String::from_utf8_lossy(&whole), STDERR_SHOWN_MAX).into_owned());
        }
        let head = &text[..text.len().min(STDERR_SHOWN_MAX)];
        let tail = &self.tail[self.tail.len() - STDERR_SHOWN_MAX..];
        let left_out = text.len() + self.dropped - head.len() - tail.len();
        let (head, tail) = (String::from_utf8_lossy(head), String::from_utf8_lossy(tail));
        Some(with_gap(&head, left_out, &tail))
    }

    /// The log line that says how much was dropped.
    pub(super) fn note_dropped(&self) -> Option<Effect<'static>> {
        (self.dropped > 0).then(|| {
            Effect::Log(Log {
                level: Level::Warn,
                text: format!(
                    "{} more bytes of stderr in this step are not shown (--max-log-bytes)",
                    self.dropped
                )
                .into(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_an_id_gets_its_number() {
        let mut io = Io::default();
        for message in [
            r#"{"src":"c1","dest":"n1","body":{"type":"x"}}"#,
            r#"{"src":"c1","dest":"n1","body":{"type":"x","id":7}}"#,
            r#"{"id":5,"src":"c1","dest":"n1","body":{"type":"x"}}"#,
            r#"{"src":"c1","dest":"n1","body":{"id":7},"id":6}"#,
            r#"{"src":"id","dest":"n1","body":{"type":"id"}}"#,
        ] {
            io.push_message(message).unwrap();
        }
        let expected = [
            r#"{"id":0,"src":"c1","dest":"n1","body":{"type":"x"}}"#,
            r#"{"id":1,"src":"c1","dest":"n1","body":{"type":"x","id":7}}"#,
            r#"{"id":5,"src":"c1","dest":"n1","body":{"type":"x"}}"#,
            r#"{"src":"c1","dest":"n1","body":{"id":7},"id":6}"#,
            r#"{"id":4,"src":"id","dest":"n1","body":{"type":"id"}}"#,
        ];
        let expected = expected.map(|line| format!("{line}\n")).concat();
        assert_eq!(io.arrived_bytes, expected.len() as u64);
        let stdin: Vec<u8> = io.stdin.into();
        assert_eq!(String::from_utf8(stdin).unwrap(), expected);
    }
}
