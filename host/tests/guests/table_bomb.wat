;; Makes its table larger until it gets no more, and gives up.
(table $t 1 funcref)
(func $go (param $ptr i32) (param $len i32) (result i64)
  (loop $more
    (br_if $more
      (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
  (unreachable))
