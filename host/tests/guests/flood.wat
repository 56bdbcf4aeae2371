;; Prints lines for ever.
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 1024) "all work and no play makes jack a dull boy\n")
(data (i32.const 2048) "\00\04\00\00\2b\00\00\00") ;; 43 bytes at 1024
(func $go (param $ptr i32) (param $len i32) (result i64)
  (loop $forever
    (drop (call $fd_write (i32.const 1) (i32.const 2048) (i32.const 1) (i32.const 2064)))
    (br $forever))
  (i64.const 0))
