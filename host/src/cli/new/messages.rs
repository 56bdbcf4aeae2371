//! What a project's README says about messages, and a conversation to try, both from
//! `docs/messages.md`.

use std::fmt::Write;

/// The messages of all workloads.
const DOCUMENT: &str = include_str!("../../../../docs/messages.md");

/// The section with this heading, and the heading.
fn section(heading: &str) -> &'static str {
    let sections = DOCUMENT.split("\n## ");
    let mut found = sections.filter(|section| section.lines().next() == Some(heading));
    found.next().unwrap_or_default()
}

/// The messages of a workload: a section for it, and those that all workloads share.
pub(super) fn of_workload(workload: &str) -> String {
    let mut text = format!("## Messages of {}\n", section(workload));
    for heading in ["Every message", "Errors", "Services"] {
        let _ = write!(text, "\n## {}\n", section(heading).trim_end());
    }
    text.replace("\n\n\n", "\n\n").trim_end().to_owned()
}

/// The bodies of the requests in a section.
pub(super) fn requests(heading: &str) -> impl Iterator<Item = &'static str> {
    let lines = section(heading).lines();
    lines.filter_map(|line| line.strip_prefix("    > "))
}

/// The requests that the document shows, `init` first, as messages, one a line.
pub(super) fn conversation(workload: &str) -> String {
    let mut text = String::new();
    for (src, heading) in [("c0", "Every message"), ("c1", workload)] {
        for request in requests(heading) {
            let _ = writeln!(
                text,
                "{{\"src\":\"{src}\",\"dest\":\"n0\",\"body\":{request}}}"
            );
        }
    }
    text
}
