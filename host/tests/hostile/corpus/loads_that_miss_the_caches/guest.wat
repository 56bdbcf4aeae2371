(func $step
  (local $at i32)
  (drop (memory.grow (i32.const 512)))
  ;; Pages that were never written are all the same one.
  (memory.fill (i32.const 0x100000) (i32.const 0) (i32.const 0x1f00000))
  (loop $again
    (local.set $at
      (i32.and
        (i32.const 0x1fffffc)
        (i32.add
          (i32.add (i32.mul (local.get $at) (i32.const 1664525)) (i32.const 1013904223))
          (i32.load (local.get $at)))))
    (br $again)))
