//! Answers the requests of the host.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::history::{read, records};
use super::step::{Body, Completes, Kind, raw};
use super::{
    Cluster, Draws, ErrorAnswer, Goal, History, Next, Specification, Step, Turn, Workload,
};
use crate::body;
use host_protocol::abi::nanos;
use host_protocol::data;
use host_protocol::fields::FieldList;
use host_protocol::json;
use host_protocol::workload::{
    self as wire, Declaration, Keyed, NextRequest, Observed, OperationKind, OptionKind, Phase,
    Request, SetUp, Started,
};

/// A workload before and after its start.
pub(super) struct Runtime<W>(Option<W>);

impl<W: Workload> Runtime<W> {
    pub(super) const fn new() -> Self {
        Runtime(None)
    }

    /// Answers the request in `json`: appends the answer to `out`.
    ///
    /// # Panics
    /// If the request is none of this interface, or has an operation that the workload does not have.
    pub(super) fn answer(&mut self, json: &[u8], draws: &mut Draws, out: &mut Vec<u8>) {
        match request::<W>(json) {
            Request::Describe {} => write(out, &declaration::<W>()),
            Request::Start {
                nodes,
                workers,
                options,
                topology,
            } => {
                let cluster = Cluster {
                    nodes: nodes.into_iter().map(Cow::into_owned).collect(),
                    workers,
                    topology: read(topology.get()),
                };
                let started = self.start(&cluster, options);
                write(out, &started);
            }
            Request::SetUp { node } => {
                let request = self.workload().set_up(node);
                let body = request.map(|request| body_of(&request));
                write(out, &SetUp { body });
            }
            Request::Next(NextRequest {
                phase,
                now_ns,
                worker,
                process,
                begins,
            }) => {
                let mut turn = Turn {
                    now: Duration::from_nanos(now_ns),
                    worker,
                    process,
                    draws,
                };
                let next = match phase {
                    Phase::Main => self.workload().next(&mut turn),
                    Phase::Last => self.workload().last(&mut turn),
                };
                match next {
                    Next::Invoke(operation) if begins => {
                        let step = self.workload().begin(worker, &operation);
                        write_begin(out, &operation, step);
                    }
                    next => write(out, &wire_next(next)),
                }
            }
            Request::Begin { worker, operation } => {
                let step = self.workload().begin(worker, &operation);
                write_step(out, step);
            }
            Request::Answer {
                worker,
                operation,
                body,
            } => {
                let step = match answer_in::<W>(body.get()) {
                    Ok(answer) => self.workload().answer(worker, &operation, answer),
                    Err(why) => Step::malformed(why),
                };
                write_step(out, step);
            }
            Request::Error {
                worker,
                operation,
                code,
                body,
            } => {
                let error = ErrorAnswer { code, body };
                let step = self.workload().error(worker, &operation, &error);
                write_step(out, step);
            }
            Request::TimeOut { worker, operation } => {
                let step = self.workload().timed_out(worker, &operation);
                write_step(out, step);
            }
            Request::Reopened { worker } => {
                self.workload().reopened(worker);
                out.extend_from_slice(b"{}");
            }
            Request::Key { operation } => {
                let key = W::Specification::key(&operation);
                let key = key.map(|key| raw(&key));
                write(out, &Keyed { key });
            }
            Request::Initial { key: _, options } => {
                let options = options_of::<W>(options);
                let state = options.map(|options| W::Specification::initial(&options));
                let state = state.unwrap_or_else(|why| panic!("{why}"));
                write_in(out, "state", &state);
            }
            Request::Apply {
                state,
                operation,
                outcome,
            } => apply::<W>(out, state, &operation, outcome),
            Request::Observe {
                now_ns,
                node,
                state,
            } => {
                let state: Value = read(state.get());
                let now = Duration::from_nanos(now_ns);
                let (goals, broken) = match self.workload().observe(now, node, &state) {
                    Ok(observation) => (observation.0, None),
                    Err(broken) => (None, Some(Cow::Owned(broken))),
                };
                let goals = goals.map(|names| names.into_iter().map(Cow::Borrowed).collect());
                write(out, &Observed { broken, goals });
            }
            Request::Check {
                workers,
                nodes,
                options,
                history,
            } => {
                let (records, faults) = records(history.get(), workers);
                let options = options_of::<W>(options);
                let findings = W::check(&History {
                    records,
                    faults,
                    options: options.unwrap_or_else(|why| panic!("{why}")),
                    nodes,
                });
                write(out, &findings.0);
            }
        }
    }

