(data (i32.const 0x1000) "{\22append\22:{\22file\22:\22f\22,\22text\22:\22x\22}}\0a\00")
(data (i32.const 0x1200) "{\22sync\22:{}}\0a\00")
(func $step
  (local $n i32)
  (if (i32.eq (global.get $events) (i32.const 1)) (then (drop (memory.grow (i32.const 16)))))
  (call $answer)
  (local.set $n (i32.const 4900))
  (loop $again
    (call $put (i32.const 0x1000))
    (call $put (i32.const 0x1200))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $again (local.get $n))))
