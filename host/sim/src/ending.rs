//! How an operation ends: what its client makes of a response, or of none.
//!
//! Functions of the workload and the response alone, so that whatever delivers the responses gets
//! the same completions.

use host_check::history::{Kind, Op, Process};
use host_check::value::{Name, Value};
use host_protocol::message::{Error, Header};

use super::client::{
    Completion, ErrorHandling, Malformed, Operation, Step, WorkloadClient, without_place,
};
use super::exception::{Exception, error_value, net_timeout};

/// What a response leads to.
#[derive(Debug)]
pub enum Answered {
    /// The operation goes on with a request.
    Continues {
        /// A body without `msg_id`.
        body: String,
        /// The node that it goes to, counted from 0; the worker's own if there is none.
        node: Option<usize>,
    },
    /// The operation ends.
    Ends(Ending),
}

/// How an operation ends.
#[derive(Debug)]
pub struct Ending {
    kind: Kind,
    /// The result; the value that it was invoked with if there is none.
    value: Option<Value>,
    error: Option<Value>,
    exception: Option<Exception>,
    extra: Vec<(Name, Value)>,
}

/// What follows on the response `body` to the request that `worker` has open for `operation`. Its
/// `type` says whether it is an error.
pub fn answered(
    workload: &mut dyn WorkloadClient,
    worker: usize,
    operation: &Operation,
    body: &str,
) -> Answered {
    if is_error(body) {
        return failed(workload, worker, operation, body);
    }
    answered_with(workload.answer(worker, operation, body), body)
}

fn answered_with(step: Result<Step, Malformed>, body: &str) -> Answered {
    match step {
        Ok(step) => step.into(),
        Err(why) => Answered::Ends(Ending::thrown(Exception::malformed(body, &why))),
    }
}

/// What follows when the request that `worker` has open for `operation` has got no response in time.
pub fn timed_out(
    workload: &mut dyn WorkloadClient,
    worker: usize,
    operation: &Operation,
) -> Answered {
    if let Some(step) = workload.timed_out(worker, operation) {
        return step.into();
    }
    Answered::Ends(match workload.error_handling() {
        ErrorHandling::Throws => Ending::thrown(Exception::timeout()),
        ErrorHandling::Returns => Ending::returned(workload, operation, false, net_timeout()),
    })
}

fn is_error(body: &str) -> bool {
    Header::of(body).is_ok_and(|header| header.kind == "error")
}

/// What follows when the request of `operation` has got an error.
fn failed(
    workload: &mut dyn WorkloadClient,
    worker: usize,
    operation: &Operation,
    body: &str,
) -> Answered {
    let error = serde_json::from_str::<Error>(body);
    if let Ok(error) = &error
        && let Some(step) = workload.error(worker, operation, error, body)
    {
        return answered_with(step, body);
    }
    Answered::Ends(match error {
        Ok(error) => match workload.error_handling() {
            ErrorHandling::Throws => Ending::thrown(Exception::error(&error, body)),
            ErrorHandling::Returns => Ending::returned(
                workload,
                operation,
                error.is_definite(),
                error_value(&error),
            ),
        },
        Err(why) => {
            let why = why.to_string();
            let why = Malformed(format!("it is no error: {}", without_place(&why)));
            Ending::thrown(Exception::malformed(body, &why))
        }
    })
}

impl From<Step> for Answered {
    fn from(step: Step) -> Self {
        match step {
            Step::Call(body) => Answered::Continues { body, node: None },
            Step::CallAt { node, body } => Answered::Continues {
                body,
                node: Some(node),
            },
            Step::Done(Completion {
                kind,
                value,
                error,
                extra,
            }) => Answered::Ends(Ending {
                kind,
                value: Some(value),
                error,
                exception: None,
                extra,
            }),
        }
    }
}

impl Ending {
    /// The type of the completion: after `info` the worker goes on as another process.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The completion of `operation` by `process`, for the history; its index and time are 0.
    #[must_use]
    pub fn op(self, operation: Operation, process: i64) -> Op {
        let mut extra = operation.extra;
        extra.extend(self.extra);
        if let Some(exception) = self.exception {
            extra.push(("exception".into(), exception.value()));
        }
        Op {
            index: 0,
            time_ns: 0,
            kind: self.kind,
            process: Process::Client(process),
            f: operation.f,
            value: self.value.unwrap_or(operation.value),
            error: self.error,
            extra,
        }
    }

    /// The client did not expect that: nobody knows how the operation ended.
    fn thrown(exception: Exception) -> Self {
        Ending {
            kind: Kind::Info,
            value: None,
            error: Some(exception.summary()),
            exception: Some(exception),
            extra: Vec::new(),
        }
    }

    /// The client returns the error: `fail` if the operation surely did not take place, or `info`.
    fn returned(
        workload: &dyn WorkloadClient,
        operation: &Operation,
        is_definite: bool,
        error: Value,
    ) -> Self {
        Ending {
            kind: match is_definite || workload.is_idempotent(&operation.f) {
                true => Kind::Fail,
                false => Kind::Info,
            },
            value: None,
            error: Some(error),
            exception: None,
            extra: Vec::new(),
        }
    }
}
