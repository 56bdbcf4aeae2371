(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite"
    (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $fd_sync (param i32) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 100) "00000000")
  (func (export "_start")
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 8) (i32.const 1)
        (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 200)))
    ;; One buffer: a byte of the name.
    (i32.store (i32.const 300) (i32.const 100))
    (i32.store (i32.const 304) (i32.const 1))
    (loop $again
      (drop (call $fd_pwrite (i32.load (i32.const 200)) (i32.const 300) (i32.const 1)
        (i64.const 0) (i32.const 400)))
      (drop (call $fd_sync (i32.load (i32.const 200))))
      (br $again))))
