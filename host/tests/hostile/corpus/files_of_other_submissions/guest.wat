(import "wasi_snapshot_preview1" "path_open"
  (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_filestat_get"
  (func $fd_filestat_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_renumber"
  (func $fd_renumber (param i32 i32) (result i32)))
(data (i32.const 0x1000) "../bob/echo.wasm")
(func $step
  (if (i32.ne (i32.const 8) (call $path_open
      (i32.const 3) (i32.const 1) (i32.const 0x1000) (i32.const 16) (i32.const 0)
      (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 0x2000))) (then unreachable))
  (if (i32.ne (i32.const 8) (call $fd_filestat_get (i32.const 3) (i32.const 0x2000))) (then unreachable))
  (if (i32.ne (i32.const 8) (call $fd_renumber (i32.const 3) (i32.const 1))) (then unreachable))
  (call $answer))
