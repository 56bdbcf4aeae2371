;; Calls itself for ever.
(func $go (param $ptr i32) (param $len i32) (result i64)
  (i64.add (i64.const 1) (call $descend (i64.const 0))))
(func $descend (param $depth i64) (result i64)
  (i64.add (i64.const 1) (call $descend (i64.add (local.get $depth) (i64.const 1)))))
