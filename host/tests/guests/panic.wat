;; Says why it gives up, as a Rust panic does: a text on stderr, then `unreachable`.
;; The functions above `$store_value` are those of the standard library.
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 1024) "thread '<unnamed>' panicked at src/lib.rs:7:9:\nno value for key 3\n")
(data (i32.const 2048) "\00\04\00\00\42\00\00\00") ;; 66 bytes at 1024
(func $go (param $ptr i32) (param $len i32) (result i64)
  (call $store_value)
  (i64.const 0))
(func $store_value
  (call $core::panicking::panic))
(func $core::panicking::panic
  (drop (call $fd_write (i32.const 2) (i32.const 2048) (i32.const 1) (i32.const 2064)))
  (call $rust_panic))
(func $rust_panic
  (unreachable))
