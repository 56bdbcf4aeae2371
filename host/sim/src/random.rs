//! Random numbers: one stream for each purpose.
//!
//! A stream's key is the hash of the seed and the purpose's name, so adding a draw
//! in one place moves nothing anywhere else. All that is derived from a draw is
//! integer arithmetic, or floating point that IEEE 754 defines to the bit: every
//! machine draws the same.

use std::collections::HashMap;

use host_protocol::draw::below;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// All streams of a run.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// Those of the run with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Streams { seed }
    }

    /// The stream for the purpose `name`, from its beginning.
    #[must_use]
    pub fn stream(&self, name: &str) -> Stream {
        Stream(ChaCha8Rng::from_seed(self.key(name)))
    }

    /// A seed for something that makes its own random numbers.
    #[must_use]
    pub fn seed(&self, name: &str) -> u64 {
        self.stream(name).0.next_u64()
    }

    /// The seed of a guest whose node has been started so many times before; without a node that of the guests of all nodes.
    #[must_use]
    pub fn guest_seed(&self, node: Option<&str>, lives: u64) -> u64 {
        self.seed(&match node {
            Some(node) => format!("guest {node} {lives}"),
            None => format!("guests {lives}"),
        })
    }

    fn key(&self, name: &str) -> [u8; 32] {
        let hash = Sha256::new()
            .chain_update(self.seed.to_le_bytes())
            .chain_update(name);
        hash.finalize().into()
    }
}

/// Streams of one purpose, one for each member, such as each link of a network: a draw for one
/// member changes nothing for the others. Streams are made when they are first needed, so that a
/// large network has those of the links that it uses.
#[derive(Debug)]
pub(super) struct Family {
    streams: Streams,
    purpose: &'static str,
    /// Only looked up, never gone through: its order would not be the same in each process.
    members: HashMap<usize, Stream>,
}

impl Family {
    /// Makes the family of `purpose`.
    pub(super) fn new(streams: &Streams, purpose: &'static str) -> Self {
        Family {
            streams: *streams,
            purpose,
            members: HashMap::new(),
        }
    }

    /// A member's stream, whose name is the purpose and `name`.
    pub(super) fn of(&mut self, member: usize, name: impl FnOnce() -> String) -> &mut Stream {
        let (streams, purpose) = (self.streams, self.purpose);
        self.members.entry(member).or_insert_with(|| {
            let name = format!("{purpose} {}", name());
            streams.stream(&name)
        })
    }
}

/// A sequence of random choices.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The generator below, for callers with their own distributions.
    pub fn generator(&mut self) -> &mut ChaCha8Rng {
        &mut self.0
    }

    /// Draws a number from 0 to below `end`, uniformly; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        below(end, || self.0.next_u64())
    }

    /// Draws an index of a slice of `len` elements.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is below len, which is a usize"
    )]
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Draws one of `choices`, uniformly.
    ///
    /// # Panics
    /// If `choices` is empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Draws true in `permille` of 1000 cases.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// Draws a number from 0 to below 1, of 53 random bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn fraction(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Shuffles `items`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_seed_and_name_alone() {
        let draw = |seed, name| Streams::new(seed).stream(name).below(u64::MAX);
        assert_eq!(draw(1, "latency"), draw(1, "latency"));
        assert_ne!(draw(1, "latency"), draw(2, "latency"));
        assert_ne!(draw(1, "latency"), draw(1, "loss"));
        // The same on every machine: the first output of ChaCha8 under the key
        // SHA-256(1 as eight bytes, "guest n0 0"), by another implementation of both.
        assert_eq!(
            Streams::new(1).seed("guest n0 0"),
            5_104_330_745_357_248_124
        );
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_all_of_it() {
        let mut stream = Streams::new(3).stream("test");
        let mut counts = [0; 5];
        for _ in 0..5000 {
            counts[stream.index(5)] += 1;
        }
        assert!(
            counts.iter().all(|count| (900..1100).contains(count)),
            "{counts:?}"
        );
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.below(1), 0);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&stream.fraction())));
        let certain = (0..100).filter(|_| stream.chance(1000)).count();
        let never = (0..100).filter(|_| stream.chance(0)).count();
        assert_eq!((certain, never), (100, 0));
    }

    #[test]
    fn shuffling_keeps_the_items() {
        let mut items: Vec<usize> = (0..20).collect();
        Streams::new(3).stream("test").shuffle(&mut items);
        assert_ne!(items, (0..20).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
    }
}
