(data (i32.const 0x1000) "{\22log\22:{\22text\22:\22a\0db\22}}\0a\00")
(func $step
  (call $answer)
  (if (i32.eq (global.get $events) (i32.const 2)) (then (call $put (i32.const 0x1000)))))
