;; Answers with 1,048,576 effects: one of 26 bytes, doubled twenty times.
(data (i32.const 1024) "{\"cancel_timer\":{\"id\":1}}\n")
(func $go (param $ptr i32) (param $len i32) (result i64)
  (local $bytes i32)
  (drop (memory.grow (i32.const 420)))
  (local.set $bytes (i32.const 26))
  (memory.copy (i32.const 65536) (i32.const 1024) (local.get $bytes))
  (loop $double
    (memory.copy
      (i32.add (i32.const 65536) (local.get $bytes)) (i32.const 65536) (local.get $bytes))
    (local.set $bytes (i32.mul (local.get $bytes) (i32.const 2)))
    (br_if $double (i32.lt_u (local.get $bytes) (i32.const 27262976))))
  (call $packed (i32.const 65536) (local.get $bytes)))
