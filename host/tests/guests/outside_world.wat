;; Tries to reach files, sockets, other processes and its environment, and answers with
;; the error codes, the first in the highest byte.
(import "wasi_snapshot_preview1" "path_open"
  (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_prestat_get"
  (func $fd_prestat_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "sock_accept"
  (func $sock_accept (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "poll_oneoff"
  (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "proc_raise"
  (func $proc_raise (param i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_read"
  (func $fd_read (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "environ_sizes_get"
  (func $environ_sizes_get (param i32 i32) (result i32)))
(data (i32.const 1024) "/etc/passwd")
(global $codes (mut i64) (i64.const 0))
(func $go (param $ptr i32) (param $len i32) (result i64)
  (call $note (call $path_open
    (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 11) (i32.const 0)
    (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 2048)))
  (call $note (call $fd_prestat_get (i32.const 3) (i32.const 2048)))
  (call $note (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 2048)))
  (call $note (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 3072)))
  (call $note (call $proc_raise (i32.const 9)))
  ;; Reading stdin succeeds and is at its end: 7 bytes read would be another answer.
  (i32.store (i32.const 2048) (i32.const 7))
  (call $note (call $fd_read (i32.const 0) (i32.const 1024) (i32.const 0) (i32.const 2048)))
  (call $note (i32.load (i32.const 2048)))
  ;; The number of environment variables.
  (drop (call $environ_sizes_get (i32.const 2048) (i32.const 2052)))
  (call $note (i32.load (i32.const 2048)))
  (call $value (global.get $codes)))
(func $note (param $code i32)
  (global.set $codes
    (i64.or
      (i64.shl (global.get $codes) (i64.const 8))
      (i64.extend_i32_u (local.get $code)))))
