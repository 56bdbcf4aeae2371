//! Guests that follow a script, whatever the events: the smallest way to have a node that is
//! right, wrong or hostile at a known event.

use std::collections::HashMap;
use std::fmt::Write;

use test_support::wat::assemble;

/// The reaction of a scripted guest to one event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// Returns these effects, one a line.
    Say(&'a str),
    /// Traps.
    Trap,
    /// Never returns.
    Loop,
    /// Exits with this code.
    Exit(i32),
}

/// The answer to `init` of the only node, `n0`.
pub(crate) const INIT_OK: &str =
    r#"{"send":{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}}"#;

/// A guest that answers `init` and then follows `steps`, one for each event. After the
/// last it does nothing.
pub(crate) fn guest(steps: &[Step<'_>]) -> Vec<u8> {
    let all: Vec<Step<'_>> = [Step::Say(INIT_OK)].iter().chain(steps).copied().collect();
    from_the_start(&all)
}

/// The same, `init` included in the steps.
pub(crate) fn from_the_start(steps: &[Step<'_>]) -> Vec<u8> {
    let (mut data, mut code) = (String::new(), String::new());
    let mut at = 1024_u64;
    let mut known: HashMap<&str, u64> = HashMap::new();
    for (number, step) in steps.iter().enumerate() {
        let action = match step {
            Step::Say(effects) => {
                let range = *known.entry(effects).or_insert_with(|| {
                    let quoted = effects.replace('\\', "\\5c").replace('"', "\\22");
                    let quoted = quoted.replace('\n', "\\0a");
                    writeln!(data, "(data (i32.const {at}) \"{quoted}\")").unwrap();
                    let range = (at << 32) + effects.len() as u64;
                    at += effects.len() as u64;
                    range
                });
                format!("(return (i64.const {range}))")
            }
            Step::Trap => "unreachable".to_owned(),
            Step::Loop => "(loop $again (br $again)) unreachable".to_owned(),
            Step::Exit(status) => format!("(call $exit (i32.const {status})) unreachable"),
        };
        writeln!(
            code,
            "(if (i32.eq (local.get $n) (i32.const {number})) (then {action}))"
        )
        .unwrap();
    }
    let text = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 2)
          (global $events (mut i32) (i32.const 0))
          {data}
          (func (export "maelstrom_abi_v1"))
          (func (export "alloc") (param i32) (result i32) (i32.const 65536))
          (func $handle (export "handle") (param i32 i32) (result i64)
            (local $n i32)
            (local.set $n (global.get $events))
            (global.set $events (i32.add (local.get $n) (i32.const 1)))
            {code}
            (i64.const 0)))"#
    );
    assemble(&text)
}
