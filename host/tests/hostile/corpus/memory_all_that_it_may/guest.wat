(func $step
  (local $at i32)
  (if (i32.eq (global.get $events) (i32.const 2))
    (then
      (if (i32.eq (memory.grow (i32.const 2044)) (i32.const -1)) (then unreachable))
      (local.set $at (i32.const 0x40000))
      (loop $again
        (i32.store8 (local.get $at) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 0x8000000))))))
  (call $answer))
