//! Modules that are small to describe and large to compile. They are made when they are
//! needed: stored, they would be most of this repository.

use std::fmt::Write;

/// What every guest of the ABI has, apart from `handle`.
const SHELL: &str = r#"(memory (export "memory") 1)
    (func (export "maelstrom_abi_v1"))
    (func (export "alloc") (param i32) (result i32) (i32.const 1024))"#;

/// A `handle` that does nothing.
const IDLE: &str = r#"(func (export "handle") (param i32 i32) (result i64) (i64.const 0))"#;

/// `functions` functions of `blocks` conditional blocks each, in which every one of
/// `locals` variables may change: all of them are live everywhere, so the compiler has
/// to keep track of each in each block.
pub(crate) fn branches_over_locals(functions: usize, blocks: usize, locals: usize) -> Vec<u8> {
    let mut text = format!("(module {SHELL} {IDLE}");
    for _ in 0..functions {
        write!(text, "(func (param i32) (local {})", "i32 ".repeat(locals)).unwrap();
        for block in 0..blocks {
            let (to, from) = (1 + block % locals, 1 + (block * 7 + 3) % locals);
            write!(
                text,
                "(if (local.get 0) (then (local.set {to} (i32.add (local.get {from}) (local.get 0)))))"
            )
            .unwrap();
        }
        for local in 1..=locals {
            write!(
                text,
                "(local.set 0 (i32.xor (local.get 0) (local.get {local})))"
            )
            .unwrap();
        }
        text.push(')');
    }
    text.push(')');
    assemble(&text)
}

pub(crate) fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The smallest guest.
pub(crate) fn idle_guest() -> Vec<u8> {
    assemble(&format!("(module {SHELL} {IDLE})"))
}
