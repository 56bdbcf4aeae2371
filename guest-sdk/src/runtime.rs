//! Runs a [`Node`] one event at a time.

use std::str::Utf8Error;

use serde::{Deserialize, Serialize};

use crate::body;
use crate::ctx::{Ctx, Fired};
use crate::disk::{Survived, SyncFailure};
use crate::name::Name;
use crate::node::{Caller, Node, Response};
use crate::options::StartOptions;
use crate::outbox::Outbox;
use host_protocol::abi::Level;
use host_protocol::data::{self, JsonError};
use host_protocol::fields::FieldList;
use host_protocol::message::{Error, ErrorCode, Header, Init, Message};

/// The version of [`Snapshot`]'s own layout.
const SNAPSHOT_FORMAT: u32 = 3;

/// A node before and after its `init`.
pub(crate) enum Runtime<N: Node> {
    /// No `init` yet. The start options are those of the process if there are none.
    New(Outbox, Option<StartOptions>),
    /// Running.
    Running(Box<Running<N>>),
}

/// Why a node refuses a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The bytes are not UTF-8.
    #[error("not a snapshot: {0}")]
    NotUtf8(Utf8Error),
    /// The text is not a snapshot.
    #[error("not a snapshot: {0}")]
    NotASnapshot(JsonError),
    /// The SDK that wrote the snapshot uses another format.
    #[error("snapshot format {found}, this module's SDK reads {SNAPSHOT_FORMAT}")]
    Format {
        /// The format of the snapshot.
        found: u32,
    },
    /// The snapshot has another [`STATE_VERSION`](Node::STATE_VERSION).
    #[error("state version {found}, this module continues from {expected}")]
    StateVersion {
        /// The version of the snapshot.
        found: u32,
        /// The version of the node.
        expected: u32,
    },
    /// The state cannot be read as that of the node.
    #[error("the state does not fit: {0}")]
    State(JsonError),
}

/// A node after `init`.
#[derive(Deserialize)]
#[serde(bound = "")]
pub(crate) struct Running<N: Node> {
    node: N,
    ctx: Ctx<N>,
}

