//! Random choices.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::api::Service;

/// Random numbers for one request, which depend on the service's state and the request alone: where a
/// run is told the order of all that happens, an answer does not depend on how often something was drawn before.
#[must_use]
pub fn draws(service: &dyn Service, client: &str, body: &str) -> ChaCha8Rng {
    let mut state = Vec::new();
    service.write_state(&mut state);
    let parts = [
        service.name().as_bytes(),
        &state,
        client.as_bytes(),
        body.as_bytes(),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// A number from 0 to `end - 1`, each as likely as the next (to within `end` in 2^64).
pub(super) fn below(rng: &mut ChaCha8Rng, end: u64) -> u64 {
    let product = u128::from(rng.next_u64()) * u128::from(end);
    (product >> 64) as u64
}
