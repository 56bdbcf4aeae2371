//! A live node as its clients have it: told messages, and heard.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ChildStdin;

use rustix::process::Signal;
use serde_json::{Value as Json, json};

use crate::dir::Dir;
use crate::normal::with_placeholders;
use crate::process::{Ended, Live, Run};

/// The node `n1`, running.
pub struct Node {
    live: Live,
    dir: Dir,
}

/// Where a node's messages are written.
pub struct Input(ChildStdin);

impl Input {
    /// Writes a message to `n1`.
    pub fn tell(&mut self, src: &str, body: &Json) {
        writeln!(self.0, "{}", message(src, body)).expect("the node reads its input");
    }
}

fn message(src: &str, body: &Json) -> Json {
    json!({"src": src, "dest": "n1", "body": body})
}

impl Node {
    /// Starts a copy of `module`, which [`replace`](Self::replace) can change, with a cache of its
    /// own.
    pub fn start(module: &[u8], flags: &[&str]) -> Self {
        let dir = Dir::new();
        let module = dir.write("module.wasm", module);
        let run = dir.node_with_cache(module).args(flags);
        Node::of(dir, run)
    }

    /// Starts what is to be run in `dir`.
    pub fn of(dir: Dir, run: Run) -> Self {
        let live = run.start();
        Node { live, dir }
    }

    /// The module that [`start`](Self::start) has made.
    pub fn module(&self) -> PathBuf {
        self.dir.path("module.wasm")
    }

    /// Has it be one of these nodes, and hears its answer.
    pub fn init(&mut self, nodes: &[&str]) {
        let init = json!({"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": nodes});
        self.tell("c0", init);
        let init_ok = json!({"type": "init_ok", "in_reply_to": 1});
        assert_eq!(self.hear(), ("c0", init_ok));
    }

    /// Sends it a message.
    pub fn tell(&mut self, src: &str, body: Json) {
        self.live.send(format!("{}\n", message(src, &body)));
    }

    /// Waits for its next message.
    #[track_caller]
    pub fn hear(&mut self) -> Heard {
        let line = self.live.next_line();
        let message: Json = serde_json::from_str(&line).expect(&line);
        assert_eq!(message["src"], "n1", "{line}");
        Heard {
            dest: message["dest"].as_str().unwrap_or_default().to_owned(),
            body: message["body"].clone(),
        }
    }

    /// Waits for its next message that is not gossip, which timers may repeat at any time.
    #[track_caller]
    pub fn hear_but_gossip(&mut self) -> Heard {
        loop {
            let heard = self.hear();
            if heard.body["type"] != "gossip" {
                return heard;
            }
        }
    }

    /// Waits for the next line of its log. It has `[MODULE]` for the path of the module, and
    /// placeholders as [`Ended::is`] has them.
    #[track_caller]
    pub fn log(&mut self) -> String {
        let line = self.live.next_log_line();
        let module = self.module();
        let line = line.replace(&*module.to_string_lossy(), "[MODULE]");
        let line = with_placeholders(&line);
        line.trim_end_matches('\n').to_owned()
    }

    /// Puts another module in the place of the file, in one go.
    pub fn replace(&self, module: &[u8]) {
        let temporary = self.dir.write("next", module);
        fs::rename(temporary, self.module()).unwrap();
    }

    /// Puts a pipe that nobody writes to in the place of the file, in one go.
    pub fn replace_by_pipe(&self) {
        let pipe = self.dir.fifo("pipe");
        fs::rename(pipe, self.module()).unwrap();
    }

    /// Sends it SIGHUP.
    pub fn hang_up(&self) {
        self.live.signal(Signal::HUP);
    }

    /// Takes its input, for a thread that writes to it.
    pub fn take_input(&mut self) -> Input {
        Input(self.live.take_stdin())
    }

    /// Gives its input back.
    pub fn give_input(&mut self, input: Input) {
        self.live.give_stdin(input.0);
    }

    /// Ends its input and waits for its end.
    pub fn stop(self) -> Ended {
        self.live.end()
    }

    /// Ends its input: it must log nothing more and end with `code`.
    #[track_caller]
    pub fn end(mut self, code: i32) {
        self.live.close_stdin();
        assert_eq!(self.live.rest_of_log(), "");
        let ended = self.live.wait();
        assert_eq!(ended.code(), Some(code), "{ended}");
    }
}

/// A message of a node.
#[derive(Debug)]
pub struct Heard {
    /// Whom it is for.
    pub dest: String,
    /// What it says.
    pub body: Json,
}

impl PartialEq<(&str, Json)> for Heard {
    fn eq(&self, (dest, body): &(&str, Json)) -> bool {
        self.dest == *dest && self.body == *body
    }
}
