//! Which lines are shown, if there are more than a page has.
//!
//! What is always shown comes first. Then lines are taken by how few lines are between them and the
//! next anchor: a marked operation, or without one the end of the run. Lines on which no marked
//! operation can depend count as farther away, faults as closer.

use super::LINES_MAX;
use super::lines::{Line, Subject};
use host_protocol::text::one_line;
use host_sim::seconds;

/// How much farther away a line counts that is no cause, and how much one after the last anchor.
const NO_CAUSE: usize = 6;
const AFTER: usize = 4;

/// How much closer a fault counts.
const FAULT: usize = 4;

/// The lines with their times, shortened to a page.
pub(super) fn page(lines: &[Line]) -> Vec<String> {
    let width = lines.iter().map(|line| seconds(line.at_ns).len()).max();
    let width = width.unwrap_or(0);
    let is_shown = chosen(lines, LINES_MAX);
    let mut page = Vec::new();
    let mut missing = 0;
    let gap = |missing: usize| format!("{:<width$}  … {missing} more", "");
    for (line, is_shown) in lines.iter().zip(is_shown) {
        if !is_shown {
            missing += 1;
            continue;
        }
        if missing > 0 {
            page.push(gap(missing));
            missing = 0;
        }
        let time = seconds(line.at_ns);
        page.push(format!("{time:<width$}  {}", one_line(&line.text)));
    }
    if missing > 0 {
        page.push(gap(missing));
    }
    page
}

/// Which lines are shown, so that they and the lines that say how many are missing are at most
/// `lines_max`.
fn chosen(lines: &[Line], lines_max: usize) -> Vec<bool> {
    let count = lines.len();
    if count <= lines_max {
        return vec![true; count];
    }
    let mut by_rank: Vec<usize> = (0..count).collect();
    let ranks = ranks(lines);
    // Of equally close lines the later ones.
    by_rank.sort_by_key(|at| (ranks[*at], std::cmp::Reverse(*at)));
    let mut is_shown = vec![false; count];
    let mut length = 1; // one gap, from the first line to the last
    for at in by_rank {
        let is_gap = |at: Option<usize>| at.is_some_and(|at| at < count && !is_shown[at]);
        // In the middle of a gap it makes two of it, alone in a gap none.
        let gaps = [at.checked_sub(1), Some(at + 1)].map(is_gap);
        let after = length + usize::from(gaps[0]) + usize::from(gaps[1]);
        if after <= lines_max {
            is_shown[at] = true;
            length = after;
        }
    }
    is_shown
}

/// How far away each line counts, 0 if it is always shown.
fn ranks(lines: &[Line]) -> Vec<usize> {
    let last_anchor = lines.iter().rposition(|line| line.is_anchor);
    let mut next = lines.len();
    let mut ranks = vec![0; lines.len()];
    for (at, line) in lines.iter().enumerate().rev() {
        if line.is_anchor {
            next = at;
        }
        let distance = match last_anchor {
            Some(last) if at > last => (at - last) * AFTER,
            _ => next - at,
        };
        let weight = if line.is_cause { 1 } else { NO_CAUSE };
        let closer = if line.subject == Subject::Fault {
            FAULT
        } else {
            1
        };
        ranks[at] = match line.is_kept {
            true => 0,
            false => 1 + distance * weight / closer,
        };
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, kept: &[usize]) -> Vec<Line> {
        let line = |at: usize| Line {
            is_kept: kept.contains(&at),
            is_anchor: kept.contains(&at),
            is_cause: true,
            ..Line::new(0, at.to_string(), Subject::Message { id: 0 })
        };
        (0..count).map(line).collect()
    }

    fn shown(lines: &[Line], lines_max: usize) -> Vec<usize> {
        let chosen = chosen(lines, lines_max);
        let shown = chosen.iter().enumerate().filter(|(_, is_shown)| **is_shown);
        shown.map(|(at, _)| at).collect()
    }

    #[test]
    fn what_fits_is_shown_whole() {
        assert_eq!(shown(&lines(4, &[]), 4), [0, 1, 2, 3]);
    }

    #[test]
    fn without_a_mark_the_end_is_shown() {
        assert_eq!(shown(&lines(100, &[]), 4), [97, 98, 99]);
    }

    #[test]
    fn marked_lines_are_shown_with_what_comes_before_them() {
        // Four lines and two gaps.
        assert_eq!(shown(&lines(100, &[99]), 6), [95, 96, 97, 98, 99]);
        assert_eq!(shown(&lines(100, &[50]), 6), [47, 48, 49, 50]);
        assert_eq!(shown(&lines(100, &[20, 50]), 9), [18, 19, 20, 48, 49, 50]);
    }

    #[test]
    fn causes_are_shown_before_what_is_closer_and_none() {
        let mut lines = lines(20, &[19]);
        assert_eq!(shown(&lines, 7), [14, 15, 16, 17, 18, 19]);
        for (at, line) in lines.iter_mut().enumerate() {
            line.is_cause = at % 3 == 1;
        }
        // 13 and 16 are; 17 alone would be a gap, which takes a line as well.
        assert_eq!(shown(&lines, 7), [13, 16, 17, 18, 19]);
        lines[5].subject = Subject::Fault;
        lines[5].is_cause = true;
        assert!(shown(&lines, 7).contains(&5));
    }

    #[test]
    fn a_page_says_how_many_lines_are_missing() {
        let mut lines = lines(100, &[99]);
        for line in &mut lines {
            line.text = "x".to_owned();
        }
        let page = page(&lines);
        assert_eq!(page.len(), LINES_MAX);
        assert_eq!(page[0], "   … 41 more");
        assert_eq!(page[1], "0  x");
    }
}
