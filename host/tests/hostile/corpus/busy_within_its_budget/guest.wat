(func $step
  (local $n i32)
  (local.set $n (i32.const 4000000))
  (loop $again
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $again (local.get $n)))
  (call $answer))
