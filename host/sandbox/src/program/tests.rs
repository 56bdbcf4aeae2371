//! Programs that mean no good to the disk. Each traps where an answer is another than it wants.

use std::sync::Arc;

use host_disk::{Mounts, Scope, SharedDisk, lock};
use host_guest::{Effect, Event, EventKind, Guest, GuestOptions, Limits};
use host_protocol::disk::SyncFailure;

use crate::Sandbox;

fn program(data: &str, body: &str) -> (Box<dyn Guest + Send>, SharedDisk) {
    program_with(Mounts::default(), data, body)
}

/// A program that does `body` and waits for input. `$open(path, len, how)` opens or makes for reading
/// and writing and returns the descriptor, or minus the error code; `$want(is, wanted)` traps if they
/// differ. At 64 there is one buffer, of 16 bytes at 1024; answers go to 96.
fn program_with(mounts: Mounts, data: &str, body: &str) -> (Box<dyn Guest + Send>, SharedDisk) {
    let text = format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $sync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_len (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 64) "\00\04\00\00\10\00\00\00")
  (data (i32.const 2048) "{data}")
  (func $want (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (func $open (param $path i32) (param $len i32) (param $how i32) (result i32)
    (local $code i32)
    (local.set $code (call $path_open (i32.const 3) (i32.const 0) (local.get $path) (local.get $len)
      (local.get $how) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 96)))
    (if (result i32) (local.get $code)
      (then (i32.sub (i32.const 0) (local.get $code)))
      (else (i32.load (i32.const 96)))))
  (func (export "_start") (local $i i32)
    {body}
    (drop (call $fd_read (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96)))
    (loop $for_ever (drop (call $fd_read (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96)))
      (br $for_ever))))"#
    );
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let sandbox = Sandbox::new(None).unwrap();
    let module = sandbox.load_bytes(&wasm, &Limits::default()).unwrap();
    let module = module.mounted(&Arc::new(mounts)).unwrap();
    let options = GuestOptions::default();
    let disk = SharedDisk::clone(&options.disk);
    (module.start(options).unwrap(), disk)
}

fn step(guest: &mut dyn Guest, kind: EventKind<'_>) -> Result<Vec<String>, String> {
    let (now_ns, node) = (1, "n1");
    let effects = guest.step(&Event { now_ns, node, kind });
    let effects = effects.map_err(|error| error.to_string())?;
    let told = effects.iter().map(|effect| match effect {
        Effect::Sync(scope) => format!("{scope:?}"),
        other => panic!("{other:?}"),
    });
    Ok(told.collect())
}

/// Runs a program up to its wait for input.
fn run(data: &str, body: &str) -> (Box<dyn Guest + Send>, SharedDisk) {
    let (mut guest, disk) = program(data, body);
    let effects = step(&mut *guest, EventKind::Message("{}"));
    assert_eq!(effects, Ok(Vec::new()));
    (guest, disk)
}

#[test]
fn a_thousand_descriptors_are_all_there_are() {
    let (guest, _) = run(
        "a",
        "(local.set $i (i32.const 4))
         (loop $next
           (call $want (call $open (i32.const 2048) (i32.const 1) (i32.const 1)) (local.get $i))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))
         (call $want (call $open (i32.const 2048) (i32.const 1) (i32.const 1)) (i32.const -33))
         ;; The lowest that is free comes next.
         (call $want (call $close (i32.const 500)) (i32.const 0))
         (call $want (call $close (i32.const 500)) (i32.const 8))
         (call $want (call $close (i32.const 1000)) (i32.const 8))
         (call $want (call $close (i32.const -1)) (i32.const 8))
         (call $want (call $renumber (i32.const 999) (i32.const 998)) (i32.const 0))
         (call $want (call $renumber (i32.const 999) (i32.const 998)) (i32.const 8))
         (call $want (call $renumber (i32.const 998) (i32.const 1)) (i32.const 58))
         (call $want (call $open (i32.const 2048) (i32.const 1) (i32.const 0)) (i32.const 500))",
    );
    assert!(guest.memory_bytes() > 2 << 16, "descriptors are counted");
}

