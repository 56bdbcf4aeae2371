//! Random choices.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// A number from 0 to `end - 1`, each as likely as the next (to within `end` in 2^64).
pub(super) fn below(rng: &mut ChaCha8Rng, end: u64) -> u64 {
    let product = u128::from(rng.next_u64()) * u128::from(end);
    (product >> 64) as u64
}
