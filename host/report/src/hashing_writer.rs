//! A writer that also hashes what it writes, to compare two journals without keeping them.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// Writes to `out`, and hashes the bytes.
pub(super) struct HashingWriter<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> HashingWriter<W> {
    pub(super) fn new(out: W) -> Self {
        HashingWriter {
            out,
            hash: Sha256::new(),
        }
    }

    /// Flushes, and returns the hash of all bytes.
    pub(super) fn finish(mut self) -> io::Result<[u8; 32]> {
        self.out.flush()?;
        Ok(self.hash.finalize().into())
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
