//! How large the modules of the solutions are, without the names of functions.

use test_support::bytes;

/// The most that a solution's module may have, in KiB. A toolchain makes the same module on any machine.
const KIB_MAX: usize = 250;

/// Modules that have more, and what they may have: each has many strategies or messages in one
/// program. `wasm-opt -Oz` takes another seventh away.
const LARGER: [(&str, usize); 4] = [
    ("broadcast", 318),
    ("g-set", 266),
    ("kafka", 362),
    ("lin-kv", 318),
];

#[test]
fn a_solution_is_a_small_module() {
    let names = [
        "broadcast",
        "echo",
        "g-counter",
        "g-set",
        "kafka",
        "lin-kv",
        "membership",
        "pn-counter",
        "txn-list-append",
        "txn-rw-register",
        "unique-ids",
    ];
    let too_large = names.into_iter().filter_map(|name| {
        let kib = without_names(&bytes(name)).div_ceil(1024);
        let larger = LARGER.iter().find(|(other, _)| *other == name);
        let max = larger.map_or(KIB_MAX, |(_, max)| *max);
        (kib > max).then(|| format!("{name} has {kib} KiB, of at most {max}"))
    });
    assert_eq!(too_large.collect::<Vec<_>>(), Vec::<String>::new());
}

/// The bytes of a module but for its section `name`.
fn without_names(module: &[u8]) -> usize {
    let mut rest = &module[8..];
    let mut size = 8;
    while let Some((kind, behind)) = rest.split_first() {
        let (length, behind) = leb128(behind);
        let (section, behind) = behind.split_at(length);
        if (*kind, section.get(..5)) != (0, Some(&b"\x04name"[..])) {
            size += rest.len() - behind.len();
        }
        rest = behind;
    }
    size
}

/// A number as WebAssembly writes it, and what follows.
fn leb128(bytes: &[u8]) -> (usize, &[u8]) {
    let end = bytes.iter().position(|byte| *byte < 0x80).unwrap();
    let digits = bytes[..=end].iter().rev();
    let number = digits.fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f));
    (number, &bytes[end + 1..])
}
