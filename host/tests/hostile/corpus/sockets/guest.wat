(import "wasi_snapshot_preview1" "sock_accept"
  (func $sock_accept (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "sock_send"
  (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "sock_recv"
  (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
(func $step
  (if (i32.ne (i32.const 8) (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 0x1000))) (then unreachable))
  (if (i32.ne (i32.const 8) (call $sock_send (i32.const 3) (i32.const 0x1000) (i32.const 0) (i32.const 0) (i32.const 0x2000))) (then unreachable))
  (if (i32.ne (i32.const 8) (call $sock_recv (i32.const 0) (i32.const 0x1000) (i32.const 0) (i32.const 0) (i32.const 0x2000) (i32.const 0x2010))) (then unreachable))
  (call $answer))