#[test]
fn ten_thousand_names_are_all_there_are() {
    let (_, disk) = run(
        "....",
        "(loop $next
           (i32.store (i32.const 2048)
             (i32.add (i32.const 0x41414141)
               (i32.or (i32.and (local.get $i) (i32.const 15))
                 (i32.or (i32.shl (i32.and (local.get $i) (i32.const 0xf0)) (i32.const 4))
                   (i32.or (i32.shl (i32.and (local.get $i) (i32.const 0xf00)) (i32.const 8))
                     (i32.shl (i32.and (local.get $i) (i32.const 0xf000)) (i32.const 12)))))))
           (call $want (call $mkdir (i32.const 3) (i32.const 2048) (i32.const 4))
             (select (i32.const 0) (i32.const 51) (i32.lt_u (local.get $i) (i32.const 10000))))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 10002))))
         (call $want (call $open (i32.const 2048) (i32.const 4) (i32.const 1)) (i32.const -51))",
    );
    assert_eq!(lock(&disk).unsynced(), 10_000);
}

#[test]
fn offsets_and_lengths_may_be_anything() {
    let (_, disk) = run(
        "a",
        "(call $want (call $open (i32.const 2048) (i32.const 1) (i32.const 1)) (i32.const 4))
         (call $want (call $seek (i32.const 4) (i64.const 0x7fffffffffffffff) (i32.const 0) (i32.const 96)) (i32.const 0))
         (call $want (call $seek (i32.const 4) (i64.const 1) (i32.const 1) (i32.const 96)) (i32.const 61))
         (call $want (call $fd_write (i32.const 4) (i32.const 64) (i32.const 1) (i32.const 96)) (i32.const 51))
         (call $want (call $fd_read (i32.const 4) (i32.const 64) (i32.const 1) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 0))
         (call $want (call $seek (i32.const 4) (i64.const -1) (i32.const 2) (i32.const 96)) (i32.const 28))
         (call $want (call $seek (i32.const 4) (i64.const 0x8000000000000000) (i32.const 1) (i32.const 96)) (i32.const 28))
         (call $want (call $seek (i32.const 4) (i64.const 0) (i32.const 3) (i32.const 96)) (i32.const 28))
         (call $want (call $seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 96)) (i32.const 70))
         (call $want (call $pwrite (i32.const 4) (i32.const 64) (i32.const 1) (i64.const -1) (i32.const 96)) (i32.const 28))
         (call $want (call $pread (i32.const 4) (i32.const 64) (i32.const 1) (i64.const -1) (i32.const 96)) (i32.const 28))
         (call $want (call $pread (i32.const 4) (i32.const 64) (i32.const 2000) (i64.const 0) (i32.const 96)) (i32.const 28))
         (call $want (call $set_len (i32.const 4) (i64.const -1)) (i32.const 28))
         (call $want (call $set_len (i32.const 4) (i64.const 0x7fffffffffffffff)) (i32.const 51))
         (call $want (call $allocate (i32.const 4) (i64.const 0x7fffffffffffffff) (i64.const 1)) (i32.const 22))
         (call $want (call $allocate (i32.const 4) (i64.const 0) (i64.const 0)) (i32.const 28))
         ;; Exactly full, one more, and what is left of a write.
         (call $want (call $set_len (i32.const 4) (i64.const 0x4000001)) (i32.const 51))
         (call $want (call $set_len (i32.const 4) (i64.const 0x3fffffc)) (i32.const 0))
         (call $want (call $pwrite (i32.const 4) (i32.const 64) (i32.const 1) (i64.const 0x3fffffc) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 4))
         (call $want (call $pwrite (i32.const 4) (i32.const 64) (i32.const 1) (i64.const 0x4000000) (i32.const 96)) (i32.const 51))",
    );
    assert_eq!(lock(&disk).file_len(1), 64 << 20);
}

