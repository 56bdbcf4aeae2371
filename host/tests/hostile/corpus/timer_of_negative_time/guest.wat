(data (i32.const 0x1000) "{\22set_timer\22:{\22id\22:1,\22after_ns\22:-1}}\0a\00")
(func $step
  (call $answer)
  (if (i32.eq (global.get $events) (i32.const 2)) (then (call $put (i32.const 0x1000)))))
