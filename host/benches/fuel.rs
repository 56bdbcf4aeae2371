//! Measures how much time a unit of fuel can take: for each kind of instruction and of host
//! work, a guest that does nothing else. The cost table is made so that no kind takes much
//! longer for a unit than another; the last line is what a step and a run can take at worst.
//!
//! `cargo bench -p host --bench fuel [FILTER]`

use std::fmt::Write as _;
use std::time::Duration;

use host_guest::{Event, EventKind, GuestOptions, Limits};
use host_sandbox::Sandbox;
use test_support::processor_time;
use test_support::wat::assemble;

/// The fuel of a measured step.
const FUEL: u64 = 100_000_000;

/// How often a body is repeated in its loop, so that the loop does not count.
const UNROLLED: usize = 100;

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let sandbox = Sandbox::new(None).expect("the sandbox works here");
    let mut worst: Vec<(f64, String)> = Vec::new();
    println!("{:<34} {:>8}", "what a guest does all the time", "ns/unit");
    for case in cases() {
        let is_meant = |filter: &String| case.name.contains(filter.as_str());
        if !filter.as_ref().is_none_or(is_meant) {
            continue;
        }
        let per_unit = measure(&sandbox, &case);
        println!("{:<34} {per_unit:>8.3}", case.name);
        worst.push((per_unit, case.name));
    }
    worst.sort_by(|a, b| b.0.total_cmp(&a.0));
    let seconds = |per_unit: f64, units: u64| Duration::from_nanos(units).as_secs_f64() * per_unit;
    println!("\nThe longest: a step with all its fuel, and a run");
    for (per_unit, name) in worst.iter().take(10) {
        let step = seconds(*per_unit, Limits::default().fuel);
        let run = seconds(*per_unit, host_sim::Bounds::default().fuel);
        println!("{name:<34} {step:>8.1} s {run:>8.0} s");
    }
}

/// A guest that does one thing.
struct Case {
    name: String,
    module: String,
}

/// The processor time of a unit, in nanoseconds: the least of three steps.
fn measure(sandbox: &Sandbox, case: &Case) -> f64 {
    let limits = Limits {
        fuel: FUEL,
        wall: Duration::from_secs(1000),
        ..Limits::default()
    };
    let module = sandbox
        .load_bytes(&assemble(&case.module), &limits)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let steps = (0..3).map(|_| {
        let options = GuestOptions {
            limits,
            ..GuestOptions::default()
        };
        let mut guest = module.start(options).expect("it starts");
        let event = Event {
            now_ns: 0,
            node: "n1",
            kind: EventKind::Message("{}"),
        };
        // The first event prepares the memory.
        if let Err(error) = guest.step(&event) {
            panic!("{}: {error}", case.name);
        }
        let (before, begin) = (guest.fuel_used(), processor_time());
        let error = guest.step(&event).map(|_| ()).expect_err("it has no end");
        let time = processor_time().saturating_sub(begin);
        assert_eq!(error.kind.name(), "out-of-fuel", "{}: {error}", case.name);
        let units = Duration::from_nanos(guest.fuel_used() - before);
        time.as_secs_f64() / units.as_secs_f64()
    });
    steps.fold(f64::INFINITY, f64::min)
}

