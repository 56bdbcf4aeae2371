//! The clients of a run, as the simulator has them.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use host_check::history::Kind;
use host_check::value::{Name, Value};
use host_protocol::message::{Error, Header};
use host_protocol::schema::Message;
use host_protocol::workload::{
    self as wire, NextRequest, Observed, Operation as WireOperation, Phase, Request, SetUp,
};
use host_sim::{
    Completion, ErrorHandling, Goal, GoalSet, MS, Malformed, Next, Operation, Step, Turn,
    WorkloadClient,
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
    /// The names of the operations, for this run alone: names are counted references.
    names: Vec<Name>,
    /// The exchange that prepares nodes, once there was one. All nodes get the same kind.
    set_up: OnceLock<Result<usize, String>>,
    /// What each worker waits for.
    awaited: Vec<Option<Awaited>>,
    /// The first step of the operation that this worker begins at once, if the module has said it.
    begun: Option<(usize, Stepped)>,
    /// The first failure of the workload.
    failure: Mutex<Option<String>>,
}

/// The answer that a worker waits for.
#[derive(Debug, Clone)]
struct Awaited {
    /// The number of the exchange.
    exchange: usize,
    completes: Completes,
}

impl ModuleClient {
    /// The clients of a run that the session has begun.
    pub(crate) fn of(declared: Arc<Declared>, session: Session, workers: usize) -> Self {
        let names = declared.operations.iter();
        ModuleClient {
            names: names.map(|name| name.as_str().into()).collect(),
            declared,
            copy: Copy::of(session),
            set_up: OnceLock::new(),
            awaited: vec![None; workers],
            begun: None,
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
    fn next_of(
        &mut self,
        phase: Phase,
        turn: &mut Turn<'_>,
        workers: impl Iterator<Item = usize>,
    ) -> Next {
        let nobody_works = turn.free.len() == turn.processes.len();
        // Whoever waits for nobody would wait for ever.
        let wait = if nobody_works { Next::Done } else { Next::Wait };
        for worker in workers {
            let begins = turn.begins_at_once;
            let request = Request::Next(NextRequest {
                phase,
                now_ns: turn.now_ns,
                worker,
                process: turn.processes[worker],
                begins,
            });
            let random = turn.stream.generator();
            let next = self.ask(|session| {
                session.ask_with(&request, random, |next| self.asked(next, phase, begins))
            });
            return match next {
                Some(Asked::Invoke(operation, begun)) => {
                    self.begun = begun.map(|step| (worker, step));
                    Next::Invoke { worker, operation }
                }
                Some(Asked::Pass) => continue,
                Some(Asked::Wait) => wait,
                Some(Asked::Later(at_ns)) => Next::Later(at_ns),
                Some(Asked::Done) | None => Next::Done,
            };
        }
        wait
    }

    /// What the module says to do next.
    fn asked(
        &self,
        next: wire::Next<'_, WireOperation<'_>>,
        phase: Phase,
        begins: bool,
    ) -> Result<Asked, String> {
        Ok(match next {
            wire::Next::Invoke(operation) => Asked::Invoke(self.operation(operation, phase)?, None),
            wire::Next::Begin { .. } if !begins => {
                return Err("it begins an operation that does not begin at once".to_owned());
            }
            wire::Next::Begin { operation, step } => {
                let operation = self.operation(operation, phase)?;
                let step = step_of(&self.declared, &operation, step)?;
                Asked::Invoke(operation, Some(step))
            }
            wire::Next::Pass {} => Asked::Pass,
            wire::Next::Wait {} => Asked::Wait,
            wire::Next::Later { at_ns } => Asked::Later(at_ns),
            wire::Next::Done {} => Asked::Done,
        })
    }

    fn operation(&self, operation: WireOperation<'_>, phase: Phase) -> Result<Operation, String> {
        let f = operation.f;
        let Some(name) = self.names.iter().find(|known| **known == f) else {
            return Err(format!("it invokes {f:?}, which is none of its operations"));
        };
        let argument = operation.value.map(value).transpose()?;
        let operation = Operation::new(name, argument.unwrap_or_default());
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
        let stepped = self.ask(|session| {
            let argument = raw(&operation.value)?;
            let wire_operation = WireOperation {
                f: &operation.f,
                value: (operation.value != Value::Nil).then_some(&*argument),
            };
            let mut same = same_numbers();
            session.ask_with(&about.request(worker, wire_operation), &mut same, |step| {
                step_of(&self.declared, operation, step)
            })
        });
        let Some(stepped) = stepped else {
            // The run ends before anybody looks at this.
            let why = Value::from("the workload failed");
            return Some(Ok(ended(operation, Kind::Info, Some(why))));
        };
        self.take(worker, stepped)
    }

    /// A worker goes on so.
    fn take(&mut self, worker: usize, stepped: Stepped) -> Option<Result<Step, Malformed>> {
        let (step, awaited) = stepped;
        if let Some(slot) = self.awaited.get_mut(worker) {
            *slot = awaited;
        }
        step
    }

    /// The goals with these names.
    fn shown(&self, names: &[Cow<'_, str>]) -> Result<GoalSet, String> {
        let goals = &self.declared.declaration.goals;
        let mut shown = GoalSet::default();
        for name in names {
            let place = goals.iter().position(|goal| goal.name == *name);
            let place =
                place.ok_or_else(|| format!("it shows {name:?}, which is none of its goals"))?;
            shown.insert(place);
        }
        Ok(shown)
    }

    /// The answer of an exchange.
    fn answer_of(&self, exchange: usize) -> Result<&Message, String> {
        let exchange = self.declared.exchanges.get(exchange);
        exchange
            .map(|exchange| &exchange.answer)
            .ok_or_else(|| "there is no such exchange".to_owned())
    }
}

/// What a module says to do next.
enum Asked {
    /// An operation, and its first step if it begins at once.
    Invoke(Operation, Option<Stepped>),
    Pass,
    Wait,
    Later(u64),
    Done,
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
            let exchange = exchange_of(declared, body)?;
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
            (
                Some(Ok(call)),
                Some(Awaited {
                    exchange,
                    completes,
                }),
            )
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

/// The number of the exchange that a request belongs to.
fn exchange_of(declared: &Declared, body: &RawValue) -> Result<usize, String> {
    let header = Header::of(body.get());
    let header = header.map_err(|why| format!("its request is no message: {why}"))?;
    declared.exchange_of(&header.kind)
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
                names: self.names.clone(),
                set_up: self.set_up.clone(),
                awaited: self.awaited.clone(),
                begun: self.begun.clone(),
                failure: Mutex::new(failure),
            }),
            Err(why) => Box::new(Broken(failure.unwrap_or(why))),
        }
    }

