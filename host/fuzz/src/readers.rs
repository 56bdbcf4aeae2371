//! The readers of histories: what they read is what they write, and their errors are in the text.

use host_check::edn;
use host_check::history::{read_edn, read_json, write_edn, write_json};
use host_check::read_error::ReadError;

/// EDN: one value, or a history.
///
/// # Panics
/// If a value or a history is not the same when it is written and read again, or an error is
/// outside of the text.
pub fn edn(text: &[u8]) {
    match edn::read(text) {
        Ok(value) => {
            let written = value.to_string();
            assert_eq!(edn::read(written.as_bytes()), Ok(value), "{written}");
        }
        Err(error) => assert_inside(text, &error),
    }
    match read_edn(text) {
        Ok(history) => {
            let written = write_edn(&history);
            assert_eq!(read_edn(written.as_bytes()), Ok(history), "{written}");
        }
        Err(error) => assert_inside(text, &error),
    }
}

/// Histories as JSON.
///
/// # Panics
/// If a history is not the same when it is written and read again, as JSON or as EDN, or an error
/// is outside of the text.
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

/// A line that the text has, and a column that the line has, or the one after it.
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
