//! What pages on this machine are served by: on the loopback alone, to who knows a random token.
//!
//! A page of another site may send requests to this machine, and its domain may even resolve to it
//! (DNS rebinding). So a request has to name this server as its host, must come from its own page if it
//! says where it comes from, and has the token in its path, which no other page knows.

mod address;
mod guard;
mod server;
mod token;

pub use address::Address;
pub(crate) use guard::Refusal;
pub(crate) use server::Listener;
pub use server::PlayError;
