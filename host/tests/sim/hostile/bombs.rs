//! Modules that are short to describe and large to store: as files they would be most of this
//! repository.

use std::fmt::Write;

use test_support::wat::assemble;

use crate::hostile::frame;

/// A function type with so many parameters.
fn type_of_parameters(count: usize) -> Vec<u8> {
    [vec![0x60], leb(count), vec![0x7f; count], vec![0]].concat()
}

/// The module of a recipe.
pub(crate) fn made(recipe: &str) -> Vec<u8> {
    match recipe {
        "functions" => {
            with_bodies(&std::iter::repeat_n(vec![0, 0x20, 0, 0x0b], 300_000).collect::<Vec<_>>())
        }
        "locals" => with_bodies(&[locals(50_000, &[0x20, 0])]),
        "huge_function" => with_bodies(&[no_locals(&[0x20, 0, 0x1a].repeat(350_000), &[0x20, 0])]),
        "branches_over_locals" => branches_over_locals(600, 1000, 100),
        "branches_times_locals" => branches_over_locals(1, 4_700, 4_000),
        "br_tables" => with_bodies(&[br_tables(600, 400)]),
        "deep_nesting" => with_bodies(&[no_locals(
            &[[0x02, 0x40].repeat(170_000), vec![0x0b; 170_000]].concat(),
            &[0x20, 0],
        )]),
        // `local.get 0; call_indirect (type 1)`, each on the result of the one before.
        "indirect_calls" => with_bodies(&[no_locals(
            &[vec![0x20, 0], [0x20, 0, 0x11, 1, 0].repeat(100_000)].concat(),
            &[],
        )]),
        "globals" => with_globals(1_000_000),
        "imports" => with_entries(2, &[0, 0, 0, 3], 2_000_000),
        "exports" => with_entries(7, &[0, 0, 0], 2_000_000),
        "types" => with_types(&[0x60, 0, 0], 5_000_000),
        "type_parameters" => with_types(&type_of_parameters(990), 12_000),
        "recursion_groups" => {
            let group = [vec![0x4e], leb(200_000), [0x60, 0, 0].repeat(200_000)].concat();
            with_types(&group, 1)
        }
        "import_name" => {
            let mut entry = leb(90_000);
            entry.extend(vec![b'a'; 90_000]);
            entry.extend([0, 0, 0]);
            with_entries(2, &entry, 1)
        }
        "function_name" => frame::whole(&format!(
            "(func $step (call $answer) (call ${0}))(func ${0} unreachable)",
            "x".repeat(1_000_000)
        )),
        "custom_section" => {
            let mut wasm = frame::whole("(func $step (call $answer))");
            wasm.extend(section(
                0,
                [leb(4), b"note".to_vec(), vec![0; 10_000_000]].concat(),
            ));
            wasm
        }
        "elf" => [b"\x7fELF\x02\x01\x01".to_vec(), vec![0; 200]].concat(),
        "machine_code" => {
            let engine = wasmtime::Engine::default();
            engine.precompile_module(&idle_guest()).unwrap()
        }
        "empty" => Vec::new(),
        "cut_off" => {
            let mut wasm = frame::whole("(func $step (call $answer))");
            wasm.truncate(wasm.len() / 2);
            wasm
        }
        other => panic!("there is no recipe {other}"),
    }
}

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
            let sum = format!("(i32.xor (local.get 0) (local.get {local}))");
            write!(text, "(local.set 0 {sum})").unwrap();
        }
        text.push(')');
    }
    text.push(')');
    assemble(&text)
}

/// The smallest guest.
pub(crate) fn idle_guest() -> Vec<u8> {
    assemble(&format!("(module {SHELL} {IDLE})"))
}

/// The exports of a guest of the ABI, apart from `handle`.
const SHELL: &str = r#"(memory (export "memory") 1)
    (func (export "maelstrom_abi_v1"))
    (func (export "alloc") (param i32) (result i32) (i32.const 1024))"#;

