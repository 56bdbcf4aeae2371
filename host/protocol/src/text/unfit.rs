//! The characters that are not fit to be shown.
//!
//! Source: Unicode 17.0, UnicodeData.txt (general categories), PropList.txt (noncharacters) and
//! DerivedCoreProperties.txt (`Default_Ignorable_Code_Point`). The test below compares the table
//! with the tables of the crate `regex-syntax`.

use std::borrow::Cow;
use std::fmt::Write;

/// Control (Cc), format (Cf), separators of lines and paragraphs (Zl, Zp), private use (Co),
/// noncharacters, and whatever else is invisible by default, such as variation selectors and
/// fillers. First and last character of each range, in order.
const UNFIT: [(u32, u32); 43] = [
    (0x0000, 0x001F),
    (0x007F, 0x009F),
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xE000, 0xF8FF),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0x1FFFE, 0x1FFFF),
    (0x2FFFE, 0x2FFFF),
    (0x3FFFE, 0x3FFFF),
    (0x4FFFE, 0x4FFFF),
    (0x5FFFE, 0x5FFFF),
    (0x6FFFE, 0x6FFFF),
    (0x7FFFE, 0x7FFFF),
    (0x8FFFE, 0x8FFFF),
    (0x9FFFE, 0x9FFFF),
    (0xAFFFE, 0xAFFFF),
    (0xBFFFE, 0xBFFFF),
    (0xCFFFE, 0xCFFFF),
    (0xDFFFE, 0xE0FFF),
    (0xEFFFE, 0x10FFFF),
];

/// Blocks with the characters that emoji are made of.
const PICTOGRAPHS: [(u32, u32); 13] = [
    (0x00A9, 0x00A9),
    (0x00AE, 0x00AE),
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2122, 0x2122),
    (0x2139, 0x2139),
    (0x2190, 0x21FF),
    (0x2300, 0x24FF),
    (0x25A0, 0x27BF),
    (0x2900, 0x297F),
    (0x2B00, 0x2BFF),
    (0x3030, 0x303D),
    (0x1F000, 0x1FAFF),
];

/// Joins two pictographs to one.
const JOINER: char = '\u{200d}';

/// Choose between the plain and the coloured form of a pictograph.
const SELECTORS: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

/// Makes a keycap of a digit and a selector.
const KEYCAP: char = '\u{20e3}';

/// Whether a character by itself may be shown as it is.
#[must_use]
pub fn is_fit(c: char) -> bool {
    match c {
        ' '..='~' => true,
        _ => !is_in(&UNFIT, c),
    }
}

fn is_in(ranges: &[(u32, u32)], c: char) -> bool {
    let c = u32::from(c);
    let next = ranges.partition_point(|(_, last)| *last < c);
    ranges.get(next).is_some_and(|(first, _)| *first <= c)
}

fn is_pictograph(c: char) -> bool {
    is_in(&PICTOGRAPHS, c)
}

fn is_keycap_base(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

/// Escapes what is not fit, except characters that are `kept` and those that belong to an emoji.
pub(super) fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(|c| is_fit(c) || kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    // The two characters before.
    let (mut before, mut last) = (' ', ' ');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        if is_fit(c) || kept(c) || is_in_emoji(before, last, c, next) {
            shown.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_default());
        }
        (before, last) = (last, c);
    }
    Cow::Owned(shown)
}

/// Whether `c`, which is not fit by itself, is a part of an emoji.
fn is_in_emoji(before: char, last: char, c: char, next: char) -> bool {
    if c == JOINER {
        let joins = is_pictograph(last) || SELECTORS.contains(&last) && is_pictograph(before);
        return joins && is_pictograph(next);
    }
    SELECTORS.contains(&c) && (is_pictograph(last) || is_keycap_base(last) && next == KEYCAP)
}

