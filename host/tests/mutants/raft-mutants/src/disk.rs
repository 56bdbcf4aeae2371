//! What a node keeps on its disk in the design `durable`: its ballot, the log, a snapshot, and how often it was started. Each is a
//! file.
//!
//! Before a message goes out, [`Raft::save`] writes what has changed. The SDK puts a sync between both.

use std::cmp::min;

use guest_sdk::disk::{self, Disk};
use guest_sdk::prelude::*;

use crate::Raft;
use crate::log::{Entry, Log};
use crate::machine::Machine;
use crate::options::{Bug, Design};

const BALLOT: &str = "ballot";
const LOG: &str = "log";
const SNAPSHOT: &str = "snapshot";
const STARTS: &str = "starts";
/// More than a node takes from clients until it is started again.
const REQUESTS_MAX: u64 = 1_000_000;

/// An entry and its index.
type Line = (usize, Entry);

/// What is on the disk.
#[derive(Serialize, Deserialize)]
pub(crate) struct Files {
    ballot: (u64, Option<String>),
    log: disk::Log<Line>,
    /// The index of the first entry in the log, if it has one.
    first: usize,
    /// The last entry that is in the snapshot.
    base: usize,
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    last: usize,
    last_term: u64,
    machine: Machine,
}

impl Raft {
    /// Goes on with what the disk has.
    pub(crate) fn load(&mut self, ctx: &mut Ctx<Self>) {
        if self.design != Design::Durable {
            return;
        }
        let mut disk = ctx.disk();
        let starts: u64 = get(&mut disk, STARTS).unwrap_or_default();
        if !matches!(self.bug, Bug::NoDisk | Bug::NumbersAgain) {
            disk.put(STARTS, &(starts + 1));
            self.clients.begin_at(starts * REQUESTS_MAX);
        }
        let snapshot: Option<Snapshot> = get(&mut disk, SNAPSHOT);
        if let Some(snapshot) = snapshot {
            self.log.cut(snapshot.last, snapshot.last_term);
            self.machine = snapshot.machine;
            (self.commit, self.applied) = (snapshot.last, snapshot.last);
        }
        let ballot: Option<(u64, Option<String>)> = get(&mut disk, BALLOT);
        let (log, mut lines) = match self.bug {
            Bug::KeepsTorn => {
                let bytes = disk.bytes(LOG).unwrap_or_default();
                (disk.open_log("unused").0, raw_lines(&bytes))
            }
            _ => disk.open_log(LOG),
        };
        let first = lines.first().map_or(self.log.last() + 1, |line| line.0);
        lines.retain(|(index, _)| *index > self.log.base());
        for (index, entry) in lines {
            if index > self.log.last() + 1 {
                break; // what was before it is lost
            }
            if index <= self.log.last() {
                match self.bug {
                    Bug::KeepsOverwritten => continue,
                    _ => self.log.truncate(index - 1),
                }
            }
            self.log.push(entry);
        }
        if let Some((term, candidate)) = ballot.clone() {
            self.term = term;
            self.ballot.set(candidate);
        }
        self.term = self.term.max(self.log.last_term());
        if self.bug == Bug::CommitFromDisk {
            self.commit = self.log.last();
        }
        if self.bug == Bug::SkipsReplay {
            (self.commit, self.applied) = (self.log.last(), self.log.last());
        }
        self.log.take_changed();
        self.files = Some(Files {
            ballot: ballot.unwrap_or_default(),
            log,
            first,
            base: self.log.base(),
        });
        self.rewrite_log(ctx);
    }

    /// Writes down what has changed.
    pub(crate) fn save(&mut self, ctx: &mut Ctx<Self>) {
        if self.files.is_none() || self.bug == Bug::NoDisk {
            return;
        }
        self.save_ballot(ctx);
        self.save_log(ctx);
    }

