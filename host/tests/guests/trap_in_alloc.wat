;; Its `alloc` traps.
(module
  (memory (export "memory") 1)
  (func (export "maelstrom_abi_v1"))
  (func $alloc (export "alloc") (param $len i32) (result i32) (unreachable))
  (func (export "handle") (param $ptr i32) (param $len i32) (result i64) (i64.const 0)))
