//! The search for elements of a list that can be left out.
//!
//! It tests the complements of `ddmin`: it leaves out chunks of the list, then smaller ones, and
//! in the end single elements until none of them can be left out. It does not test the subsets
//! of `ddmin`: those of the first round are complements too, and later ones rarely succeed and
//! would double the runs.

/// Searches a list of `len` elements for a part that `holds` and of which no single element can
/// be left out; returns the indices of that part. The whole list has to hold. At least `least`
/// elements are kept. If `holds` returns `None`, the search ends with the smallest part so far.
pub(super) fn without_needless(
    len: usize,
    least: usize,
    mut holds: impl FnMut(&[usize]) -> Option<bool>,
) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..len).collect();
    let mut size = len;
    while size > 0 {
        let before = kept.len();
        // From the end: what comes after a mistake matters least.
        let mut end = kept.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            if kept.len() - (end - start) >= least {
                let (head, tail) = (&kept[..start], &kept[end..]);
                let fewer = [head, tail].concat();
                match holds(&fewer) {
                    Some(true) => kept = fewer,
                    Some(false) => {}
                    None => return kept,
                }
            }
            end = start;
        }
        size = match size {
            1 if kept.len() == before => 0,
            1 => 1,
            _ => size.div_ceil(2).min(kept.len()),
        };
    }
    kept
}

/// The elements of a list with these indices.
pub(super) fn only<T: Clone>(list: &[T], kept: &[usize]) -> Vec<T> {
    kept.iter().map(|index| list[*index].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a list that holds while it has all of `needed`, and the number of tries.
    fn shrunk(len: usize, least: usize, needed: &[usize]) -> (Vec<usize>, usize) {
        let mut tries = 0;
        let kept = without_needless(len, least, |kept| {
            tries += 1;
            Some(needed.iter().all(|element| kept.contains(element)))
        });
        (kept, tries)
    }

    #[test]
    fn only_what_is_needed_is_left() {
        assert_eq!(shrunk(0, 0, &[]), (vec![], 0));
        assert_eq!(shrunk(1, 0, &[]), (vec![], 1));
        assert_eq!(shrunk(1, 0, &[0]), (vec![0], 1));
        assert_eq!(shrunk(100, 0, &[]), (vec![], 1));
        assert_eq!(shrunk(7, 0, &[0, 3, 6]).0, [0, 3, 6]);
        let (kept, tries) = shrunk(1000, 0, &[17, 18, 900]);
        assert_eq!(kept, [17, 18, 900]);
        assert!(tries < 80, "{tries}"); // about two for each halving of each needed element
    }

    #[test]
    fn without_an_answer_the_search_ends() {
        let mut tries = 0;
        let kept = without_needless(1000, 0, |kept| {
            tries += 1;
            (tries <= 2).then(|| kept.contains(&17))
        });
        assert_eq!((kept.len(), tries), (500, 3));
    }

    #[test]
    fn so_many_stay_whether_they_are_needed_or_not() {
        assert_eq!(shrunk(25, 1, &[]).0.len(), 1);
        assert_eq!(shrunk(25, 1, &[20]).0, [20]);
        assert_eq!(shrunk(1, 1, &[]), (vec![0], 0));
    }

    #[test]
    fn no_single_element_can_go_even_if_what_is_needed_depends_on_what_is_there() {
        // It holds while the elements come in whole pairs 0 1, 2 3, …, and two pairs are there.
        let whole = |kept: &[usize]| {
            let pair = |element: &usize| kept.contains(&(element ^ 1));
            kept.len() >= 4 && kept.iter().all(pair)
        };
        let kept = without_needless(64, 0, |kept| Some(whole(kept)));
        assert!(whole(&kept));
        for index in 0..kept.len() {
            let mut fewer = kept.clone();
            fewer.remove(index);
            assert!(!whole(&fewer), "{kept:?}");
        }
    }
}
