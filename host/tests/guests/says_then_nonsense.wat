;; Prints a line and then answers with something that is no effect.
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 1024) "the queue has 3 entries\n")
(data (i32.const 2048) "\00\04\00\00\18\00\00\00") ;; 24 bytes at 1024
(func $go (param $ptr i32) (param $len i32) (result i64)
  (drop (call $fd_write (i32.const 2) (i32.const 2048) (i32.const 1) (i32.const 2064)))
  (call $packed (i32.const 1024) (i32.const 9)))
