;; Asks for random bytes at an address behind its memory; answers with the error code.
(import "wasi_snapshot_preview1" "random_get"
  (func $random_get (param i32 i32) (result i32)))
(func $go (param $ptr i32) (param $len i32) (result i64)
  (call $value (i64.extend_i32_u (call $random_get (i32.const -4) (i32.const 8)))))