    fn start(&mut self, cluster: &Cluster, options: &RawValue) -> Started {
        match options_of::<W>(Some(options)).and_then(|options| W::new(cluster, options)) {
            Ok(workload) => {
                self.0 = Some(workload);
                Started::default()
            }
            Err(why) => Started { refused: Some(why) },
        }
    }

    fn workload(&mut self) -> &mut W {
        self.0
            .as_mut()
            .expect("the host starts a workload before it asks anything")
    }

    /// The state of the clients.
    pub(super) fn snapshot(&self) -> Vec<u8> {
        data::to_vec(&self.0)
            .unwrap_or_else(|why| panic!("the workload cannot be written as JSON: {why}"))
    }

    /// Goes on from a snapshot.
    pub(super) fn restore(&mut self, snapshot: &str) -> Result<(), String> {
        self.0 = data::from_str(snapshot).map_err(|why| why.to_string())?;
        Ok(())
    }
}

/// The request in `json`.
fn request<W: Workload>(json: &[u8]) -> Request<'_, W::Operation> {
    match NextRequest::read(json) {
        Some(next) => Request::Next(next),
        None => read(str::from_utf8(json).expect("requests are UTF-8")),
    }
}

/// The options of a run; the defaults where the host does not say any.
fn options_of<W: Workload>(options: Option<&RawValue>) -> Result<W::Options, String> {
    let Some(options) = options else {
        return Ok(W::Options::default());
    };
    // No options are `{}` to the host and `null` to serde's unit.
    let read = data::from_str(options.get()).or_else(|why| match options.get() {
        "{}" => data::from_str("null").map_err(|_| why),
        _ => Err(why),
    });
    read.map_err(|why| format!("the options do not fit: {why}"))
}

/// What the module says that it is.
fn declaration<W: Workload>() -> Declaration {
    let help: BTreeMap<&str, &str> = W::HELP.iter().copied().collect();
    let options: Value = read(raw(&W::Options::default()).get());
    let options = options.as_object().cloned().unwrap_or_default();
    let options = options.into_iter().map(|(name, default)| OptionKind {
        help: help.get(name.as_str()).copied().unwrap_or("").to_owned(),
        name,
        default,
    });
    let operations = W::OPERATIONS.iter().map(|kind| OperationKind {
        f: kind.f.to_owned(),
        reads: kind.reads,
    });
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Declaration {
        name: W::NAME.to_owned(),
        about: W::ABOUT.to_owned(),
        operations: operations.collect(),
        messages: owned(W::MESSAGES),
        options: options.collect(),
        goals: W::GOALS.iter().map(Goal::wire).collect(),
        last: W::HAS_LAST,
        definite_errors: W::DEFINITE_ERRORS,
        handles_errors: W::HANDLES_ERRORS,
        keeps_client: W::KEEPS_CLIENT,
        timeout_ms: u64::try_from(W::TIMEOUT.as_millis()).unwrap_or(u64::MAX),
        judge: wire::Judge {
            specification: W::Specification::CONSISTENCY,
            invariants: W::HAS_INVARIANTS,
            history: W::CHECKS_HISTORY,
            checkers: owned(W::CHECKERS),
        },
    }
}

fn wire_next<'a, Operation>(next: Next<Operation>) -> wire::Next<'a, Operation> {
    match next {
        Next::Invoke(operation) => wire::Next::Invoke(operation),
        Next::Pass => wire::Next::Pass {},
        Next::Wait => wire::Next::Wait {},
        Next::Later(at) => wire::Next::Later { at_ns: nanos(at) },
        Next::Done => wire::Next::Done {},
    }
}