/// A guest whose first event does `setup`, and whose later ones repeat `body` for ever.
fn module(pages: u32, setup: &str, body: &str) -> String {
    let mut text = String::new();
    let input = pages * 65536 - 4096;
    let body = body.repeat(UNROLLED);
    write!(
        text,
        r#"(module
          (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
          (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
          (memory (export "memory") {pages})
          (table $t 10 funcref) (elem declare func $nothing) (elem $e func $nothing) (data $d "abc")
          (elem (i32.const 0) $nothing $nothing)
          (type $v (func)) (global $g (mut i64) (i64.const 1))
          (func (export "maelstrom_abi_v1") unreachable)
          (func (export "alloc") (param i32) (result i32) (i32.const {input}))
          (func $nothing)
          (func $six (param i64) (result i64) (local.get 0))
          (global $started (mut i32) (i32.const 0))
          (func (export "handle") (param $ptr i32) (param $len i32) (result i64)
            (local $a i32) (local $b i64) (local $c f32) (local $d f64) (local $v v128) (local $r funcref)
            (local.set $a (i32.const 7)) (local.set $b (i64.const 0x123456789abcdef)) (local.set $d (f64.const 1.5)) (local.set $c (f32.const 1.5))
            (if (i32.eqz (global.get $started)) (then (global.set $started (i32.const 1)) {setup} (return (i64.const 0))))
            (local.set $a (i32.load (i32.const 64)))
            (loop $again {body} (br $again))
            (i64.const 0)))"#
    )
    .expect("a string has room");
    text
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: &str, body: &str| {
        cases.push(Case {
            name: name.to_owned(),
            module: module(2, "", body),
        });
    };
    for op in [
        "add", "mul", "div_s", "div_u", "rem_s", "rem_u", "shl", "rotl", "and", "eq", "lt_s",
    ] {
        let back = if matches!(op, "eq" | "lt_s") {
            "(local.set $b (i64.extend_i32_u))"
        } else {
            "(local.set $b)"
        };
        add(
            &format!("i64.{op}"),
            &format!("(i64.{op} (local.get $b) (i64.const 3)) {back} "),
        );
        add(
            &format!("i32.{op}"),
            &format!("(i32.{op} (local.get $a) (i32.const 3)) (local.set $a) "),
        );
    }
    add(
        "i64.div chain",
        "(local.set $b (i64.div_u (i64.const -1) (i64.or (local.get $b) (i64.const 1))))",
    );
    for op in ["clz", "ctz", "popcnt"] {
        add(
            &format!("i64.{op}"),
            &format!("(local.set $b (i64.{op} (local.get $b)))"),
        );
    }
    for op in ["add", "mul", "div", "min", "max", "copysign"] {
        add(
            &format!("f64.{op}"),
            &format!("(local.set $d (f64.{op} (local.get $d) (f64.const 1.0001)))"),
        );
        add(
            &format!("f32.{op}"),
            &format!("(local.set $c (f32.{op} (local.get $c) (f32.const 1.0001)))"),
        );
    }
    for op in ["sqrt", "ceil", "floor", "nearest", "trunc", "abs", "neg"] {
        add(
            &format!("f64.{op}"),
            &format!("(local.set $d (f64.{op} (local.get $d)))"),
        );
    }
    add(
        "f64.div subnormal",
        "(local.set $d (f64.mul (f64.const 4.9e-324) (f64.add (local.get $d) (f64.const 1.3e-310))))",
    );
    add(
        "i64.trunc_f64",
        "(local.set $b (i64.trunc_sat_f64_s (f64.convert_i64_s (local.get $b))))",
    );
    add(
        "i64.trunc_f64_u",
        "(local.set $b (i64.trunc_sat_f64_u (f64.convert_i64_u (local.get $b))))",
    );
    for op in [
        "i8x16.add",
        "i8x16.add_sat_s",
        "i16x8.mul",
        "i64x2.mul",
        "i32x4.mul",
        "i8x16.swizzle",
        "i8x16.avgr_u",
        "f64x2.div",
        "f64x2.mul",
        "f32x4.div",
        "f64x2.min",
        "f64x2.pmax",
        "i32x4.dot_i16x8_s",
        "i16x8.q15mulr_sat_s",
        "i8x16.narrow_i16x8_s",
    ] {
        add(
            op,
            &format!("(local.set $v ({op} (local.get $v) (local.get $v)))"),
        );
    }
    for op in [
        "f64x2.sqrt",
        "f32x4.sqrt",
        "f32x4.ceil",
        "f32x4.nearest",
        "i8x16.popcnt",
        "i32x4.trunc_sat_f32x4_u",
        "f32x4.convert_i32x4_u",
        "i16x8.extadd_pairwise_i8x16_s",
        "i64x2.abs",
    ] {
        add(op, &format!("(local.set $v ({op} (local.get $v)))"));
    }
    for op in ["i8x16.shl", "i64x2.shr_s", "i8x16.shr_s"] {
        add(
            op,
            &format!("(local.set $v ({op} (local.get $v) (local.get $a)))"),
        );
    }
    add(
        "i8x16.bitmask",
        "(local.set $a (i8x16.bitmask (i8x16.splat (local.get $a))))",
    );
    add(
        "select",
        "(local.set $b (select (local.get $b) (i64.const 5) (i32.wrap_i64 (local.get $b))))",
    );
    add(
        "global",
        "(global.set $g (i64.add (global.get $g) (i64.const 1)))",
    );
    add("local.tee", "(drop (local.tee $b (local.get $b)))");
    add("block", "(block (br_if 0 (local.get $a)))");
    add("nested blocks", "(block (block (block (br 0))))");
    add(
        "if",
        "(if (local.get $a) (then (local.set $a (i32.const 0))) (else (local.set $a (i32.const 1))))",
    );
    add("empty loop", "(loop)");
    add("call", "(call $nothing)");
    add(
        "call with a value",
        "(local.set $b (call $six (local.get $b)))",
    );
    add(
        "call_indirect",
        "(call_indirect (type $v) (i32.and (local.get $a) (i32.const 1)))",
    );
    add(
        "br_table",
        "(block (block (block (br_table 0 1 2 (local.get $a)))))",
    );
    add("memory.size", "(drop (memory.size))");
    add(
        "memory.fill of nothing",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))",
    );
    add(
        "memory.fill of 64",
        "(memory.fill (i32.const 128) (i32.const 0) (i32.const 64))",
    );
    add(
        "memory.fill of 64 KiB",
        "(memory.fill (i32.const 128) (i32.const 0) (i32.const 65536))",
    );
    add(
        "memory.copy of nothing",
        "(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))",
    );
    add(
        "memory.copy of 16",
        "(memory.copy (i32.const 128) (i32.const 256) (i32.const 16))",
    );
    add(
        "memory.init of nothing",
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))",
    );
    add(
        "memory.init of 3",
        "(memory.init $d (i32.const 128) (i32.const 0) (i32.const 3))",
    );
    add("data.drop", "(data.drop $d)");
    add("elem.drop", "(elem.drop $e)");
    add("ref.func", "(drop (ref.func $nothing))");
    add("ref.null", "(drop (ref.is_null (ref.null func)))");
    add("table.get", "(local.set $r (table.get $t (i32.const 0)))");
    add(
        "table.get lazily",
        "(table.set $t (i32.const 3) (table.get $t (i32.const 0)))",
    );
    add("table.set", "(table.set $t (i32.const 1) (local.get $r))");
    add("table.size", "(drop (table.size $t))");
    add(
        "table.fill of nothing",
        "(table.fill $t (i32.const 0) (ref.null func) (i32.const 0))",
    );
    add(
        "table.fill of 10",
        "(table.fill $t (i32.const 0) (ref.null func) (i32.const 10))",
    );
    add(
        "table.copy of nothing",
        "(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))",
    );
    add(
        "table.copy of 9",
        "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 9))",
    );
    add(
        "table.init of nothing",
        "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 0))",
    );
    add(
        "table.init of 1",
        "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))",
    );
    add(
        "table.grow by nothing",
        "(drop (table.grow $t (ref.null func) (i32.const 0)))",
    );
    add(
        "table.grow refused",
        "(drop (table.grow $t (ref.null func) (i32.const 200000)))",
    );
    add(
        "memory.grow by nothing",
        "(drop (memory.grow (i32.const 0)))",
    );
    add(
        "memory.grow refused",
        "(drop (memory.grow (i32.const 10000)))",
    );
    add(
        "i32.load",
        "(local.set $a (i32.load offset=64 (i32.and (local.get $a) (i32.const 0xff))))",
    );
    add(
        "i32.store",
        "(i32.store offset=64 (i32.const 0) (local.get $a))",
    );
    add(
        "store then load",
        "(i32.store8 offset=1024 (i32.const 0) (local.get $a)) (local.set $a (i32.load offset=1023 (i32.const 0)))",
    );
    add("sched_yield", "(drop (call $yield))");
    add("fd_close", "(drop (call $close (i32.const 9)))");
    add(
        "clock_time_get",
        "(drop (call $clock (i32.const 0) (i64.const 0) (i32.const 128)))",
    );
    add(
        "random_get of nothing",
        "(drop (call $random (i32.const 128) (i32.const 0)))",
    );
    add(
        "random_get of 64 KiB",
        "(drop (call $random (i32.const 128) (i32.const 65536)))",
    );
    for (pages, what) in [
        (8_u32, "512 KiB"),
        (64, "4 MiB"),
        (256, "16 MiB"),
        (1024, "64 MiB"),
        (2000, "125 MiB"),
    ] {
        // Each line of 64 bytes has the address of the next one of a walk through all of them.
        let mask = (pages * 65536).next_power_of_two() / 2 - 1;
        let lines = (mask + 1) / 64;
        let setup = format!(
            "(loop $fill
               (i32.store (i32.shl (local.get $a) (i32.const 6))
                 (i32.shl (i32.and (i32.add (i32.mul (local.get $a) (i32.const 1664525)) (i32.const 1013904223)) (i32.const {})) (i32.const 6)))
               (local.set $a (i32.add (local.get $a) (i32.const 1)))
               (br_if $fill (i32.lt_u (local.get $a) (i32.const {lines}))))",
            lines - 1
        );
        let setup = format!("(local.set $a (i32.const 0)) {setup}");
        let chain = "(local.set $a (i32.load (local.get $a)))";
        let next = "(i32.add (i32.mul (local.get $a) (i32.const 1664525)) (i32.const 1013904223))";
        let stores = format!(
            "(i32.store (local.tee $a (i32.and {next} (i32.const {mask}))) (local.get $a))"
        );
        for (what_it_does, body) in [("a chain of loads", chain), ("random stores", &stores)] {
            cases.push(Case {
                name: format!("{what_it_does} over {what}"),
                module: module(pages, &setup, body),
            });
        }
    }
    let branches = "(local.set $b (i64.mul (i64.add (local.get $b) (i64.const 1442695040888963407))
                      (i64.const 6364136223846793005)))
                    (if (i64.lt_s (local.get $b) (i64.const 0))
                      (then (global.set $g (local.get $b))))";
    cases.push(Case {
        name: "branches that nobody can foresee".to_owned(),
        module: module(2, "", branches),
    });
    cases
}
