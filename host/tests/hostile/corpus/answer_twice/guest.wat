(func $step
  (call $answer)
  (call $answer))
