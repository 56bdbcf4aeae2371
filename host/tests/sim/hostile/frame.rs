//! Makes modules of texts: whole ones, and fields that are joined with `frame.wat`.

use test_support::wat::assemble;

/// The module with these fields and those of the frame, unless it is whole already.
pub(crate) fn whole(text: &str) -> Vec<u8> {
    if text.contains("(module") {
        return assemble(text);
    }
    assemble(&format!("(module\n{text}\n{})", include_str!("frame.wat")))
}
