//! Permutations of nodes that are alike: what they make of names, and whether a guest treats nodes alike.
//!
//! A permutation of nodes changes a state into another one, its *image*: what one node is, has and waits for, another one is, has and waits
//! for, and so with the clients that talk to them; names change wherever they stand ([`names`]). Only those permutations count that
//! keep what clients are to do: how many clients talk to a node, and the plan ([`group`]). That a guest treats nodes alike is tested: each new step is taken
//! again with names exchanged ([`steps`]).

mod group;
mod names;
mod steps;

use std::sync::{Arc, OnceLock};

pub(crate) use self::group::Permutation;
use self::group::permutations;
pub(crate) use self::steps::Came;
use crate::account::Account;
use crate::clients::ClientTable;
use crate::participants::Messages;
use crate::wrong::Wrong;

/// The most nodes that can be alike: a content has a hash for each of 120 permutations of five.
pub(crate) const SYMMETRIC_NODES_MAX: usize = 5;

/// The permutations of nodes that keep everything else.
pub(crate) struct Symmetry {
    /// The first is the one that changes nothing.
    all: Vec<Permutation>,
    /// Whether guests start again, and find what is on their disks: bytes, which have no images.
    pub(crate) reads_disks: bool,
    pub(crate) account: Arc<Account>,
    /// The first reason why states have no images.
    failure: OnceLock<String>,
}

impl Symmetry {
    /// The permutations that keep what clients are to do.
    pub(crate) fn of(
        messages: &Messages,
        clients: &ClientTable,
        reads_disks: bool,
        account: &Arc<Account>,
    ) -> Self {
        Symmetry {
            all: permutations(messages, clients),
            reads_disks,
            account: Arc::clone(account),
            failure: OnceLock::new(),
        }
    }

    /// The permutations, of which the first changes nothing.
    pub(crate) fn all(&self) -> &[Permutation] {
        &self.all
    }

    /// Whether all states so far have images.
    pub(crate) fn vouch(&self) -> Result<(), Wrong> {
        match self.failure.get() {
            Some(why) => Err(Wrong::Asymmetric(why.clone())),
            None => Ok(()),
        }
    }

    /// Notes why a state has no image.
    pub(crate) fn fail(&self, why: String) {
        let _ = self.failure.set(why); // one is told
    }
}
