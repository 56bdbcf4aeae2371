//! Collects the effects of a handler.

use std::ops::Range;

use serde::Serialize;

use host_protocol::abi::{Level, Log, SetTimer, TimerRef};
use host_protocol::data::{self, JsonError};
use host_protocol::json::{write_number, write_string};

/// The effects of one step, in the format that the driver reads.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    format: Format,
    bytes: Vec<u8>,
    timers: Vec<TimerChange>,
    has_synced: bool,
}

/// The format of the effects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For a host: every effect is a line of the ABI.
    #[default]
    Effects,
    /// For Maelstrom: only messages are lines. Timers are kept separately, and logs go to
    /// stderr at once. The disk is that of the process: nobody reads it again.
    Wire,
}

/// The effects that are written with serde, because they are rare.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RareEffect<'a> {
    CancelTimer(TimerRef),
    Log(Log<'a>),
}

/// A change to the driver's timers, for [`Format::Wire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimerChange {
    Set(SetTimer),
    Cancel(TimerRef),
}

impl Outbox {
    pub(crate) const fn new(format: Format) -> Self {
        Outbox {
            format,
            bytes: Vec::new(),
            timers: Vec::new(),
            has_synced: false,
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether the format is [`Format::Wire`]. A module has no code for it.
    fn is_wire(&self) -> bool {
        cfg!(not(target_family = "wasm")) && self.format == Format::Wire
    }

    /// What has been written since the last [`clear`](Outbox::clear).
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.has_synced = false;
    }

    /// Moves the first `len` bytes to the end.
    #[cold]
    #[inline(never)]
    pub(crate) fn postpone(&mut self, len: usize) {
        let all = self.bytes.len();
        self.bytes.extend_from_within(..len);
        self.bytes.copy_within(len.., 0);
        self.bytes.truncate(all);
    }

    /// Takes the changes to the timers; always empty for [`Format::Effects`].
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn take_timers(&mut self) -> std::vec::Drain<'_, TimerChange> {
        self.timers.drain(..)
    }

    /// Writes a message and returns the range of its body in [`bytes`](Outbox::bytes).
    pub(crate) fn send(
        &mut self,
        src: &str,
        dest: &str,
        body: impl FnOnce(&mut Vec<u8>) -> Result<(), JsonError>,
    ) -> Result<Range<usize>, JsonError> {
        let start = self.begin(src, dest);
        body(&mut self.bytes)?;
        let end = self.bytes.len();
        self.finish();
        Ok(start..end)
    }

    /// Writes what stands before the body of a message; returns where the body begins.
    #[inline(never)]
    fn begin(&mut self, src: &str, dest: &str) -> usize {
        let is_wire = self.is_wire();
        let out = &mut self.bytes;
        match is_wire {
            false => out.extend_from_slice(b"{\"send\":{\"src\":"),
            true => out.extend_from_slice(b"{\"src\":"),
        }
        write_string(out, src);
        out.extend_from_slice(b",\"dest\":");
        write_string(out, dest);
        out.extend_from_slice(b",\"body\":");
        out.len()
    }

    #[inline(never)]
    fn finish(&mut self) {
        // Each of a length that is known here: to copy any other is a call into the host.
        match self.is_wire() {
            false => self.bytes.extend_from_slice(b"}}\n"),
            true => self.bytes.extend_from_slice(b"}\n"),
        }
    }

    pub(crate) fn set_timer(&mut self, id: u64, after_ns: u64) {
        if self.is_wire() {
            self.timers
                .push(TimerChange::Set(SetTimer { id, after_ns }));
            return;
        }
        self.bytes.extend_from_slice(b"{\"set_timer\":{\"id\":");
        write_number(&mut self.bytes, id);
        self.bytes.extend_from_slice(b",\"after_ns\":");
        write_number(&mut self.bytes, after_ns);
        self.bytes.extend_from_slice(b"}}\n");
    }

    pub(crate) fn cancel_timer(&mut self, id: u64) {
        match self.is_wire() {
            true => self.timers.push(TimerChange::Cancel(TimerRef { id })),
            false => self.effect(&RareEffect::CancelTimer(TimerRef { id })),
        }
    }

    pub(crate) fn log(&mut self, level: Level, node: &str, text: &str) {
        match self.is_wire() {
            true => eprintln!("{node} {} {text}", level.name()),
            false => self.effect(&RareEffect::Log(Log {
                level,
                text: text.into(),
            })),
        }
    }

    /// Writes a change to the disk, whose field `key` is a file. `rest` writes its other fields.
    pub(crate) fn change(
        &mut self,
        kind: &str,
        key: &str,
        file: &str,
        rest: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.is_wire() {
            return;
        }
        let out = &mut self.bytes;
        for (before, name) in [(&b"{"[..], kind), (b":{", key), (b":", file)] {
            out.extend_from_slice(before);
            write_string(out, name);
        }
        rest(out);
        out.extend_from_slice(b"}}\n");
    }

    /// Asks for a sync of the disk.
    #[cold]
    #[inline(never)]
    pub(crate) fn sync(&mut self) {
        self.has_synced = true;
        if !self.is_wire() {
            self.bytes.extend_from_slice(b"{\"sync\":{}}\n");
        }
    }

    /// Whether a sync has been asked for since the last [`clear`](Outbox::clear).
    pub(crate) fn has_synced(&self) -> bool {
        self.has_synced
    }

    fn effect(&mut self, effect: &RareEffect<'_>) {
        // Strings and numbers always serialise, and a Vec takes every write.
        let _ = data::write(&mut self.bytes, effect);
        self.bytes.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_node_has_no_effects_of_its_disk_and_says_that_it_has_synced() {
        let mut effects = Vec::new();
        for format in [Format::Wire, Format::Effects] {
            let mut outbox = Outbox::new(format);
            outbox.change("remove", "file", "f", |_| ());
            assert!(!outbox.has_synced());
            outbox.sync();
            assert!(outbox.has_synced());
            effects.push(String::from_utf8(outbox.bytes().to_vec()).unwrap());
        }
        let of_host = "{\"remove\":{\"file\":\"f\"}}\n{\"sync\":{}}\n";
        assert_eq!(effects, ["", of_host]);
    }
}
