//! Which faults of a run touched anything.
//!
//! A partition that cuts a link on which nothing is sent tests nothing. What a fault touches is counted
//! where it happens: the network says which messages it takes, delays or doubles, nodes say what they
//! had not done when they were killed, and what waited while they were paused. Where no fault is on,
//! nothing is counted.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::nemesis::Fault;
use super::packets::Packet;

/// What the faults of a run touched, by kind; empty if the run was to have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    faults: BTreeMap<Fault, Touched>,
}

/// What one kind of fault touched. An *episode* is a fault from its start to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Touched {
    /// How many episodes there were.
    pub episodes: u64,
    /// How many of them touched something: took, delayed or doubled a message, took an open request,
    /// had a timer wait, showed a node a wrong clock, replaced a program.
    pub hits: u64,
    /// The messages that they took, delayed or doubled.
    #[serde(skip_serializing_if = "is_zero")]
    pub messages: u64,
    /// Those of the messages that were on their way when the episode began.
    #[serde(skip_serializing_if = "is_zero")]
    pub in_flight: u64,
    /// Those of the messages that were taken and answer another.
    #[serde(skip_serializing_if = "is_zero")]
    pub answers: u64,
    /// The requests of clients that were open at a node when it was killed.
    #[serde(skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// How many times a node was killed that had handled more than `init`, and so lost what it knew.
    #[serde(skip_serializing_if = "is_zero")]
    pub forgot: u64,
    /// The changes to disks that were written and not synced, and that power losses took.
    #[serde(skip_serializing_if = "is_zero")]
    pub changes: u64,
    /// The syncs that failed or took longer.
    #[serde(skip_serializing_if = "is_zero")]
    pub syncs: u64,
    /// The timers that fired later.
    #[serde(skip_serializing_if = "is_zero")]
    pub timers: u64,
    /// The events that nodes handled by a wrong clock.
    #[serde(skip_serializing_if = "is_zero")]
    pub events: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Coverage {
    /// What each kind of fault touched that the run was to have.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, &Touched)> {
        self.faults.iter().map(|(fault, touched)| (*fault, touched))
    }

    /// Whether the run was to have no faults.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether it was to have faults, and they changed nothing: the run shows what it would have
    /// shown without them.
    #[must_use]
    pub fn touched_nothing(&self) -> bool {
        let is_nothing = |touched: &Touched| touched.hits == 0 && touched.forgot == 0;
        !self.faults.is_empty() && self.faults.values().all(is_nothing)
    }

    /// A line for each kind of fault that was on, and one that says if none of them touched anything.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let faults = self.faults.iter().filter(|(_, it)| it.episodes > 0);
        let mut lines: Vec<String> = faults.map(|(fault, it)| it.line(*fault)).collect();
        if self.touched_nothing() {
            lines.push(TOUCHED_NOTHING.to_owned());
        }
        lines
    }
}

/// What is said of a run whose faults changed nothing.
const TOUCHED_NOTHING: &str =
    "no fault touched anything: this seed tests nothing that a run without faults would not";

/// `{"kill": {"episodes": 2, "hits": 0}, …, "touched-nothing?": true}`
impl Serialize for Coverage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.faults.len() + 1))?;
        for (fault, touched) in &self.faults {
            map.serialize_entry(<&str>::from(fault), touched)?;
        }
        map.serialize_entry("touched-nothing?", &self.touched_nothing())?;
        map.end()
    }
}

