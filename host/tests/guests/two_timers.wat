;; Sets two timers and cancels the first; says which one fires.
(data (i32.const 1024)
  "{\"set_timer\":{\"id\":1,\"after_ns\":1000000}}\n"
  "{\"set_timer\":{\"id\":2,\"after_ns\":2000000}}\n"
  "{\"cancel_timer\":{\"id\":1}}\n"
  "{\"cancel_timer\":{\"id\":3}}\n"
  "{\"set_timer\":{\"id\":4,\"after_ns\":18446744073709551615}}")
(func $go (param $ptr i32) (param $len i32) (result i64)
  ;; A timer's event ends with `"id":N}}`, a message's does not end with `N}}`, N a digit.
  (local $digit i32)
  (local.set $digit
    (i32.sub
      (i32.load8_u (i32.sub (i32.add (local.get $ptr) (local.get $len)) (i32.const 3)))
      (i32.const 0x30)))
  (if (i32.lt_u (local.get $digit) (i32.const 10))
    (then (return (call $value (i64.extend_i32_u (local.get $digit))))))
  (call $packed (i32.const 1024) (i32.const 190)))
