(data (i32.const 0x1000) "{\22truncate\22:{\22file\22:\22f\22,\22len\22:67108863}}\0a\00")
(data (i32.const 0x1200) "{\22write\22:{\22file\22:\22f\22,\22at\22:67108863,\22text\22:\22x\22}}\0a\00")
(data (i32.const 0x1400) "{\22sync\22:{}}\0a\00")
(func $step
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (call $put (i32.const 0x1000))
  (call $put (i32.const 0x1200))
  (call $put (i32.const 0x1400)))
