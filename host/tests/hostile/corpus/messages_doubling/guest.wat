(data (i32.const 0x1000) "\22,\22body\22:{\22type\22:\22again\22}}}\0a\00")
(func $step
  (local $n i32)
  (call $answer)
  (local.set $n (i32.const 20))
  (loop $again
    (call $put (i32.const 0x0c0))
    (call $put (i32.const 0x800))
    (call $put (i32.const 0x0e0))
    (call $put (i32.const 0x800))
    (call $put (i32.const 0x1000))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $again (local.get $n))))
