//! Maelstrom's services: key-value stores and a timestamp oracle.
//!
//! A service is called like a node, with [`Ctx::call`](crate::Ctx::call). This module has
//! the names of the services, their requests, and functions that read the replies.
//!
//! ```
//! # use guest_sdk::{prelude::*, service};
//! # use std::time::Duration;
//! # #[derive(serde::Serialize, serde::Deserialize)] struct Counter;
//! # #[derive(serde::Serialize, serde::Deserialize)] enum Call { Read }
//! # impl Node for Counter {
//! #   type Request = serde_json::Value; type Call = Call; type Timer = ();
//! #   fn init(_: &mut Ctx<Self>) -> Self { Counter }
//! #   fn request(&mut self, _: serde_json::Value, _: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
//! ctx.call(service::SEQ_KV, &service::read("counter"), Call::Read, Retry::never(Duration::from_secs(1)));
//! #   Ok(()) }
//! fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
//!     match response.and_then(|response| service::value::<u64>(&response)) {
//!         Ok(count) => ctx.log(Level::Info, format!("counted {count}")),
//!         Err(error) if error.code == ErrorCode::KeyDoesNotExist => ctx.log(Level::Info, "nothing yet"),
//!         Err(error) => ctx.log(Level::Warn, error),
//!     }
//! }
//! # }
//! ```
//!
//! Source: `doc/services.md` of Maelstrom.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::node::Response;
use host_protocol::message::Error;

pub use host_protocol::services::{LIN_KV, LIN_TSO, LWW_KV, SEQ_KV};

/// A request to a service; the functions of this module make them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request<K, V> {
    /// Made by [`read`].
    Read {
        /// The key; any JSON.
        key: K,
    },
    /// Made by [`write()`].
    Write {
        /// The key; any JSON.
        key: K,
        /// The new value; any JSON.
        value: V,
    },
    /// Made by [`cas`] and [`cas_or_create`].
    Cas {
        /// The key; any JSON.
        key: K,
        /// The expected value.
        from: V,
        /// The new value.
        to: V,
        /// Whether to write the key if it does not exist.
        create_if_not_exists: bool,
    },
    /// Made by [`timestamp`].
    Ts,
}

/// Reads a key. Use [`value`] for the reply; it is error 20 if the key does not exist.
pub fn read<K: Serialize>(key: K) -> Request<K, ()> {
    Request::Read { key }
}

/// Writes a key unconditionally.
pub fn write<K: Serialize, V: Serialize>(key: K, value: V) -> Request<K, V> {
    Request::Write { key, value }
}

/// Writes `to` if the value of the key is `from`. The reply is error 22 if it has another
/// value, error 20 if it does not exist.
pub fn cas<K: Serialize, V: Serialize>(key: K, from: V, to: V) -> Request<K, V> {
    Request::Cas {
        key,
        from,
        to,
        create_if_not_exists: false,
    }
}

/// Like [`cas`], but also writes a key that does not exist.
pub fn cas_or_create<K: Serialize, V: Serialize>(key: K, from: V, to: V) -> Request<K, V> {
    Request::Cas {
        key,
        from,
        to,
        create_if_not_exists: true,
    }
}

/// Asks [`LIN_TSO`] for a number greater than all before. Use [`ts`] for the reply.
#[must_use]
pub fn timestamp() -> Request<(), ()> {
    Request::Ts
}

/// The value in the reply to [`read`].
///
/// # Errors
/// If it is not the reply to a read, or the value is not a `V`.
pub fn value<V: DeserializeOwned>(response: &Response<'_>) -> Result<V, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Answer<V> {
        ReadOk { value: V },
    }
    let Answer::ReadOk { value } = response.decode()?;
    Ok(value)
}

/// The number in the reply to [`timestamp`].
///
/// # Errors
/// If it is not the reply to such a request.
pub fn ts(response: &Response<'_>) -> Result<u64, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Answer {
        TsOk { ts: u64 },
    }
    let Answer::TsOk { ts } = response.decode()?;
    Ok(ts)
}
