;; Divides by zero, two calls deep.
(func $go (param $ptr i32) (param $len i32) (result i64)
  (call $value (i64.extend_i32_u (call $average (i32.const 7) (i32.const 0)))))
(func $average (param $sum i32) (param $count i32) (result i32)
  (i32.div_u (local.get $sum) (local.get $count)))
