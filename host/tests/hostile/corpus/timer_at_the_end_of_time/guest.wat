(data (i32.const 0x1000) "{\22set_timer\22:{\22id\22:1,\22after_ns\22:18446744073709551615}}\0a\00")
(func $step
  (call $answer)
  (call $put (i32.const 0x1000)))
