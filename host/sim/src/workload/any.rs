//! A workload, built in or not.

use std::fmt;
use std::sync::Arc;

use host_check::custom::CustomChecker;
use host_check::history::Op;
use host_check::workload::{Workload, WorkloadRef};

use super::options::WorkloadOptions;
use crate::client::WorkloadClient;

/// A workload that is not built in, with its options.
pub trait CustomWorkload: CustomChecker {
    /// Makes its client side, at its beginning.
    ///
    /// # Errors
    /// When the workload does not allow these options: what to change.
    fn client(&self, options: &WorkloadOptions) -> Result<Box<dyn WorkloadClient>, String>;

    /// What it is named in a command: the path of its file.
    fn text(&self) -> &str;

    /// Its options that are not the default, each `NAME=VALUE`.
    fn options(&self) -> Vec<String>;

    /// The same workload with these options, each `NAME=VALUE`, and defaults for the others.
    ///
    /// # Errors
    /// Which option is wrong, and what there is.
    fn with_options(&self, options: &[&str]) -> Result<Arc<dyn CustomWorkload>, String>;
}

/// A workload.
#[derive(Debug, Clone)]
pub enum AnyWorkload {
    /// One of Maelstrom's.
    BuiltIn(Workload),
    /// Somebody else's.
    Custom(Arc<dyn CustomWorkload>),
}

impl AnyWorkload {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            AnyWorkload::BuiltIn(workload) => workload.name(),
            AnyWorkload::Custom(custom) => custom.name(),
        }
    }

    /// The workload, if it is built in.
    #[must_use]
    pub fn built_in(&self) -> Option<Workload> {
        match self {
            AnyWorkload::BuiltIn(workload) => Some(*workload),
            AnyWorkload::Custom(_) => None,
        }
    }

    /// The operations of its clients, by `:f`.
    #[must_use]
    pub fn operations(&self) -> Vec<&str> {
        match self {
            AnyWorkload::BuiltIn(workload) => workload.operations().to_vec(),
            AnyWorkload::Custom(custom) => custom.operations().iter().map(String::as_str).collect(),
        }
    }

    /// Its options that are not the default, each `NAME=VALUE`. Those of built-in workloads are options of a run.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        match self {
            AnyWorkload::BuiltIn(_) => Vec::new(),
            AnyWorkload::Custom(custom) => custom.options(),
        }
    }

    /// Whether an operation is one of the inspection at the end, which does not count in the figures.
    #[must_use]
    pub fn is_inspection(&self, op: &Op) -> bool {
        self.built_in()
            .is_some_and(|workload| workload.is_inspection(op))
    }

    /// The workload, for who judges histories.
    #[must_use]
    pub fn rules(&self) -> WorkloadRef<'_> {
        match self {
            AnyWorkload::BuiltIn(workload) => WorkloadRef::BuiltIn(*workload),
            AnyWorkload::Custom(custom) => WorkloadRef::Custom(&**custom),
        }
    }

    /// Makes its client side, at its beginning.
    ///
    /// # Errors
    /// When the workload does not allow these options: what to change.
    pub fn client(&self, options: &WorkloadOptions) -> Result<Box<dyn WorkloadClient>, String> {
        match self {
            AnyWorkload::BuiltIn(workload) => {
                super::make(*workload, options).map_err(|why| why.to_string())
            }
            AnyWorkload::Custom(custom) => custom.client(options),
        }
    }
}

impl From<Workload> for AnyWorkload {
    fn from(workload: Workload) -> Self {
        AnyWorkload::BuiltIn(workload)
    }
}

impl From<Arc<dyn CustomWorkload>> for AnyWorkload {
    fn from(custom: Arc<dyn CustomWorkload>) -> Self {
        AnyWorkload::Custom(custom)
    }
}

impl PartialEq<Workload> for AnyWorkload {
    fn eq(&self, other: &Workload) -> bool {
        self.built_in() == Some(*other)
    }
}

/// What it is named in a command.
impl fmt::Display for AnyWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnyWorkload::BuiltIn(workload) => workload.fmt(f),
            AnyWorkload::Custom(custom) => f.write_str(custom.text()),
        }
    }
}
