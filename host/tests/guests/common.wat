;; The common part of the small guests in this folder: those that are not modules of
;; their own are put into one together with this.
;;
;; The guest answers its first event, `init`, and hands all others to `$go`, which each
;; of them defines: the event in, packed effects out. Addresses from 1024 up to 32768
;; are theirs.

(memory (export "memory") 1)
(data (i32.const 0)
  "{\"send\":{\"src\":\"n1\",\"dest\":\"c0\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":1}}}")
(data (i32.const 128)
  "{\"send\":{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\"value\",\"value\":\"0123456789abcdef\"}}}")

(global $ready (mut i32) (i32.const 0))

(func (export "maelstrom_abi_v1"))

(func $alloc (export "alloc") (param $len i32) (result i32)
  (i32.const 32768))

(func $handle (export "handle") (param $ptr i32) (param $len i32) (result i64)
  (if (global.get $ready)
    (then (return (call $go (local.get $ptr) (local.get $len)))))
  (global.set $ready (i32.const 1))
  (call $packed (i32.const 0) (i32.const 75)))

;; ptr << 32 | len
(func $packed (param $ptr i32) (param $len i32) (result i64)
  (i64.or
    (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32))
    (i64.extend_i32_u (local.get $len))))

;; Sends $value to c1, as 16 hexadecimal digits.
(func $value (param $value i64) (result i64)
  (local $at i32)
  (local $digit i32)
  (local.set $at (i32.const 207))
  (loop $next
    (local.set $digit (i32.wrap_i64 (i64.and (local.get $value) (i64.const 15))))
    (i32.store8 (local.get $at)
      (i32.add (local.get $digit)
        (select (i32.const 0x57) (i32.const 0x30) (i32.gt_u (local.get $digit) (i32.const 9)))))
    (local.set $value (i64.shr_u (local.get $value) (i64.const 4)))
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (br_if $next (i32.ge_u (local.get $at) (i32.const 192))))
  (call $packed (i32.const 128) (i32.const 84)))
