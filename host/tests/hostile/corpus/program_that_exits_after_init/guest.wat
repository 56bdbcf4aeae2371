(module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit"
    (func $proc_exit (param i32) ))
  (memory (export "memory") 16)
  (data (i32.const 32) "\00\00\01\00\00\00\01\00")
  (data (i32.const 16) "\40\00\00\00\43\00\00\00")
  (data (i32.const 64) "{\22src\22:\22n0\22,\22dest\22:\22c0\22,\22body\22:{\22type\22:\22init_ok\22,\22in_reply_to\22:1}}\0a")
  (func (export "_start")
    (drop (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 8)))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (call $proc_exit (i32.const 0))))
