//! Answers the requests of the host.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::history::{read, records};
use super::step::{Completes, Kind, raw};
use super::{Cluster, Draws, ErrorAnswer, Next, Specification, Step, Turn, Workload};
use crate::body;
use host_protocol::abi::nanos;
use host_protocol::data;
use host_protocol::fields::FieldList;
use host_protocol::workload::{
    self as wire, Applied, Declaration, Keyed, Observed, OperationKind, OptionKind, Phase, Request,
    SetUp, Started,
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
    pub(super) fn answer(&mut self, json: &str, draws: &mut Draws, out: &mut Vec<u8>) {
        match read::<Request<'_, W::Operation>>(json) {
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
            Request::Next {
                phase,
                now_ns,
                worker,
                process,
            } => {
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
                write(out, &wire_next(next));
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
            Request::Initial { key: _ } => {
                let state = raw(&W::Specification::initial());
                write(out, &Applied::State(&state));
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
                let held = self.workload().observe(now, node, &state);
                let broken = held.err().map(Cow::Owned);
                write(out, &Observed { broken });
            }
            Request::Check { workers, history } => {
                let (records, faults) = records(history.get(), workers);
                let findings = W::check_with_faults(&records, &faults);
                write(out, &findings.0);
            }
        }
    }

    fn start(&mut self, cluster: &Cluster, options: &RawValue) -> Started {
        // No options are `{}` to the host and `null` to serde's unit.
        let options: Result<W::Options, _> =
            data::from_str(options.get()).or_else(|why| match options.get() {
                "{}" => data::from_str("null").map_err(|_| why),
                _ => Err(why),
            });
        let started = match options {
            Ok(options) => W::new(cluster, options),
            Err(why) => Err(format!("the options do not fit: {why}")),
        };
        match started {
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

fn wire_next<Operation>(next: Next<Operation>) -> wire::Next<Operation> {
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
    type State<W> = <<W as Workload>::Specification as Specification<
        <W as Workload>::Operation,
        <W as Workload>::Outcome,
    >>::State;
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
        Ok(()) => write(out, &Applied::State(&raw(&state))),
        Err(expected) => write(out, &Applied::Impossible(&raw(&expected))),
    }
}

fn write_step<W: Workload>(out: &mut Vec<u8>, step: Step<W>) {
    let step = match step.0 {
        Kind::Call {
            request,
            node,
            completes,
        } => {
            let (body, value);
            body = body_of(&request);
            let completes = match completes {
                Completes::Asks => None,
                Completes::Field(name) => Some(wire::Completes::Field(name.into())),
                Completes::Invoked => Some(wire::Completes::Invoked {}),
                Completes::Value(outcome) => {
                    value = raw(&outcome);
                    Some(wire::Completes::Value(&value))
                }
            };
            return write(
                out,
                &wire::Step::Call {
                    body: &body,
                    node,
                    completes,
                },
            );
        }
        Kind::Ok(outcome) => return write(out, &wire::Step::Ok(&raw(&outcome))),
        Kind::Fail(why) => wire::Step::Fail(why.into()),
        Kind::Info(why) => wire::Step::Info(why.into()),
        Kind::Malformed(why) => wire::Step::Malformed(why.into()),
        Kind::ByRule => wire::Step::ByRule {},
    };
    write(out, &step);
}

/// The body of a request, without ids.
pub(super) fn body_of(request: &impl Serialize) -> Box<RawValue> {
    let mut bytes = Vec::new();
    body::encode(&mut bytes, body::Ids::default(), request)
        .unwrap_or_else(|why| panic!("a request is no message: {why}"));
    let text = String::from_utf8(bytes).unwrap_or_default();
    RawValue::from_string(text).unwrap_or_else(|why| panic!("a request is no message: {why}"))
}

fn write(out: &mut Vec<u8>, answer: &impl Serialize) {
    data::write(out, answer).unwrap_or_else(|why| panic!("the answer is no JSON: {why}"));
}
