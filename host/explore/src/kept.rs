//! Explorations that were stopped or are over, as a file.
//!
//! The first line is JSON: the format, and what is explored, since the states of anything else are of no use. What follows
//! is binary, and its last 32 bytes are the SHA-256 hash of all before them. A file of a search that goes on has a
//! tree: of each state its hash, the state before it and the place of its move ([`Stopped`]), about 20 bytes. Numbers are
//! LEB128, hashes little-endian.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};

use host_sim::GoalSet;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bounds::Progress;
use crate::breadth::{Found, Met, Stopped};
use crate::goals::{GoalTable, Lack, LostGoal, Sighted};
use crate::hash::Hash;
use crate::wrong::Mode;

/// The format of files, and the only one that is read.
const FORMAT: &str = "host-explore 2";

/// How a file begins.
pub const KEPT_BEGINNING: &str = "{\"format\":\"host-explore ";

/// What is explored, by names and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About(pub(crate) BTreeMap<String, String>);

/// An exhaustive exploration that was stopped or is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub(crate) mode: Mode,
    pub(crate) at: At,
}

/// Where it was when it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    Stopped(Stopped),
    /// Everything was tried.
    Complete(Progress, GoalTable),
    /// So were all schedules of the greatest depth.
    Depth(Progress, GoalTable),
    Failure(Progress, Found),
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// It is something else.
    #[error("this is no exploration that was kept")]
    Other,
    /// It has another version of the format.
    #[error(
        "this is kept in the format {0:?}, and this program reads {FORMAT:?}; begin anew with another file"
    )]
    Format(String),
    /// It is of another exploration.
    #[error("this is of another exploration: {0}; use another file")]
    Foreign(Differences),
    /// Bytes are missing or changed.
    #[error("this is not whole: {0}; remove it to begin anew")]
    Damaged(&'static str),
}

/// What differs: its name, its value in the file, and the one that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differences(Vec<(String, Option<String>, Option<String>)>);

/// How many differences are told.
const TOLD: usize = 4;

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| match value {
            Some(value) if value.is_empty() => "empty".to_owned(),
            Some(value) => value.clone(),
            None => "not set".to_owned(),
        };
        for (place, (name, there, here)) in self.0.iter().take(TOLD).enumerate() {
            let before = if place == 0 { "" } else { ", " };
            let (there, here) = (value(there), value(here));
            write!(f, "{before}{name} is {there} there and {here} here")?;
        }
        match self.0.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, ", and {more} more differ"),
        }
    }
}

impl Kept {
    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.at {
            At::Stopped(stopped) => stopped.progress(),
            At::Complete(progress, _) | At::Depth(progress, _) | At::Failure(progress, _) => {
                *progress
            }
        }
    }

    /// Whether it is over: nothing is left to be tried.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.at, At::Stopped(_))
    }

    /// Writes it as a file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, about: &About, out: &mut dyn Write) -> io::Result<()> {
        let mut to = Summed {
            out,
            sum: Sha256::new(),
        };
        writeln!(to, "{}", header(about))?;
        let Mode {
            reads_clock,
            by_replay,
        } = self.mode;
        to.number(u64::from(reads_clock) | u64::from(by_replay) << 1)?;
        match &self.at {
            At::Stopped(stopped) => {
                to.number(0)?;
                to.stopped(stopped)?;
            }
            At::Complete(progress, goals) => {
                to.number(1)?;
                to.progress(progress)?;
                to.goals(goals)?;
            }
            At::Depth(progress, goals) => {
                to.number(2)?;
                to.progress(progress)?;
                to.goals(goals)?;
            }
            At::Failure(progress, found) => {
                to.number(3)?;
                to.progress(progress)?;
                to.found(found)?;
            }
        }
        let sum = to.sum.finalize();
        to.out.write_all(&sum)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// If they are not whole, or of another exploration than `about`.
    pub fn read(bytes: &[u8], about: &About) -> Result<Self, KeptError> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (head, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        read_header(head, about)?;
        let body = rest.len().checked_sub(32);
        let body = body.ok_or(KeptError::Damaged("its end is missing"))?;
        let (body, sum) = rest.split_at(body);
        let sum_is = Sha256::new().chain_update(head).chain_update(body);
        if sum_is.finalize()[..] != *sum {
            return Err(KeptError::Damaged(
                "its last bytes are not the hash of those before them",
            ));
        }
        let mut from = Bytes(body);
        let kept = from.kept().filter(|_| from.0.is_empty());
        kept.ok_or(KeptError::Damaged("it has numbers that fit nothing"))
    }
}

