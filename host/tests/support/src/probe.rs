//! Programs in the text format that do a few calls and show what comes of them.

use crate::wat::assemble;

/// A program whose `_start` is `body`. It can use the functions of WASI by their short
/// names and these:
///
/// - `$show(ptr, len)` writes bytes to stderr, in hexadecimal, a line for each call;
/// - `$number(i32)` shows a number the same way, little-endian;
/// - `$say(ptr, len)` writes bytes to stdout;
/// - `$on_clock(at, userdata, timeout_ns, flags)` and `$on_fd(at, userdata, tag, fd)`
///   write a subscription;
/// - `$wait(subscriptions)` polls the subscriptions at 0 and shows the error code, if
///   there is one, or the events, which are written to 1024;
/// - `$read(len)` reads into memory at 4096 and returns how much came, or minus the
///   error code.
pub fn probe(body: &str) -> Vec<u8> {
    with_memory(1, body)
}

/// The same with so many pages of memory.
pub fn with_memory(pages: u32, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (memory (export "memory") {pages})
  (data (i32.const 3000) "0123456789abcdef")
  (data (i32.const 3100) "{HELLO}\n")
  (func $write (param $fd i32) (param $ptr i32) (param $len i32)
    (i32.store (i32.const 3020) (local.get $ptr))
    (i32.store (i32.const 3024) (local.get $len))
    (drop (call $fd_write (local.get $fd) (i32.const 3020) (i32.const 1) (i32.const 3028))))
  (func $say (param $ptr i32) (param $len i32)
    (call $write (i32.const 1) (local.get $ptr) (local.get $len)))
  (func $show (param $ptr i32) (param $len i32)
    (local $i i32) (local $byte i32)
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $len)) (then
        (local.set $byte (i32.load8_u (i32.add (local.get $ptr) (local.get $i))))
        (i32.store8 (i32.add (i32.const 5000) (i32.mul (i32.const 2) (local.get $i)))
          (i32.load8_u (i32.add (i32.const 3000) (i32.shr_u (local.get $byte) (i32.const 4)))))
        (i32.store8 (i32.add (i32.const 5001) (i32.mul (i32.const 2) (local.get $i)))
          (i32.load8_u (i32.add (i32.const 3000) (i32.and (local.get $byte) (i32.const 15)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (i32.store8 (i32.add (i32.const 5000) (i32.mul (i32.const 2) (local.get $i))) (i32.const 10))
    (call $write (i32.const 2) (i32.const 5000)
      (i32.add (i32.const 1) (i32.mul (i32.const 2) (local.get $i)))))
  (func $number (param i32)
    (i32.store (i32.const 3032) (local.get 0))
    (call $show (i32.const 3032) (i32.const 4)))
  (func $on_clock (param $at i32) (param $userdata i64) (param $timeout i64) (param $flags i32)
    (i64.store (local.get $at) (local.get $userdata))
    (i32.store8 offset=8 (local.get $at) (i32.const 0))
    (i32.store offset=16 (local.get $at) (i32.const 1))
    (i64.store offset=24 (local.get $at) (local.get $timeout))
    (i32.store16 offset=40 (local.get $at) (local.get $flags)))
  (func $on_fd (param $at i32) (param $userdata i64) (param $tag i32) (param $fd i32)
    (i64.store (local.get $at) (local.get $userdata))
    (i32.store8 offset=8 (local.get $at) (local.get $tag))
    (i32.store offset=16 (local.get $at) (local.get $fd)))
  (func $wait (param $count i32)
    (local $error i32) (local $i i32)
    (local.set $error (call $poll
      (i32.const 0) (i32.const 1024) (local.get $count) (i32.const 3036)))
    (if (local.get $error) (then (call $number (local.get $error)) (return)))
    (loop $next
      (if (i32.lt_u (local.get $i) (i32.load (i32.const 3036))) (then
        (call $show (i32.add (i32.const 1024) (i32.mul (i32.const 32) (local.get $i))) (i32.const 26))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))))
  (func $read (param $len i32) (result i32)
    (local $error i32)
    (i32.store (i32.const 3040) (i32.const 4096))
    (i32.store (i32.const 3044) (local.get $len))
    (local.set $error (call $fd_read
      (i32.const 0) (i32.const 3040) (i32.const 1) (i32.const 3048)))
    (if (local.get $error) (then (return (i32.sub (i32.const 0) (local.get $error)))))
    (i32.load (i32.const 3048)))
  (func $_start (export "_start") {body}))"#,
        HELLO = HELLO.replace('"', "\\22"),
    );
    assemble(&text)
}

/// The line, without its newline, that `$say(3100, HELLO.len() + 1)` says.
pub const HELLO: &str = r#"{"src":"n1","dest":"c1","body":{"type":"hello"}}"#;

/// `$say` for the whole of [`HELLO`].
pub fn hello() -> String {
    format!(
        "(call $say (i32.const 3100) (i32.const {}))",
        HELLO.len() + 1
    )
}

/// An event of `poll_oneoff` as `$wait` shows it.
pub fn event(userdata: u64, error: u16, tag: u8, bytes: u64) -> String {
    let mut event = [0; 26];
    event[..8].copy_from_slice(&userdata.to_le_bytes());
    event[8..10].copy_from_slice(&error.to_le_bytes());
    event[10] = tag;
    event[16..24].copy_from_slice(&bytes.to_le_bytes());
    hex(&event)
}

/// A number as `$number` shows it.
pub fn number(value: i32) -> String {
    hex(&value.to_le_bytes())
}

/// Bytes as `$show` shows them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
