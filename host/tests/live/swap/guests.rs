//! Guests to swap, in the text format, which count messages.

use serde_json::json;
use test_support::Node;
use test_support::wat::assemble;

/// How a counting guest differs from the plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Counts,
    HasNoState,
    RefusesState,
    TrapsInRestore,
    LoopsInRestore,
    TrapsAtStart,
    TrapsInHandle,
    TrapsInSnapshot,
    SpeaksAnotherVersion,
}

/// A guest that answers its first message with `init_ok` and every later one with
/// how many there have been since, up to nine. Its state is that number.
pub(crate) fn guest(behaviour: Behaviour) -> Vec<u8> {
    let marker = match behaviour {
        Behaviour::SpeaksAnotherVersion => "maelstrom_abi_v2",
        _ => "maelstrom_abi_v1",
    };
    let when = |wanted, code| if behaviour == wanted { code } else { "" };
    let crash = when(
        Behaviour::TrapsInHandle,
        "(if (i32.gt_s (global.get $count) (i32.const 0)) (then (call $give_up)))",
    );
    let start = when(
        Behaviour::TrapsAtStart,
        "(func $_initialize (export \"_initialize\") unreachable)",
    );
    let restore = match behaviour {
        Behaviour::RefusesState => "(i32.const 1)",
        Behaviour::TrapsInRestore => "(call $give_up) (i32.const 0)",
        Behaviour::LoopsInRestore => "(loop $again (br $again)) (i32.const 0)",
        _ => "(global.set $count (i32.load (local.get $ptr))) (i32.const 0)",
    };
    let give_up = when(Behaviour::TrapsInSnapshot, "unreachable");
    let state = format!(
        r#"(func $snapshot (export "snapshot") (result i64)
             {give_up}
             (i32.store (i32.const 0) (global.get $count))
             (i64.const 4))
           (func $restore (export "restore") (param $ptr i32) (param $len i32) (result i32)
             {restore})"#
    );
    let state = if behaviour == Behaviour::HasNoState {
        ""
    } else {
        &state
    };
    let init_ok = "{\"send\":{\"src\":\"n1\",\"dest\":\"c0\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":1}}}";
    let count_ok = "{\"send\":{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\"count_ok\",\"in_reply_to\":7,\"count\":0}}}";
    let digit = 2000 + count_ok.len() - 4; // where the 0 is
    let (init_ok_len, count_ok_len) = (init_ok.len(), count_ok.len());
    let quote = |text: &str| text.replace('"', "\\22");
    let text = format!(
        r#"(module
          (memory (export "memory") 1)
          (global $count (mut i32) (i32.const -1))
          (data (i32.const 1000) "{init_ok}")
          (data (i32.const 2000) "{count_ok}")
          (func (export "{marker}"))
          (func $give_up unreachable)
          {start}
          (func (export "alloc") (param i32) (result i32) (i32.const 4096))
          (func $handle (export "handle") (param i32 i32) (result i64)
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            {crash}
            (if (result i64) (i32.eqz (global.get $count))
              (then (i64.const {init_ok_at}))
              (else
                (i32.store8 (i32.const {digit}) (i32.add (i32.const 48) (global.get $count)))
                (i64.const {count_ok_at}))))
          {state})"#,
        init_ok = quote(init_ok),
        count_ok = quote(count_ok),
        init_ok_at = (1000_u64 << 32) + init_ok_len as u64,
        count_ok_at = (2000_u64 << 32) + count_ok_len as u64,
    );
    assemble(&text)
}

/// The same module with another hash.
pub(crate) fn version(module: &[u8], number: u8) -> Vec<u8> {
    let custom_section = [0, 3, 1, b'v', number];
    [module, &custom_section].concat()
}

/// Asks a guest of [`guest`] how many messages it has had.
pub(crate) fn count(node: &mut Node) -> u64 {
    node.tell("c1", json!({"type": "count", "msg_id": 7}));
    let heard = node.hear();
    let count = heard.body["count"].as_u64().expect("a number");
    let count_ok = json!({"type": "count_ok", "in_reply_to": 7, "count": count});
    assert_eq!(heard, ("c1", count_ok));
    count
}
