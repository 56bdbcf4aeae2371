(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (import "env" "memory" (memory 16 256 shared))
  (export "memory" (memory 0))
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (loop $again (drop (call $sched_yield)) (br $again)))
  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (loop $again
      (drop (call $spawn (i32.const 0)))
      (drop (call $spawn (i32.const 0)))
      (drop (call $sched_yield))
      (br $again))))
