(data (i32.const 0x1000) "{\22put\22:{\22file\22:\22f\22,\22text\22:\22\00")
(data (i32.const 0x1200) "\5cu0000\00")
(data (i32.const 0x1400) "\22}}\0a\00")
(func $step
  (local $at i32)
  (if (i32.eq (global.get $events) (i32.const 1)) (then (drop (memory.grow (i32.const 256)))))
  (call $answer)
  (if (i32.lt_u (global.get $events) (i32.const 2)) (then (return)))
  (call $put (i32.const 0x1000))
  (local.set $at (global.get $out))
  (call $put (i32.const 0x1200))
  ;; Each copy doubles what there is: 6 bytes, 2^17 times.
  (loop $double
    (memory.copy (global.get $out) (local.get $at) (i32.sub (global.get $out) (local.get $at)))
    (global.set $out
      (i32.add (global.get $out) (i32.sub (global.get $out) (local.get $at))))
    (br_if $double
      (i32.lt_u (i32.sub (global.get $out) (local.get $at)) (i32.const 786432))))
  (call $put (i32.const 0x1400)))
