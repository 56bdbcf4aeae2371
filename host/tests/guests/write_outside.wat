;; Calls fd_write with addresses and lengths that make no sense, and answers with the
;; error codes, the first in the highest byte.
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 1024) "x")
(data (i32.const 2048) "\00\04\00\00\01\00\00\00") ;; 1 byte at 1024
(data (i32.const 2056) "\00\04\00\00\ff\ff\ff\ff") ;; 4 GiB - 1 at 1024
(data (i32.const 2064) "\ff\ff\ff\ff\01\00\00\00") ;; 1 byte at 4 GiB - 1
(global $codes (mut i64) (i64.const 0))
(func $go (param $ptr i32) (param $len i32) (result i64)
  ;; the list outside, and half outside, of memory
  (call $note (call $fd_write (i32.const 2) (i32.const -8) (i32.const 1) (i32.const 1028)))
  (call $note (call $fd_write (i32.const 2) (i32.const 65532) (i32.const 1) (i32.const 1028)))
  ;; a buffer that is too long, a buffer outside
  (call $note (call $fd_write (i32.const 2) (i32.const 2056) (i32.const 1) (i32.const 1028)))
  (call $note (call $fd_write (i32.const 2) (i32.const 2064) (i32.const 1) (i32.const 1028)))
  ;; nowhere to say how much was written
  (call $note (call $fd_write (i32.const 2) (i32.const 2048) (i32.const 0) (i32.const 65534)))
  ;; a negative number of buffers, more than there may be
  (call $note (call $fd_write (i32.const 2) (i32.const 2048) (i32.const -1) (i32.const 1028)))
  (call $note (call $fd_write (i32.const 2) (i32.const 2048) (i32.const 1025) (i32.const 1028)))
  ;; a descriptor that is not open
  (call $note (call $fd_write (i32.const 3) (i32.const 2048) (i32.const 1) (i32.const 1028)))
  (call $value (global.get $codes)))
(func $note (param $code i32)
  (global.set $codes
    (i64.or
      (i64.shl (global.get $codes) (i64.const 8))
      (i64.extend_i32_u (local.get $code)))))
