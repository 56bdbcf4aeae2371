//! A node that does what a test says.

use std::time::Duration;

use guest_sdk::disk::{Log, SyncFailure};
use guest_sdk::prelude::*;
use guest_sdk::step::Stepped;
use guest_sdk::testing::TestNode;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Do { steps: Vec<Step> },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    DoOk,
    Hello,
}

/// Something to do. `Lazy` ones need not be durable.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Put(String, Value),
    LazyPut(String, Value),
    PutBytes(String, Vec<u8>),
    AppendBytes(String, Vec<u8>),
    WriteBytes(String, u64, Vec<u8>),
    Truncate(String, u64),
    Rename(String, String),
    Remove(String),
    Append(Value),
    LazyAppend(Value),
    Extend(Vec<Value>),
    Cut(usize),
    Replace(Vec<Value>),
    Sync,
    Reply,
    Refuse,
    Send,
    Call,
    SetTimer,
    /// Reads a value, which is wrong but in init.
    Get(String),
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    /// What to do in init.
    steps: Vec<Step>,
    /// Whether to go on when a sync fails, with a message to n2.
    goes_on: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Scripted {
    options: Options,
    /// What has survived: the records of the log, the value of `v`, the names of all files.
    records: Vec<Value>,
    value: Value,
    files: Vec<String>,
    log: Log<Value>,
}

impl Node for Scripted {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let mut options: Options = ctx.options();
        let (log, records) = ctx.disk().open_log("log");
        let value = match ctx.disk().get("v") {
            Ok(value) => value.unwrap_or_default(),
            Err(error) => json!(error.to_string()),
        };
        let files = ctx.disk().files();
        let steps = std::mem::take(&mut options.steps);
        let mut node = Scripted {
            options,
            records,
            value,
            files,
            log,
        };
        for step in steps {
            node.perform(step, None, ctx)
                .expect("only requests are refused");
        }
        node
    }

    fn request(
        &mut self,
        Request::Do { steps }: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        for step in steps {
            self.perform(step, Some(&from), ctx)?;
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.send("n2", &Message::Hello);
    }

    fn sync_failed(&mut self, reason: SyncFailure, ctx: &mut Ctx<Self>) {
        assert!(self.options.goes_on, "{reason:?}");
        ctx.send("n2", &Message::Hello);
    }
}

impl Scripted {
    fn perform(
        &mut self,
        step: Step,
        from: Option<&Caller>,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match step {
            Step::Put(file, value) => ctx.disk().put(&file, &value),
            Step::LazyPut(file, value) => ctx.disk().without_sync().put(&file, &value),
            Step::PutBytes(file, bytes) => ctx.disk().put_bytes(&file, &bytes),
            Step::AppendBytes(file, bytes) => ctx.disk().append_bytes(&file, &bytes),
            Step::WriteBytes(file, at, bytes) => ctx.disk().write_bytes(&file, at, &bytes),
            Step::Truncate(file, len) => ctx.disk().truncate(&file, len),
            Step::Rename(from, to) => ctx.disk().rename(&from, &to),
            Step::Remove(file) => ctx.disk().remove(&file),
            Step::Append(record) => self.log.append(&record, ctx.disk()),
            Step::LazyAppend(record) => self.log.append(&record, ctx.disk().without_sync()),
            Step::Extend(records) => self.log.extend(records, ctx.disk()),
            Step::Cut(len) => self.log.truncate(len, ctx.disk()),
            Step::Replace(records) => self.log.replace(&records, ctx.disk()),
            Step::Sync => ctx.disk().sync(),
            Step::Reply => {
                if let Some(from) = from {
                    ctx.reply(from.clone(), &Message::DoOk);
                }
            }
            Step::Refuse => return Err(Error::new(ErrorCode::Abort, "no")),
            Step::Send => ctx.send("n2", &Message::Hello),
            Step::Call => {
                let retry = Retry::times(2, Duration::from_millis(100));
                ctx.call("n2", &Message::Hello, (), retry);
            }
            Step::SetTimer => {
                ctx.set_timer(Duration::from_millis(5), ());
            }
            Step::Get(file) => {
                let _ = ctx.disk().get::<Value>(&file);
            }
        }
        Ok(())
    }
}

/// The request to do these steps.
pub(crate) fn request(steps: Value) -> Value {
    json!({"type": "do", "msg_id": 7, "steps": steps})
}

/// A node under test with an empty disk.
pub(crate) fn node() -> TestNode<Scripted> {
    TestNode::start("n1", &["n1", "n2"])
}

/// What has survived: the records, the value, the files.
pub(crate) fn survived(node: &TestNode<Scripted>) -> Value {
    let mut state = node.snapshot()["node"].clone();
    json!([
        state["records"].take(),
        state["value"].take(),
        state["files"].take()
    ])
}

/// A node for its effects.
pub(crate) struct Raw(Stepped<Scripted>);

impl Raw {
    /// Starts a node, which does `steps` in init. Returns the effects too.
    pub(crate) fn start(disk: Option<&str>, steps: &Value, rest: &[&str]) -> (Self, Vec<String>) {
        let mut arguments = vec!["--steps".to_owned(), steps.to_string()];
        arguments.extend(rest.iter().map(|&text| text.to_owned()));
        let mut node = Stepped::new(arguments, 1);
        let init = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}}"#;
        let effects = lines(node.message_with_disk(0, init, disk));
        (Raw(node), effects)
    }

    /// A node that has started with an empty disk.
    pub(crate) fn started() -> Self {
        let (node, effects) = Raw::start(None, &json!([]), &[]);
        assert_eq!(effects, [INIT_OK]);
        node
    }

    pub(crate) fn perform(&mut self, steps: Value) -> Vec<String> {
        let body = request(steps);
        let message = json!({"src": "c1", "dest": "n1", "body": body}).to_string();
        lines(self.0.message(0, &message))
    }

    pub(crate) fn timer(&mut self, id: u64) -> Vec<String> {
        lines(self.0.timer(0, id))
    }

    pub(crate) fn sync_failed(&mut self, reason: SyncFailure) -> Vec<String> {
        lines(self.0.sync_failed(0, reason))
    }

    pub(crate) fn snapshot(&self) -> Value {
        let snapshot = self.0.snapshot().expect("the state is JSON");
        serde_json::from_slice(&snapshot).expect("a snapshot is JSON")
    }

    pub(crate) fn restore(&mut self, snapshot: &Value) {
        let restored = self.0.restore(snapshot.to_string().as_bytes());
        restored.expect("it is a snapshot");
    }
}

fn lines(effects: &[u8]) -> Vec<String> {
    let effects = str::from_utf8(effects).expect("JSON is UTF-8");
    effects.lines().map(str::to_owned).collect()
}

pub(crate) const INIT_OK: &str =
    r#"{"send":{"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}}"#;
pub(crate) const SYNC: &str = r#"{"sync":{}}"#;
pub(crate) const DO_OK: &str =
    r#"{"send":{"src":"n1","dest":"c1","body":{"type":"do_ok","in_reply_to":7}}}"#;
pub(crate) const HELLO: &str = r#"{"send":{"src":"n1","dest":"n2","body":{"type":"hello"}}}"#;
