(func $step
  (call $answer))
(func (export "snapshot") (result i64) (call $packed (i32.const 0x800) (i32.const 8)))
(func (export "restore") (param i32 i32) (result i32) (i32.const 9))
