//! Mutations of the inputs of a corpus, as a fuzzer without feedback makes them.

use std::ops::Range;

use fastrand::Rng;

use crate::fuzz::corpus::Seed;

/// Bytes with a meaning to one of the readers.
const BYTES: &[u8] = b"\0\x01\x7f\x80\xff\n\r\t \"\\{}[](),:;#'/-+.eEN019nu";

/// A few random changes to a random seed. Most exchange words or numbers, since a reader
/// would reject nearly all other changes at the outermost level.
pub(crate) fn mutant(seeds: &[Seed], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.choice(seeds).unwrap().bytes.clone();
    for _ in 0..rng.usize(1..=3) {
        let at = rng.usize(0..=bytes.len());
        let end = rng.usize(at..=bytes.len().min(at + 64));
        let other = &rng.choice(seeds).unwrap().bytes;
        let from = rng.usize(0..=other.len());
        match rng.u8(0..16) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, *rng.choice(BYTES).unwrap()),
            3 => {
                let part = bytes[at..end].to_vec();
                let to = rng.usize(0..=bytes.len());
                bytes.splice(to..to, part);
            }
            4 => {
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            5 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(0..8),
            6 if at < bytes.len() => bytes[at] = *rng.choice(BYTES).unwrap(),
            7 => {
                bytes.splice(word(&bytes, at), other[word(other, from)].to_vec());
            }
            _ => {
                let from = rng.usize(0..=bytes.len());
                let its_own = bytes[word(&bytes, from)].to_vec();
                bytes.splice(word(&bytes, at), its_own);
            }
        }
    }
    bytes
}

/// The letters and digits around `at`.
fn word(bytes: &[u8], at: usize) -> Range<usize> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric();
    let before = bytes[..at].iter().rev().take_while(is_part).count();
    let after = bytes[at..].iter().take_while(is_part).count();
    at - before..at + after
}