fn header(about: &About) -> Value {
    // Names are in their order, so the format is first.
    json!({ "format": FORMAT, "of": about.0 })
}

fn read_header(line: &[u8], about: &About) -> Result<(), KeptError> {
    let Ok(header) = serde_json::from_slice::<Value>(line) else {
        return Err(match line.starts_with(KEPT_BEGINNING.as_bytes()) {
            true => KeptError::Damaged("its first line ends early"),
            false => KeptError::Other,
        });
    };
    match header["format"].as_str() {
        Some(FORMAT) => {}
        Some(format) => return Err(KeptError::Format(format.to_owned())),
        None => return Err(KeptError::Other),
    }
    let there = header["of"].as_object();
    let there = there.ok_or(KeptError::Damaged(
        "its first line does not say what it is of",
    ))?;
    let names: BTreeSet<&String> = there.keys().chain(about.0.keys()).collect();
    let differences = names.into_iter().filter_map(|name| {
        let here = about.0.get(name).cloned();
        let there = there.get(name).and_then(Value::as_str).map(str::to_owned);
        (here != there).then(|| (name.clone(), there, here))
    });
    let differences = Differences(differences.collect());
    match differences.0.is_empty() {
        true => Ok(()),
        false => Err(KeptError::Foreign(differences)),
    }
}

/// Where a file is written, and the hash of what was.
struct Summed<'w> {
    out: &'w mut dyn Write,
    sum: Sha256,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Summed<'_> {
    fn number(&mut self, mut number: u64) -> io::Result<()> {
        loop {
            let low = (number & 0x7F) as u8;
            number >>= 7;
            if number == 0 {
                return self.write_all(&[low]);
            }
            self.write_all(&[low | 0x80])?;
        }
    }

    fn size(&mut self, size: usize) -> io::Result<()> {
        self.number(size as u64)
    }

    fn hashes(&mut self, hashes: &[Hash]) -> io::Result<()> {
        let mut all = hashes.iter();
        all.try_for_each(|hash| self.write_all(&hash.to_le_bytes()))
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        let Progress {
            states,
            transitions,
            depth,
            frontier,
        } = *progress;
        self.size(states)?;
        self.number(transitions)?;
        self.number(u64::from(depth))?;
        self.size(frontier)
    }

    fn found(&mut self, found: &Found) -> io::Result<()> {
        let Found {
            path,
            names,
            is_at_end,
            goal,
        } = found;
        self.size(path.len())?;
        for place in path {
            self.number(u64::from(*place))?;
        }
        self.size(names.len())?;
        for name in names {
            self.size(name.len())?;
            self.write_all(name.as_bytes())?;
        }
        self.number(u64::from(*is_at_end))?;
        self.number(u64::from(goal.is_some()))?;
        if let Some(goal) = goal {
            let LostGoal {
                place,
                following,
                is_for_ever,
            } = *goal;
            self.number(u64::from(place))?;
            self.number(u64::from(following))?;
            self.number(u64::from(is_for_ever))?;
        }
        Ok(())
    }

    fn goals(&mut self, table: &GoalTable) -> io::Result<()> {
        let GoalTable {
            sighted: Sighted { seen, is_untold },
            judged,
            tried,
            lacks,
            edges,
        } = table;
        self.number(u64::from(seen.bits()))?;
        self.number(u64::from(*is_untold))?;
        self.number(u64::from(*judged))?;
        self.number(u64::from(*tried))?;
        self.size(lacks.len())?;
        let mut before = 0;
        for Lack { id, goals, is_cut } in lacks {
            self.number(u64::from(id - before))?;
            self.number(u64::from(goals.bits()))?;
            self.number(u64::from(*is_cut))?;
            before = *id;
        }
        self.size(edges.len())?;
        before = 0;
        for (from, to) in edges {
            self.number(u64::from(from - before))?;
            self.number(u64::from(*to))?;
            before = *from;
        }
        Ok(())
    }

    fn stopped(&mut self, stopped: &Stopped) -> io::Result<()> {
        let Stopped {
            hashes,
            met,
            transitions,
            tried,
            next,
            depth,
            is_judged,
            sleeps,
            right,
            goals,
        } = stopped;
        self.size(hashes.len())?;
        self.hashes(hashes)?;
        let mut before = 0;
        for Met { from, by } in met.iter().skip(1) {
            // Children have the order of their parents.
            self.number(u64::from(from - before))?;
            self.number(u64::from(*by))?;
            before = *from;
        }
        self.number(*transitions)?;
        self.size(*tried)?;
        self.size(*next)?;
        self.number(u64::from(*depth))?;
        self.number(u64::from(*is_judged))?;
        for places in sleeps {
            self.size(places.len())?;
            for place in places {
                self.number(u64::from(*place))?;
            }
        }
        self.size(right.len())?;
        self.hashes(right)?;
        self.goals(goals)
    }
}

