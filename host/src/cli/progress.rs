//! Shows the progress of long work on stderr, if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The number of redraws per second.
const DRAWS_PER_SECOND: u8 = 5;

/// A progress bar for so many runs; hidden if stderr is not a terminal. Its message comes last.
pub(super) fn bar(runs: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(runs as u64), target());
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} runs, {eta} left{msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
}

/// A line for work whose length nobody knows: its message, behind something that turns.
pub(super) fn line() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, target());
    let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    bar.with_style(style)
}

fn target() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND)
}
