//! Virtual time: nanoseconds since the beginning of a run.

/// Nanoseconds in a millisecond.
pub const MS: u64 = 1_000_000;
/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// Converts seconds, at most [`SECONDS_MAX`](crate::ranges::SECONDS_MAX), to nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is positive and at most a day"
)]
#[must_use]
pub fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// Writes nanoseconds as seconds: exact, without trailing zeros.
#[must_use]
pub fn seconds(ns: u64) -> String {
    let (whole, rest) = (ns / SECOND, ns % SECOND);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = format!("{rest:09}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Writes nanoseconds as seconds, cut off to the millisecond: `5`, `0.009`.
#[must_use]
pub fn brief_seconds(ns: u64) -> String {
    seconds(ns / MS * MS)
}

/// Writes nanoseconds as seconds for people: cut off to the millisecond, and less than one to three
/// digits.
#[must_use]
pub fn short_seconds(ns: u64) -> String {
    let unit = match ns {
        0..MS => 10_u64.pow(ns.checked_ilog10().unwrap_or(0).saturating_sub(2)),
        _ => MS,
    };
    seconds(ns / unit * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_exactly() {
        assert_eq!(seconds(0), "0");
        assert_eq!(seconds(10 * SECOND), "10");
        assert_eq!(seconds(3_250_000_000), "3.25");
        assert_eq!(seconds(1), "0.000000001");
    }
    #[test]
    fn times_for_people_are_short() {
        let shown = [0, 10_001, 999_999, MS, 1_307_321_374, 59_999_999_999].map(short_seconds);
        assert_eq!(
            shown,
            ["0", "0.00001", "0.000999", "0.001", "1.307", "59.999"]
        );
    }
}
