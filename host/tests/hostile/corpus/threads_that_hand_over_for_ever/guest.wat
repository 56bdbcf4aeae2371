(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 16 256 shared))
  (export "memory" (memory 0))
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (loop $again
      (i32.atomic.store (i32.const 8) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))
      (drop (memory.atomic.wait32 (i32.const 8) (i32.const 1) (i64.const -1)))
      (br $again)))
  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (loop $again
      (i32.atomic.store (i32.const 8) (i32.const 0))
      (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))
      (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
      (br $again))))
