(data (i32.const 0x1000) ",\22echo\22:[\00")
(data (i32.const 0x1020) "{},\00")
(data (i32.const 0x1030) "{}]\00")
(func $step
  (if (i32.eqz (call $find (i32.const 0x020))) (then (call $answer) (return)))
  (call $reply (i32.const 0x180))
  (call $put (i32.const 0x1000))
  (call $many (i32.const 0x1020))
  (call $put (i32.const 0x1030))
  (call $put (i32.const 0x140)))

;; Half a million times the text at $text.
(func $many (param $text i32)
  (local $begin i32)
  (local $n i32)
  (if (i32.lt_u (memory.size) (i32.const 200)) (then (drop (memory.grow (i32.const 200)))))
  (local.set $begin (global.get $out))
  (call $put (local.get $text))
  (local.set $n (i32.const 19))
  (loop $double
    (call $put_range (local.get $begin) (i32.sub (global.get $out) (local.get $begin)))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $double (local.get $n))))
