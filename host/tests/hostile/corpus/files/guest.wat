(import "wasi_snapshot_preview1" "path_open"
  (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_prestat_get"
  (func $fd_prestat_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_readdir"
  (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_unlink_file"
  (func $path_unlink_file (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_pwrite"
  (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
(data (i32.const 0x1000) "/etc/passwd")
(data (i32.const 0x1020) "/tmp/left-by-guest")
(func $step
  (local $fd i32)
  (loop $each
    (if (i32.ne (i32.const 8) (call $path_open
        (local.get $fd) (i32.const 0) (i32.const 0x1000) (i32.const 11) (i32.const 0)
        (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 0x2000))) (then unreachable))
    (if (i32.ne (i32.const 8) (call $path_open
        (local.get $fd) (i32.const 0) (i32.const 0x1020) (i32.const 17) (i32.const 1)
        (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 0x2000))) (then unreachable))
    (if (i32.ne (i32.const 8) (call $fd_prestat_get (local.get $fd) (i32.const 0x2000))) (then unreachable))
    (if (i32.ne (i32.const 8) (call $fd_readdir (local.get $fd) (i32.const 0x2000) (i32.const 64) (i64.const 0) (i32.const 0x3000))) (then unreachable))
    (if (i32.ne (i32.const 8) (call $path_unlink_file (local.get $fd) (i32.const 0x1000) (i32.const 11))) (then unreachable))
    (if (i32.ne (i32.const 8) (call $fd_pwrite (local.get $fd) (i32.const 0x1000) (i32.const 0) (i64.const 0) (i32.const 0x2000))) (then unreachable))
    (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
    (br_if $each (i32.lt_u (local.get $fd) (i32.const 64))))
  (call $answer))
