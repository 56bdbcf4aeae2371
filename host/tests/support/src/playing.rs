//! `host play` as a server that a test asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::{Value as Json, json};
use ureq::http::Request;

use crate::process::{Ended, Live, Run};

/// A session. Its process is killed when the test fails and drops it.
pub struct Playing {
    live: Live,
    /// What was printed before the address.
    pub title: String,
    /// `http://127.0.0.1:PORT/TOKEN/`.
    pub address: String,
}

/// The largest answer.
const BYTES_MAX: u64 = 1 << 28;

impl Playing {
    /// Starts `host play` with these arguments and waits for its address.
    #[track_caller]
    pub fn start(run: Run, args: &str) -> Self {
        Playing::of("play", run, args)
    }

    /// The same for `host serve`, which is asked in the same way.
    #[track_caller]
    pub fn serve(run: Run, args: &str) -> Self {
        Playing::of("serve", run, args)
    }

    #[track_caller]
    fn of(command: &str, run: Run, args: &str) -> Self {
        let mut live = run.arg(command).args(args.split_whitespace()).start();
        let line = live.next_line();
        let (title, address) = line.trim_end().split_once(": http://").expect(&line);
        Playing {
            title: title.to_owned(),
            address: format!("http://{address}"),
            live,
        }
    }

    /// Asks, and returns the status, the text and the header `x-play-note` of the answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String, Option<String>) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .unwrap();
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = agent.allow_non_standard_methods(true).build().new_agent();
        let mut response = agent.run(request).unwrap();
        let note = response.headers().get("x-play-note");
        let note = note.map(|note| note.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(BYTES_MAX);
        (status, body.read_to_string().unwrap(), note)
    }

    /// The text at a path, and its note.
    #[track_caller]
    pub fn text(&self, path: &str) -> (String, Option<String>) {
        let (status, text, note) = self.ask("GET", path, "");
        assert_eq!(status, 200, "{path}: {text}");
        (text, note)
    }

    /// The JSON at a path.
    #[track_caller]
    pub fn get(&self, path: &str) -> Json {
        serde_json::from_str(&self.text(path).0).unwrap()
    }

    /// What is answered to a request that changes something.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: &Json) -> Json {
        let (status, text, _) = self.ask(method, path, &body.to_string());
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The status and the error of a request that is refused.
    #[track_caller]
    pub fn refused(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (status, text, _) = self.ask(method, path, body);
        assert!(status >= 400, "{path}: {status} {text}");
        let answer: Json = serde_json::from_str(&text).unwrap();
        (status, answer["error"].as_str().unwrap().to_owned())
    }

    /// Does something at a moment of a branch: what is new then.
    #[track_caller]
    pub fn act(&self, branch: u64, at: u64, what: &Json) -> Json {
        let path = format!("api/branches/{branch}/act");
        self.send("POST", &path, &json!({"at": at, "do": what}))
    }

    /// Why something is not done at a moment of a branch.
    #[track_caller]
    pub fn not_done(&self, branch: u64, at: u64, what: &Json) -> (u16, String) {
        let path = format!("api/branches/{branch}/act");
        let body = json!({"at": at, "do": what}).to_string();
        self.refused("POST", &path, &body)
    }

    /// The events from now on, after the first, which says that they come.
    pub fn events(&self) -> Events {
        let mut events = self.all_events();
        assert_eq!(events.next().0, "branches");
        events
    }

    /// All events from now on.
    pub fn all_events(&self) -> Events {
        let (host, path) = self.host_and_path();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "GET {path}api/events HTTP/1.1\r\nHost: {host}\r\n\r\n"
        )
        .unwrap();
        Events(BufReader::new(stream))
    }

    /// `127.0.0.1:PORT` and `/TOKEN/`.
    pub fn host_and_path(&self) -> (&str, &str) {
        let rest = self.address.strip_prefix("http://").unwrap();
        rest.split_at(rest.find('/').unwrap())
    }

    /// What is answered to these bytes, to the end.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.host_and_path().0).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Waits for the next line on stderr.
    #[track_caller]
    pub fn next_log_line(&mut self) -> String {
        self.live.next_log_line()
    }

    /// Ends it as Ctrl-C does.
    pub fn end(self) -> Ended {
        self.live.signal(Signal::INT);
        self.live.end()
    }
}

/// Server-sent events.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// The next event: its name and its data.
    ///
    /// # Panics
    /// If the server has closed the connection.
    #[expect(clippy::should_implement_trait, reason = "it has no end")]
    pub fn next(&mut self) -> (String, Json) {
        let (mut name, mut data) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "no more events");
            // Between the lines are the lengths of the parts of the answer.
            if let Some(it) = line.strip_prefix("event: ") {
                it.trim_end().clone_into(&mut name);
            } else if let Some(it) = line.strip_prefix("data: ") {
                data += it.trim_end_matches('\n');
            } else if line == "\n" && !name.is_empty() {
                return (name, serde_json::from_str(&data).unwrap());
            }
        }
    }

    /// The data of the next event that has this name and is as wanted.
    pub fn wait_for(&mut self, name: &str, is_it: impl Fn(&Json) -> bool) -> Json {
        loop {
            let (found, data) = self.next();
            if found == name && is_it(&data) {
                return data;
            }
        }
    }
}
