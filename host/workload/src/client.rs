//! The clients of a run, as the simulator has them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use host_check::history::Kind;
use host_check::value::Value;
use host_protocol::message::{Error, Header};
use host_protocol::workload::{
    self as wire, Observed, Operation as WireOperation, Phase, Request, SetUp,
};
use host_sim::{
    Completion, ErrorHandling, MS, Malformed, Next, Operation, Step, Turn, WorkloadClient,
};
use serde_json::value::RawValue;

use crate::answers::{Completes, check, field, integers};
use crate::declaration::Declared;
use crate::session::{Session, raw, same_numbers, value};
use crate::shared::Copy;

/// The clients.
pub(crate) struct ModuleClient {
    declared: Arc<Declared>,
    copy: Copy,
    /// The type of the request that prepares nodes, once there was one. All nodes get the same kind.
    set_up: OnceLock<String>,
    /// What each worker waits for.
    awaited: Vec<Option<Awaited>>,
    /// The first failure of the workload.
    failure: Mutex<Option<String>>,
}

/// The answer that a worker waits for.
#[derive(Debug, Clone)]
struct Awaited {
    /// The type of the request.
    request: String,
    completes: Completes,
}

impl ModuleClient {
    /// The clients of a run that the session has begun.
    pub(crate) fn of(declared: Arc<Declared>, session: Session, workers: usize) -> Self {
        ModuleClient {
            declared,
            copy: Copy::of(session),
            set_up: OnceLock::new(),
            awaited: vec![None; workers],
            failure: Mutex::new(None),
        }
    }

    /// Has the module answer, and notes a failure.
    fn ask<T>(&self, act: impl FnOnce(&mut Session) -> Result<T, String>) -> Option<T> {
        match self.copy.with(act) {
            Ok(answer) => Some(answer),
            Err(why) => {
                self.fail(why);
                None
            }
        }
    }

    fn fail(&self, why: String) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(why);
    }

    /// The next operation: that of the first of these workers that has one.
    fn next_of(&self, phase: Phase, turn: &mut Turn<'_>, workers: &[usize]) -> Next {
        let nobody_works = turn.free.len() == turn.processes.len();
        // Whoever waits for nobody would wait for ever.
        let wait = if nobody_works { Next::Done } else { Next::Wait };
        for &worker in workers {
            let request = Request::Next {
                phase,
                now_ns: turn.now_ns,
                worker,
                process: turn.processes[worker],
            };
            let random = turn.stream.generator();
            let next = self.ask(|session| {
                session.ask_with(&request, random, |next: wire::Next<WireOperation<'_>>| {
                    Ok(Some(match next {
                        wire::Next::Invoke(operation) => Next::Invoke {
                            worker,
                            operation: self.operation(operation, phase)?,
                        },
                        wire::Next::Pass {} => return Ok(None),
                        wire::Next::Wait {} => wait.clone(),
                        wire::Next::Later { at_ns } => Next::Later(at_ns),
                        wire::Next::Done {} => Next::Done,
                    }))
                })
            });
            match next {
                Some(Some(next)) => return next,
                Some(None) => {}
                None => return Next::Done,
            }
        }
        wait
    }

    fn operation(&self, operation: WireOperation<'_>, phase: Phase) -> Result<Operation, String> {
        let f = operation.f;
        if !self.declared.operations.iter().any(|known| known == f) {
            return Err(format!("it invokes {f:?}, which is none of its operations"));
        }
        let argument = operation.value.map(value).transpose()?;
        let operation = Operation::new(&f.into(), argument.unwrap_or_default());
        Ok(match phase {
            Phase::Main => operation,
            Phase::Last => operation.with("final?", Value::Bool(true)),
        })
    }

    /// Asks for a step of an operation.
    fn step(
        &mut self,
        worker: usize,
        operation: &Operation,
        about: About<'_>,
    ) -> Option<Result<Step, Malformed>> {
        let declared = Arc::clone(&self.declared);
        let stepped = self.ask(|session| {
            let argument = raw(&operation.value)?;
            let wire_operation = WireOperation {
                f: &operation.f,
                value: (operation.value != Value::Nil).then_some(&*argument),
            };
            let mut same = same_numbers();
            session.ask_with(&about.request(worker, wire_operation), &mut same, |step| {
                step_of(&declared, operation, step)
            })
        });
        let Some((step, awaited)) = stepped else {
            // The run ends before anybody looks at this.
            let why = Value::from("the workload failed");
            return Some(Ok(ended(operation, Kind::Info, Some(why))));
        };
        if let Some(slot) = self.awaited.get_mut(worker) {
            *slot = awaited;
        }
        step
    }
}