#[test]
fn a_file_that_grows_without_being_written_is_paid_for() {
    let fuel = |len: u32| {
        let body = format!(
            "(call $want (call $open (i32.const 2048) (i32.const 1) (i32.const 1)) (i32.const 4))
             (call $want (call $set_len (i32.const 4) (i64.const {len})) (i32.const 0))"
        );
        run("a", &body).0.fuel_used()
    };
    // 1 for a byte, as of one that is copied.
    assert_eq!(fuel(64 << 20) - fuel(1), (64 << 20) - 1);
}

#[test]
fn no_path_of_any_form_leads_out() {
    // Each path begins 16 bytes behind the one before.
    let paths = [
        ("..", 63),
        ("../a", 63),
        ("a/../../a", 44),
        ("/", 63),
        ("/a", 63),
        ("a\\00b", 28),
        ("\\ff", 25),
        ("", 44),
    ];
    let (mut data, mut body) = (String::new(), String::new());
    for (index, (path, code)) in paths.iter().enumerate() {
        let len = path.replace("\\00", "x").replace("\\ff", "x").len();
        data += path;
        data += &"_".repeat(16 - len);
        body += &format!(
            "(call $want (call $open (i32.const {0}) (i32.const {len}) (i32.const 1)) (i32.const -{code}))
             (call $want (call $mkdir (i32.const 3) (i32.const {0}) (i32.const {len})) (i32.const {code}))
             (call $want (call $unlink (i32.const 3) (i32.const {0}) (i32.const {len})) (i32.const {code}))",
            2048 + 16 * index
        );
    }
    // Too long, outside of memory, and from what is no folder.
    body += "(call $want (call $open (i32.const 0) (i32.const -1) (i32.const 1)) (i32.const -37))
             (call $want (call $open (i32.const -1) (i32.const 9) (i32.const 1)) (i32.const -21))
             (call $want (call $mkdir (i32.const 1) (i32.const 2048) (i32.const 1)) (i32.const 54))
             (call $want (call $mkdir (i32.const 9) (i32.const 2048) (i32.const 1)) (i32.const 8))";
    let (_, disk) = run(&data, &body);
    assert!(lock(&disk).is_empty());
}

#[test]
fn a_folder_is_listed_in_buffers_of_any_size_whatever_is_removed() {
    // `.`, `..` and `a` have heads of 24 bytes each.
    run(
        "ab",
        "(call $want (call $mkdir (i32.const 3) (i32.const 2048) (i32.const 1)) (i32.const 0))
         (call $want (call $mkdir (i32.const 3) (i32.const 2049) (i32.const 1)) (i32.const 0))
         (call $want (call $readdir (i32.const 3) (i32.const 4096) (i32.const 0) (i64.const 0) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 0))
         (call $want (call $readdir (i32.const 3) (i32.const 4096) (i32.const 1) (i64.const 2) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 1))
         (call $want (call $readdir (i32.const 3) (i32.const 4096) (i32.const 30) (i64.const 0) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 30))
         (call $want (i32.load8_u (i32.const 4120)) (i32.const 46))
         (call $want (call $rmdir (i32.const 3) (i32.const 2048) (i32.const 1)) (i32.const 0))
         (call $want (call $readdir (i32.const 3) (i32.const 4096) (i32.const 100) (i64.const 3) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 25))
         (call $want (i32.load8_u (i32.const 4120)) (i32.const 98))
         (call $want (i32.load (i32.const 4096)) (i32.const 4))
         (call $want (call $readdir (i32.const 3) (i32.const 4096) (i32.const 100) (i64.const 4) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 0))
         (call $want (call $readdir (i32.const 3) (i32.const 4096) (i32.const 100) (i64.const -1) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 0))
         (call $want (call $readdir (i32.const 3) (i32.const -8) (i32.const 100) (i64.const 0) (i32.const 96)) (i32.const 21))
         (call $want (call $readdir (i32.const 0) (i32.const 4096) (i32.const 100) (i64.const 0) (i32.const 96)) (i32.const 54))",
    );
}

