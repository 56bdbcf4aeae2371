(data (i32.const 0x1000) "\22,\22body\22:{\22type\22:\22again\22}}}\0a\00")
(func $step
  (call $answer)
  (call $put (i32.const 0x0c0))
  (call $put (i32.const 0x800))
  (call $put (i32.const 0x0e0))
  (call $put (i32.const 0x800))
  (call $put (i32.const 0x1000)))
