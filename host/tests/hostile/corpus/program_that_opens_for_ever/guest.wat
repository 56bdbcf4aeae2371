(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 100) "00000000")
  (func (export "_start")
    (loop $again
      (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 8) (i32.const 1)
        (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 200)))
      (br $again))))
