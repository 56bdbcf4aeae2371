(import "wasi_snapshot_preview1" "clock_time_get"
  (func $clock_time_get (param i32 i64 i32) (result i32)))
(func $step
  (if (call $find (i32.const 0x000)) (then (call $answer) (return)))
  (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0x1000)))
  (if (i64.gt_u (i64.load (i32.const 0x1000)) (i64.const 1767312060000000000)) (then (call $answer))))
