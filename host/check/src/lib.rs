//! Checkers: from the history of a run to a verdict. They know histories, not simulators: a history
//! comes from the simulator or from a file of Jepsen's, and nothing here opens a file or knows a
//! terminal.
//!
//! ```text
//!     EDN, JSON ─▶ history ─▶ a checker ─▶ its result ─▶ workload::check ─▶ CheckResult ─▶ JSON | text
//! ```
//!
//! | files | job |
//! |---|---|
//! | `value` `vector` `order` `edn` `json` | EDN's values, their order, and the two notations |
//! | `history` `read_error` | operations, validated and paired; reading and writing them |
//! | `echo` `unique_ids` `set_full` `counter` `kafka` `linear` | a file (and its parts) for each workload's own checker |
//! | `txn` | the checkers of transactions: lists and registers |
//! | `stats` `availability` `exceptions` `net` | what is checked in every run |
//! | `missed` `final_reads` `outcome` | what strict checking adds to Maelstrom's rules |
//! | `workload` `text` `anomalies` | a run's whole result, how it reads, and what is wrong by name |
//!
//! Invariants: a history that exists is valid (paired, in order), so a checker has no malformed
//! input to judge. A checker never passes silently: without evidence it answers
//! [`Validity::Unknown`](validity::Validity). Under [`Checks::Maelstrom`](validity::Checks) every
//! figure is Maelstrom's; strictness only ever adds complaints.

pub mod anomalies;
pub mod availability;
pub mod bounded;
mod components;
pub mod counter;
pub mod echo;
pub mod edn;
pub mod exceptions;
pub mod final_reads;
pub mod history;
pub mod json;
pub mod kafka;
pub mod linear;
pub mod missed;
pub mod names;
pub mod net;
mod order;
pub mod outcome;
mod range_max;
mod ranges;
pub mod read_error;
pub mod set_full;
pub mod stats;
pub mod text;
pub mod txn;
pub mod unexpected;
pub mod unique_ids;
pub mod validity;
pub mod value;
pub mod workload;