#[test]
fn standard_streams_are_devices_and_take_no_sync() {
    run(
        "",
        "(loop $next
           (call $want (call $stat (local.get $i) (i32.const 4096)) (i32.const 0))
           (call $want (i32.load8_u (i32.const 4112)) (i32.const 2))
           (call $want (call $sync (local.get $i)) (i32.const 28))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 3))))
         (call $want (call $stat (i32.const 4) (i32.const 4096)) (i32.const 8))
         (call $want (call $sync (i32.const 4)) (i32.const 8))
         (call $want (call $sync (i32.const 3)) (i32.const 0))",
    );
}

#[test]
fn a_folder_that_is_open_is_followed_when_it_is_renamed() {
    run(
        "abx",
        "(call $want (call $mkdir (i32.const 3) (i32.const 2048) (i32.const 1)) (i32.const 0))
         (call $want (call $path_open (i32.const 3) (i32.const 0) (i32.const 2048) (i32.const 1)
           (i32.const 2) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 96)) (i32.const 0))
         (call $want (call $rename (i32.const 3) (i32.const 2048) (i32.const 1)
           (i32.const 3) (i32.const 2049) (i32.const 1)) (i32.const 0))
         (call $want (call $mkdir (i32.const 4) (i32.const 2050) (i32.const 1)) (i32.const 0))
         (call $want (call $rmdir (i32.const 4) (i32.const 2050) (i32.const 1)) (i32.const 0))
         (call $want (call $rmdir (i32.const 3) (i32.const 2049) (i32.const 1)) (i32.const 0))
         (call $want (call $mkdir (i32.const 3) (i32.const 2049) (i32.const 1)) (i32.const 0))
         (call $want (call $mkdir (i32.const 4) (i32.const 2050) (i32.const 1)) (i32.const 44))",
    );
}

#[test]
fn a_sync_ends_with_what_the_disk_says() {
    for (result, code) in [
        (Ok(()), 0),
        (Err(SyncFailure::Error), 29),
        (Err(SyncFailure::Full), 51),
    ] {
        let body = format!(
            "(call $want (call $open (i32.const 2048) (i32.const 1) (i32.const 1)) (i32.const 4))
             (call $want (call $sync (i32.const 4)) (i32.const {code}))"
        );
        let (mut guest, disk) = program("a", &body);
        let scope = Scope::File(1);
        let asked = step(&mut *guest, EventKind::Message("{}"));
        assert_eq!(asked, Ok(vec![format!("{scope:?}")]));
        // Nothing else resumes it.
        for kind in [EventKind::Message("{}"), EventKind::Timer(0)] {
            assert_eq!(step(&mut *guest, kind), Ok(Vec::new()));
        }
        lock(&disk).sync(&scope).unwrap();
        let done = step(&mut *guest, EventKind::Synced(result));
        assert_eq!(done, Ok(Vec::new()), "{code}");
    }
}

/// A mount `m` with a file `f` of these bytes.
fn mounted(bytes: &[u8]) -> Mounts {
    let mut mounts = Mounts::default();
    mounts.add_file("m/f", bytes.into()).unwrap();
    mounts
}

/// Opens `m/f` for reading: the first that is open is 4.
const OPEN_MOUNTED: &str = "(call $want (call $path_open (i32.const 3) (i32.const 0) (i32.const 2048)
  (i32.const 3) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 96)) (i32.const 0))";

