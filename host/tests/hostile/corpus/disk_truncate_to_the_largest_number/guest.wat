(data (i32.const 0x1000) "{\22truncate\22:{\22file\22:\22f\22,\22len\22:18446744073709551615}}\0a\00")
(func $step
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (call $put (i32.const 0x1000)))
