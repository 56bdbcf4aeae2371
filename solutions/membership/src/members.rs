//! What a node believes of the others, and what it still has to tell.

use std::collections::VecDeque;

use guest_sdk::prelude::*;

/// What is believed of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belief {
    Alive,
    /// It has not answered, and may still say that it is alive.
    Suspect,
    /// It did not say so in time, or said that it leaves.
    Dead,
}

/// How many beliefs there are.
const BELIEFS: u32 = 3;

/// A belief about one life of a member, as a number: of two the greater one holds.
///
/// A suspicion outranks what is as old, a death outranks that, and both are outranked by a member that has begun a new
/// *incarnation*: its own count of how often it was suspected wrongly. That is the order of the paper (section 4.2), except
/// that a dead member may come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Rank(u32);

impl Rank {
    /// Greater numbers would leave no incarnation to answer with.
    const MAX: Rank = Rank(u32::MAX - 2 * BELIEFS);

    pub(crate) fn new(incarnation: u32, belief: Belief) -> Self {
        Rank(incarnation * BELIEFS + belief as u32)
    }

    pub(crate) fn belief(self) -> Belief {
        match self.0 % BELIEFS {
            0 => Belief::Alive,
            1 => Belief::Suspect,
            _ => Belief::Dead,
        }
    }

    pub(crate) fn incarnation(self) -> u32 {
        self.0 / BELIEFS
    }
}

/// A member, by its place in `init`'s `node_ids`, and what is believed of it. Every node has the same list, and two small
/// numbers are shorter than names.
pub(crate) type Fact = (u32, Rank);

/// All members, and the news about them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Members {
    me: u32,
    /// Four bytes a member, in the order of `node_ids`.
    ranks: Vec<Rank>,
    /// News, each with how often it has been told. Those that have been outranked are dropped when it is their turn.
    news: VecDeque<(Fact, u32)>,
    dead: u32,
}

impl Members {
    /// All are alive until something else is known.
    pub(crate) fn new(me: usize, count: usize) -> Self {
        Members {
            me: u32::try_from(me).unwrap_or(0),
            ranks: vec![Rank::new(0, Belief::Alive); count],
            news: VecDeque::new(),
            dead: 0,
        }
    }

    pub(crate) fn me(&self) -> u32 {
        self.me
    }

    pub(crate) fn len(&self) -> usize {
        self.ranks.len()
    }

    pub(crate) fn has_dead(&self) -> bool {
        self.dead > 0
    }

    /// `None` if there is no such member.
    pub(crate) fn rank(&self, member: u32) -> Option<Rank> {
        self.ranks.get(member as usize).copied()
    }

    pub(crate) fn is_dead(&self, member: u32) -> bool {
        self.rank(member)
            .is_none_or(|rank| rank.belief() == Belief::Dead)
    }

    /// The places of those that are believed to be alive or dead. Who is suspected is alive until it is dead.
    pub(crate) fn those(&self, are_dead: bool) -> impl Iterator<Item = u32> {
        (0..).zip(&self.ranks).filter_map(move |(member, rank)| {
            ((rank.belief() == Belief::Dead) == are_dead).then_some(member)
        })
    }

    /// Learns a fact. Whether it was new.
    pub(crate) fn learn(&mut self, (member, rank): Fact) -> bool {
        let Some(known) = self.ranks.get_mut(member as usize) else {
            return false;
        };
        let own = (self.me, *known);
        if member == self.me && rank < *known && self.news.iter().all(|(fact, _)| *fact != own) {
            // Somebody has not heard that this node has said otherwise.
            self.news.push_front((own, 0));
        }
        if rank <= *known || rank > Rank::MAX {
            return false;
        }
        let rank = match member == self.me {
            // Others are wrong about this node: it says so.
            true => Rank::new(rank.incarnation() + 1, Belief::Alive),
            false => rank,
        };
        let was_dead = u32::from(known.belief() == Belief::Dead);
        *known = rank;
        self.dead = self.dead - was_dead + u32::from(rank.belief() == Belief::Dead);
        self.news.push_front(((member, rank), 0));
        true
    }

    /// Up to `count` news, those first that have been told least. Each is told `times` times.
    pub(crate) fn tell(&mut self, count: usize, times: u32) -> Vec<Fact> {
        let mut told = Vec::new();
        for _ in 0..self.news.len() {
            if told.len() == count {
                break;
            }
            let Some((fact, before)) = self.news.pop_front() else {
                break;
            };
            if self.rank(fact.0) != Some(fact.1) {
                continue;
            }
            told.push(fact);
            if before + 1 < times {
                self.news.push_back((fact, before + 1));
            }
        }
        told
    }
}
