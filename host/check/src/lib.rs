//! Checkers for the histories of distributed systems, as Maelstrom and Jepsen record them.
//!
//! A [`History`] goes in: the operations that clients invoked, and how each of them ended.
//! [`history::read`] reads it from EDN or JSON. A [`CheckResult`] comes out: a verdict
//! ([`Validity`]), what is wrong, and the figures that Maelstrom prints. It can be written as JSON
//! (it implements `Serialize`) and as text ([`text::render_text`]). Nothing here opens a file, uses
//! the network or knows a simulator.
//!
//! [`check`] judges a history as one of Maelstrom's workloads:
//!
//! ```
//! use host_check::{CheckOptions, Validity, Workload, anomalies, check, history};
//!
//! let text = br#"
//! {:index 0, :time 0,         :type :invoke, :process 0, :f :broadcast, :value 7}
//! {:index 1, :time 1000000,   :type :ok,     :process 0, :f :broadcast, :value 7}
//! {:index 2, :time 900000000, :type :invoke, :process 1, :f :read, :value nil}
//! {:index 3, :time 901000000, :type :ok,     :process 1, :f :read, :value []}
//! "#;
//! let history = history::read(text)?;
//! let result = check(Workload::Broadcast, &history, None, &CheckOptions::default())?;
//! assert_eq!(result.valid, Validity::False);
//! assert_eq!(anomalies(&result)[0].to_string(), "lost-elements");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`check_model`] judges a history of a single object, as Knossos does:
//!
//! ```
//! use host_check::{Budgets, Checks, ModelName, Validity, check_model, history};
//!
//! let text = br#"
//! {"index": 0, "time": 0, "type": "invoke", "process": 0, "f": "write", "value": 1}
//! {"index": 1, "time": 5, "type": "ok",     "process": 0, "f": "write", "value": 1}
//! {"index": 2, "time": 6, "type": "invoke", "process": 1, "f": "read",  "value": null}
//! {"index": 3, "time": 9, "type": "ok",     "process": 1, "f": "read",  "value": 2}
//! "#;
//! let history = history::read(text)?;
//! let budgets = Budgets::default();
//! let result = check_model(&history, ModelName::Register, Checks::Strict, &budgets)?;
//! assert_eq!(result.valid, Validity::False);
//! let failure = result.failure.expect("a history that is not linearizable has a failure");
//! assert_eq!(failure.op.index, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files
//!
//! ```text
//!     EDN, JSON ─▶ history ─▶ a checker ─▶ its result ─▶ workload::check ─▶ CheckResult ─▶ JSON | text
//! ```
//!
//! | files | job |
//! |---|---|
//! | `value` `order` `edn` `json` | EDN's values, their order, and the two notations |
//! | `history` `read_error` `completion` | operations, validated and paired; reading and writing them; how each ended |
//! | `echo` `unique_ids` `set_full` `counter` `kafka` `linear` | the checker of each workload |
//! | `txn` | the checkers of transactions: lists and registers |
//! | `stats` `availability` `exceptions` `net` | what is checked in every run |
//! | `pace` | how fast clients are served |
//! | `answers` | what clients got instead of what they asked for |
//! | `missed` `final_reads` | what strict checking adds to Maelstrom's rules |
//! | `shortfalls` `floors` `progress` `convergence` `faults` `clients` `chance` | what a system owes besides right answers: that it answers |
//! | `custom` | workloads that are not built in |
//! | `workload` `text` `anomalies` | the whole result of a run, its text, and its anomalies by name |
//! | `evidence` | the operations that anomalies rest on |
//! | `so_far` | what a history that breaks off shows already |
//! | `bounded` `components` `names` `ranges` `range_max` | tools: bounded lists, graph components, errors of names, intervals |
//!
//! # Invariants
//!
//! - A [`History`] that exists is valid (paired, in order), so a checker never meets malformed
//!   input.
//! - A checker never passes silently: without evidence it answers [`Validity::Unknown`].
//! - Under [`Checks::Maelstrom`] every figure is Maelstrom's. [`Checks::Strict`] only adds
//!   complaints, but for one: that no operation of a kind succeeded needs evidence (`stats`).
//! - Imports go one way; the only circles are pairs of files (`value` and its vector, `set_full`'s
//!   scan and its complaints).

pub mod anomalies;
pub mod answers;
pub mod availability;
mod bounded;
mod chance;
pub mod clients;
mod completion;
mod components;
mod convergence;
pub mod counter;
pub mod custom;
mod echo;
pub mod edn;
pub mod evidence;
mod exceptions;
pub mod faults;
mod final_reads;
mod floors;
pub mod history;
mod json;
pub mod kafka;
pub mod linear;
pub mod missed;
mod names;
pub mod net;
mod order;
pub mod pace;
mod progress;
mod range_max;
mod ranges;
pub mod read_error;
pub mod set_full;
pub mod shortfalls;
pub mod so_far;
mod stats;
pub mod text;
pub mod txn;
pub mod unexpected;
pub mod unique_ids;
pub mod validity;
pub mod value;
pub mod workload;

pub use anomalies::{AnomalyName, anomalies};
pub use availability::{Availability, Goal, InvalidGoal};
pub use bounded::{LIST_MAX, LeftOut};
pub use clients::Clients;
pub use completion::is_timeout;
pub use echo::{Echo, EchoMismatch};
pub use evidence::{Absent, Anomaly, Contradiction, Evidence, evidence};
pub use exceptions::{ExceptionClass, Exceptions};
pub use history::{History, Kind, Op, Process};
pub use linear::{Budgets, Linearizable, ModelName, check_model};
pub use names::UnknownName;
pub use pace::Pace;
pub use read_error::ReadError;
pub use shortfalls::{Shortfall, ShortfallKind, Shortfalls};
pub use so_far::check_so_far;
pub use stats::{Counts, FStats, Stats};
pub use text::{render_linearizable, render_text};
pub use unexpected::UnexpectedOperation;
pub use validity::{Checks, Validity};
pub use value::{Name, Value};
pub use workload::{
    CheckOptions, CheckResult, Workload, WorkloadRef, WorkloadResult, check, check_any,
    check_within,
};
