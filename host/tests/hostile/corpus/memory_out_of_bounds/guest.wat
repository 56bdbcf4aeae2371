(func $step
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (drop (i32.load (i32.const 0x7fffffff))))
