//! Whether a guest treats nodes alike: a step in which names are exchanged has the image of what comes of the step.

use super::Symmetry;
use super::group::Permutation;
use crate::hash::Hash;
use crate::participants::Messages;
use crate::told::{Act, Told};
use crate::wrong::Wrong;

/// With so many permutations a step is taken again, at most: with all of three nodes.
const TESTED_MAX: usize = 5;

/// What comes of a step: what the guest asks for, and its state.
pub(crate) type Came<'c> = (&'c [Act], &'c [u8]);

impl Symmetry {
    /// The permutations with which a step is taken again: all, or some that its content chooses.
    pub(crate) fn tested(&self, content: Hash) -> impl Iterator<Item = &Permutation> {
        let others = &self.all[1..];
        let first = content % others.len().max(1) as u128;
        let first = usize::try_from(first).unwrap_or_default();
        others
            .iter()
            .cycle()
            .skip(first)
            .take(others.len().min(TESTED_MAX))
    }

    /// A permutation that has this node as the image of the other.
    pub(crate) fn that_moves(&self, from: u8, to: u8) -> Option<&Permutation> {
        self.all.iter().find(|by| by.node(from) == to)
    }

    /// The image of a state.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn snapshot(&self, snapshot: &[u8], by: &Permutation) -> Result<String, Wrong> {
        let text = str::from_utf8(snapshot).map_err(|_| "is no text".to_owned());
        let image = text.and_then(|text| self.image(&self.read(text), by));
        image.map_err(|why| Wrong::Asymmetric(format!("the snapshot of a node {why}")))
    }

    /// The image of what a guest is told.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn told(
        &self,
        told: &Told,
        by: &Permutation,
        messages: &Messages,
    ) -> Result<Told, Wrong> {
        let Told::Message(message) = told else {
            return Ok(told.clone());
        };
        let it = messages.get(*message);
        let body = self.image(&self.read(it.body()), by);
        let body = body.map_err(|why| Wrong::Asymmetric(format!("a message {why}")))?;
        Ok(Told::Message(messages.add(
            by.addr(it.src),
            by.addr(it.dest),
            &body,
        )))
    }

    /// Compares the image of what comes of a step with what comes of the step in which names are exchanged.
    ///
    /// # Errors
    /// In what they differ.
    pub(crate) fn compare(
        &self,
        (node, told): (u8, &Told),
        by: &Permutation,
        (came, exchanged): (Came<'_>, Came<'_>),
        messages: &Messages,
    ) -> Result<(), Wrong> {
        let unchanged = &self.all[0];
        let state = self.snapshot(came.1, by)?;
        let other = self.snapshot(exchanged.1, unchanged)?;
        let (asks, others) = (
            self.acts(came.0, by, messages),
            self.acts(exchanged.0, unchanged, messages),
        );
        let only = |these: &[String], those: &[String]| {
            let only = these.iter().find(|act| !those.contains(act));
            only.map_or_else(|| "nothing more".to_owned(), String::clone)
        };
        let differs = if asks != others {
            let (here, there) = (only(&others, &asks), only(&asks, &others));
            format!("it asks for {here}, where {there} was to be expected")
        } else if state != other {
            format!("its state is another one ({})", place(&state, &other))
        } else {
            return Ok(());
        };
        self.vouch()?;
        let told = match told {
            Told::Message(message) => messages.get(*message).text.clone(),
            Told::Timer(id) => format!("that timer {id} fires"),
            Told::Synced(_) => "that its disk is in sync".to_owned(),
        };
        Err(Wrong::Asymmetric(format!(
            "the guest does not treat nodes alike. {} is told {told}; with names exchanged ({}), {differs}",
            messages.nodes()[usize::from(node)],
            by.in_words(messages),
        )))
    }

    /// What a guest asks for, in a form in which the order of sending between two syncs says nothing.
    fn acts(&self, acts: &[Act], by: &Permutation, messages: &Messages) -> Vec<String> {
        let mut all = Vec::new();
        for segment in acts.split_inclusive(|act| matches!(act, Act::Sync(_))) {
            let mut sent = Vec::new();
            for act in segment {
                match act {
                    Act::Send(message) => {
                        let it = messages.get(*message);
                        let dest = messages.name(by.addr(it.dest));
                        let body = self.renamed("a message", &self.read(it.body()), by);
                        sent.push(format!("{dest} {body}"));
                    }
                    Act::Disk(_) if !self.reads_disks => {}
                    act => all.push(format!("{act:?}")),
                }
            }
            sent.sort_unstable();
            all.append(&mut sent);
        }
        all
    }
}

/// The first place at which two texts of JSON differ: `node.term`.
fn place(one: &str, other: &str) -> String {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let (mut one, mut other) = (read(one), read(other));
    let mut way = Vec::new();
    loop {
        use serde_json::Value::{Array, Object};
        let inner = match (&one, &other) {
            (Object(first), Object(second)) => {
                let differing = first
                    .iter()
                    .find(|(key, value)| second.get(*key) != Some(value));
                differing.and_then(|(key, value)| {
                    way.push(key.clone());
                    Some((value.clone(), second.get(key)?.clone()))
                })
            }
            (Array(first), Array(second)) => {
                let mut pairs = first.iter().zip(second).enumerate();
                pairs
                    .find(|(_, (value, its))| value != its)
                    .map(|(place, (value, its))| {
                        way.push(place.to_string());
                        (value.clone(), its.clone())
                    })
            }
            _ => None,
        };
        match inner {
            Some(inner) => (one, other) = inner,
            None if way.is_empty() => return "at its outermost".to_owned(),
            None => return format!("`{}` differs", way.join(".")),
        }
    }
}