/// The answer in a body, or what is wrong with it.
fn answer_in<W: Workload>(json: &str) -> Result<W::Answer, String> {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    let typed: Typed<'_> = data::from_str(json).map_err(|why| why.to_string())?;
    body::decode(&typed.kind, json, &FieldList::default()).map_err(|error| error.text)
}

fn apply<W: Workload>(
    out: &mut Vec<u8>,
    state: &RawValue,
    operation: &W::Operation,
    outcome: Option<&RawValue>,
) {
    type State<W> = <<W as Workload>::Specification as Specification<W>>::State;
    let mut state: State<W> = read(state.get());
    let applied = match outcome {
        None => {
            W::Specification::apply(&mut state, operation);
            Ok(())
        }
        Some(outcome) => {
            let outcome: W::Outcome = read(outcome.get());
            W::Specification::accept(&mut state, operation, &outcome)
        }
    };
    match applied {
        Ok(()) => write_in(out, "state", &state),
        Err(expected) => write_in(out, "impossible", &expected),
    }
}

/// Writes an answer with one member. What a workload's types are written to need not be read again, as it would be on the way
/// through a type of the interface: of a request that a workload answers that was a third.
fn write_in(out: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    out.extend_from_slice(b"{\"");
    json::append(out, name.as_bytes());
    out.extend_from_slice(b"\":");
    write(out, value);
    out.push(b'}');
}

/// Writes a [`wire::Next::Begin`].
fn write_begin<W: Workload>(out: &mut Vec<u8>, operation: &W::Operation, step: Step<W>) {
    out.extend_from_slice(b"{\"begin\":{\"operation\":");
    write(out, operation);
    out.extend_from_slice(b",\"step\":");
    write_step(out, step);
    out.extend_from_slice(b"}}");
}

/// Writes a [`wire::Step`].
fn write_step<W: Workload>(out: &mut Vec<u8>, step: Step<W>) {
    match step.0 {
        Kind::Call {
            request,
            node,
            completes,
        } => {
            out.extend_from_slice(b"{\"call\":{\"body\":");
            match request {
                Body::Typed(request) => write_body(out, &request),
                Body::Written(body) => json::append(out, &body),
            }
            if let Some(node) = node {
                out.extend_from_slice(b",\"node\":");
                json::write_number(out, node as u64);
            }
            match completes {
                Completes::Asks => {}
                Completes::Field(name) => {
                    out.extend_from_slice(b",\"completes\":{\"field\":");
                    json::write_string(out, name);
                    out.push(b'}');
                }
                Completes::Invoked => {
                    out.extend_from_slice(b",\"completes\":{\"invoked\":{}}");
                }
                Completes::Value(outcome) => {
                    out.extend_from_slice(b",\"completes\":");
                    write_in(out, "value", &outcome);
                }
            }
            out.extend_from_slice(b"}}");
        }
        Kind::Ok(outcome) => write_in(out, "ok", &outcome),
        Kind::Fail(why) => write(out, &wire::Step::Fail(why.into())),
        Kind::Info(why) => write(out, &wire::Step::Info(why.into())),
        Kind::Malformed(why) => write(out, &wire::Step::Malformed(why.into())),
        Kind::ByRule => write(out, &wire::Step::ByRule {}),
    }
}

/// Writes the body of a request, without ids.
fn write_body(out: &mut Vec<u8>, request: &impl Serialize) {
    body::encode(out, body::Ids::default(), request)
        .unwrap_or_else(|why| panic!("a request is no message: {why}"));
}

/// The body of a request, without ids.
fn body_of(request: &impl Serialize) -> Box<RawValue> {
    let mut bytes = Vec::new();
    write_body(&mut bytes, request);
    let text = String::from_utf8(bytes).unwrap_or_default();
    RawValue::from_string(text).unwrap_or_else(|why| panic!("a request is no message: {why}"))
}

fn write(out: &mut Vec<u8>, answer: &impl Serialize) {
    data::write(out, answer).unwrap_or_else(|why| panic!("the answer is no JSON: {why}"));
}
