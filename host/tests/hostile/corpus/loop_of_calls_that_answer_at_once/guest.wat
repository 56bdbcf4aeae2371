(import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
(func $step
  (loop $again
    (drop (call $environ_get (i32.const 0) (i32.const 0)))
    (drop (call $fd_close (i32.const 1)))
    (drop (call $fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $set_flags (i32.const 0) (i32.const 0)))
    (drop (call $sched_yield))
    (br $again)))
