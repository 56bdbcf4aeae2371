;; Sets 200 timers that are all due at once, and sends a message of 1 MiB for each.
(data (i32.const 1024) "{\"set_timer\":{\"id\":100,\"after_ns\":1000000}}\n")
(data (i32.const 2048) "{\"send\":{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\"large\",\"text\":\"")
(func $go (param $ptr i32) (param $len i32) (result i64)
  ;; Only the event of a timer has a digit three bytes before its end.
  (if (i32.gt_u
        (i32.const 10)
        (i32.sub
          (i32.load8_u (i32.sub (i32.add (local.get $ptr) (local.get $len)) (i32.const 3)))
          (i32.const 0x30)))
    (then (return (call $large))))
  (call $set_timers))

(func $large (result i64)
  (memory.copy (i32.const 65536) (i32.const 2048) (i32.const 63))
  (memory.fill (i32.const 65599) (i32.const 0x78) (i32.const 1048576))
  (i64.store32 (i32.const 1114175) (i64.const 0x7d7d7d22)) ;; "}}}
  (call $packed (i32.const 65536) (i32.const 1048643)))

;; Copies the text at 1024 with every number from 100 to 299 in it.
(func $set_timers (result i64)
  (local $id i32)
  (local $at i32)
  (drop (memory.grow (i32.const 20)))
  (local.set $id (i32.const 100))
  (local.set $at (i32.const 65536))
  (loop $next
    (memory.copy (local.get $at) (i32.const 1024) (i32.const 44))
    (i32.store8 (i32.add (local.get $at) (i32.const 19))
      (i32.add (i32.const 0x30) (i32.div_u (local.get $id) (i32.const 100))))
    (i32.store8 (i32.add (local.get $at) (i32.const 20))
      (i32.add (i32.const 0x30)
        (i32.rem_u (i32.div_u (local.get $id) (i32.const 10)) (i32.const 10))))
    (i32.store8 (i32.add (local.get $at) (i32.const 21))
      (i32.add (i32.const 0x30) (i32.rem_u (local.get $id) (i32.const 10))))
    (local.set $at (i32.add (local.get $at) (i32.const 44)))
    (local.set $id (i32.add (local.get $id) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $id) (i32.const 300))))
  (call $packed (i32.const 65536) (i32.const 8800)))
