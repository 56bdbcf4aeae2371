//! How far an exploration has come, on a terminal's stderr.

use std::fs;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::cli::progress;
use host_explore::{Progress, Tried};
use host_protocol::text::grouped;

/// How often it is drawn again though nothing is told.
const TICK: Duration = Duration::from_millis(200);

/// A line that says how far an exploration has come.
pub(super) struct ProgressLine {
    bar: ProgressBar,
    begun: Instant,
}

impl ProgressLine {
    /// One for an exploration that begins now.
    pub(super) fn begin() -> Self {
        let bar = progress::line();
        bar.enable_steady_tick(TICK);
        ProgressLine {
            bar,
            begun: Instant::now(),
        }
    }

    /// Shows how far it has come with all schedules.
    pub(super) fn all(&self, progress: Progress) {
        self.show(progress.states as u64, "state", || {
            let frontier = grouped(progress.frontier as u64);
            format!("depth {}; frontier {frontier}", progress.depth)
        });
    }

    /// Shows how far it has come depth first.
    pub(super) fn depth_first(&self, progress: Progress) {
        self.show(progress.states as u64, "state", || {
            let way = grouped(progress.frontier as u64);
            format!("longest {}; way {way}", progress.depth)
        });
    }

    /// Shows how far it has come with chosen ones.
    pub(super) fn chosen(&self, tried: Tried) {
        self.show(tried.runs, "run", || {
            format!(
                "{} moves; {} states",
                grouped(tried.moves),
                grouped(tried.states as u64)
            )
        });
    }

    fn show(&self, count: u64, one: &str, more: impl FnOnce() -> String) {
        if self.bar.is_hidden() {
            return;
        }
        let ms = self.begun.elapsed().as_millis().max(1);
        let a_second = u64::try_from(u128::from(count) * 1000 / ms).unwrap_or(u64::MAX);
        let memory = match resident_mib() {
            Some(mib) => format!("; {} MiB", grouped(mib)),
            None => String::new(),
        };
        let (count, a_second) = (grouped(count), grouped(a_second));
        self.bar.set_message(format!(
            "{count} {one}s, {a_second} a second; {}{memory}",
            more()
        ));
    }

    /// Makes room for what is written next.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// The memory of this process, if the system tells.
fn resident_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib >> 10)
}
