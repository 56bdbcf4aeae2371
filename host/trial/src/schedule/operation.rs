//! An operation as a line of a schedule's file.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use host_check::edn;
use host_check::value::{Name, Value};
use host_sim::workload::AnyWorkload;
use host_sim::{Invocation, Operation};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationLine {
    at_ns: u64,
    worker: usize,
    f: String,
    value: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    extra: IndexMap<String, String>,
}

impl OperationLine {
    pub(super) fn of(invocation: &Invocation) -> Self {
        let Operation { f, value, extra } = &invocation.operation;
        let extra = extra.iter();
        OperationLine {
            at_ns: invocation.at_ns,
            worker: invocation.worker,
            f: f.to_string(),
            value: value.to_string(),
            extra: extra
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect(),
        }
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(self, workload: &AnyWorkload, workers: usize) -> Result<Invocation, String> {
        is_worker(self.worker, workers)?;
        let known = workload.operations();
        if !known.contains(&self.f.as_str()) {
            let known = known.join(", ");
            return Err(format!(
                "{} has the operations {known}, not `{}`",
                workload.name(),
                self.f
            ));
        }
        let value = |key: &str, text: &str| -> Result<Value, String> {
            edn::read(text.as_bytes()).map_err(|error| format!("`{key}` is no EDN: {error}"))
        };
        let extra = self.extra.iter().map(|(key, text)| {
            if Name::is_readable(key) {
                Ok((Name::from(key.as_str()), value(key, text)?))
            } else {
                Err(format!("{key:?} is no name for a key"))
            }
        });
        Ok(Invocation {
            at_ns: self.at_ns,
            worker: self.worker,
            operation: Operation {
                f: self.f.as_str().into(),
                value: value("value", &self.value)?,
                extra: extra.collect::<Result<_, _>>()?,
            },
        })
    }
}

/// # Errors
/// There is no such worker.
pub(super) fn is_worker(worker: usize, workers: usize) -> Result<(), String> {
    match worker < workers {
        true => Ok(()),
        false => Err(format!(
            "there is no worker {worker}, only 0 to {}",
            workers - 1
        )),
    }
}
