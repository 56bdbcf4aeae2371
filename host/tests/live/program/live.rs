//! Programs as live nodes, and what the command line says about them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::driver::{built, cache_directory};
use crate::program::probe::{hello, probe};

const INIT: &str = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}}"#;

fn host() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
    command.env_remove("RUST_LOG");
    command
}

struct Node {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Node {
    fn start(name: &str) -> Self {
        let mut child = host()
            .arg("--module")
            .arg(built(name))
            .arg("--cache-dir")
            .arg(cache_directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the host starts");
        let input = child.stdin.take().expect("stdin is piped");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut node = Node {
            child,
            input,
            output,
        };
        writeln!(node.input, "{INIT}").expect("the node reads");
        assert_eq!(node.hear()["body"]["type"], "init_ok");
        node
    }

    fn tell(&mut self, src: &str, body: &Value) {
        let message = json!({"src": src, "dest": "n1", "body": body});
        writeln!(self.input, "{message}").expect("the node reads");
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the node writes");
        serde_json::from_str(&line).expect("it is a message")
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[test]
fn echoes_in_every_language() {
    for name in ["go-echo", "c-echo", "rust-echo"] {
        let mut node = Node::start(name);
        node.tell("c1", &json!({"type": "echo", "msg_id": 2, "echo": "hi"}));
        let body = json!({"type": "echo_ok", "in_reply_to": 2, "echo": "hi"});
        assert_eq!(
            node.hear(),
            json!({"src": "n1", "dest": "c1", "body": body}),
            "{name}"
        );
        node.end();
    }
}

#[test]
fn tickers_of_go_run_in_real_time() {
    let mut node = Node::start("go-gossip");
    let begin = Instant::now();
    node.tell(
        "c1",
        &json!({"type": "broadcast", "msg_id": 2, "message": 5}),
    );
    let mut gossips = 0;
    while gossips < 4 {
        gossips += u32::from(node.hear()["dest"] == "n2");
    }
    // One at once, then one with each tick: every 200 ms.
    assert!(
        begin.elapsed() >= Duration::from_millis(400),
        "{:?}",
        begin.elapsed()
    );
    node.end();
}

/// Runs the program with one message and waits for its end.
fn run(body: &str) -> Output {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("probe.wasm");
    std::fs::write(&path, probe(body)).expect("there is room");
    let mut child = host()
        .arg("--module")
        .arg(&path)
        .arg("--no-cache")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the host starts");
    let mut input = child.stdin.take().expect("stdin is piped");
    writeln!(input, "{INIT}").expect("the node reads");
    drop(input);
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_program_that_exits_ends_the_node_and_its_last_step_does_not_count() {
    let output = run(&format!("{} (call $exit (i32.const 3))", hello()));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "error: the guest failed in _start: it exited with code 3; a node runs until it is \
             stopped\n  in: _start\n  event: message {INIT}\n  \
             nothing that this step asked for was done\n"
        )
    );
}

#[test]
fn an_unfinished_line_is_warned_about() {
    let output = run(
        "(call $say (i32.const 3100) (i32.const 9)) (drop (call $read (i32.const 9999)))
         (drop (call $read (i32.const 9999)))",
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "n1 warn stdout ends with 9 bytes without a newline: they are sent when their line is \
         complete\n"
    );
}

#[test]
fn inspect_tells_the_kind() {
    for (name, kind) in [
        ("go-echo", "a program, built by Go"),
        ("c-echo", "a program"),
    ] {
        let output = host()
            .arg("inspect")
            .arg(built(name))
            .output()
            .expect("it ends");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let first = text.lines().next().unwrap_or_default();
        assert!(first.ends_with(&format!("{name}.wasm: {kind}")), "{first}");
        assert!(text.ends_with("\nIt would load.\n"), "{text}");
    }
}
