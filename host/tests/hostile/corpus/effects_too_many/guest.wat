(data (i32.const 0x1000) "{\22log\22:{\22text\22:\22\22}}\0a\00")
(func $step
  (local $n i32)
  (drop (memory.grow (i32.const 8)))
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (local.set $n (i32.const 10001))
  (loop $again
    (call $put (i32.const 0x1000))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $again (local.get $n))))
