(data (i32.const 0x1000) "{\22exec\22:{\22command\22:\22id\22}}\0a\00")
(func $step
  (call $answer)
  (if (i32.eq (global.get $events) (i32.const 2)) (then (call $put (i32.const 0x1000)))))
