(func $step
  (loop $again (br $again)))