/// What a step of an operation follows on.
enum About<'a> {
    Begin,
    Answer(&'a RawValue),
    Error(u64, &'a RawValue),
    TimeOut,
}

impl<'a> About<'a> {
    fn request(
        self,
        worker: usize,
        operation: WireOperation<'a>,
    ) -> Request<'a, WireOperation<'a>> {
        match self {
            About::Begin => Request::Begin { worker, operation },
            About::Answer(body) => Request::Answer {
                worker,
                operation,
                body,
            },
            About::Error(code, body) => Request::Error {
                worker,
                operation,
                code,
                body,
            },
            About::TimeOut => Request::TimeOut { worker, operation },
        }
    }
}

/// What a step of the module is to the simulator, and the answer that is awaited then. `None` if the
/// simulator goes by its own rule.
type Stepped = (Option<Result<Step, Malformed>>, Option<Awaited>);

fn step_of(
    declared: &Declared,
    operation: &Operation,
    step: wire::Step<'_>,
) -> Result<Stepped, String> {
    Ok(match step {
        wire::Step::Call {
            body,
            node,
            completes,
        } => {
            let request = kind_of(body)?;
            declared.answer_to(&request)?;
            let completes = match completes {
                None => Completes::Asks,
                Some(wire::Completes::Field(name)) => Completes::Field(name.into_owned()),
                Some(wire::Completes::Invoked {}) => Completes::Invoked,
                Some(wire::Completes::Value(given)) => Completes::Value(value(given)?),
            };
            let body = body.get().to_owned();
            let call = match node {
                None => Step::Call(body),
                Some(node) => Step::CallAt { node, body },
            };
            (Some(Ok(call)), Some(Awaited { request, completes }))
        }
        wire::Step::Ok(result) => (Some(Ok(Step::Done(Completion::ok(value(result)?)))), None),
        wire::Step::Fail(why) => {
            let why = Some(Value::from(&*why));
            (Some(Ok(ended(operation, Kind::Fail, why))), None)
        }
        wire::Step::Info(why) => {
            let why = Some(Value::from(&*why));
            (Some(Ok(ended(operation, Kind::Info, why))), None)
        }
        wire::Step::Malformed(why) => (Some(Err(Malformed(why.into_owned()))), None),
        wire::Step::ByRule {} => (None, None),
    })
}

/// The type of a request.
fn kind_of(body: &RawValue) -> Result<String, String> {
    let header = Header::of(body.get());
    let header = header.map_err(|why| format!("its request is no message: {why}"))?;
    Ok(header.kind.into_owned())
}

fn ended(operation: &Operation, kind: Kind, error: Option<Value>) -> Step {
    Step::Done(Completion {
        kind,
        value: operation.value.clone(),
        error,
        extra: Vec::new(),
    })
}

impl WorkloadClient for ModuleClient {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        let failure = self.failure();
        match self.copy.copy() {
            Ok(copy) => Box::new(ModuleClient {
                declared: Arc::clone(&self.declared),
                copy,
                set_up: self.set_up.clone(),
                awaited: self.awaited.clone(),
                failure: Mutex::new(failure),
            }),
            Err(why) => Box::new(Broken(failure.unwrap_or(why))),
        }
    }

    fn setup(&self, node: usize) -> Option<String> {
        let set_up: SetUp = self.ask(|session| session.ask(&Request::SetUp { node }))?;
        let body = set_up.body?;
        match kind_of(&body) {
            Ok(kind) => self.set_up.get_or_init(|| kind),
            Err(why) => {
                self.fail(why);
                return None;
            }
        };
        Some(body.get().to_owned())
    }

    fn check_setup(&self, answer: &str) -> Result<(), Malformed> {
        let Some(kind) = self.set_up.get() else {
            return Ok(());
        };
        let message = self.declared.answer_to(kind);
        let checked = message.and_then(|message| check(message, answer));
        checked.map(|_| ()).map_err(Malformed)
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let workers: Vec<usize> = turn.workers().collect();
        self.next_of(Phase::Main, turn, &workers)
    }

    fn has_last(&self) -> bool {
        self.declared.declaration.last
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next {
        self.next_of(Phase::Last, turn, turn.free)
    }

    fn begin(&mut self, worker: usize, operation: &Operation) -> Step {
        let step = self.step(worker, operation, About::Begin);
        match step {
            Some(Ok(step)) => step,
            Some(Err(Malformed(why))) => {
                self.fail(format!("it says that an operation is malformed: {why}"));
                ended(operation, Kind::Info, None)
            }
            None => {
                self.fail("it begins an operation by no rule".to_owned());
                ended(operation, Kind::Info, None)
            }
        }
    }

    fn answer(
        &mut self,
        worker: usize,
        operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let awaited = self.awaited.get_mut(worker).and_then(Option::take);
        let Some(Awaited { request, completes }) = awaited else {
            return Err(Malformed("nobody has asked for it".to_owned()));
        };
        let message = self.declared.answer_to(&request).map_err(Malformed)?;
        if let Completes::Field(name) = &completes
            && let Some(value) = integers(message, name, answer)
        {
            return Ok(Step::Done(Completion::ok(value)));
        }
        let body = check(message, answer).map_err(Malformed)?;
        let result = match completes {
            Completes::Field(name) => field(&body, &name).map_err(Malformed)?,
            Completes::Invoked => operation.value.clone(),
            Completes::Value(value) => value,
            Completes::Asks => {
                let body = RawValue::from_string(answer.to_owned());
                let body = body.map_err(|why| Malformed(why.to_string()))?;
                let step = self.step(worker, operation, About::Answer(&body));
                return step.unwrap_or_else(|| {
                    self.fail("it takes an answer that is no error by no rule".to_owned());
                    Ok(ended(operation, Kind::Info, None))
                });
            }
        };
        Ok(Step::Done(Completion::ok(result)))
    }

    fn error(
        &mut self,
        worker: usize,
        operation: &Operation,
        error: &Error,
        body: &str,
    ) -> Option<Result<Step, Malformed>> {
        let declaration = &self.declared.declaration;
        if declaration.handles_errors {
            let body = RawValue::from_string(body.to_owned()).ok()?;
            let code = error.code.number();
            return self.step(worker, operation, About::Error(code, &body));
        }
        let is_open = !declaration.definite_errors && !self.is_idempotent(&operation.f);
        let text = Value::from(error.to_string().as_str());
        is_open.then(|| Ok(ended(operation, Kind::Info, Some(text))))
    }

    fn timed_out(&mut self, worker: usize, operation: &Operation) -> Option<Step> {
        if !self.declared.declaration.handles_errors {
            return None;
        }
        let step = self.step(worker, operation, About::TimeOut)?;
        match step {
            Ok(step) => Some(step),
            Err(Malformed(why)) => {
                self.fail(format!("it says that no answer is malformed: {why}"));
                None
            }
        }
    }

    fn failure(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone()
    }

    fn observes(&self) -> bool {
        self.declared.declaration.judge.invariants
    }

    fn observe(&mut self, now_ns: u64, node: usize, state: Option<&[u8]>) -> Result<(), String> {
        let state = state.map_or(Ok("null"), str::from_utf8);
        // What is no JSON is a state that only its node understands.
        let Some(Ok(state)) = state.ok().map(serde_json::from_str::<&RawValue>) else {
            return Ok(());
        };
        let request = Request::Observe {
            now_ns,
            node,
            state,
        };
        let mut same = same_numbers();
        let observed = self.ask(|session| {
            session.ask_with(&request, &mut same, |observed: Observed<'_>| {
                Ok(observed.broken.map(|broken| broken.into_owned()))
            })
        });
        match observed.flatten() {
            Some(broken) => Err(broken),
            None => Ok(()),
        }
    }

    fn error_handling(&self) -> ErrorHandling {
        ErrorHandling::Returns
    }

    fn is_idempotent(&self, f: &str) -> bool {
        self.declared.only_reads(f)
    }

    fn keeps_client(&self) -> bool {
        self.declared.declaration.keeps_client
    }

    fn reopened(&mut self, worker: usize) {
        let _: Option<serde_json::Value> =
            self.ask(|session| session.ask(&Request::Reopened { worker }));
    }

    fn timeout_ns(&self) -> u64 {
        self.declared.declaration.timeout_ms * MS
    }
}

/// The clients of a workload that could not be copied.
struct Broken(String);

impl WorkloadClient for Broken {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(Broken(self.0.clone()))
    }

    fn next(&mut self, _turn: &mut Turn<'_>) -> Next {
        Next::Done
    }

    fn begin(&mut self, _worker: usize, operation: &Operation) -> Step {
        ended(operation, Kind::Info, None)
    }

    fn answer(
        &mut self,
        _worker: usize,
        operation: &Operation,
        _answer: &str,
    ) -> Result<Step, Malformed> {
        Ok(ended(operation, Kind::Info, None))
    }

    fn failure(&self) -> Option<String> {
        Some(self.0.clone())
    }
}
