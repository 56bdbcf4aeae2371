//! The names of Maelstrom's services.
//!
//! Source: `doc/services.md` of Maelstrom.

/// The linearizable key-value store: every operation sees all that ended before it began.
pub const LIN_KV: &str = "lin-kv";
/// The sequentially consistent key-value store: all clients see one order, but a
/// client may lag behind until it writes.
pub const SEQ_KV: &str = "seq-kv";
/// The eventually consistent key-value store in which the last write wins.
pub const LWW_KV: &str = "lww-kv";
/// The linearizable timestamp oracle.
pub const LIN_TSO: &str = "lin-tso";

/// The names of all services.
pub const SERVICES: [&str; 4] = [LIN_KV, SEQ_KV, LWW_KV, LIN_TSO];
