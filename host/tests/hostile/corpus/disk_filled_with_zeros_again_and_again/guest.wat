(data (i32.const 0x1000) "{\22truncate\22:{\22file\22:\22f\22,\22len\22:67108864}}\0a\00")
(data (i32.const 0x1200) "{\22truncate\22:{\22file\22:\22f\22,\22len\22:0}}\0a\00")
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
