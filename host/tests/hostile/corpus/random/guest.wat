(import "wasi_snapshot_preview1" "random_get"
  (func $random_get (param i32 i32) (result i32)))
(func $answer_wrongly
  (call $reply (i32.const 0x180))
  (call $put (i32.const 0x1a0))
  (call $put (i32.const 0x1c0))
  (call $put (i32.const 0x140)))
(func $step
  (if (i32.le_u (global.get $events) (i32.const 1)) (then (call $answer) (return)))
  (drop (call $random_get (i32.const 0x1000) (i32.const 1)))
  (if (i32.gt_u (i32.load8_u (i32.const 0x1000)) (i32.const 25)) (then (call $answer)) (else (call $answer_wrongly))))
