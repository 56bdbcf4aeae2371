(import "wasi_snapshot_preview1" "args_sizes_get"
  (func $args_sizes_get (param i32 i32) (result i32)))
(func $step
  (drop (call $args_sizes_get (i32.const 0x1000) (i32.const 0x1004)))
  (if (i32.eq (i32.load (i32.const 0x1000)) (i32.const 1)) (then (call $answer))))
