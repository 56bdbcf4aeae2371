//! Records the history of a run, and its script if that is asked for.

use host_check::history::{Kind, Op, Process};
use host_check::value::Value;

use super::client::Operation;
use super::nemesis::{Fault, FaultAction};
use super::script::{Episode, Invocation, Script};
use super::world::World;

/// The history so far, and the script so far.
pub(super) struct Recorder {
    ops: Vec<Op>,
    script: Option<Script>,
}

impl Recorder {
    /// A recorder of the history, and of the script if `records_script`.
    pub(super) fn new(records_script: bool) -> Self {
        Recorder {
            ops: Vec::new(),
            script: records_script.then(Script::default),
        }
    }

    /// Adds to the history that a process invokes an operation now.
    pub(super) fn invoke(&mut self, now_ns: u64, process: i64, operation: &Operation) {
        let op = Op {
            index: 0,
            time_ns: 0,
            kind: Kind::Invoke,
            process: Process::Client(process),
            f: operation.f.clone(),
            value: operation.value.clone(),
            error: None,
            extra: operation.extra.clone(),
        };
        self.record(now_ns, op);
    }

    /// Adds to the history what happens now. The index and the time of `op` are set here.
    pub(super) fn record(&mut self, now_ns: u64, op: Op) {
        self.ops.push(Op {
            index: self.ops.len() as u64,
            time_ns: i64::try_from(now_ns).unwrap_or(i64::MAX),
            ..op
        });
    }

    /// Records both operations of a nemesis, as Jepsen does, and the journal's entry.
    pub(super) fn nemesis(
        &mut self,
        world: &mut World<'_>,
        f: &'static str,
        asked: Value,
        done: Value,
    ) {
        // The values of a fault's action are JSON.
        let json = serde_json::to_string(&done).unwrap_or_else(|_| "null".to_owned());
        world.fault(f, &json);
        for value in [asked, done] {
            let op = Op {
                index: 0,
                time_ns: 0,
                kind: Kind::Info,
                process: Process::Nemesis,
                f: f.into(),
                value,
                error: None,
                extra: Vec::new(),
            };
            self.record(world.now_ns(), op);
        }
    }

    /// Adds an operation of the main phase to the script; `at_ns` counts from its beginning.
    pub(super) fn write_operation(&mut self, at_ns: u64, worker: usize, operation: &Operation) {
        if let Some(script) = &mut self.script {
            script.operations.push(Invocation {
                at_ns,
                worker,
                operation: operation.clone(),
            });
        }
    }

    /// Adds the start of a fault to the script.
    pub(super) fn write_start(&mut self, at_ns: u64, action: &FaultAction) {
        if let Some(script) = &mut self.script {
            script.faults.push(Episode {
                from_ns: at_ns,
                until_ns: None,
                action: action.clone(),
            });
        }
    }

    /// Adds the end of a fault to the script.
    pub(super) fn write_stop(&mut self, at_ns: u64, fault: Fault) {
        if let Some(script) = &mut self.script {
            script.end(fault, at_ns);
        }
    }

    /// The history so far.
    pub(super) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The script so far, if it is recorded.
    pub(super) fn script(&self) -> Option<&Script> {
        self.script.as_ref()
    }

    /// The whole history, and the script if it was recorded.
    pub(super) fn finish(self) -> (Vec<Op>, Option<Script>) {
        (self.ops, self.script)
    }
}
