;; Prints something before its first event.
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 1024) "loaded 3 rules\n")
(data (i32.const 2048) "\00\04\00\00\0f\00\00\00") ;; 15 bytes at 1024
(func $begin (export "_initialize")
  (drop (call $fd_write (i32.const 2) (i32.const 2048) (i32.const 1) (i32.const 2064))))
(func $go (param $ptr i32) (param $len i32) (result i64)
  (i64.const 0))
