(func $step
  (call $answer))
(func (export "snapshot") (result i64) (loop $again (br $again)) (i64.const 0))
(func (export "restore") (param i32 i32) (result i32) (i32.const 0))
