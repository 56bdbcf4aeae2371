(import "wasi_snapshot_preview1" "proc_exit"
  (func $proc_exit (param i32) ))
(func $step
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (call $proc_exit (i32.const 0)))
