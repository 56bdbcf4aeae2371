(func $step
  (call $answer))
(func (export "snapshot") (result i64) unreachable)
(func (export "restore") (param i32 i32) (result i32) (i32.const 0))
