;; Has two tables and makes each as large as all of them together may be.
(table $a 0 funcref)
(table $b 0 funcref)
(func $go (param $ptr i32) (param $len i32) (result i64)
  (if (i32.eq (i32.const -1) (table.grow $a (ref.null func) (i32.const 100000))) (then unreachable))
  (if (i32.eq (i32.const -1) (table.grow $b (ref.null func) (i32.const 100000))) (then unreachable))
  (call $value (i64.const 0)))
