(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(func $step
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (loop $again
    (drop (call $fd_write (i32.const 2) (i32.const 0x1000) (i32.const 1024) (i32.const 0xff00)))
    (br $again)))
