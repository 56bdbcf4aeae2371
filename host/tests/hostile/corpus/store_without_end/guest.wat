(data (i32.const 0x1000) "{\22send\22:{\22src\22:\22n0\22,\22dest\22:\22lin-kv\22,\22body\22:{\22type\22:\22write\22,\22msg_id\22:1,\22key\22:\00")
(data (i32.const 0x1100) ",\22value\22:\22\00")
(data (i32.const 0x1120) "\22}}}\0a\00")
(data (i32.const 0x1140) "xxxxxxxxxxxxxxx\00")
;; Each answer of the store is the next event.
(func $step
  (local $begin i32)
  (local $n i32)
  (call $answer)
  (if (i32.lt_u (memory.size) (i32.const 200)) (then (drop (memory.grow (i32.const 200)))))
  (call $put (i32.const 0x1000))
  (call $put_number (global.get $events))
  (call $put (i32.const 0x1100))
  (local.set $begin (global.get $out))
  (call $put (i32.const 0x1140))
  (local.set $n (i32.const 16))
  (loop $double
    (call $put_range (local.get $begin) (i32.sub (global.get $out) (local.get $begin)))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $double (local.get $n)))
  (call $put (i32.const 0x1120)))

(func $put_number (param $number i32)
  (if (i32.ge_u (local.get $number) (i32.const 10))
    (then (call $put_number (i32.div_u (local.get $number) (i32.const 10)))))
  (call $put_byte
    (i32.add (i32.const 0x30) (i32.rem_u (local.get $number) (i32.const 10)))))
