//! Programs as live nodes: what the host prints when they end.

use test_support::probe::{hello, probe};
use test_support::{Dir, Ended, with_placeholders};

const INIT: &str = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}}"#;

/// Runs the program with one message and waits for its end.
fn run(body: &str) -> Ended {
    let dir = Dir::new();
    let module = dir.write("probe.wasm", probe(body));
    dir.node(module).input(format!("{INIT}\n"))
}

#[test]
fn a_program_that_exits_ends_the_node_and_its_last_step_does_not_count() {
    let ended = run(&format!("{} (call $exit (i32.const 3))", hello()));
    assert_eq!(
        with_placeholders(&ended.to_string()),
        format!(
            "exit code 1\n---- stderr\nerror: the guest failed in _start: it exited with code 3; \
             a node runs until it is stopped\n  in: _start\n  event: message {INIT}\n  \
             [NOTHING DONE]\n"
        )
    );
}

/// Maelstrom passes any object from node to node. Each message has an id.
#[test]
fn a_program_gets_messages_of_other_nodes_without_a_type() {
    let dir = Dir::new();
    let read = "(call $read (i32.const 9999))";
    let module = dir.write(
        "probe.wasm",
        probe(&format!("(drop {read}) (call $exit {read})")),
    );
    let untyped = r#"{"src":"n2","dest":"n1","body":{"in_reply_to":1}}"#;
    let ended = dir
        .node(module)
        .input(format!("{untyped}\n{INIT}\n{untyped}\n"));
    assert_eq!(
        with_placeholders(&ended.to_string()),
        format!(
            "exit code 1\n---- stderr\n WARN input line 1 ignored: its body is not one of a message \
             (missing field `type` at line 1 column 17): {untyped}\nerror: the guest failed in _start: it \
             exited with code {}; a node runs until it is stopped\n  in: _start\n  \
             event: message {untyped}\n  [NOTHING DONE]\n",
            r#""id":1,"#.len() + untyped.len() + 1
        )
    );
}

#[test]
fn an_unfinished_line_is_warned_about() {
    let ended = run(
        "(call $say (i32.const 3100) (i32.const 9)) (drop (call $read (i32.const 9999)))
         (drop (call $read (i32.const 9999)))",
    );
    assert_eq!(
        ended.to_string(),
        "exit code 0\n---- stderr\nn1 warn stdout ends with 9 bytes without a newline: they are \
         sent when their line is complete\n"
    );
}
