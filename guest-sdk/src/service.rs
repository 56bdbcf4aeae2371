//! Maelstrom's services: key-value stores and a timestamp oracle.
//!
//! A service is called like a node, with [`Ctx::call`](crate::Ctx::call): this
//! module has their names, the requests and ways to read the answers.
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

/// A request to a service; made by the functions of this module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request<K, V> {
    /// See [`read`].
    Read {
        /// Any JSON.
        key: K,
    },
    /// See [`write()`].
    Write {
        /// Any JSON.
        key: K,
        /// Any JSON.
        value: V,
    },
    /// See [`cas`] and [`cas_or_create`].
    Cas {
        /// Any JSON.
        key: K,
        /// What must be there.
        from: V,
        /// What to put there.
        to: V,
        /// Whether a key that is missing is written all the same.
        create_if_not_exists: bool,
    },
    /// See [`timestamp`].
    Ts,
}

/// Asks for the value of a key; answered by [`value`], or error 20 if there is none.
pub fn read<K: Serialize>(key: K) -> Request<K, ()> {
    Request::Read { key }
}

/// Sets a key, whatever was there.
pub fn write<K: Serialize, V: Serialize>(key: K, value: V) -> Request<K, V> {
    Request::Write { key, value }
}

/// Sets a key if its value is `from`. Answered with error 22 if it is another,
/// 20 if there is none.
pub fn cas<K: Serialize, V: Serialize>(key: K, from: V, to: V) -> Request<K, V> {
    Request::Cas {
        key,
        from,
        to,
        create_if_not_exists: false,
    }
}

/// Like [`cas`], but a missing key is written all the same.
pub fn cas_or_create<K: Serialize, V: Serialize>(key: K, from: V, to: V) -> Request<K, V> {
    Request::Cas {
        key,
        from,
        to,
        create_if_not_exists: true,
    }
}

/// Asks [`LIN_TSO`] for a number greater than all it gave before; answered by [`ts`].
#[must_use]
pub fn timestamp() -> Request<(), ()> {
    Request::Ts
}

/// The value in the answer to [`read`].
///
/// # Errors
/// When it is not the answer to a read, or the value is not a `V`.
pub fn value<V: DeserializeOwned>(response: &Response<'_>) -> Result<V, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Answer<V> {
        ReadOk { value: V },
    }
    let Answer::ReadOk { value } = response.decode()?;
    Ok(value)
}

/// The number in the answer to [`timestamp`].
///
/// # Errors
/// When it is not the answer to such a request.
pub fn ts(response: &Response<'_>) -> Result<u64, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Answer {
        TsOk { ts: u64 },
    }
    let Answer::TsOk { ts } = response.decode()?;
    Ok(ts)
}
