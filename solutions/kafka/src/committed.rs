//! Committed offsets in `lin-kv`, a key for each log: they survive every node.
//!
//! Two messages for each key that is committed or queried. As in Kafka the last commit wins, even if
//! it is lower than the one before.

use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service;

use crate::Kafka;
use crate::gather::Gathers;
use crate::protocol::{Key, Offset, Offsets, Reply};

const RETRY: Retry = Retry::times(3, Duration::from_secs(1));

/// What a call is about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Call {
    Commit { gather: u64 },
    List { gather: u64, key: Key },
}

pub(crate) fn commit(
    offsets: Offsets,
    client: Caller,
    gathers: &mut Gathers,
    wrap: fn(Call) -> crate::Call,
    ctx: &mut Ctx<Kafka>,
) {
    let gather = gathers.open(client, Reply::CommitOffsetsOk, offsets.len(), ctx);
    for (key, offset) in offsets {
        let write = service::write(name(&key), offset);
        ctx.call(
            service::LIN_KV,
            &write,
            wrap(Call::Commit { gather }),
            RETRY,
        );
    }
}

pub(crate) fn list(
    keys: Vec<Key>,
    client: Caller,
    gathers: &mut Gathers,
    wrap: fn(Call) -> crate::Call,
    ctx: &mut Ctx<Kafka>,
) {
    let offsets = Offsets::new();
    let empty = Reply::ListCommittedOffsetsOk { offsets };
    let gather = gathers.open(client, empty, keys.len(), ctx);
    for key in keys {
        let read = service::read(name(&key));
        ctx.call(
            service::LIN_KV,
            &read,
            wrap(Call::List { gather, key }),
            RETRY,
        );
    }
}

pub(crate) fn response(
    call: Call,
    response: Result<Response<'_>, Error>,
    gathers: &mut Gathers,
    ctx: &mut Ctx<Kafka>,
) {
    match call {
        Call::Commit { gather } => {
            let part = response.map(|_| Reply::CommitOffsetsOk);
            gathers.add(gather, part, ctx);
        }
        Call::List { gather, key } => {
            let value = response.and_then(|response| service::value::<Offset>(&response));
            let part = absent_is_default(value.map(Some)).map(|offset| {
                let offsets = offset.map(|offset| (key, offset)).into_iter().collect();
                Reply::ListCommittedOffsetsOk { offsets }
            });
            gathers.add(gather, part, ctx);
        }
    }
}

fn name(key: &str) -> String {
    format!("committed/{key}")
}

/// A value, or the empty one if there is none under its key.
pub(crate) fn absent_is_default<T: Default>(value: Result<T, Error>) -> Result<T, Error> {
    match value {
        Err(error) if error.code == ErrorCode::KeyDoesNotExist => Ok(T::default()),
        value => value,
    }
}