/// What `snapshot` returns: a [`Running`], and the versions that tell whether it can be read.
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

    /// Handles a message, whose fields are in `fields` if they have been found already. The first one comes with the files
    /// on the disk, if there are any: the text of an object. Its effects are in the outbox afterwards.
    pub(crate) fn message(
        &mut self,
        now_ns: u64,
        message: &Message<'_>,
        header: &Header<'_>,
        fields: &FieldList<'_>,
        disk: Option<&str>,
    ) {
        match self {
            Runtime::Running(running) => running.message(now_ns, message, header, fields),
            Runtime::New(outbox, options) => {
                let init: Init = data::from_str(message.body)
                    .expect("the first message that a driver passes on is a valid init");
                let outbox = std::mem::take(outbox);
                let options = options.take().unwrap_or_else(StartOptions::of_process);
                let mut ctx = Ctx::new(init.node_id, init.node_ids, options, now_ns, outbox);
                ctx.survived = Some(Survived::new(disk.unwrap_or_default()));
                ctx.reply(caller(message, header), &InitReply::InitOk);
                let reply_bytes = ctx.outbox.bytes().len();
                let node = N::init(&mut ctx);
                ctx.survived = None;
                if ctx.unsynced > 0 || ctx.outbox.has_synced() {
                    // The node is ready when what it has changed is durable.
                    ctx.sync_if_due();
                    ctx.outbox.postpone(reply_bytes);
                }
                *self = Runtime::Running(Box::new(Running { node, ctx }));
            }
        }
    }

    /// Handles a timer that fires. Its effects are in the outbox afterwards.
    pub(crate) fn timer(&mut self, now_ns: u64, timer: u64) {
        if let Runtime::Running(running) = self {
            running.timer(now_ns, timer);
        }
    }

    /// Handles a sync that failed. Its effects are in the outbox afterwards.
    pub(crate) fn sync_failed(&mut self, now_ns: u64, reason: SyncFailure) {
        if let Runtime::Running(running) = self {
            let Running { node, ctx } = &mut **running;
            ctx.begin_step(now_ns, Some(reason));
            // They are not durable, however many there were.
            ctx.unsynced = ctx.unsynced.max(1);
            node.sync_failed(reason, ctx);
        }
    }

    /// The whole state as JSON; `null` before `init`.
    pub(crate) fn snapshot(&self) -> Result<Vec<u8>, JsonError> {
        let Runtime::Running(running) = self else {
            return Ok(b"null".to_vec());
        };
        data::to_vec(&Snapshot {
            format: SNAPSHOT_FORMAT,
            state_version: N::STATE_VERSION,
            node: &running.node,
            ctx: &running.ctx,
        })
    }

    /// Continues from a snapshot; on error nothing changes.
    pub(crate) fn restore(&mut self, snapshot: &[u8]) -> Result<(), RestoreError> {
        #[derive(Deserialize)]
        struct Versions {
            format: u32,
            state_version: u32,
        }
        let format = self.outbox().format();
        if snapshot == b"null" {
            let options = match self {
                Runtime::New(_, options) => options.take(),
                Runtime::Running(_) => None,
            };
            *self = Runtime::New(Outbox::new(format), options);
            return Ok(());
        }
        let snapshot = str::from_utf8(snapshot).map_err(RestoreError::NotUtf8)?;
        let versions: Versions = data::from_str(snapshot).map_err(RestoreError::NotASnapshot)?;
        if versions.format != SNAPSHOT_FORMAT {
            return Err(RestoreError::Format {
                found: versions.format,
            });
        }
        if versions.state_version != N::STATE_VERSION {
            return Err(RestoreError::StateVersion {
                found: versions.state_version,
                expected: N::STATE_VERSION,
            });
        }
        let mut running: Running<N> = data::from_str(snapshot).map_err(RestoreError::State)?;
        // The arguments belong to the process, not to the state.
        let arguments = match self {
            Runtime::New(_, options) => options.take().map(|options| options.arguments),
            Runtime::Running(running) => Some(std::mem::take(&mut running.ctx.arguments)),
        };
        if let Some(arguments) = arguments {
            running.ctx.arguments = arguments;
        }
        running.ctx.outbox = Outbox::new(format);
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
        node: Name::new(&message.src),
        msg_id: header.msg_id,
    }
}

impl<N: Node> Running<N> {
    fn message(
        &mut self,
        now_ns: u64,
        message: &Message<'_>,
        header: &Header<'_>,
        fields: &FieldList<'_>,
    ) {
        self.ctx.begin_step(now_ns, None);
        match header.in_reply_to {
            Some(msg_id) => self.response(msg_id, message, header, fields),
            None => self.request(message, header, fields),
        }
    }

    fn request(&mut self, message: &Message<'_>, header: &Header<'_>, fields: &FieldList<'_>) {
        let outcome = body::decode(&header.kind, message.body, fields).and_then(|request| {
            self.node
                .request(request, caller(message, header), &mut self.ctx)
        });
        if let Err(error) = outcome {
            let caller = caller(message, header);
            if !caller.wants_reply() {
                let text = format!("cannot handle a message from {}: {error}", caller.node());
                self.ctx.log(Level::Warn, text);
            }
            self.ctx.reply_error(caller, error);
        }
    }

    fn response(
        &mut self,
        msg_id: u64,
        message: &Message<'_>,
        header: &Header<'_>,
        fields: &FieldList<'_>,
    ) {
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
                fields,
            }),
        };
        self.node.response(call, response, &mut self.ctx);
    }

    fn timer(&mut self, now_ns: u64, timer: u64) {
        self.ctx.begin_step(now_ns, None);
        match self.ctx.fire(timer) {
            Fired::User(timer) => self.node.timer(timer, &mut self.ctx),
            Fired::GaveUp(call, error) => self.node.response(call, Err(error), &mut self.ctx),
            Fired::Nothing => {}
        }
    }
}

fn read_error(message: &Message<'_>) -> Error {
    data::from_str(message.body).unwrap_or_else(|problem| {
        let text = format!("unreadable error from {}: {problem}", message.src);
        Error::new(ErrorCode::Crash, text)
    })
}
