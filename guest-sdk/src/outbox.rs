//! Where effects gather while a handler runs.

use std::ops::Range;

use serde::Serialize;

use crate::body::EncodeError;
use host_protocol::abi::{Level, Log, SetTimer, TimerRef};
use host_protocol::json::{write_number, write_string};

/// The effects of one step, in the form that the driver takes.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    form: Form,
    bytes: Vec<u8>,
    timers: Vec<TimerChange>,
}

/// Who reads the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// A host: every effect is a line of the ABI.
    #[default]
    Effects,
    /// Maelstrom itself: only messages are lines; timers are kept apart and logs
    /// go to stderr at once.
    Wire,
}

/// The effects that are rare enough to be written by serde.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RareEffect<'a> {
    CancelTimer(TimerRef),
    Log(Log<'a>),
}

/// A change to the driver's timers, for [`Form::Wire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimerChange {
    Set(SetTimer),
    Cancel(TimerRef),
}

impl Outbox {
    pub(crate) const fn new(form: Form) -> Self {
        Outbox {
            form,
            bytes: Vec::new(),
            timers: Vec::new(),
        }
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// What has been written since the last [`clear`](Outbox::clear).
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Takes the changes to the timers; always empty for [`Form::Effects`].
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn take_timers(&mut self) -> std::vec::Drain<'_, TimerChange> {
        self.timers.drain(..)
    }

    /// Writes a message and tells where in [`bytes`](Outbox::bytes) its body is.
    pub(crate) fn send(
        &mut self,
        src: &str,
        dest: &str,
        body: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<Range<usize>, EncodeError> {
        let effect = self.form == Form::Effects;
        let out = &mut self.bytes;
        if effect {
            out.extend_from_slice(b"{\"send\":");
        }
        out.extend_from_slice(b"{\"src\":");
        write_string(out, src);
        out.extend_from_slice(b",\"dest\":");
        write_string(out, dest);
        out.extend_from_slice(b",\"body\":");
        let start = out.len();
        body(out)?;
        let end = out.len();
        out.extend_from_slice(if effect { b"}}\n" } else { b"}\n" });
        Ok(start..end)
    }

    pub(crate) fn set_timer(&mut self, id: u64, after_ns: u64) {
        if self.form == Form::Wire {
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
        match self.form {
            Form::Wire => self.timers.push(TimerChange::Cancel(TimerRef { id })),
            Form::Effects => self.effect(&RareEffect::CancelTimer(TimerRef { id })),
        }
    }

    pub(crate) fn log(&mut self, level: Level, node: &str, text: &str) {
        match self.form {
            Form::Wire => eprintln!("{node} {} {text}", level.name()),
            Form::Effects => self.effect(&RareEffect::Log(Log {
                level,
                text: text.into(),
            })),
        }
    }

    fn effect(&mut self, effect: &RareEffect<'_>) {
        // Strings and numbers always serialise, and a Vec takes every write.
        let _ = serde_json::to_writer(&mut self.bytes, effect);
        self.bytes.push(b'\n');
    }
}
