(import "wasi_snapshot_preview1" "clock_time_get"
  (func $clock_time_get (param i32 i64 i32) (result i32)))
(func $step
  (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0x1000)))
  (drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 0x1008)))
  (if (i64.ne (i64.load (i32.const 0x1000)) (i64.load (i32.const 0x1008))) (then unreachable))
  ;; from the first moment of 2026-01-01 to a minute after its last
  (if (i64.lt_u (i64.load (i32.const 0x1000)) (i64.const 1767225600000000000)) (then unreachable))
  (if (i64.gt_u (i64.load (i32.const 0x1000)) (i64.const 1767312060000000000)) (then unreachable))
  (call $answer))