    fn setup(&self, node: usize) -> Option<String> {
        let set_up: SetUp = self.ask(|session| session.ask(&Request::SetUp { node }))?;
        let body = set_up.body?;
        let header = Header::of(body.get());
        match header.map_err(|why| format!("its request is no message: {why}")) {
            Ok(header) => {
                let exchange = || self.declared.exchange_of(&header.kind);
                self.set_up.get_or_init(exchange);
            }
            Err(why) => {
                self.fail(why);
                return None;
            }
        }
        Some(body.get().to_owned())
    }

    fn check_setup(&self, answer: &str) -> Result<(), Malformed> {
        let Some(exchange) = self.set_up.get() else {
            return Ok(());
        };
        let message = exchange
            .clone()
            .and_then(|exchange| self.answer_of(exchange));
        let checked = message.and_then(|message| check(message, answer));
        checked.map(|_| ()).map_err(Malformed)
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let workers: Vec<usize> = turn.workers().collect();
        self.next_of(Phase::Main, turn, workers.into_iter())
    }

    fn has_last(&self) -> bool {
        self.declared.declaration.last
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next {
        let workers = turn.free.iter().copied();
        self.next_of(Phase::Last, turn, workers)
    }

    fn begin(&mut self, worker: usize, operation: &Operation) -> Step {
        let step = match self.begun.take() {
            Some((begins, stepped)) if begins == worker => self.take(worker, stepped),
            _ => self.step(worker, operation, About::Begin),
        };
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
        let Some(Awaited {
            exchange,
            completes,
        }) = awaited
        else {
            return Err(Malformed("nobody has asked for it".to_owned()));
        };
        let message = self.answer_of(exchange).map_err(Malformed)?;
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

    fn goals(&self) -> &[Goal] {
        &self.declared.declaration.goals
    }

    fn observe(
        &mut self,
        now_ns: u64,
        node: usize,
        state: Option<&[u8]>,
    ) -> Result<Option<GoalSet>, String> {
        let state = state.map_or(Ok("null"), str::from_utf8);
        // What is no JSON is a state that only its node understands.
        let Some(Ok(state)) = state.ok().map(serde_json::from_str::<&RawValue>) else {
            return Ok(None);
        };
        let request = Request::Observe {
            now_ns,
            node,
            state,
        };
        let mut same = same_numbers();
        let observed = self.ask(|session| {
            session.ask_with(&request, &mut same, |observed: Observed<'_>| {
                let shown = observed.goals.map(|names| self.shown(&names));
                Ok(match observed.broken {
                    Some(broken) => Err(broken.into_owned()),
                    None => Ok(shown.transpose()?),
                })
            })
        });
        observed.unwrap_or(Ok(None))
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
