(data (i32.const 0x1000) "trust me\00")
(func $step
  (if (call $find (i32.const 0x000)) (then (call $answer) (return)))
  (call $reply (i32.const 0x180))
  (call $put (i32.const 0x1a0))
  (call $put (i32.const 0x1000))
  (call $put (i32.const 0x1c0))
  (call $put (i32.const 0x140)))
