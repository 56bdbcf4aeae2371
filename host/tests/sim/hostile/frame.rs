//! Makes modules of texts: whole ones, and fields that are joined with `frame.wat`.

/// The module with these fields and those of the frame, unless it is whole already.
pub(crate) fn whole(text: &str) -> Vec<u8> {
    if text.contains("(module") {
        return assemble(text);
    }
    assemble(&format!("(module\n{text}\n{})", include_str!("frame.wat")))
}

/// A module in the text format as bytes.
pub(crate) fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}
