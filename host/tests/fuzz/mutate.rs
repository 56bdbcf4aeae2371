//! Inputs near to those of a corpus, as a fuzzer without feedback would make them.

use fastrand::Rng;

use crate::corpus::Seed;

/// Bytes that mean something to one of the readers.
const BYTES: &[u8] = b"\0\x01\x7f\x80\xff\n\r\t \"\\{}[](),:;#'/-+.eEN019nu";

/// A few random changes to a random seed.
pub(crate) fn mutant(seeds: &[Seed], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.choice(seeds).unwrap().bytes.clone();
    for _ in 0..rng.usize(1..=4) {
        let at = rng.usize(0..=bytes.len());
        let end = rng.usize(at..=bytes.len().min(at + 64));
        match rng.u8(0..7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, *rng.choice(BYTES).unwrap()),
            3 => {
                let part = bytes[at..end].to_vec();
                let to = rng.usize(0..=bytes.len());
                bytes.splice(to..to, part);
            }
            4 => {
                let other = &rng.choice(seeds).unwrap().bytes;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[rng.usize(0..=other.len())..]);
            }
            change => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = match change {
                        5 => *byte ^ (1 << rng.u8(0..8)),
                        _ => *rng.choice(BYTES).unwrap(),
                    };
                }
            }
        }
    }
    bytes
}
