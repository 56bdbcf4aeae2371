//! A set of small numbers.

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub(crate) fn contains(&self, number: usize) -> bool {
        let word = self.0.get(number / 64).copied().unwrap_or(0);
        word >> (number % 64) & 1 == 1
    }

    pub(crate) fn insert(&mut self, number: usize) {
        if self.0.len() <= number / 64 {
            self.0.resize(number / 64 + 1, 0);
        }
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Adds a number and all of another set.
    pub(crate) fn add(&mut self, number: usize, others: &Bits) {
        self.insert(number);
        if self.0.len() < others.0.len() {
            self.0.resize(others.0.len(), 0);
        }
        for (mine, other) in self.0.iter_mut().zip(&others.0) {
            *mine |= other;
        }
    }
}
