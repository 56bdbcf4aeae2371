;; Counts to 10,000 at each event, then answers with the sum.
(func $go (param $ptr i32) (param $len i32) (result i64)
  (local $i i64)
  (local $sum i64)
  (loop $next
    (local.set $i (i64.add (local.get $i) (i64.const 1)))
    (local.set $sum (i64.add (local.get $sum) (local.get $i)))
    (br_if $next (i64.lt_u (local.get $i) (i64.const 10000))))
  (call $value (local.get $sum)))
