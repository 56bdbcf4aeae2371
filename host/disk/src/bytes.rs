//! The bytes of a file, in blocks that several states of the disk share.

use std::sync::Arc;

/// The size of a block, in bytes.
const BLOCK: usize = 4096;

/// The bytes of a file. Copies share blocks that neither has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    /// All but the last are full.
    blocks: Vec<Arc<Vec<u8>>>,
}

impl Bytes {
    pub(crate) fn len(&self) -> u64 {
        match self.blocks.split_last() {
            None => 0,
            Some((last, full)) => (full.len() * BLOCK + last.len()) as u64,
        }
    }

    /// Sets the length; bytes that are new are zeros.
    pub(crate) fn set_len(&mut self, len: u64) {
        let len = index(len);
        let (full, rest) = (len / BLOCK, len % BLOCK);
        let count = full + usize::from(rest > 0);
        self.blocks.truncate(count);
        let is_last = self.blocks.len() == count;
        if let Some(last) = self.blocks.last_mut() {
            let size = if is_last && rest > 0 { rest } else { BLOCK };
            if last.len() != size {
                Arc::make_mut(last).resize(size, 0);
            }
        }
        if self.blocks.len() < full {
            self.blocks.resize(full, Arc::new(vec![0; BLOCK]));
        }
        if self.blocks.len() < count {
            self.blocks.push(Arc::new(vec![0; rest]));
        }
    }

    /// Writes at an offset. The file grows as far as it has to.
    pub(crate) fn write(&mut self, at: u64, mut data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let end = at + data.len() as u64;
        if end > self.len() {
            self.set_len(end);
        }
        let mut at = index(at);
        while !data.is_empty() {
            let block = Arc::make_mut(&mut self.blocks[at / BLOCK]);
            let from = at % BLOCK;
            let (now, later) = data.split_at(data.len().min(BLOCK - from));
            block[from..from + now.len()].copy_from_slice(now);
            at += now.len();
            data = later;
        }
    }

    /// Copies as many bytes from an offset as there are and `target` takes. Returns how many.
    pub(crate) fn read(&self, at: u64, target: &mut [u8]) -> usize {
        let left = self.len().saturating_sub(at);
        let count = index(left).min(target.len());
        let mut at = index(at);
        let mut done = 0;
        while done < count {
            let block = &self.blocks[at / BLOCK][at % BLOCK..];
            let now = block.len().min(count - done);
            target[done..done + now].copy_from_slice(&block[..now]);
            (at, done) = (at + now, done + now);
        }
        count
    }

    /// All bytes.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.blocks
            .iter()
            .flat_map(|block| block.iter().copied())
            .collect()
    }

    /// Takes over the blocks in which `other` has `len` bytes from `at` on, and its length.
    pub(crate) fn share(&mut self, other: &Bytes, at: u64, len: u64) {
        self.set_len(other.len());
        let end = index(at.saturating_add(len)).div_ceil(BLOCK);
        for block in index(at) / BLOCK..end.min(self.blocks.len()) {
            self.blocks[block] = Arc::clone(&other.blocks[block]);
        }
    }
}

/// Limits on the disk keep lengths far below.
fn index(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, from a linear congruential generator.
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state: u64 = 1;
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        }
    }

    #[test]
    fn it_is_a_vector_of_bytes() {
        let mut number = numbers();
        for _ in 0..300 {
            let (mut bytes, mut expected) = (Bytes::default(), Vec::new());
            for step in 0..12 {
                let at = number(3 * BLOCK) / (1 + number(3)) * (1 + number(2));
                if number(3) == 0 {
                    bytes.set_len(at as u64);
                    expected.resize(at, 0);
                } else {
                    let data = vec![step + 1; number(2 * BLOCK)];
                    bytes.write(at as u64, &data);
                    if !data.is_empty() && expected.len() < at + data.len() {
                        expected.resize(at + data.len(), 0);
                    }
                    if !data.is_empty() {
                        expected[at..at + data.len()].copy_from_slice(&data);
                    }
                }
                assert_eq!(bytes.len(), expected.len() as u64);
                assert!(bytes.to_vec() == expected);
                let mut target = vec![0xff; number(2 * BLOCK)];
                let from = number(2 * BLOCK);
                let count = bytes.read(from as u64, &mut target);
                let rest = expected.get(from..).unwrap_or_default();
                assert_eq!(count, rest.len().min(target.len()));
                assert!(target[..count] == rest[..count]);
            }
        }
    }

    #[test]
    fn a_copy_that_shares_each_change_is_the_same() {
        let mut number = numbers();
        for _ in 0..300 {
            let (mut one, mut other) = (Bytes::default(), Bytes::default());
            for step in 0..12 {
                let mut changes = Vec::new();
                for _ in 0..1 + number(3) {
                    let at = number(3 * BLOCK) as u64;
                    if number(4) == 0 {
                        one.set_len(at);
                        changes.push((at, u64::MAX));
                    } else {
                        let data = vec![step + 1; 1 + number(2 * BLOCK)];
                        one.write(at, &data);
                        changes.push((at, data.len() as u64));
                    }
                }
                changes
                    .iter()
                    .for_each(|(at, len)| other.share(&one, *at, *len));
                assert!(one == other);
            }
        }
    }
}
