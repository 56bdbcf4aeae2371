(func $step
  (if (call $find (i32.const 0x000)) (then (call $answer))))
