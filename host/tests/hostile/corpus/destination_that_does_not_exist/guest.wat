(data (i32.const 0x1000) "{\22send\22:{\22src\22:\22n0\22,\22dest\22:\22n99\22,\22body\22:{\22type\22:\22hello\22}}}\0a\00")
(func $step
  (call $answer)
  (if (i32.eq (global.get $events) (i32.const 2)) (then (call $put (i32.const 0x1000)))))
