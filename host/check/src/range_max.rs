//! The greatest of any run of consecutive numbers, in constant time: a sparse table (Bender and
//! Farach-Colton, "The LCA Problem Revisited", 2000). Building it takes n log n time and memory.

/// The table: `rows[k][i]` is the greatest of the 2^k numbers from `i`.
#[derive(Debug)]
pub(super) struct RangeMax {
    rows: Vec<Vec<u32>>,
}

impl RangeMax {
    /// Prepares for questions about `numbers`.
    pub(super) fn new(numbers: Vec<u32>) -> Self {
        let mut rows = vec![numbers];
        let mut width = 1;
        loop {
            let last = &rows[rows.len() - 1];
            if last.len() <= width {
                return Self { rows };
            }
            let row = last
                .iter()
                .zip(&last[width..])
                .map(|(&a, &b)| a.max(b))
                .collect();
            rows.push(row);
            width *= 2;
        }
    }

    /// The greatest of the numbers from `start` up to but not including `end`. `start < end`.
    pub(super) fn of(&self, start: usize, end: usize) -> u32 {
        let level = (end - start).ilog2() as usize;
        let row = &self.rows[level];
        row[start].max(row[end - (1 << level)])
    }
}

#[cfg(test)]
mod tests {
    use super::RangeMax;

    #[test]
    fn every_run_gives_its_greatest() {
        for len in 0..20_u32 {
            let numbers: Vec<u32> = (0..len).map(|i| i * 7919 % 31).collect();
            let table = RangeMax::new(numbers.clone());
            for start in 0..numbers.len() {
                for end in start + 1..=numbers.len() {
                    assert_eq!(
                        Some(table.of(start, end)),
                        numbers[start..end].iter().copied().max()
                    );
                }
            }
        }
    }
}
