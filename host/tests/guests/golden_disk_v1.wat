;; The golden guest for the disk of ABI version 1: what docs/abi.md says about files, without an SDK.
;; It stays in the tests as it is for as long as version 1 is supported.
;;
;; A node that keeps one text of at most 64 bytes in the file `value`. It answers `write` when the text is
;; durable, `hint` at once, and `read`. The text stays as it is in the JSON, with its escapes: the string of a message
;; becomes the string of an effect, and comes back in the first event. It does not parse JSON, as golden_v1.wat does not.
(module $golden_disk_v1
  (memory (export "memory") 1)

  ;; The name is the version; nobody calls it.
  (func (export "maelstrom_abi_v1"))

  ;; ---- Memory ---------------------------------------------------------------------
  ;; 0x000  the texts below, each up to a zero byte
  ;; 0x800  the state, which is also the snapshot:
  ;;          0  i32  length of the node's name     4  the name, 64 bytes at most
  ;;         68  i32  length of the text           72  the text, 64 bytes at most
  ;; 0x1000 the event, and right behind it the effects

  ;; What events contain.
  (data (i32.const 0x000) "\"type\":\"init\"\00")
  (data (i32.const 0x020) "\"type\":\"write\"\00")
  (data (i32.const 0x040) "\"type\":\"hint\"\00")
  (data (i32.const 0x060) "\"type\":\"read\"\00")
  (data (i32.const 0x080) "\"node_id\":\"\00")
  (data (i32.const 0x0a0) "\"src\":\"\00")
  (data (i32.const 0x0c0) "\"msg_id\":\00")
  (data (i32.const 0x0e0) "\"value\":\"\00")
  (data (i32.const 0x100) "\"disk\":{\"value\":{\"text\":\"\00")
  (data (i32.const 0x120) "\"sync_failed\":{\00")

  ;; What effects are made of.
  (data (i32.const 0x140) "{\"send\":{\"src\":\"\00")
  (data (i32.const 0x160) "\",\"dest\":\"\00")
  (data (i32.const 0x180) "\",\"body\":{\"type\":\"\00")
  (data (i32.const 0x1a0) "\",\"in_reply_to\":\00")
  (data (i32.const 0x1c0) "}}}\0a\00")
  (data (i32.const 0x1e0) "init_ok\00")
  (data (i32.const 0x200) "write_ok\00")
  (data (i32.const 0x220) "hint_ok\00")
  (data (i32.const 0x240) "read_ok\00")
  (data (i32.const 0x260) ",\"value\":\"\00")
  (data (i32.const 0x280) "\"\00")
  (data (i32.const 0x2a0) "{\"put\":{\"file\":\"value\",\"text\":\"\00")
  (data (i32.const 0x2e0) "\"}}\0a\00")
  (data (i32.const 0x300) "{\"sync\":{}}\0a\00")

  (global $event (mut i32) (i32.const 0))
  (global $event_end (mut i32) (i32.const 0))
  ;; Where the next byte of the effects goes.
  (global $out (mut i32) (i32.const 0))

  ;; ---- The ABI --------------------------------------------------------------------

  ;; Room for an event of $len bytes, and as much and a little more for the effects.
  ;; Nothing of one step is needed in the next, so every step gets the same place.
  (func $alloc (export "alloc") (param $len i32) (result i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.add (i32.const 0x1400) (i32.mul (local.get $len) (i32.const 2)))
        (i32.mul (memory.size) (i32.const 0x10000))))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $missing) (i32.const 0x10000)))))
          (then unreachable))))
    (i32.const 0x1000))

  ;; One event in, the effects out.
  (func $handle (export "handle") (param $ptr i32) (param $len i32) (result i64)
    (global.set $event (local.get $ptr))
    (global.set $event_end (i32.add (local.get $ptr) (local.get $len)))
    (global.set $out (global.get $event_end))
    ;; What was put may be lost: the host restarts the node, and it reads what there is.
    (if (call $find (i32.const 0x120)) (then unreachable))
    (block $done
      (if (call $find (i32.const 0x000)) (then (call $on_init) (br $done)))
      (if (call $find (i32.const 0x020)) (then (call $on_write) (br $done)))
      (if (call $find (i32.const 0x040)) (then (call $on_hint) (br $done)))
      (if (call $find (i32.const 0x060)) (then (call $on_read))))
    (call $packed
      (global.get $event_end)
      (i32.sub (global.get $out) (global.get $event_end))))

  ;; The whole state.
  (func $snapshot (export "snapshot") (result i64)
    (call $packed (i32.const 0x800) (i32.const 136)))

  ;; Takes a state over; 1 says that it is none of ours.
  (func $restore (export "restore") (param $ptr i32) (param $len i32) (result i32)
    (if (i32.ne (local.get $len) (i32.const 136)) (then (return (i32.const 1))))
    (memory.copy (i32.const 0x800) (local.get $ptr) (local.get $len))
    (i32.const 0))

  ;; ptr << 32 | len
  (func $packed (param $ptr i32) (param $len i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32))
      (i64.extend_i32_u (local.get $len))))

  ;; ---- The node -------------------------------------------------------------------

  ;; The disk has one file or none; if none, the event has no member for it. A node that was killed finds what it has
  ;; written, and a power loss can still take that: so it is synced before anybody is told.
  (func $on_init
    (local $text i32)
    (call $remember (i32.const 0x800) (call $find (i32.const 0x080)))
    (local.set $text (call $find (i32.const 0x100)))
    (if (local.get $text)
      (then
        (call $remember (i32.const 0x844) (local.get $text))
        (call $put (i32.const 0x300))))
    (call $begin_reply (i32.const 0x1e0))
    (call $put (i32.const 0x1c0)))

  ;; The reply stands behind the sync: it is sent when the text is durable.
  (func $on_write
    (call $keep)
    (call $put (i32.const 0x300))
    (call $begin_reply (i32.const 0x200))
    (call $put (i32.const 0x1c0)))

  ;; Without a sync a power loss may take the text after it was acknowledged.
  (func $on_hint
    (call $keep)
    (call $begin_reply (i32.const 0x220))
    (call $put (i32.const 0x1c0)))

  (func $on_read
    (call $begin_reply (i32.const 0x240))
    (call $put (i32.const 0x260))
    (call $put_range (i32.const 0x848) (i32.load (i32.const 0x844)))
    (call $put (i32.const 0x280))
    (call $put (i32.const 0x1c0)))

  ;; Replaces the file by the text of the event.
  (func $keep
    (call $remember (i32.const 0x844) (call $find (i32.const 0x0e0)))
    (call $put (i32.const 0x2a0))
    (call $put_range (i32.const 0x848) (i32.load (i32.const 0x844)))
    (call $put (i32.const 0x2e0)))

  ;; Copies the string that begins at $text to $slot, its length first.
  (func $remember (param $slot i32) (param $text i32)
    (local $len i32)
    (local.set $len (i32.sub (call $string_end (local.get $text)) (local.get $text)))
    (if (i32.gt_u (local.get $len) (i32.const 64)) (then unreachable))
    (i32.store (local.get $slot) (local.get $len))
    (memory.copy (i32.add (local.get $slot) (i32.const 4)) (local.get $text) (local.get $len)))

  ;; A reply of type $type to the event, up to where its own fields go.
  (func $begin_reply (param $type i32)
    (call $put (i32.const 0x140))
    (call $put_range (i32.const 0x804) (i32.load (i32.const 0x800)))
    (call $put (i32.const 0x160))
    (call $put_string (call $find (i32.const 0x0a0)))
    (call $put (i32.const 0x180))
    (call $put (local.get $type))
    (call $put (i32.const 0x1a0))
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

  ;; Where the closing quote of the string that begins at $at is. What follows a backslash closes nothing.
  (func $string_end (param $at i32) (result i32)
    (local $byte i32)
    (loop $next
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.ne (local.get $byte) (i32.const 0x22))
        (then
          (local.set $at
            (i32.add (local.get $at)
              (i32.add (i32.const 1) (i32.eq (local.get $byte) (i32.const 0x5c)))))
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
