(module
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "_start")
    (if (call $poll_oneoff (i32.const 256) (i32.const 512) (i32.const 1000000) (i32.const 8)) (then unreachable))))