impl Touched {
    /// `5 partitions, 4 of them took messages: 211 (37 in flight, 3 answers)`
    fn line(&self, fault: Fault) -> String {
        let counted = |count: u64, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let (one, many, did) = words(fault);
        let one = one.unwrap_or_else(|| fault.into());
        let many = many.map_or_else(|| format!("{one}s"), str::to_owned);
        let episodes = counted(self.episodes, one, &many).unwrap_or_default();
        let mut line = format!("{episodes}, {} of them {did}", self.hits);
        let parts = [
            counted(self.in_flight, "on its way", "on their way"),
            counted(self.answers, "answer", "answers"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        // The words have said that these are messages.
        let messages = match did.ends_with("messages") && self.messages > 0 {
            true => Some(self.messages.to_string()),
            false => counted(self.messages, "message", "messages"),
        };
        let messages = messages.map(|messages| match parts.is_empty() {
            true => messages,
            false => format!("{messages} ({})", parts.join(", ")),
        });
        let details = [
            messages,
            counted(self.requests, "open request", "open requests"),
            counted(self.changes, "unsynced change", "unsynced changes"),
            counted(self.syncs, "sync", "syncs"),
            counted(self.timers, "timer", "timers"),
            counted(self.events, "event", "events"),
            counted(
                self.forgot,
                "node lost what it knew",
                "nodes lost what they knew",
            ),
        ];
        let details: Vec<String> = details.into_iter().flatten().collect();
        if !details.is_empty() {
            line.push_str(": ");
            line.push_str(&details.join(", "));
        }
        line
    }
}

/// One episode, several, and what they do if they touch something.
fn words(fault: Fault) -> (Option<&'static str>, Option<&'static str>, &'static str) {
    match fault {
        Fault::OneWay => (Some("one-way partition"), None, "took messages"),
        Fault::Loss => (
            Some("period of loss"),
            Some("periods of loss"),
            "took messages",
        ),
        Fault::Duplicate => (
            Some("period of duplication"),
            Some("periods of duplication"),
            "doubled messages",
        ),
        Fault::Slow => (
            Some("period of slow links"),
            Some("periods of slow links"),
            "delayed messages",
        ),
        Fault::Kill => (None, None, "took messages or requests"),
        Fault::Power => (
            Some("power loss"),
            Some("power losses"),
            "took messages, requests or unsynced changes",
        ),
        Fault::Wipe => (None, None, "took messages, requests or files"),
        Fault::DiskSlow => (
            Some("period of slow disks"),
            Some("periods of slow disks"),
            "delayed a sync",
        ),
        Fault::DiskFull => (
            Some("period of full disks"),
            Some("periods of full disks"),
            "failed a sync",
        ),
        Fault::DiskError => (
            Some("period of disk errors"),
            Some("periods of disk errors"),
            "failed a sync",
        ),
        Fault::BitRot => (Some("flipped bit"), None, "changed a file"),
        Fault::Pause => (None, None, "had something wait"),
        Fault::ClockSkew => (Some("clock skew"), None, "seen by a node"),
        Fault::Swap => (None, None, "replaced a program"),
        _ => (None, None, "took messages"),
    }
}

/// Counts what faults touch while they are on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    coverage: Coverage,
    episodes: BTreeMap<Fault, Episode>,
}

/// The episode that is on.
#[derive(Debug)]
struct Episode {
    /// The number of the next message when it began.
    first_message: u64,
    has_touched: bool,
}

impl Tally {
    /// A run that is to have these faults.
    pub(super) fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let faults = faults.into_iter().map(|fault| (fault, Touched::default()));
        Tally {
            coverage: Coverage {
                faults: faults.collect(),
            },
            episodes: BTreeMap::new(),
        }
    }

    /// An episode begins; so many messages have been sent so far.
    pub(super) fn begin(&mut self, fault: Fault, sent: u64) {
        self.coverage.faults.entry(fault).or_default().episodes += 1;
        let episode = Episode {
            first_message: sent,
            has_touched: false,
        };
        self.episodes.insert(fault, episode);
    }

    /// An episode has ended.
    pub(super) fn end(&mut self, fault: Fault) {
        self.episodes.remove(&fault);
    }

    /// A fault touches something, unless it is over: adds `what` to its counts.
    pub(super) fn touch(&mut self, fault: Fault, what: Touched) {
        let Some(episode) = self.episodes.get_mut(&fault) else {
            return;
        };
        let it = self.coverage.faults.entry(fault).or_default();
        it.hits += u64::from(!std::mem::replace(&mut episode.has_touched, true));
        it.messages += what.messages;
        it.in_flight += what.in_flight;
        it.answers += what.answers;
        it.requests += what.requests;
        it.changes += what.changes;
        it.syncs += what.syncs;
        it.timers += what.timers;
        it.events += what.events;
    }

    /// A fault takes a message.
    pub(super) fn take(&mut self, fault: Fault, packet: &Packet) {
        let Some(episode) = self.episodes.get(&fault) else {
            return;
        };
        let is_answer = packet
            .header()
            .is_some_and(|header| header.in_reply_to.is_some());
        let what = Touched {
            messages: 1,
            in_flight: u64::from(packet.id < episode.first_message),
            answers: u64::from(is_answer),
            ..Touched::default()
        };
        self.touch(fault, what);
    }

    /// A fault delays or doubles a message.
    pub(super) fn message(&mut self, fault: Fault) {
        let what = Touched {
            messages: 1,
            ..Touched::default()
        };
        self.touch(fault, what);
    }

    /// A node loses what it knew.
    pub(super) fn forget(&mut self, fault: Fault) {
        if self.episodes.contains_key(&fault) {
            self.coverage.faults.entry(fault).or_default().forgot += 1;
        }
    }

    /// What was touched so far.
    pub(super) fn coverage(&self) -> &Coverage {
        &self.coverage
    }
}
