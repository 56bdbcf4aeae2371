;; A guest that keeps what it is told: `add` appends its element to the file `log`, puts its pad into the
;; file `last`, and answers behind a sync. `read` answers with the log that was there at the start and
;; what was added since. It reads JSON as golden_v1.wat does.
(module $keeper
  ;; 16 MiB for events and effects, 16 for the log.
  (memory (export "memory") 512)

  (func (export "maelstrom_abi_v1"))

  ;; ---- Memory ---------------------------------------------------------------------
  ;; 0x000     the texts below, each up to a zero byte
  ;; 0x800     i32  length of the node's name, 0x804 the name
  ;; 0x1000    the event, and right behind it the effects
  ;; 0x1000000 the log, as it is in JSON

  ;; What events contain.
  (data (i32.const 0x000) "\"type\":\"init\"\00")
  (data (i32.const 0x020) "\"type\":\"add\"\00")
  (data (i32.const 0x040) "\"log\":{\"text\":\"\00")
  (data (i32.const 0x060) "\"element\":\"\00")
  (data (i32.const 0x080) "\"node_id\":\"\00")
  (data (i32.const 0x0a0) "\"src\":\"\00")
  (data (i32.const 0x0c0) "\"msg_id\":\00")
  (data (i32.const 0x0e0) "\"pad\":\"\00")

  ;; What effects are made of.
  (data (i32.const 0x100) "{\"send\":{\"src\":\"\00")
  (data (i32.const 0x120) "\",\"dest\":\"\00")
  (data (i32.const 0x140) "\",\"body\":{\"type\":\"\00")
  (data (i32.const 0x180) "\",\"in_reply_to\":\00")
  (data (i32.const 0x1a0) "}}}\0a\00")
  (data (i32.const 0x1c0) "init_ok\00")
  (data (i32.const 0x1e0) "add_ok\00")
  (data (i32.const 0x200) "read_ok\00")
  (data (i32.const 0x220) ",\"log\":\"\00")
  (data (i32.const 0x240) "\"\00")
  (data (i32.const 0x260) "{\"append\":{\"file\":\"log\",\"text\":\"\00")
  (data (i32.const 0x2a0) "{\"put\":{\"file\":\"last\",\"text\":\"\00")
  (data (i32.const 0x2e0) "\"}}\0a\00")
  (data (i32.const 0x300) "{\"sync\":{}}\0a\00")
  ;; The end of a line of the log.
  (data (i32.const 0x320) "\\n\00")

  (global $event (mut i32) (i32.const 0))
  (global $event_end (mut i32) (i32.const 0))
  ;; Where the next byte of the effects goes.
  (global $out (mut i32) (i32.const 0))
  ;; Where the next byte of the log goes.
  (global $log (mut i32) (i32.const 0x1000000))

  ;; ---- The ABI --------------------------------------------------------------------

  (func $alloc (export "alloc") (param $len i32) (result i32)
    (i32.const 0x1000))

  (func $handle (export "handle") (param $ptr i32) (param $len i32) (result i64)
    (global.set $event (local.get $ptr))
    (global.set $event_end (i32.add (local.get $ptr) (local.get $len)))
    (global.set $out (global.get $event_end))
    (block $done
      (if (call $find (i32.const 0x000)) (then (call $on_init) (br $done)))
      (if (call $find (i32.const 0x020)) (then (call $on_add) (br $done)))
      (call $on_read))
    (i64.or
      (i64.shl (i64.extend_i32_u (global.get $event_end)) (i64.const 32))
      (i64.extend_i32_u (i32.sub (global.get $out) (global.get $event_end)))))

  ;; ---- The node -------------------------------------------------------------------

  (func $on_init
    (local $text i32)
    (local.set $text (call $find (i32.const 0x080)))
    (i32.store (i32.const 0x800) (i32.sub (call $string_end (local.get $text)) (local.get $text)))
    (memory.copy (i32.const 0x804) (local.get $text) (i32.load (i32.const 0x800)))
    (local.set $text (call $find (i32.const 0x040)))
    (if (local.get $text) (then (call $remember (local.get $text))))
    (call $begin_reply (i32.const 0x1c0))
    (call $put (i32.const 0x1a0)))

  (func $on_add
    (local $element i32)
    (local.set $element (call $find (i32.const 0x060)))
    (call $remember (local.get $element))
    (memory.copy (global.get $log) (i32.const 0x320) (i32.const 2))
    (global.set $log (i32.add (global.get $log) (i32.const 2)))
    (call $put (i32.const 0x260))
    (call $put_string (local.get $element))
    (call $put (i32.const 0x320))
    (call $put (i32.const 0x2e0))
    (call $put (i32.const 0x2a0))
    (call $put_string (call $find (i32.const 0x0e0)))
    (call $put (i32.const 0x2e0))
    (call $put (i32.const 0x300))
    (call $begin_reply (i32.const 0x1e0))
    (call $put (i32.const 0x1a0)))

  (func $on_read
    (call $begin_reply (i32.const 0x200))
    (call $put (i32.const 0x220))
    (call $put_range
      (i32.const 0x1000000)
      (i32.sub (global.get $log) (i32.const 0x1000000)))
    (call $put (i32.const 0x240))
    (call $put (i32.const 0x1a0)))

  ;; Copies the string that begins at $text to the end of the log.
  (func $remember (param $text i32)
    (local $len i32)
    (local.set $len (i32.sub (call $string_end (local.get $text)) (local.get $text)))
    (memory.copy (global.get $log) (local.get $text) (local.get $len))
    (global.set $log (i32.add (global.get $log) (local.get $len))))

  ;; A reply of type $type to the event, up to where its own fields go.
  (func $begin_reply (param $type i32)
    (call $put (i32.const 0x100))
    (call $put_range (i32.const 0x804) (i32.load (i32.const 0x800)))
    (call $put (i32.const 0x120))
    (call $put_string (call $find (i32.const 0x0a0)))
    (call $put (i32.const 0x140))
    (call $put (local.get $type))
    (call $put (i32.const 0x180))
    (call $put_digits (call $find (i32.const 0x0c0))))

  ;; ---- Reading --------------------------------------------------------------------

  ;; Where the first occurrence of $needle in the event ends; 0 if there is none.
  (func $find (param $needle i32) (result i32)
    (local $at i32)
    (local $i i32)
    (local $wanted i32)
    (local.set $at (global.get $event))
    (loop $next
      (local.set $i (i32.const 0))
      (block $different
        (loop $same
          (local.set $wanted (i32.load8_u (i32.add (local.get $needle) (local.get $i))))
          (if (i32.eqz (local.get $wanted))
            (then (return (i32.add (local.get $at) (local.get $i)))))
          (br_if $different
            (i32.ne (local.get $wanted) (i32.load8_u (i32.add (local.get $at) (local.get $i)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $same)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $event_end))))
    (i32.const 0))

  ;; Where the closing quote of the string that begins at $at is.
  (func $string_end (param $at i32) (result i32)
    (loop $next
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (local.get $at))

  ;; ---- Writing --------------------------------------------------------------------

  (func $put_byte (param $byte i32)
    (i32.store8 (global.get $out) (local.get $byte))
    (global.set $out (i32.add (global.get $out) (i32.const 1))))

  (func $put_range (param $ptr i32) (param $len i32)
    (memory.copy (global.get $out) (local.get $ptr) (local.get $len))
    (global.set $out (i32.add (global.get $out) (local.get $len))))

  ;; The text at $text, up to its zero byte.
  (func $put (param $text i32)
    (local $byte i32)
    (loop $next
      (local.set $byte (i32.load8_u (local.get $text)))
      (if (local.get $byte)
        (then
          (call $put_byte (local.get $byte))
          (local.set $text (i32.add (local.get $text) (i32.const 1)))
          (br $next)))))

  ;; The string of the event that begins at $at.
  (func $put_string (param $at i32)
    (call $put_range (local.get $at) (i32.sub (call $string_end (local.get $at)) (local.get $at))))

  ;; The digits of the event that begin at $at.
  (func $put_digits (param $at i32)
    (loop $next
      (if (i32.lt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x30)) (i32.const 10))
        (then
          (call $put_byte (i32.load8_u (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))))
)
