;; Its `_initialize` never comes back.
(func $begin (export "_initialize")
  (loop $forever (br $forever)))
(func $go (param $ptr i32) (param $len i32) (result i64)
  (i64.const 0))
