;; Prints its arguments, each followed by the zero byte that ends it.
(import "wasi_snapshot_preview1" "args_sizes_get"
  (func $args_sizes_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "args_get"
  (func $args_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(func $go (param $ptr i32) (param $len i32) (result i64)
  ;; A buffer for fd_write at 1024: as many bytes as there are, at 4096.
  (drop (call $args_sizes_get (i32.const 1032) (i32.const 1028)))
  (i32.store (i32.const 1024) (i32.const 4096))
  (drop (call $args_get (i32.const 2048) (i32.const 4096)))
  (drop (call $fd_write (i32.const 2) (i32.const 1024) (i32.const 1) (i32.const 1040)))
  (call $value (i64.load32_u (i32.const 1032))))