/// A regular expression of ECMAScript, for the flags `gu`: it matches what
/// [`printable`](super::printable) escapes.
#[must_use]
pub fn unfit_pattern() -> String {
    let in_emoji = |c: u32| {
        let mut parts = SELECTORS.iter().chain([&JOINER]);
        parts.any(|part| u32::from(*part) == c)
    };
    let in_text = |c: u32| c == u32::from('\n') || c == u32::from('\t');
    let alone = UNFIT.iter().flat_map(|(first, last)| {
        // A range is split where a character is left out.
        let mut ranges = Vec::new();
        let mut begin = *first;
        for c in (*first..=*last).filter(|c| in_emoji(*c) || in_text(*c)) {
            ranges.extend((begin < c).then_some((begin, c - 1)));
            begin = c + 1;
        }
        ranges.extend((begin <= *last).then_some((begin, *last)));
        ranges
    });
    let alone = class(alone);
    let pictograph = class(PICTOGRAPHS.into_iter());
    format!(
        "[{alone}]|(?<![{pictograph}][\\ufe0e\\ufe0f]?)\\u200d|\\u200d(?![{pictograph}])\
         |(?<![{pictograph}0-9#*])[\\ufe0e\\ufe0f]|(?<=[0-9#*])[\\ufe0e\\ufe0f](?!\\u20e3)"
    )
}

/// The inside of a class of characters.
fn class(ranges: impl Iterator<Item = (u32, u32)>) -> String {
    ranges.fold(String::new(), |mut text, (first, last)| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\u{{{first:x}}}");
        if first < last {
            let _ = write!(text, "-\\u{{{last:x}}}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::super::{fit_json, one_line, printable};
    use super::*;

    /// The characters that the tables of `regex-syntax` have for a class.
    fn matching(class: &str) -> Vec<char> {
        let parsed = regex_syntax::parse(class).unwrap();
        let HirKind::Class(Class::Unicode(class)) = parsed.kind() else {
            panic!("{class} is not a class");
        };
        let ranges = class.ranges().iter();
        ranges.flat_map(|it| it.start()..=it.end()).collect()
    }

    #[test]
    fn unfit_are_these_categories_and_properties() {
        let expected = matching(
            r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]",
        );
        let unfit: Vec<char> = ('\0'..=char::MAX).filter(|c| !is_fit(*c)).collect();
        assert_eq!(unfit, expected);
    }

    #[test]
    fn emoji_are_made_of_pictographs() {
        let expected = matching(r"[\p{Extended_Pictographic}\p{Emoji_Modifier}]");
        let missing: Vec<char> = expected
            .into_iter()
            .filter(|c| !is_pictograph(*c))
            .collect();
        // Two ideographs in a circle, and characters that are not assigned yet.
        let known = |c: &char| matches!(c, '㊗' | '㊙') || *c > '\u{1fb00}';
        assert_eq!(
            missing.iter().filter(|c| !known(c)).count(),
            0,
            "{missing:?}"
        );
    }

    #[test]
    fn every_character_of_unicode_is_shown_or_escaped() {
        for c in '\0'..=char::MAX {
            let text = format!("a{c}b");
            let (line, shown) = (one_line(&text), printable(&text));
            if is_fit(c) {
                assert_eq!((&*line, &*shown), (&*text, &*text));
            } else {
                assert_eq!(line, format!("a{}b", c.escape_default()));
                assert!(line.chars().all(is_fit), "{line}");
                let stays = c == '\n' || c == '\t';
                let expected = if stays { &*text } else { &*line };
                assert_eq!(shown, expected);
            }
        }
    }

    #[test]
    fn every_character_of_unicode_survives_in_json() {
        let all: String = ('\0'..=char::MAX).collect();
        let json = serde_json::to_string(&all).unwrap();
        let fit = fit_json(&json);
        assert!(fit.chars().all(is_fit));
        assert_eq!(serde_json::from_str::<String>(&fit).unwrap(), all);
    }
}
