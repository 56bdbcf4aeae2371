(data (i32.const 0x1000) "{\"set_timer\":{\"id\":7,\"after_ns\":1,\"no field of the ABI\":\"it is read, checked and ignored\"}}\0a{\"cancel_timer\":{\"id\":7}}\0a\00")
(func $step
  (local $left i32)
  (drop (memory.grow (i32.const 200)))
  (local.set $left (i32.const 4999))
  (loop $again
    (call $put (i32.const 0x1000))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left))))
