(data (i32.const 0x1000) "\22src\22:\22c7\22\00")
(func $step
  (if (call $find (i32.const 0x000)) (then (call $answer) (return)))
  (if (call $find (i32.const 0x1000)) (then (call $answer))))
