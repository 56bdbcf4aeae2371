(data (i32.const 0x1000) "{\22send\22:{\22src\22:\22n0\22,\22dest\22:\22c2\22,\22body\22:{\22type\22:\22echo_ok\22,\22in_reply_to\22:12345,\22echo\22:\22forged\22}}}\0a\00")
(func $step
  (call $answer)
  (if (i32.eq (global.get $events) (i32.const 2)) (then (call $put (i32.const 0x1000)))))
