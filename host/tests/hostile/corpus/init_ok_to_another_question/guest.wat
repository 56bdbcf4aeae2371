(data (i32.const 0x1000) "{\22send\22:{\22src\22:\22n0\22,\22dest\22:\22c0\22,\22body\22:{\22type\22:\22init_ok\22,\22in_reply_to\22:7}}}\0a\00")
(func $step
  (call $put (i32.const 0x1000)))
