(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 100) "00000000")
  (func (export "_start")
    (local $digit i32)
    (loop $again
      (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 8) (i32.const 1)
        (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 200)))
      (drop (call $fd_close (i32.load (i32.const 200))))
      ;; The next name: a number whose first digit counts fastest.
      (local.set $digit (i32.const 100))
      (loop $carry
        (i32.store8 (local.get $digit)
          (i32.add (i32.load8_u (local.get $digit)) (i32.const 1)))
        (if (i32.gt_u (i32.load8_u (local.get $digit)) (i32.const 0x39))
          (then
            (i32.store8 (local.get $digit) (i32.const 0x30))
            (local.set $digit (i32.add (local.get $digit) (i32.const 1)))
            (br $carry))))
      (br $again))))
