//! Runs a [`Node`] one event at a time: the step that every driver calls.

use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};

use crate::body;
use crate::ctx::{Ctx, Fired};
use crate::node::{Caller, Node, Response};
use crate::options;
use crate::outbox::Outbox;
use host_protocol::abi::Level;
use host_protocol::message::{Error, ErrorCode, Header, Init, Message};

/// The version of [`Snapshot`]'s own layout.
const SNAPSHOT_FORMAT: u32 = 2;

/// A node before and after its `init`.
pub(crate) enum Runtime<N: Node> {
    /// No `init` yet. The outbox waits for the node; arguments and chance come from
    /// the process unless somebody gives others.
    New(Outbox, Option<Given>),
    /// Running.
    Running(Box<Running<N>>),
}

/// What a node otherwise has from its process.
pub(crate) struct Given {
    pub(crate) arguments: Vec<String>,
    /// Where [`Ctx::rng`] begins.
    pub(crate) seed: u64,
}

impl Given {
    fn by_process() -> Self {
        Given {
            arguments: options::arguments(),
            seed: RandomState::new().hash_one(0_u8),
        }
    }
}

/// A node that knows its name.
#[derive(Deserialize)]
#[serde(bound = "")]
pub(crate) struct Running<N: Node> {
    node: N,
    ctx: Ctx<N>,
}

/// What `snapshot` hands out: a [`Running`] with the versions that tell whether
/// it can be read.
#[derive(Serialize)]
#[serde(bound = "")]
struct Snapshot<'a, N: Node> {
    format: u32,
    state_version: u32,
    node: &'a N,
    ctx: &'a Ctx<N>,
}

impl<N: Node> Runtime<N> {
    pub(crate) fn outbox(&mut self) -> &mut Outbox {
        match self {
            Runtime::New(outbox, _) => outbox,
            Runtime::Running(running) => &mut running.ctx.outbox,
        }
    }

    /// A message arrived. Its effects are in the outbox afterwards.
    pub(crate) fn message(&mut self, now_ns: u64, message: &Message<'_>, header: &Header<'_>) {
        match self {
            Runtime::Running(running) => running.message(now_ns, message, header),
            Runtime::New(outbox, given) => {
                let init: Init = serde_json::from_str(message.body)
                    .expect("the driver lets nothing but a valid init through at first");
                let outbox = std::mem::take(outbox);
                let given = given.take().unwrap_or_else(Given::by_process);
                let mut ctx = Ctx::new(init.node_id, init.node_ids, given, now_ns, outbox);
                ctx.reply(caller(message, header), &InitReply::InitOk);
                let node = N::init(&mut ctx);
                *self = Runtime::Running(Box::new(Running { node, ctx }));
            }
        }
    }

    /// A timer fired. Its effects are in the outbox afterwards.
    pub(crate) fn timer(&mut self, now_ns: u64, timer: u64) {
        if let Runtime::Running(running) = self {
            running.timer(now_ns, timer);
        }
    }

    /// The whole state as JSON; `null` before `init`.
    pub(crate) fn snapshot(&self) -> Result<Vec<u8>, serde_json::Error> {
        let Runtime::Running(running) = self else {
            return Ok(b"null".to_vec());
        };
        serde_json::to_vec(&Snapshot {
            format: SNAPSHOT_FORMAT,
            state_version: N::STATE_VERSION,
            node: &running.node,
            ctx: &running.ctx,
        })
    }

    /// Continues from a snapshot; on error everything stays as it is.
    pub(crate) fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Versions {
            format: u32,
            state_version: u32,
        }
        let form = self.outbox().form();
        if snapshot == b"null" {
            let given = match self {
                Runtime::New(_, given) => given.take(),
                Runtime::Running(_) => None,
            };
            *self = Runtime::New(Outbox::new(form), given);
            return Ok(());
        }
        // As text, because the rest of the SDK reads JSON from text: one parser in the module.
        let snapshot = str::from_utf8(snapshot).map_err(|e| format!("not a snapshot: {e}"))?;
        let versions: Versions =
            serde_json::from_str(snapshot).map_err(|e| format!("not a snapshot: {e}"))?;
        if versions.format != SNAPSHOT_FORMAT {
            return Err(format!(
                "snapshot format {}, this module's SDK reads {SNAPSHOT_FORMAT}",
                versions.format
            ));
        }
        if versions.state_version != N::STATE_VERSION {
            return Err(format!(
                "state version {}, this module continues from {}",
                versions.state_version,
                N::STATE_VERSION
            ));
        }
        let mut running: Running<N> =
            serde_json::from_str(snapshot).map_err(|e| format!("the state does not fit: {e}"))?;
        // Arguments are the process's, not the state's.
        let arguments = match self {
            Runtime::New(_, given) => given.take().map(|given| given.arguments),
            Runtime::Running(running) => Some(std::mem::take(&mut running.ctx.arguments)),
        };
        if let Some(arguments) = arguments {
            running.ctx.arguments = arguments;
        }
        running.ctx.outbox = Outbox::new(form);
        *self = Runtime::Running(Box::new(running));
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum InitReply {
    InitOk,
}

fn caller(message: &Message<'_>, header: &Header<'_>) -> Caller {
    Caller {
        node: message.src.clone().into_owned(),
        msg_id: header.msg_id,
    }
}

impl<N: Node> Running<N> {
    fn message(&mut self, now_ns: u64, message: &Message<'_>, header: &Header<'_>) {
        self.ctx.now_ns = now_ns;
        match header.in_reply_to {
            Some(msg_id) => self.response(msg_id, message, header),
            None => self.request(message, header),
        }
    }

    fn request(&mut self, message: &Message<'_>, header: &Header<'_>) {
        let caller = caller(message, header);
        let outcome = body::decode(&header.kind, message.body)
            .and_then(|request| self.node.request(request, caller.clone(), &mut self.ctx));
        if let Err(error) = outcome {
            if !caller.wants_reply() {
                let text = format!("cannot handle a message from {}: {error}", caller.node);
                self.ctx.log(Level::Warn, text);
            }
            self.ctx.reply_error(caller, error);
        }
    }

    fn response(&mut self, msg_id: u64, message: &Message<'_>, header: &Header<'_>) {
        let error = (header.kind == "error").then(|| read_error(message));
        let Some(call) = self.ctx.end_call(msg_id, error.as_ref()) else {
            return; // late, or a duplicate
        };
        let response = match error {
            Some(error) => Err(error),
            None => Ok(Response {
                from: &message.src,
                kind: &header.kind,
                body: message.body,
            }),
        };
        self.node.response(call, response, &mut self.ctx);
    }

    fn timer(&mut self, now_ns: u64, timer: u64) {
        self.ctx.now_ns = now_ns;
        match self.ctx.fire(timer) {
            Fired::User(timer) => self.node.timer(timer, &mut self.ctx),
            Fired::GaveUp(call, error) => self.node.response(call, Err(error), &mut self.ctx),
            Fired::Nothing => {}
        }
    }
}

fn read_error(message: &Message<'_>) -> Error {
    serde_json::from_str(message.body).unwrap_or_else(|problem| {
        let text = format!("unreadable error from {}: {problem}", message.src);
        Error::new(ErrorCode::Crash, text)
    })
}
