//! Counts and figures for people.

use std::fmt;

/// The digits of a figure that say something.
const DIGITS: usize = 3;

/// A count and what is counted: `1 seed`, `2 seeds`, `0 seeds`. For words whose plural has an `s`.
#[must_use]
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    let s = if count == N::from(1) { "" } else { "s" };
    format!("{count} {one}{s}")
}

/// A large number, with a comma between each three digits: `1,000,128`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is listed: `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn joined(parts: &[String]) -> String {
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// A figure with the three digits that say something, and no exponent: `1234`, `12.3`, `0.0801`.
/// Zeros at the end of a fraction are left out.
#[must_use]
pub fn figure(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return "-".to_owned();
    }
    // The exponent after rounding to so many digits: 9.996 is 1.00e1.
    let rounded = format!("{value:.*e}", DIGITS - 1);
    let exponent = rounded
        .split_once('e')
        .map_or("0", |(_, exponent)| exponent);
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let decimals = usize::try_from(2 - exponent).unwrap_or(0);
    without_zeros(format!("{value:.decimals$}"))
}

/// A part of a whole with four decimals, cut off instead of rounded: what is not all does not look
/// like all.
#[must_use]
pub fn fraction(part: f32) -> String {
    // Through its shortest decimal form, so that 0.9 is not 0.8999.
    let exact: f64 = part.to_string().parse().unwrap_or_default();
    let cut = (exact * 10_000.0 + 1e-6).floor() / 10_000.0;
    without_zeros(format!("{cut:.4}"))
}

fn without_zeros(text: String) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_no_s() {
        assert_eq!(
            [0_usize, 1, 2].map(|count| counted(count, "seed")),
            ["0 seeds", "1 seed", "2 seeds"]
        );
        assert_eq!(counted(1_u64, "challenge"), "1 challenge");
    }

    #[test]
    fn three_digits_stand_together() {
        assert_eq!(
            [0, 999, 1000, 12_345, 1_000_128].map(grouped),
            ["0", "999", "1,000", "12,345", "1,000,128"]
        );
    }

    #[test]
    fn the_last_of_a_list_comes_after_and() {
        let parts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(
            [0, 1, 2, 3].map(|count| joined(&parts[..count])),
            ["", "a", "a and b", "a, b and c"]
        );
    }

    #[test]
    fn a_figure_has_three_digits_that_say_something() {
        let figures = [
            (0.0, "0"),
            (1.0, "1"),
            (2.134_5, "2.13"),
            (2.1, "2.1"),
            (9.996, "10"),
            (11.96, "12"),
            (12.34, "12.3"),
            (254.0, "254"),
            (1794.4, "1794"),
            (999.7, "1000"),
            (0.080_123_4, "0.0801"),
            (0.000_099_448_065, "0.0000994"),
            (f64::NAN, "-"),
        ];
        for (value, expected) in figures {
            assert_eq!(figure(value), expected, "{value}");
        }
    }

    #[test]
    fn a_part_does_not_look_like_the_whole() {
        let parts = [0.0, 0.5, 0.9, 0.999_62, 0.999_99, 1.0].map(fraction);
        assert_eq!(parts, ["0", "0.5", "0.9", "0.9996", "0.9999", "1"]);
    }
}
