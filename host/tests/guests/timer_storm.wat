;; Sets one more timer at each event, for later than any test runs.
(data (i32.const 1024) "{\"set_timer\":{\"id\":0,\"after_ns\":3600000000000}}")
(func $go (param $ptr i32) (param $len i32) (result i64)
  (i32.store8 (i32.const 1043) (i32.add (i32.load8_u (i32.const 1043)) (i32.const 1)))
  (call $packed (i32.const 1024) (i32.const 47)))
