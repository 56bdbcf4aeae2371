//! A schedule as a unit test of the solution, in Rust.

use std::fmt::Write;
use std::path::Path;

use super::play::Schedule;
use host_protocol::text::{one_line, printable};

/// A unit test that plays a schedule.
#[derive(Debug, Clone, Copy)]
pub struct UnitTest<'a> {
    /// Where the schedule comes from: `found by ...`.
    pub from: &'a str,
    /// The names of its anomalies, the gravest first; none if it does not fail.
    pub names: &'a [String],
    /// What happens in it, a line each.
    pub story: &'a [String],
    /// The schedule.
    pub schedule: &'a Schedule,
    /// The program that it is of, which the test runs in the sandbox. None for a node in Rust, which it runs natively.
    pub program: Option<&'a Path>,
}

impl UnitTest<'_> {
    /// As the text of a file.
    #[must_use]
    pub fn write(&self) -> String {
        let UnitTest {
            from,
            names,
            story,
            schedule,
            program,
        } = self;
        let anomaly = names.first().map_or("failure", String::as_str);
        let mut text = match names.is_empty() {
            true => format!("//! A schedule, {from}.\n//!\n"),
            false => format!(
                "//! A schedule that fails, {from}: {}.\n//!\n",
                names.join(", ")
            ),
        };
        // Writing to a String cannot fail.
        let _ = match program {
            None => writeln!(
                text,
                "//! For the crate of the node: save it as `src/explored.rs`, with `#[cfg(test)] mod explored;` in \
                 `src/lib.rs`,\n//! and say which type is the node. `host-testing` is a dev-dependency.\n"
            ),
            Some(_) => writeln!(
                text,
                "//! For the folder `tests` of a crate that has `host-testing` as a dev-dependency.\n"
            ),
        };
        let play = match program {
            None => {
                text += "use crate::State as Node; // what `guest_sdk::export!` names\n\n";
                "host_testing::play::<Node>(SCHEDULE)".to_owned()
            }
            Some(path) => format!(
                "host_testing::play_module(std::path::Path::new({:?}), SCHEDULE)",
                path.display().to_string()
            ),
        };
        for line in *story {
            let _ = writeln!(text, "// {}", printable(&one_line(line)));
        }
        let _ = write!(
            text,
            "#[test]\nfn {}() {{\n    {play}.assert_valid();\n}}\n\nconst SCHEDULE: &str = {};\n",
            name_of(anomaly),
            raw(&schedule.write())
        );
        text
    }
}

/// The name of a test about an anomaly.
fn name_of(anomaly: &str) -> String {
    let words = anomaly.to_lowercase();
    let words = words.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("no_{words}_in_this_schedule")
}

/// A raw string literal.
fn raw(text: &str) -> String {
    // As many as no quotation mark in the text is followed by.
    let after = text.split('"').skip(1);
    let most = after.map(|rest| rest.len() - rest.trim_start_matches('#').len());
    let hashes = "#".repeat(most.max().unwrap_or(0) + 1);
    format!("r{hashes}\"{text}\"{hashes}")
}
