//! The input of the node's loop, and the thread that reads stdin.

use std::io::{self, Read};
use std::sync::mpsc::SyncSender;

use host_protocol::line_kind::{LineKind, classify};
use host_protocol::lines::{Batch, LineText, read_batches};

use crate::version::Version;

/// An input of the node's loop.
pub(super) enum Input {
    /// Lines have arrived.
    Lines(Lines),
    /// A signal asks the node to end.
    Stop,
    /// A new version of the module is ready.
    Swap(Version),
    /// No more lines follow: stdin has ended, or reading it failed.
    End(io::Result<()>),
}

/// Lines with their kinds.
pub(super) struct Lines {
    batch: Batch,
    kinds: Vec<LineKind>,
}

impl Lines {
    /// The lines: number from 1, text (empty unless it is a message), kind.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &str, &LineKind)> {
        let lines = self.batch.lines().zip(&self.kinds);
        lines.map(|((number, line), kind)| {
            let text = match (line, kind) {
                (
                    LineText::Bytes(bytes),
                    LineKind::Message | LineKind::Init | LineKind::Untyped(_),
                ) => std::str::from_utf8(bytes).unwrap_or_default(),
                _ => "",
            };
            (number, text, kind)
        })
    }
}

/// Reads `input` to its end and sends its lines to the node's loop.
pub(super) fn read(input: impl Read, line_bytes_max: usize, sender: &SyncSender<Input>) {
    let end = read_batches(input, line_bytes_max, |batch| {
        let kinds = batch
            .lines()
            .map(|(_, line)| match line {
                LineText::Bytes(bytes) => classify(bytes),
                LineText::TooLong(length) => LineKind::Invalid(format!(
                    "it has {length} bytes, {line_bytes_max} are allowed (--max-line-bytes)"
                )),
            })
            .collect();
        sender.send(Input::Lines(Lines { batch, kinds })).is_ok()
    });
    // Fails only if the loop has ended.
    let _ = sender.send(Input::End(end));
}
