(func $deeper (param $n i32) (result i32)
  (i32.add (i32.const 1) (call $deeper (i32.add (local.get $n) (i32.const 1)))))
(func $step
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (drop (call $deeper (i32.const 0))))
