//! Workloads in modules. A module answers requests (`host_protocol::workload`, specified in
//! `docs/workloads.md`); here it becomes what a built-in workload is to the simulator and to who judges.
//!
//! A workload is trusted to be right, not to be safe: it runs under [`LIMITS`], its answers are checked,
//! and a run that it spoils ends as a failure of the workload, never of a node.
//!
//! | files | job |
//! |---|---|
//! | `module` | [`ModuleWorkload`]: a module with its declaration and its options |
//! | `declaration` | what a module says that it is, checked |
//! | `session` | one running module: requests and answers |
//! | `shared` | one session for many copies of clients |
//! | `client` | the clients of a run |
//! | `answers` | answers of nodes: whether they have the form that was declared, and their values |
//! | `judge` | the verdict: specification, whole history |

mod answers;
mod client;
mod declaration;
mod judge;
mod module;
mod session;
mod shared;

pub use declaration::Declared;
pub use module::ModuleWorkload;

use std::time::Duration;

use host_guest::Limits;

/// The fuel of a request that judges: it may be about a whole history. 14 s of a processor at most.
const JUDGE_FUEL: u64 = 50_000_000_000;

/// How much a workload may use for one request of clients: fuel as a node, and more memory, since it looks at histories.
pub const LIMITS: Limits = Limits {
    memory_bytes: 512 << 20,
    table_elements: 100_000,
    fuel: 1_000_000_000,
    wall: Duration::from_secs(100),
    output_bytes: 64 << 20,
    effects: 0,
    timers: 0,
    log_bytes: 256 << 10,
    disk_bytes: 0,
};
