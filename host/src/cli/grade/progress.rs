//! How far the work is, on stderr, if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws a second: enough to see that it moves.
const DRAWS_PER_SECOND: u8 = 5;

/// A bar for so many runs; nothing at all if nobody would see it.
pub(super) fn bar(runs: usize) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
    let bar = ProgressBar::with_draw_target(Some(runs as u64), target);
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} runs, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
}
