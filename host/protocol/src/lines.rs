//! Splits a stream of bytes into lines, in batches, with a limit on their length.

use std::io::{self, Read};
use std::ops::Range;

/// The longest input line that a node takes by default, in bytes: 4 MiB.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// U+FEFF in UTF-8, which some programs write before a text.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Complete lines that were read together.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    lines: Vec<Line>,
    first: u64,
}

#[derive(Debug)]
enum Line {
    Text(Range<usize>),
    TooLong(u64),
}

/// The contents of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineText<'a> {
    /// The bytes of the line, without the newline.
    Bytes(&'a [u8]),
    /// The line was longer than allowed and was dropped; its length in bytes.
    TooLong(u64),
}

impl Batch {
    /// The lines with their numbers in the stream, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (u64, LineText<'_>)> {
        (self.first..).zip(self.lines.iter().map(|line| match line {
            Line::Text(range) => LineText::Bytes(&self.bytes[range.clone()]),
            Line::TooLong(length) => LineText::TooLong(*length),
        }))
    }
}

/// Reads `input` to its end and passes its lines to `take` as soon as they are
/// complete. The last line may lack its newline. A line of more than `max_line`
/// bytes is skipped without being kept in memory. A byte order mark before the first line is not
/// part of it. Stops early when `take` returns false.
///
/// # Errors
/// When reading fails.
pub fn read_batches(
    mut input: impl Read,
    max_line: usize,
    mut take: impl FnMut(Batch) -> bool,
) -> io::Result<()> {
    let mut chunk = vec![0; 64 << 10];
    let mut rest: Vec<u8> = Vec::new(); // the beginning of the next line
    let mut skipped: u64 = 0; // bytes of the current line that were dropped
    let mut next_number = 1;
    let mut is_start = true;
    loop {
        let read = match input.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end_of_input = read == 0;
        if end_of_input && (!rest.is_empty() || skipped > 0) {
            chunk[0] = b'\n';
        } else if end_of_input {
            return Ok(());
        }
        let new = &chunk[..read.max(1)];
        let mut batch = Batch {
            bytes: std::mem::take(&mut rest),
            lines: Vec::new(),
            first: next_number,
        };
        let carried = batch.bytes.len();
        batch.bytes.extend_from_slice(new);
        let mut start = 0;
        if is_start && batch.bytes.starts_with(BYTE_ORDER_MARK) {
            start = BYTE_ORDER_MARK.len();
        }
        is_start &= batch.bytes.len() < BYTE_ORDER_MARK.len() && !new.contains(&b'\n');
        for newline in memchr::memchr_iter(b'\n', new) {
            let end = carried + newline;
            let length = (end - start) as u64 + skipped;
            batch.lines.push(if length > max_line as u64 {
                Line::TooLong(length)
            } else {
                Line::Text(start..end)
            });
            skipped = 0;
            start = end + 1;
        }
        rest.extend_from_slice(&batch.bytes[start..]);
        if skipped > 0 || rest.len() > max_line {
            skipped += rest.len() as u64;
            rest.clear();
        }
        next_number += batch.lines.len() as u64;
        let proceed = batch.lines.is_empty() || take(batch);
        if end_of_input || !proceed {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn lines(input: &[u8], step: usize, max_line: usize) -> Vec<String> {
        let mut seen = Vec::new();
        read_batches(Trickle(input, step), max_line, |batch| {
            seen.extend(batch.lines().map(|(number, line)| match line {
                LineText::Bytes(bytes) => format!("{number} {}", String::from_utf8_lossy(bytes)),
                LineText::TooLong(length) => format!("{number} too long: {length}"),
            }));
            true
        })
        .unwrap();
        seen
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive() {
        for step in 1..20 {
            assert_eq!(
                lines(b"one\n\nthree\n123456789\nfive", step, 8),
                ["1 one", "2 ", "3 three", "4 too long: 9", "5 five"],
                "{step} bytes at a time"
            );
            assert_eq!(lines(b"123456789", step, 8), ["1 too long: 9"]);
            assert_eq!(lines(b"12345678\n", step, 8), ["1 12345678"]);
            assert!(lines(b"", step, 8).is_empty());
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_line() {
        let mark = "\u{feff}";
        for step in 1..20 {
            let text = format!("{mark}one\n{mark}two\n");
            assert_eq!(
                lines(text.as_bytes(), step, 8),
                ["1 one".to_owned(), format!("2 {mark}two")],
                "{step} bytes at a time"
            );
            let twice = format!("{mark}{mark}a");
            assert_eq!(
                lines(twice.as_bytes(), step, 8),
                [format!("1 {mark}a")],
                "{step} bytes at a time"
            );
            assert_eq!(lines(b"a\n\xef\xbb\xbfb", step, 8), ["1 a", "2 \u{feff}b"]);
            let long = format!("{mark}12345678\n{mark}");
            assert_eq!(lines(long.as_bytes(), step, 8)[0], "1 12345678");
        }
    }

    #[test]
    fn reading_stops_when_nobody_takes_the_lines() {
        let mut batches = 0;
        read_batches(Trickle(b"a\nb\nc\n", 2), 8, |_| {
            batches += 1;
            batches < 2
        })
        .unwrap();
        assert_eq!(batches, 2);
    }
}