    fn save_ballot(&mut self, ctx: &mut Ctx<Self>) {
        let Some(files) = &mut self.files else { return };
        let candidate = match self.bug {
            Bug::VoteLost => None,
            _ => self.ballot.candidate().cloned(),
        };
        let ballot = (self.term, candidate);
        if self.bug == Bug::TermLost || files.ballot == ballot {
            return;
        }
        disk_for(self.bug == Bug::VoteUnsynced, ctx).put(BALLOT, &ballot);
        files.ballot = ballot;
    }

    fn save_log(&mut self, ctx: &mut Ctx<Self>) {
        let Some(files) = &mut self.files else { return };
        let changed = self.log.take_changed();
        if self.bug == Bug::LogLost {
            return;
        }
        if files.base != self.log.base() {
            files.base = self.log.base();
            match self.bug {
                Bug::InstallLost if self.installed == self.log.base() => self.rewrite_log(ctx),
                Bug::SnapshotLate if self.log.base() / 24 % 2 == 1 => self.rewrite_log(ctx),
                Bug::CutsFirst => {
                    self.rewrite_log(ctx);
                    self.save_snapshot(ctx);
                }
                _ => {
                    self.save_snapshot(ctx);
                    ctx.disk().sync();
                    self.rewrite_log(ctx);
                }
            }
            return;
        }
        let Some(changed) = changed else { return };
        let lines = lines(&self.log, changed);
        let kept = changed.saturating_sub(files.first);
        let overwrites = kept < files.log.len();
        let is_late = match self.bug {
            Bug::EntriesUnsynced => true,
            Bug::TruncatesUnsynced => overwrites,
            _ => false,
        };
        if self.bug == Bug::KeepsTorn {
            ctx.disk().append_bytes(LOG, &raw(&lines));
            return;
        }
        if self.bug != Bug::KeepsOverwritten {
            files.log.truncate(kept, disk_for(is_late, ctx));
        }
        files.log.extend(&lines, disk_for(is_late, ctx));
    }

    fn save_snapshot(&mut self, ctx: &mut Ctx<Self>) {
        let mut machine = self.machine.clone();
        if self.bug == Bug::SnapshotForgets {
            machine.forget_requests();
        }
        let snapshot = Snapshot {
            last: self.applied,
            last_term: self.log.term_of(self.applied).unwrap_or_default(),
            machine,
        };
        ctx.disk().put(SNAPSHOT, &snapshot);
    }

    /// Writes the log anew, without what is in the snapshot. After a start that makes durable what has been read.
    fn rewrite_log(&mut self, ctx: &mut Ctx<Self>) {
        let Some(files) = &mut self.files else { return };
        files.first = self.log.base() + 1;
        match self.bug {
            Bug::NoDisk | Bug::LogLost | Bug::KeepsTorn => {}
            _ => files.log.replace(lines(&self.log, files.first), ctx.disk()),
        }
    }
}

/// A value on the disk.
fn get<T: serde::de::DeserializeOwned>(disk: &mut Disk<'_>, file: &str) -> Option<T> {
    disk.get(file).unwrap_or_else(|error| panic!("{error}"))
}

fn disk_for(is_late: bool, ctx: &mut Ctx<Raft>) -> Disk<'_> {
    match is_late {
        true => ctx.disk().without_sync(),
        false => ctx.disk(),
    }
}

/// The entries from `first` on.
fn lines(log: &Log, first: usize) -> Vec<Line> {
    let entries = log.after(first - 1).iter().cloned();
    (first..).zip(entries).collect()
}

/// Lines without checksums.
fn raw(lines: &[Line]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let json = serde_json::to_vec(line).unwrap_or_default();
        bytes.extend(json);
        bytes.push(b'\n');
    }
    bytes
}

/// All that look like lines, whatever stands between them.
fn raw_lines(bytes: &[u8]) -> Vec<Line> {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

/// Keeps the smaller of both.
pub(crate) fn earliest(changed: &mut Option<usize>, index: usize) {
    *changed = Some(changed.map_or(index, |first| min(first, index)));
}
