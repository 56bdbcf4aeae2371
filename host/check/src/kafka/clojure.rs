//! The iteration order of Clojure's hash maps and sets. It has no meaning, but Jepsen takes "the
//! first" of several messages at one offset from it, so its counts of skips depend on it, and also
//! which of several equally bad errors it shows.
//!
//! Hashes are those of Clojure (Murmur3, 32 bits); a hash map is a trie over five bits of the hash
//! at a time, the lowest first (Bagwell, "Ideal Hash Trees", 2001).

use crate::value::Value;

/// A map of up to so many entries is no hash map in Clojure: it keeps the order of insertion.
const ARRAY_MAP_LEN_MAX: usize = 8;

/// Where a value stands in a hash set among others. Only integers and strings are ordered as in
/// Clojure; what else may be a key or a message comes after them, by value.
pub(super) fn hash_rank(value: &Value) -> (u64, Option<&Value>) {
    let hash = match value {
        Value::Int(n) => hash_int(*n),
        Value::Str(text) => hash_str(text),
        other => return (u64::MAX, Some(other)),
    };
    let digits = (0..7).map(|digit| u64::from(hash >> (5 * digit) & 31));
    (digits.fold(0, |rank, digit| rank << 5 | digit), None)
}

/// The order in which a map lists entries that it was given in this order; `rank` is the
/// [`hash_rank`] of an entry's key.
pub(super) fn map_order<T, R: Ord>(mut entries: Vec<T>, rank: impl Fn(&T) -> R) -> Vec<T> {
    if entries.len() > ARRAY_MAP_LEN_MAX {
        entries.sort_by_key(rank);
    }
    entries
}

/// `Murmur3.hashLong`
fn hash_int(n: i64) -> u32 {
    if n == 0 {
        return 0;
    }
    let bits = n.cast_unsigned();
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    let (low, high) = (bits as u32, (bits >> 32) as u32);
    finish(mix(mix(0, low), high), 8)
}

/// `Murmur3.hashInt` of Java's hash of the text.
fn hash_str(text: &str) -> u32 {
    let java = text.encode_utf16().fold(0_u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(u32::from(unit))
    });
    if java == 0 {
        return 0;
    }
    finish(mix(0, java), 4)
}

fn mix(hash: u32, word: u32) -> u32 {
    let word = word
        .wrapping_mul(0xcc9e_2d51)
        .rotate_left(15)
        .wrapping_mul(0x1b87_3593);
    (hash ^ word)
        .rotate_left(13)
        .wrapping_mul(5)
        .wrapping_add(0xe654_6b64)
}

fn finish(hash: u32, len: u32) -> u32 {
    let hash = hash ^ len;
    let hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed<T: Into<Value>>(entries: Vec<T>) -> String {
        let entries: Vec<Value> = entries.into_iter().map(Into::into).collect();
        let listed: Vec<String> = map_order(entries.iter().collect(), |value| hash_rank(value))
            .iter()
            .map(ToString::to_string)
            .collect();
        listed.join(" ")
    }

    #[test]
    fn integers_are_listed_as_clojure_lists_them() {
        let twenty: Vec<i64> = (0..20).collect();
        assert_eq!(
            listed(twenty),
            "0 7 1 4 15 13 6 17 3 12 2 19 11 9 5 14 16 10 18 8"
        );
        assert_eq!(listed(vec![3_i64, 1, 2]), "3 1 2");
    }

    #[test]
    fn strings_are_listed_as_maelstrom_printed_them() {
        let keys = (1..18).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(
            listed(keys.iter().map(String::as_str).collect()).replace('"', ""),
            "9 3 4 8 14 17 15 7 5 12 13 6 1 11 2 16 10"
        );
    }
}
