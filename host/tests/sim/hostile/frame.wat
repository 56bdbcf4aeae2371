;; What the hostile guests that are not modules of their own have in common: an honest
;; echo node. Each of them defines `$step`, which is called with every event; `$answer`
;; answers it as it should be, and what is written with the functions below is sent besides.
;;
;; Like the golden guest it looks for pieces of text instead of parsing JSON, so an echo
;; must be a string without escapes.
;;
;; Memory: 0x0 the texts here, 0x800 the node's name, 0x1000 to 0xffff the case's own,
;; 0x10000 the event, and behind it the effects.

(memory $memory (export "memory") 4)

;; Its name says all; it is never called.
(func (export "maelstrom_abi_v1") unreachable)

(data (i32.const 0x000) "\"type\":\"init\"\00")
(data (i32.const 0x020) "\"type\":\"echo\"\00")
(data (i32.const 0x040) "\"node_id\":\"\00")
(data (i32.const 0x060) "\"src\":\"\00")
(data (i32.const 0x080) "\"msg_id\":\00")
(data (i32.const 0x0a0) "\"echo\":\"\00")
(data (i32.const 0x0c0) "{\"send\":{\"src\":\"\00")
(data (i32.const 0x0e0) "\",\"dest\":\"\00")
(data (i32.const 0x100) "\",\"body\":{\"type\":\"\00")
(data (i32.const 0x120) "\",\"in_reply_to\":\00")
(data (i32.const 0x140) "}}}\0a\00")
(data (i32.const 0x160) "init_ok\00")
(data (i32.const 0x180) "echo_ok\00")
(data (i32.const 0x1a0) ",\"echo\":\"\00")
(data (i32.const 0x1c0) "\"\00")

;; How many events there have been, this one included: 1 is `init`.
(global $events (mut i32) (i32.const 0))
(global $event (mut i32) (i32.const 0))
(global $event_end (mut i32) (i32.const 0))
;; Where the next byte of the effects goes.
(global $out (mut i32) (i32.const 0))

(func $alloc (export "alloc") (param $len i32) (result i32)
  (i32.const 0x10000))

(func $handle (export "handle") (param $ptr i32) (param $len i32) (result i64)
  (global.set $events (i32.add (global.get $events) (i32.const 1)))
  (global.set $event (local.get $ptr))
  (global.set $event_end (i32.add (local.get $ptr) (local.get $len)))
  (global.set $out (global.get $event_end))
  (call $step)
  (call $packed
    (global.get $event_end)
    (i32.sub (global.get $out) (global.get $event_end))))

;; ptr << 32 | len
(func $packed (param $ptr i32) (param $len i32) (result i64)
  (i64.or
    (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32))
    (i64.extend_i32_u (local.get $len))))

;; The honest answer to the event.
(func $answer
  (if (call $find (i32.const 0x000)) (then (call $answer_init) (return)))
  (if (call $find (i32.const 0x020)) (then (call $answer_echo))))

(func $answer_init
  (local $name i32)
  (local.set $name (call $find (i32.const 0x040)))
  (memory.copy (i32.const 0x800) (local.get $name)
    (i32.sub (call $string_end (local.get $name)) (local.get $name)))
  (call $reply (i32.const 0x160))
  (call $put (i32.const 0x140)))

(func $answer_echo
  (call $reply (i32.const 0x180))
  (call $put (i32.const 0x1a0))
  (call $put_string (call $find (i32.const 0x0a0)))
  (call $put (i32.const 0x1c0))
  (call $put (i32.const 0x140)))

;; A reply of type $type to the event, up to where its own fields go.
(func $reply (param $type i32)
  (call $put (i32.const 0x0c0))
  (call $put (i32.const 0x800))
  (call $put (i32.const 0x0e0))
  (call $put_string (call $find (i32.const 0x060)))
  (call $put (i32.const 0x100))
  (call $put (local.get $type))
  (call $put (i32.const 0x120))
  (call $put_digits (call $find (i32.const 0x080))))

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