#[test]
fn nothing_in_a_mount_can_be_written_and_no_path_leads_out_of_it() {
    // `m/f` at 2048, `m/x` at 2051, `m/../../a` at 2054, `m/../y` at 2063, `m` at 2069.
    let body = format!(
        "(call $want (call $open (i32.const 2048) (i32.const 3) (i32.const 0)) (i32.const -69))
         (call $want (call $open (i32.const 2048) (i32.const 3) (i32.const 8)) (i32.const -69))
         (call $want (call $open (i32.const 2051) (i32.const 3) (i32.const 1)) (i32.const -69))
         (call $want (call $open (i32.const 2054) (i32.const 9) (i32.const 0)) (i32.const -63))
         (call $want (call $open (i32.const 2054) (i32.const 9) (i32.const 1)) (i32.const -63))
         (call $want (call $mkdir (i32.const 3) (i32.const 2051) (i32.const 3)) (i32.const 69))
         (call $want (call $rmdir (i32.const 3) (i32.const 2069) (i32.const 1)) (i32.const 10))
         (call $want (call $unlink (i32.const 3) (i32.const 2048) (i32.const 3)) (i32.const 69))
         (call $want (call $unlink (i32.const 3) (i32.const 2069) (i32.const 1)) (i32.const 31))
         (call $want (call $rename (i32.const 3) (i32.const 2048) (i32.const 3)
           (i32.const 3) (i32.const 2051) (i32.const 3)) (i32.const 69))
         (call $want (call $rename (i32.const 3) (i32.const 2048) (i32.const 3)
           (i32.const 3) (i32.const 2063) (i32.const 6)) (i32.const 75))
         {OPEN_MOUNTED}
         (call $want (i32.load (i32.const 96)) (i32.const 4))
         (call $want (call $fd_read (i32.const 4) (i32.const 64) (i32.const 1) (i32.const 96)) (i32.const 0))
         (call $want (i32.load (i32.const 96)) (i32.const 2))
         (call $want (i32.load16_u (i32.const 1024)) (i32.const 0x6968))
         (call $want (call $fd_write (i32.const 4) (i32.const 64) (i32.const 1) (i32.const 96)) (i32.const 8))
         (call $want (call $pwrite (i32.const 4) (i32.const 64) (i32.const 1) (i64.const 0) (i32.const 96)) (i32.const 8))
         (call $want (call $set_len (i32.const 4) (i64.const 0)) (i32.const 28))
         (call $want (call $allocate (i32.const 4) (i64.const 0) (i64.const 9)) (i32.const 8))
         (call $want (call $sync (i32.const 4)) (i32.const 0))
         (call $want (call $stat (i32.const 4) (i32.const 4096)) (i32.const 0))
         (call $want (i32.load8_u (i32.const 4112)) (i32.const 4))
         (call $want (i32.load (i32.const 4128)) (i32.const 2))
         (call $want (i32.load (i32.const 4136)) (i32.const 0))
         (call $want (call $open (i32.const 2063) (i32.const 6) (i32.const 1)) (i32.const 5))"
    );
    let (mut guest, disk) = program_with(mounted(b"hi"), "m/fm/xm/../../am/../ym", &body);
    let effects = step(&mut *guest, EventKind::Message("{}"));
    assert_eq!(effects, Ok(Vec::new()));
    let names: Vec<String> = lock(&disk)
        .files()
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(names, ["y"]);
}

#[test]
fn who_reads_a_mount_for_ever_pays_for_it() {
    let body = format!(
        "{OPEN_MOUNTED}
         (i32.store (i32.const 64) (i32.const 65536))
         (i32.store (i32.const 68) (i32.const 65536))
         (loop $for_ever
           (call $want (call $pread (i32.const 4) (i32.const 64) (i32.const 1) (i64.const 0) (i32.const 96)) (i32.const 0))
           (br $for_ever))"
    );
    let (mut guest, _) = program_with(mounted(&[1; 65536]), "m/f", &body);
    let error = step(&mut *guest, EventKind::Message("{}")).unwrap_err();
    assert!(error.contains("fuel"), "{error}");
    assert!(
        guest.fuel_used() >= Limits::default().fuel,
        "{}",
        guest.fuel_used()
    );
}

#[test]
fn what_is_mounted_is_opened_a_thousand_times_at_the_most() {
    let body = format!(
        "(local.set $i (i32.const 4))
         (loop $next
           {OPEN_MOUNTED}
           (call $want (i32.load (i32.const 96)) (local.get $i))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))
         (call $want (call $open (i32.const 2048) (i32.const 3) (i32.const 0)) (i32.const -33))"
    );
    let (mut guest, _) = program_with(mounted(b"hi"), "m/f", &body);
    let effects = step(&mut *guest, EventKind::Message("{}"));
    assert_eq!(effects, Ok(Vec::new()));
}
