//! Guests in the text format: those of `tests/guests`, and variations of them.

use std::fs;

use crate::root;

/// A module in the text format as bytes.
pub fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The file `tests/guests/NAME.wat`.
fn file(name: &str) -> String {
    fs::read_to_string(root().join(format!("host/tests/guests/{name}.wat"))).unwrap()
}

/// The text of `tests/guests/NAME.wat`, a whole module.
pub fn guest_text(name: &str) -> String {
    let text = file(name);
    if text.contains("(module") {
        text
    } else {
        small_guest(&text)
    }
}

/// Joins the fields of a small guest with what all of them have, see `common.wat`.
pub fn small_guest(fields: &str) -> String {
    let common = file("common");
    format!("(module\n{fields}\n{common})")
}

/// As [`guest_text`] has it, but for the node `n0`: small guests take themselves for `n1`.
pub fn guest_text_of_n0(name: &str) -> String {
    let common = file("common").replace("n1", "n0");
    format!("(module\n{}\n{common})", file(name))
}

/// A small guest whose `$go` returns this instruction's value.
pub fn returning(instruction: &str) -> String {
    small_guest(&format!(
        "(func $go (param $ptr i32) (param $len i32) (result i64) {instruction})"
    ))
}

/// A small guest whose `$go` answers with `effects` as they are.
pub fn answering(effects: impl AsRef<[u8]>) -> String {
    let effects = effects.as_ref();
    let data: String = effects.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let pages = effects.len().div_ceil(1 << 16);
    small_guest(&format!(
        "(data $effects \"{data}\")
         (func $go (param $ptr i32) (param $len i32) (result i64)
           (drop (memory.grow (i32.const {pages})))
           (memory.init $effects (i32.const 65536) (i32.const 0) (i32.const {len}))
           (call $packed (i32.const 65536) (i32.const {len})))",
        len = effects.len(),
    ))
}
