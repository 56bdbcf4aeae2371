(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 16 256 shared))
  (export "memory" (memory 0))
  (func $wait_for_ever
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1))))
  (func (export "_start")
    (local $left i32)
    (local.set $left (i32.const 10000))
    (loop $again
      (drop (call $spawn (i32.const 0)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    ;; It asks for one more, for ever.
    (loop $again
      (drop (call $spawn (i32.const 0)))
      (br $again)))
  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $wait_for_ever)))
