(data (i32.const 0x1000) "{\22set_timer\22:{\22id\22:1,\22after_ns\22:\00")
(data (i32.const 0x1040) "}}\0a{\22send\22:{\22src\22:\22n0\22,\22dest\22:\22n0\22,\22body\22:{\22type\22:\22again\22}}}\0a\00")
(func $step
  (call $answer)
  (call $put (i32.const 0x1000))
  (call $put_number (i32.sub (i32.const 1000000000) (global.get $events)))
  (call $put (i32.const 0x1040)))

(func $put_number (param $number i32)
  (if (i32.ge_u (local.get $number) (i32.const 10))
    (then (call $put_number (i32.div_u (local.get $number) (i32.const 10)))))
  (call $put_byte
    (i32.add (i32.const 0x30) (i32.rem_u (local.get $number) (i32.const 10)))))
