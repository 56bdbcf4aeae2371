;; Asks for far too much memory at its second event and copes; traps at its third
;; for another reason.
(func $go (param $ptr i32) (param $len i32) (result i64)
  (if (i32.load (i32.const 1024)) (then unreachable))
  (i32.store (i32.const 1024) (i32.const 1))
  (call $value (i64.extend_i32_s (memory.grow (i32.const 65000)))))
