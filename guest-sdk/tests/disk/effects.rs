//! The effects of a step, as lines of the ABI. Checksums are those of Python's `zlib.crc32`.

use guest_sdk::disk::SyncFailure;
use serde_json::{Value, json};

use super::scripted::{DO_OK, HELLO, INIT_OK, Raw, SYNC};

const PUT: &str = r#"{"put":{"file":"v","text":"4c2f32b8 [1]\n"}}"#;

#[test]
fn each_change_is_one_effect() {
    let mut node = Raw::started();
    let cases = [
        (json!({"put": ["v", [1]]}), PUT),
        (
            json!({"put": ["v", {"term": 3}]}),
            r#"{"put":{"file":"v","text":"6ee03060 {\"term\":3}\n"}}"#,
        ),
        (
            json!({"put_bytes": ["a\"b", [104, 105]]}),
            r#"{"put":{"file":"a\"b","text":"hi"}}"#,
        ),
        (
            json!({"append_bytes": ["a", [255]]}),
            r#"{"append":{"file":"a","base64":"/w=="}}"#,
        ),
        (
            json!({"write_bytes": ["a", 7, []]}),
            r#"{"write":{"file":"a","at":7,"text":""}}"#,
        ),
        (
            json!({"truncate": ["a", 9]}),
            r#"{"truncate":{"file":"a","len":9}}"#,
        ),
        (
            json!({"rename": ["a", "b"]}),
            r#"{"rename":{"from":"a","to":"b"}}"#,
        ),
        (json!({"remove": "b"}), r#"{"remove":{"file":"b"}}"#),
        (json!("sync"), SYNC),
    ];
    for (step, effect) in cases {
        assert_eq!(node.perform(json!([step])), [effect]);
    }
}

#[test]
fn a_log_is_appended_to_cut_and_replaced_with_one_effect_each() {
    let mut node = Raw::started();
    let mut check = |step: Value, effects: &[&str]| {
        assert_eq!(node.perform(json!([step])), effects);
    };
    check(
        json!({"append": 1}),
        &[r#"{"append":{"file":"log","text":"83dcefb7 1\n"}}"#],
    );
    check(
        json!({"extend": ["a", {"b": [2]}]}),
        &[r#"{"append":{"file":"log","text":"fb9cc954 \"a\"\n95585b6a {\"b\":[2]}\n"}}"#],
    );
    check(json!({"extend": []}), &[]);
    check(json!({"cut": 3}), &[]);
    check(
        json!({"cut": 1}),
        &[r#"{"truncate":{"file":"log","len":11}}"#],
    );
    check(
        json!({"append": 9}),
        &[r#"{"append":{"file":"log","text":"d8819d45 9\n"}}"#],
    );
    check(
        json!({"replace": [8]}),
        &[r#"{"put":{"file":"log","text":"fa005713 8\n"}}"#],
    );
    check(
        json!({"append": 9}),
        &[r#"{"append":{"file":"log","text":"0943260c 9\n"}}"#],
    );
    check(
        json!({"cut": 0}),
        &[r#"{"truncate":{"file":"log","len":0}}"#],
    );
    check(
        json!({"replace": []}),
        &[r#"{"put":{"file":"log","text":""}}"#],
    );
}

#[test]
fn every_message_waits_for_the_changes_before_it() {
    let put = json!({"put": ["v", [1]]});
    let error = r#"{"send":{"src":"n1","dest":"c1","body":{"type":"error","code":14,"text":"no","in_reply_to":7}}}"#;
    let call = r#"{"send":{"src":"n1","dest":"n2","body":{"type":"hello","msg_id":1}}}"#;
    let timer = r#"{"set_timer":{"id":1,"after_ns":100000000}}"#;
    for (message, effects) in [
        ("reply", vec![DO_OK]),
        ("refuse", vec![error]),
        ("send", vec![HELLO]),
        ("call", vec![call, timer]),
    ] {
        let behind_sync: Vec<&str> = [vec![SYNC], effects.clone()].concat();
        // In the same step.
        let all = [vec![PUT], behind_sync.clone()].concat();
        assert_eq!(Raw::started().perform(json!([put, message])), all);
        // In a later one.
        let mut node = Raw::started();
        assert_eq!(node.perform(json!([put])), [PUT]);
        assert_eq!(node.perform(json!([message])), behind_sync);
        // Without anything to wait for.
        assert_eq!(Raw::started().perform(json!([message])), effects);
    }
}

#[test]
fn a_request_that_is_sent_again_waits_too() {
    let mut node = Raw::started();
    node.perform(json!(["call"]));
    assert_eq!(node.perform(json!([{"put": ["v", [1]]}])), [PUT]);
    let again = r#"{"send":{"src":"n1","dest":"n2","body":{"type":"hello","msg_id":1}}}"#;
    let effects = node.timer(1);
    // How long the next attempt waits is drawn.
    assert!(effects[2].starts_with(r#"{"set_timer":{"id":2,"after_ns":"#));
    assert_eq!(effects, [SYNC, again, &effects[2]]);
}

#[test]
fn there_is_one_sync_for_all_changes_before_it() {
    let put = json!({"put": ["v", [1]]});
    let append = json!({"append": 5});
    let appended = r#"{"append":{"file":"log","text":"84b12bae 5\n"}}"#;
    let timer = r#"{"set_timer":{"id":1,"after_ns":5000000}}"#;
    let mut node = Raw::started();
    let steps = json!([put, append, "set_timer", "reply", "send"]);
    let expected = [PUT, appended, timer, SYNC, DO_OK, HELLO];
    assert_eq!(node.perform(steps), expected);
    // One that is asked for is enough.
    assert_eq!(
        node.perform(json!([put, "sync", "reply"])),
        [PUT, SYNC, DO_OK]
    );
    assert_eq!(node.perform(json!(["reply"])), [DO_OK]);
    // What comes behind it has to be synced again.
    assert_eq!(
        node.perform(json!([put, "sync", put, "reply"])),
        [PUT, SYNC, PUT, SYNC, DO_OK]
    );
}

#[test]
fn changes_without_sync_are_written_on_purpose_and_hold_nothing_up() {
    let mut node = Raw::started();
    let lazy = json!({"lazy_put": ["v", [1]]});
    let lazy_append = json!({"lazy_append": 5});
    let appended = r#"{"append":{"file":"log","text":"84b12bae 5\n"}}"#;
    assert_eq!(
        node.perform(json!([lazy, lazy_append, "reply"])),
        [PUT, appended, DO_OK]
    );
    // They do not make others lazy.
    let put = json!({"put": ["v", [1]]});
    assert_eq!(
        node.perform(json!([put, lazy, "reply"])),
        [PUT, PUT, SYNC, DO_OK]
    );
}

#[test]
fn the_reply_to_init_is_first_unless_it_has_to_wait() {
    let put = json!({"put": ["v", [1]]});
    let lazy = json!({"lazy_put": ["v", [1]]});
    let timer = r#"{"set_timer":{"id":1,"after_ns":5000000}}"#;
    for (steps, expected) in [
        (json!(["send", "set_timer"]), vec![INIT_OK, HELLO, timer]),
        (json!([lazy, "send"]), vec![INIT_OK, PUT, HELLO]),
        (json!([put, "set_timer"]), vec![PUT, timer, SYNC, INIT_OK]),
        (json!([put, "send"]), vec![PUT, SYNC, HELLO, INIT_OK]),
        (
            json!(["send", put, "sync"]),
            vec![HELLO, PUT, SYNC, INIT_OK],
        ),
        (
            json!([put, "sync", put]),
            vec![PUT, SYNC, PUT, SYNC, INIT_OK],
        ),
    ] {
        let (_, effects) = Raw::start(None, &steps, &[]);
        assert_eq!(effects, expected, "{steps}");
    }
}

#[test]
fn what_was_read_is_durable_before_the_reply_to_init() {
    let log = r#"{"log":{"text":"83dcefb7 1\n"}}"#;
    let value = r#"{"v":{"text":"4c2f32b8 [1]\n"}}"#;
    for (disk, expected) in [
        (None, vec![INIT_OK]),
        (Some("{}"), vec![INIT_OK]),
        (Some(log), vec![SYNC, INIT_OK]),
        (Some(value), vec![SYNC, INIT_OK]),
    ] {
        let (_, effects) = Raw::start(disk, &json!([]), &[]);
        assert_eq!(effects, expected, "{disk:?}");
    }
}

#[test]
fn a_log_that_is_cut_in_init_is_durable_before_the_reply() {
    let disk = r#"{"log":{"text":"83dcefb7 1\n4f5344c"}}"#;
    let (_, effects) = Raw::start(Some(disk), &json!([]), &[]);
    let says = r#"the log \"log\" is torn or damaged behind record 1: 11 of 18 bytes are kept"#;
    let expected = [
        &format!(r#"{{"log":{{"level":"warn","text":"{says}"}}}}"#),
        r#"{"truncate":{"file":"log","len":11}}"#,
        SYNC,
        INIT_OK,
    ];
    assert_eq!(effects, expected);
}

#[test]
fn whether_changes_are_synced_is_part_of_the_snapshot() {
    let mut old = Raw::started();
    let clean = old.snapshot();
    old.perform(json!([{"put": ["v", [1]]}]));
    let mut expected = clean.clone();
    expected["ctx"]["unsynced"] = json!(1);
    assert_eq!(old.snapshot(), expected);
    // The field is there only if it says something: states of nodes without a disk are as before.
    assert_eq!(clean["ctx"].get("unsynced"), None);

    let mut new = Raw::started();
    new.restore(&expected);
    assert_eq!(new.perform(json!(["reply"])), [SYNC, DO_OK]);
    new.restore(&clean);
    assert_eq!(new.perform(json!(["reply"])), [DO_OK]);
}

#[test]
#[should_panic = "a sync of the disk failed (full): what was not durable may be lost, and a restart recovers from what is"]
fn a_node_panics_when_a_sync_fails() {
    use guest_sdk::prelude::*;

    #[derive(Serialize, Deserialize)]
    struct Plain;

    impl Node for Plain {
        type Request = Value;
        type Call = ();
        type Timer = ();

        fn init(_: &mut Ctx<Self>) -> Self {
            Plain
        }

        fn request(&mut self, _: Value, _: Caller, _: &mut Ctx<Self>) -> Result<(), Error> {
            Ok(())
        }
    }

    let mut node = guest_sdk::step::Stepped::<Plain>::new(Vec::new(), 1);
    let init = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}"#;
    node.message(0, init);
    node.sync_failed(0, SyncFailure::Full);
}

#[test]
fn after_a_failed_sync_the_next_message_waits_again() {
    let steps = json!([]);
    let (mut node, _) = Raw::start(None, &steps, &["--goes-on", "true"]);
    let expected = [PUT, SYNC, DO_OK];
    assert_eq!(
        node.perform(json!([{"put": ["v", [1]]}, "reply"])),
        expected
    );
    assert_eq!(node.sync_failed(SyncFailure::Error), [SYNC, HELLO]);
    assert_eq!(node.perform(json!(["reply"])), [DO_OK]);
}

#[test]
#[should_panic = "the disk is read in Node::init only: keep in the node's state what it has to know"]
fn the_disk_is_read_in_init_only() {
    Raw::started().perform(json!([{"get": "v"}]));
}
