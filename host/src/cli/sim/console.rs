//! `--log-stderr`, `--log-net-send` and `--log-net-recv`: what happens, on stderr.

use std::io::{self, BufWriter, Stderr, Write};

use host_protocol::text::{one_line, printable};
use host_sim::SECOND;
use host_sim::journal::{Entry, EntryKind, MessageEntry, Observer};

/// What to show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) logs: bool,
    pub(super) sends: bool,
    pub(super) receipts: bool,
}

impl Shown {
    pub(super) fn shows_anything(self) -> bool {
        self.logs || self.sends || self.receipts
    }
}

/// Shows it, a line each, with the virtual time in seconds.
pub(super) struct Console {
    shown: Shown,
    out: BufWriter<Stderr>,
}

impl Console {
    pub(super) fn new(shown: Shown) -> Self {
        Console {
            shown,
            out: BufWriter::new(io::stderr()),
        }
    }

    fn message(&mut self, at_ns: u64, verb: &str, message: MessageEntry<'_>) -> io::Result<()> {
        let MessageEntry {
            id,
            src,
            dest,
            body,
            ..
        } = message;
        let (s, ns) = (at_ns / SECOND, at_ns % SECOND);
        let body = one_line(body);
        writeln!(self.out, "{s}.{ns:09} {verb} {id} {src} -> {dest} {body}")
    }
}

impl Observer for Console {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match entry.kind {
            EntryKind::Send(sent) if self.shown.sends => self.message(entry.at_ns, "send", sent),
            EntryKind::Recv(received) if self.shown.receipts => {
                self.message(entry.at_ns, "recv", received)
            }
            EntryKind::Log { node, level, text } if self.shown.logs => {
                let (s, ns) = (entry.at_ns / SECOND, entry.at_ns % SECOND);
                let level = level.name();
                // Each line with its node, so that none can look like another's.
                printable(text)
                    .lines()
                    .try_for_each(|line| writeln!(self.out, "{s}.{ns:09} {node} {level} {line}"))
            }
            _ => Ok(()),
        }
    }
}
