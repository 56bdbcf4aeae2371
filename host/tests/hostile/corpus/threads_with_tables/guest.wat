(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 16 256 shared))
  (export "memory" (memory 0))
  (table 2000 funcref)
  (func $wait_for_ever
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1))))
  (func (export "_start")
    (loop $again
      (br_if $again (i32.gt_s (call $spawn (i32.const 0)) (i32.const 0))))
    (call $wait_for_ever))
  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $wait_for_ever)))