/// The bytes that are not read yet. What is read is none if it cannot be.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take(1)? else { return None };
            let low = u64::from(byte & 0x7F);
            let shifted = low << shift;
            if shifted >> shift != low {
                return None;
            }
            number |= shifted;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    fn size(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// As many as there are, each of at least a byte: a size that is wrong takes no memory.
    fn all<T>(
        &mut self,
        count: usize,
        mut one: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut all = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }

    fn hashes(&mut self, count: usize) -> Option<Vec<Hash>> {
        let bytes = self.take(count.checked_mul(size_of::<Hash>())?)?;
        let hashes = bytes.as_chunks().0.iter();
        Some(hashes.map(|hash| Hash::from_le_bytes(*hash)).collect())
    }

    fn kept(&mut self) -> Option<Kept> {
        let mode = self.number()?;
        if mode > 3 {
            return None;
        }
        let mode = Mode {
            reads_clock: mode & 1 == 1,
            by_replay: mode & 2 == 2,
        };
        let at = match self.number()? {
            0 => At::Stopped(self.stopped()?),
            1 => At::Complete(self.progress()?, self.goals()?),
            2 => At::Depth(self.progress()?, self.goals()?),
            3 => At::Failure(self.progress()?, self.found()?),
            _ => return None,
        };
        Some(Kept { mode, at })
    }

    fn progress(&mut self) -> Option<Progress> {
        Some(Progress {
            states: self.size()?,
            transitions: self.number()?,
            depth: self.small()?,
            frontier: self.size()?,
        })
    }

    fn found(&mut self) -> Option<Found> {
        let places = self.size()?;
        let path = self.all(places, Self::small)?;
        let names = self.size()?;
        let names = self.all(names, |this| {
            let length = this.size()?;
            String::from_utf8(this.take(length)?.to_vec()).ok()
        })?;
        Some(Found {
            path,
            names,
            is_at_end: self.flag()?,
            goal: match self.flag()? {
                true => Some(LostGoal {
                    place: self.small()?,
                    following: self.small()?,
                    is_for_ever: self.flag()?,
                }),
                false => None,
            },
        })
    }

    /// What is known of goals. Numbers of states are in order.
    fn goals(&mut self) -> Option<GoalTable> {
        let sighted = Sighted {
            seen: GoalSet::from_bits(self.small()?),
            is_untold: self.flag()?,
        };
        let (judged, tried) = (self.small()?, self.small()?);
        let mut before = 0_u32;
        let lacks = self.size()?;
        let lacks = self.all(lacks, |this| {
            before = before
                .checked_add(this.small()?)
                .filter(|id| *id < judged)?;
            Some(Lack {
                id: before,
                goals: GoalSet::from_bits(this.small()?),
                is_cut: this.flag()?,
            })
        })?;
        before = 0;
        let edges = self.size()?;
        let edges = self.all(edges, |this| {
            before = before.checked_add(this.small()?)?;
            Some((before, this.small()?))
        })?;
        Some(GoalTable {
            sighted,
            judged,
            tried,
            lacks,
            edges,
        })
    }

    fn stopped(&mut self) -> Option<Stopped> {
        let states = self.size()?;
        let hashes = self.hashes(states)?;
        let mut before = 0_u32;
        let mut met = vec![Met { from: 0, by: 0 }];
        let others = self.all(states.checked_sub(1)?, |this| {
            before = before.checked_add(this.small()?)?;
            let by = this.small()?;
            Some(Met { from: before, by })
        })?;
        met.extend(others);
        let mut all = (0_u32..).zip(&met).skip(1);
        if !all.all(|(id, it)| it.from < id) {
            return None;
        }
        let transitions = self.number()?;
        let (tried, next) = (self.size()?, self.size()?);
        if tried > next || next > states {
            return None;
        }
        let (depth, is_judged) = (self.small()?, self.flag()?);
        let sleeps = self.all(states - tried, |this| {
            let places = this.size()?;
            this.all(places, Self::small)
        })?;
        let right = self.size()?;
        Some(Stopped {
            right: self.hashes(right)?,
            goals: self.goals()?,
            hashes,
            met,
            transitions,
            tried,
            next,
            depth,
            is_judged,
            sleeps,
        })
    }
}

#[cfg(test)]
mod tests;
