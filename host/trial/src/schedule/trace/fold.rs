//! Folds repeats into one line: messages from a sender to a receiver that differ in nothing but
//! their numbers, one after the other between the two, such as heartbeats and retries.

use std::collections::BTreeMap;

use super::lines::{Line, LineFate};
use host_sim::seconds;

/// Folds the repeats among lines that are not always shown.
pub(super) fn fold(lines: Vec<Line>) -> Vec<Line> {
    let mut folded: Vec<Line> = Vec::new();
    // The last line of each link, and of each node's log.
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let Some(link) = line.link.clone() else {
            folded.push(line);
            continue;
        };
        let before = last.get(&link).map(|at| &mut folded[*at]);
        match before.filter(|before| is_repeat(before, &line)) {
            Some(before) => {
                before.times += 1;
                before.until_ns = line.at_ns;
                before.is_cause |= line.is_cause;
                before.is_last |= line.is_last;
            }
            None => {
                last.insert(link, folded.len());
                folded.push(line);
            }
        }
    }
    for line in &mut folded {
        line.text += &ending(line);
    }
    folded
}

fn is_repeat(before: &Line, line: &Line) -> bool {
    let is_alike = match (&before.fate, &line.fate) {
        (Some(LineFate::Later(_)), Some(LineFate::Later(_))) => true,
        (Some(LineFate::Several(_)), _) => false,
        (before, now) => before == now,
    };
    is_alike && before.text == line.text
}

impl LineFate {
    pub(super) fn words(&self) -> String {
        match self {
            LineFate::AtOnce => "arrives at once".to_owned(),
            LineFate::Later(at_ns) => format!("arrives at {}", seconds(*at_ns)),
            LineFate::Lost(why) => format!("lost, since {why}"),
            LineFate::Open => "still on its way at the end".to_owned(),
            LineFate::Several(words) => words.clone(),
        }
    }
}

/// What became of a message, unless it arrived at once, and how often it was sent.
fn ending(line: &Line) -> String {
    let times = format!("{} times, until {}", line.times, seconds(line.until_ns));
    if let Some(LineFate::Lost(why)) = &line.fate {
        let mut text = format!(", but {why}");
        let mut words = line.text.split(' ');
        if let (true, Some(src), Some("tells")) = (line.is_last, words.next(), words.next()) {
            text += &format!(", and {src} never tries again");
        }
        if line.times > 1 {
            text += &format!("  ({times})");
        }
        return text;
    }
    match (&line.fate, line.times) {
        (None | Some(LineFate::AtOnce), 1) => String::new(),
        (Some(fate), 1) => format!("  ({})", fate.words()),
        (None | Some(LineFate::AtOnce | LineFate::Later(_)), _) => format!("  ({times})"),
        (Some(LineFate::Open), _) => format!("  ({times}, still on their way at the end)"),
        (Some(fate), _) => format!("  ({times}: {})", fate.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::trace::lines::Subject;

    fn message(at_ns: u64, text: &str, fate: LineFate) -> Line {
        let words: Vec<&str> = text.split([' ', ':']).collect();
        Line {
            fate: Some(fate),
            link: Some(format!("{} {}", words[0], words[2])),
            ..Line::new(at_ns, text.to_owned(), Subject::Message { id: at_ns })
        }
    }

    #[test]
    fn repeats_are_one_line_whatever_others_send_in_between() {
        const MS: u64 = 1_000_000;
        let lost = || LineFate::Lost("the link is cut".to_owned());
        let beat = |at: u64| {
            message(
                at * MS,
                "n0 tells n1: append {}",
                LineFate::Later((at + 9) * MS),
            )
        };
        let lines = vec![
            beat(1),
            message(2 * MS, "n1 answers n0: append_ok", LineFate::AtOnce),
            beat(3),
            Line::new(4 * MS, "the link is cut".to_owned(), Subject::Fault),
            beat(5),
            message(6 * MS, "n1 answers n0: append_ok", lost()),
            message(7 * MS, "n0 tells n1: append {\"commit\":1}", lost()),
            Line {
                is_last: true,
                ..message(8 * MS, "n0 tells n1: append {\"commit\":1}", lost())
            },
            message(9 * MS, "n0 tells n1: append {}", LineFate::Open),
        ];
        let folded: Vec<String> = fold(lines).into_iter().map(|line| line.text).collect();
        assert_eq!(
            folded,
            [
                "n0 tells n1: append {}  (3 times, until 0.005)",
                "n1 answers n0: append_ok",
                "the link is cut",
                "n1 answers n0: append_ok, but the link is cut",
                "n0 tells n1: append {\"commit\":1}, but the link is cut, and n0 never tries again  \
                 (2 times, until 0.008)",
                "n0 tells n1: append {}  (still on its way at the end)",
            ]
        );
    }
}
