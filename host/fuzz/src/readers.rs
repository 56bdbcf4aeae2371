//! The readers of histories: they read what they write, and their errors point into the text.

use host_check::edn;
use host_check::history::{read, read_edn, read_json, write_edn, write_json};
use host_check::read_error::ReadError;

/// Fuzzes the readers of EDN with `text`: a value, a history, and a history in any notation.
///
/// # Panics
/// If a value or a history changes when it is written and read again, or an error points outside
/// of the text.
pub fn edn(text: &[u8]) {
    match edn::read(text) {
        Ok(value) => {
            let written = value.to_string();
            assert_eq!(edn::read(written.as_bytes()), Ok(value), "{written}");
        }
        Err(error) => assert_inside(text, &error),
    }
    for read in [read_edn, read] {
        match read(text) {
            Ok(history) => {
                let written = write_edn(&history);
                assert_eq!(read_edn(written.as_bytes()), Ok(history), "{written}");
            }
            Err(error) => assert_inside(text, &error),
        }
    }
}

/// Fuzzes the reader of histories in JSON with `text`.
///
/// # Panics
/// If a history changes when it is written and read again, as JSON or as EDN, or an error points
/// outside of the text.
pub fn history_json(text: &[u8]) {
    match read_json(text) {
        Ok(history) => {
            let json = write_json(&history);
            assert_eq!(read_json(json.as_bytes()).as_ref(), Ok(&history), "{json}");
            let edn = write_edn(&history);
            assert_eq!(read_edn(edn.as_bytes()), Ok(history), "{edn}");
        }
        Err(error) => assert_inside(text, &error),
    }
}

/// Asserts that the error points at a line of the text and a column of the line, or one behind it.
fn assert_inside(text: &[u8], error: &ReadError) {
    let line = error
        .line
        .checked_sub(1)
        .and_then(|at| text.split(|byte| *byte == b'\n').nth(at));
    let columns = line.map(|line| line.iter().filter(|byte| **byte & 0xC0 != 0x80).count());
    assert!(
        columns.is_some_and(|columns| (1..=columns + 1).contains(&error.column)),
        "{error}: the text has no such place"
    );
}
