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

/// An `init` for a cluster of one node, and each request that the workload's section shows, as
/// messages, one a line.
pub(super) fn conversation(workload: &str) -> String {
    let init = r#"{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}"#;
    let mut text = format!("{{\"src\":\"c0\",\"dest\":\"n0\",\"body\":{init}}}\n");
    let lines = section(workload).lines();
    for request in lines.filter_map(|line| line.strip_prefix("    > ")) {
        let _ = writeln!(
            text,
            "{{\"src\":\"c1\",\"dest\":\"n0\",\"body\":{request}}}"
        );
    }
    text
}
