//! `--watch`: runs again whenever the module's file changes, and says what changed.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread::sleep;

use super::figures::shown;
use crate::cli::output::{print, print_styled};
use crate::cli::style::{HEAD, Styled, of_verdict};
use crate::cli::{Exit, Failure};
use host_check::validity::Validity;
use host_grade::sweep::Tally;
use host_guest::Interrupt;
use host_node::{ModuleFile, POLL_INTERVAL, Signature};
use host_protocol::text::{counted, one_line};
use host_sandbox::read_module;

/// Calls `run`, which loads the module at `path` and fills in what its runs have shown, now and after
/// each change of the file, until an interrupt is requested. A version that cannot be run is told,
/// and the next one waited for; the first has to be one that can.
pub(super) fn watch(
    (path, bytes_max): (&Path, u64),
    interrupt: &Interrupt,
    mut run: impl FnMut(&mut Tally) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let file = ModuleFile {
        path: path.to_owned(),
        bytes_max,
    };
    let name = one_line(&path.display().to_string()).into_owned();
    let mut known = Version::of(&file, file.signature());
    let mut before = Tally::default();
    run(&mut before)?;
    while let Some(version) = next_version(&file, &known, interrupt, &name) {
        known = version;
        print(&format!("\n{name} has changed\n\n"))?;
        let mut now = Tally::default();
        let ran = run(&mut now);
        if interrupt.is_requested() {
            break;
        }
        match ran {
            Ok(_) => {
                print_styled(&changes(&before, &now))?;
                before = now;
            }
            Err(failure) => tell(&format!("error: {}", failure.message())),
        }
    }
    Ok(Exit::Interrupted)
}

/// What is known of the file that was run last.
pub(in crate::cli) struct Version {
    signature: Option<Signature>,
    /// Of the contents; `None` if they cannot be read.
    hash: Option<u64>,
}

impl Version {
    pub(in crate::cli) fn of(file: &ModuleFile, signature: Option<Signature>) -> Self {
        let hash = read_module(&file.path, file.bytes_max).ok().map(|wasm| {
            let mut hasher = DefaultHasher::new();
            wasm.hash(&mut hasher);
            hasher.finish()
        });
        Version { signature, hash }
    }
}

/// Waits for another version of the module; `None` after an interrupt.
pub(in crate::cli) fn next_version(
    file: &ModuleFile,
    known: &Version,
    interrupt: &Interrupt,
    name: &str,
) -> Option<Version> {
    tell(&format!("watching {name}; Ctrl-C ends"));
    let mut seen = known.signature;
    while !interrupt.is_requested() {
        let now = file.signature();
        if now.is_none() || now == seen {
            sleep(POLL_INTERVAL);
            continue;
        }
        seen = file.settled(|time| {
            sleep(time);
            !interrupt.is_requested()
        });
        let version = Version::of(file, seen);
        // Written again, it may still be the same module.
        if version.hash != known.hash && !interrupt.is_requested() {
            return Some(version);
        }
    }
    None
}

fn tell(line: &str) {
    // If stderr is closed, nobody reads this.
    let _ = writeln!(io::stderr(), "{line}");
}

/// What the runs of one version show that those of the version before did not.
fn changes(before: &Tally, now: &Tally) -> Styled {
    let mut lines = String::new();
    // Writing to a String cannot fail.
    let _ = write_changes(&mut lines, before, now);
    let mut text = Styled::default();
    text.push(HEAD, "\nwhat changed\n");
    if lines.is_empty() {
        text.push(
            HEAD.dimmed(),
            "  nothing: the verdict and the figures are the same\n",
        );
        return text;
    }
    for line in lines.split_inclusive('\n') {
        match (line.starts_with("  verdict"), now.verdict()) {
            (true, Some(verdict)) => text.push(of_verdict(verdict), line),
            _ => drop(text.write_str(line)),
        }
    }
    text
}

fn write_changes(out: &mut String, before: &Tally, now: &Tally) -> fmt::Result {
    let mut row = |name: &str, before: String, now: String| match before == now {
        true => Ok(()),
        false => writeln!(out, "  {name:<22}{before}, now {now}"),
    };
    row("verdict", verdict(before), verdict(now))?;
    let failures = before.anomalies.keys().chain(now.anomalies.keys());
    for name in failures.collect::<BTreeSet<_>>() {
        row(name, seeds(before, name), seeds(now, name))?;
    }
    let figures = before.figures.iter().chain(&now.figures).map(|it| it.name);
    let mut told = BTreeSet::new();
    for name in figures.filter(|name| told.insert(*name)) {
        row(name, median(before, name), median(now, name))?;
    }
    Ok(())
}

fn verdict(tally: &Tally) -> String {
    let word = match tally.verdict() {
        Some(Validity::True) => "valid",
        Some(Validity::False) => "INVALID",
        Some(Validity::Unknown) => "unknown",
        None => "none",
    };
    match tally.runs {
        0 | 1 => word.to_owned(),
        runs => format!(
            "{word} ({} of {} valid)",
            tally.valid,
            counted(runs, "seed")
        ),
    }
}

fn seeds(tally: &Tally, anomaly: &str) -> String {
    match tally.anomalies.get(anomaly) {
        None => "no".to_owned(),
        Some(_) if tally.runs == 1 => "yes".to_owned(),
        Some(seeds) => format!("with {}", counted(seeds.runs, "seed")),
    }
}

/// A figure: of several runs the median.
fn median(tally: &Tally, name: &str) -> String {
    let mut figures = tally.figures.iter();
    match figures.find(|it| it.name == name) {
        Some(figure) => shown(name, figure.median()),
        None => "-".to_owned(),
    }
}
