(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 16 256 shared))
  (export "memory" (memory 0))
  (func (export "_start")
    (drop (call $spawn (i32.const 0))))
  (func (export "thread_start") (param $thread i32) (param $argument i32)))