/// A `handle` that does nothing.
const IDLE: &str = r#"(func (export "handle") (param i32 i32) (result i64) (i64.const 0))"#;

// ---- The binary format ----------------------------------------------------------------

/// The header, and the types `() -> ()`, `(i32) -> i32`, `(i32, i32) -> i64` and one of
/// a thousand parameters.
fn beginning() -> Vec<u8> {
    let wide = [vec![0x60], leb(1000), vec![0x7f; 1000], vec![0]].concat();
    let types = [
        &[
            4, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 1, 0x7e,
        ],
        &wide[..],
    ];
    [b"\0asm\x01\0\0\0".to_vec(), section(1, types.concat())].concat()
}

/// A guest with functions of type `(i32) -> i32`, one for each of `bodies`.
fn with_bodies(bodies: &[Vec<u8>]) -> Vec<u8> {
    let own: [&[u8]; 3] = [&[0, 0x0b], &[0, 0x41, 0x80, 8, 0x0b], &[0, 0x42, 0, 0x0b]];
    let count = leb(own.len() + bodies.len());
    let types = [count.clone(), vec![0, 1, 2], vec![1; bodies.len()]].concat();
    let mut code = count;
    for body in own.into_iter().chain(bodies.iter().map(Vec::as_slice)) {
        code.extend(leb(body.len()));
        code.extend(body);
    }
    let mut exports = vec![4];
    for (name, kind, index) in [
        ("memory", 2, 0),
        ("maelstrom_abi_v1", 0, 0),
        ("alloc", 0, 1),
        ("handle", 0, 2),
    ] {
        exports.extend(leb(name.len()));
        exports.extend(name.as_bytes());
        exports.extend([kind, index]);
    }
    [
        beginning(),
        section(3, types),
        section(4, vec![1, 0x70, 0, 1]),
        section(5, vec![1, 0, 1]),
        section(7, exports),
        section(10, code),
    ]
    .concat()
}

/// A body with `count` variables.
fn locals(count: usize, code: &[u8]) -> Vec<u8> {
    [vec![1], leb(count), vec![0x7f], code.to_vec(), vec![0x0b]].concat()
}

fn no_locals(code: &[u8], end: &[u8]) -> Vec<u8> {
    [&[0], code, end, &[0x0b]].concat()
}

/// `count` jump tables of `targets` targets each, inside of as many blocks.
fn br_tables(count: usize, targets: usize) -> Vec<u8> {
    let mut table = vec![0x02, 0x40, 0x20, 0, 0x0e];
    table.extend(leb(targets));
    (0..=targets).for_each(|target| table.extend(leb(target)));
    table.push(0x0b);
    let code = [
        [0x02, 0x40].repeat(targets),
        table.repeat(count),
        vec![0x0b; targets],
    ];
    no_locals(&code.concat(), &[0x20, 0])
}

/// Not a guest: a section of `count` times `entry`.
fn with_entries(id: u8, entry: &[u8], count: usize) -> Vec<u8> {
    let entries = [leb(count), entry.repeat(count)].concat();
    [beginning(), section(id, entries)].concat()
}

/// Not a guest: `count` types.
fn with_types(ty: &[u8], count: usize) -> Vec<u8> {
    let types = [leb(count), ty.repeat(count)].concat();
    [b"\0asm\x01\0\0\0".to_vec(), section(1, types)].concat()
}

/// Not a guest: `count` variables of type i32.
fn with_globals(count: usize) -> Vec<u8> {
    with_entries(6, &[0x7f, 1, 0x41, 0, 0x0b], count)
}

fn section(id: u8, contents: Vec<u8>) -> Vec<u8> {
    [vec![id], leb(contents.len()), contents].concat()
}

/// An unsigned number in LEB128.
fn leb(mut n: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(n & 0x7f).unwrap();
        n >>= 7;
        if n == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
