(module
  (memory (export "memory") 1)
  (func (export "maelstrom_abi_v1"))
  (func (export "alloc") (param i32) (result i32)
    (i32.const 65535))
  (func (export "handle") (param i32 i32) (result i64)
    (i64.const 0))
)
