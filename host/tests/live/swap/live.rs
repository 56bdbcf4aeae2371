//! A live node under test. Nothing here waits for longer than it has to, and nothing
//! waits for ever.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// After this a line is not coming: far beyond what a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Live {
    child: Child,
    input: Option<Input>,
    output: Receiver<String>,
    log: Receiver<String>,
    directory: tempfile::TempDir,
}

/// Where the node's messages are written.
pub(crate) struct Input(ChildStdin);

impl Input {
    pub(crate) fn tell(&mut self, src: &str, body: Value) {
        let message = json!({"src": src, "dest": "n1", "body": body});
        writeln!(self.0, "{message}").expect("the node reads its input");
    }
}

impl Live {
    pub(crate) fn start(module: &[u8], flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("module.wasm"), module).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_host"))
            .arg("--module")
            .arg(directory.path().join("module.wasm"))
            .arg("--cache-dir")
            .arg(directory.path().join("cache"))
            .args(flags)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().map(Input);
        let output = lines_of(child.stdout.take().unwrap());
        let log = lines_of(child.stderr.take().unwrap());
        Live {
            child,
            input,
            output,
            log,
            directory,
        }
    }

    pub(crate) fn module(&self) -> PathBuf {
        self.directory.path().join("module.wasm")
    }

    pub(crate) fn init(&mut self, nodes: &[&str]) {
        self.tell(
            "c0",
            json!({"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": nodes}),
        );
        assert_eq!(
            self.hear(),
            ("c0", json!({"type": "init_ok", "in_reply_to": 1}))
        );
    }

    pub(crate) fn tell(&mut self, src: &str, body: Value) {
        self.input
            .as_mut()
            .expect("the input is here")
            .tell(src, body);
    }

    /// The next message of the node.
    pub(crate) fn hear(&mut self) -> Heard {
        let line = self
            .output
            .recv_timeout(PATIENCE)
            .expect("the node says something");
        let message: Value = serde_json::from_str(&line).expect(&line);
        assert_eq!(message["src"], "n1", "{line}");
        Heard {
            dest: message["dest"].as_str().unwrap_or_default().to_owned(),
            body: message["body"].clone(),
        }
    }

    /// The next message that is not gossip, which timers may repeat at any time.
    pub(crate) fn hear_but_gossip(&mut self) -> Heard {
        loop {
            let heard = self.hear();
            if heard.body["type"] != "gossip" {
                return heard;
            }
        }
    }

    /// Asks a guest of [`guests`](crate::swap::guests) how many messages it has had.
    pub(crate) fn count(&mut self) -> u64 {
        self.tell("c1", json!({"type": "count", "msg_id": 7}));
        let heard = self.hear();
        let count = heard.body["count"].as_u64().expect("a number");
        assert_eq!(
            heard,
            (
                "c1",
                json!({"type": "count_ok", "in_reply_to": 7, "count": count})
            )
        );
        count
    }

    /// The next line of the node's log, the path of its module left out.
    pub(crate) fn log(&mut self) -> String {
        let line = self
            .log
            .recv_timeout(PATIENCE)
            .expect("the node logs something");
        let module = self.module();
        line.replace(&*module.to_string_lossy(), "[MODULE]")
    }

    /// Puts another module in the place of the file, in one go.
    pub(crate) fn replace(&self, module: &[u8]) {
        let temporary: &Path = &self.directory.path().join("next");
        fs::write(temporary, module).unwrap();
        fs::rename(temporary, self.module()).unwrap();
    }

    pub(crate) fn hang_up(&self) {
        let sent = Command::new("kill")
            .args(["-HUP", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn take_input(&mut self) -> Input {
        self.input.take().expect("the input is here")
    }

    pub(crate) fn give_input(&mut self, input: Input) {
        self.input = Some(input);
    }

    /// Ends the input: the node must end with `code` and have nothing more to say.
    pub(crate) fn end(mut self, code: i32) {
        drop(self.input.take());
        let rest: Vec<String> = self.log.iter().collect();
        assert_eq!(rest, Vec::<String>::new());
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It has ended by itself unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A message of the node.
#[derive(Debug)]
pub(crate) struct Heard {
    dest: String,
    pub(crate) body: Value,
}

impl PartialEq<(&str, Value)> for Heard {
    fn eq(&self, (dest, body): &(&str, Value)) -> bool {
        self.dest == *dest && self.body == *body
    }
}

fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
