//! The figures of many runs as they are shown.

use std::fmt::{self, Write};

use host_grade::sweep::{AVAILABILITY, Spread, VALUES_MAX};
use host_protocol::text::{figure, grouped};

/// A figure as it is shown.
pub(in crate::cli) fn shown(name: &str, value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it was one")]
    match name {
        AVAILABILITY => host_protocol::text::fraction(value as f32),
        _ => figure(value),
    }
}

/// A table of them.
pub(in crate::cli) fn write_spreads(out: &mut String, spreads: &[Spread]) -> fmt::Result {
    if spreads.is_empty() {
        return Ok(());
    }
    let [median, p99, worst] = ["median", "99 %", "worst"];
    writeln!(out, "{:<24}{median:>9}{p99:>9}{worst:>9}", "figures")?;
    for spread in spreads {
        let [median, p99, worst] =
            [spread.median(), spread.p99(), spread.worst()].map(|it| shown(spread.name, it));
        writeln!(
            out,
            "  {:<22}{median:>9}{p99:>9}{worst:>9}  with seed {}",
            spread.name,
            spread.worst_seed()
        )?;
    }
    let error = spreads.iter().map(Spread::error).fold(0.0, f64::max);
    if error > 0.0 {
        let (most, percent) = (grouped(VALUES_MAX as u64), figure(error * 100.0));
        writeln!(
            out,
            "  (more than {most} different values: rounded down by at most {percent} %)"
        )?;
    }
    Ok(())
}
