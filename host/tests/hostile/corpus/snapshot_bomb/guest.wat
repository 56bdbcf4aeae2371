(func $step
  (call $answer))
(func (export "snapshot") (result i64) (drop (memory.grow (i32.const 1700))) (call $packed (i32.const 0) (i32.const 100000000)))
(func (export "restore") (param i32 i32) (result i32) (i32.const 0))
