(data (i32.const 0x1000) "{\22send\22:{\22src\22:\22n0\22,\22dest\22:\22c0\22,\22body\22:{\22type\22:\22error\22,\22in_reply_to\22:1,\22code\22:11,\22text\22:\22\5cu001b[2J\5cu001b]0;AC\5cu0007\5cnEverything looks good!\22}}}\0a\00")
(func $step
  (call $put (i32.const 0x1000)))
