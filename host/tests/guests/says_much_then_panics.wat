;; Prints 100 lines of 40 bytes, then a panic message, and traps.
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 1024) "handled another message, all is well....\n")
(data (i32.const 1536) "panicked at src/lib.rs:7:9: no value for key 3\n")
(data (i32.const 2048) "\00\04\00\00\29\00\00\00") ;; 41 bytes at 1024
(data (i32.const 2056) "\00\06\00\00\2f\00\00\00") ;; 47 bytes at 1536
(func $go (param $ptr i32) (param $len i32) (result i64)
  (local $lines i32)
  (loop $more
    (drop (call $fd_write (i32.const 2) (i32.const 2048) (i32.const 1) (i32.const 2064)))
    (local.set $lines (i32.add (local.get $lines) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $lines) (i32.const 100))))
  (drop (call $fd_write (i32.const 2) (i32.const 2056) (i32.const 1) (i32.const 2064)))
  (unreachable))
