//! Writes the two kinds of JSON values that every message has.
//!
//! Both functions append to a buffer, so that a message is written without
//! intermediate strings.

/// Appends `number` to `out` in decimal.
pub fn write_number(out: &mut Vec<u8>, number: u64) {
    // Integers always serialise, and a Vec takes every write.
    let _ = serde_json::to_writer(out, &number);
}

/// Appends `text` to `out` as a JSON string: in quotes, with escapes where JSON
/// requires them. Text without such characters is copied in one piece.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // A string always serialises, and a Vec takes every write.
        let _ = serde_json::to_writer(out, text);
    }
}
