(func $step
  (local $zero f64)
  (if (i64.ne (i64.const 0x7ff8000000000000)
        (i64.reinterpret_f64 (f64.div (local.get $zero) (local.get $zero)))) (then unreachable))
  (if (i64.ne (i64.const 0x7ff8000000000000)
        (i64.reinterpret_f64 (f64.sub (f64.const inf) (f64.const inf)))) (then unreachable))
  (call $answer))
