(table $table 1 funcref)
(elem $elements func $answer)
(func $step (local i32)
  (loop $again
    (memory.fill (local.get 0) (i32.const 0) (local.get 0))
    (table.fill $table (local.get 0) (ref.null func) (local.get 0))
    (table.init $table $elements (local.get 0) (local.get 0) (local.get 0))
    (elem.drop $elements)
    (br $again)))
