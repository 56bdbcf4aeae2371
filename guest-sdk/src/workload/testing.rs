//! Runs a workload in a unit test: no simulator, no WebAssembly, a node that the test plays.
//!
//! ```
//! # use guest_sdk::workload::prelude::*;
//! # use guest_sdk::workload::testing::TestRun;
//! # #[derive(Clone, Debug, Serialize, Deserialize)]
//! # #[serde(tag = "f", content = "value", rename_all = "kebab-case")]
//! # enum Operation { Add(i64), Read }
//! # #[derive(Serialize)]
//! # #[serde(rename_all = "snake_case")]
//! # enum Request { Add { delta: i64 }, Read {} }
//! # #[derive(Serialize, Deserialize)]
//! # struct Counter;
//! # impl Workload for Counter {
//! #     const NAME: &'static str = "counter";
//! #     const OPERATIONS: &'static [OperationKind] = &[changes("add"), reads("read")];
//! #     const MESSAGES: &'static [&'static str] =
//! #         &["add {delta: integer} -> add_ok {}", "read {} -> read_ok {value: integer}"];
//! #     type Options = (); type Operation = Operation; type Outcome = Option<i64>;
//! #     type Request = Request; type Answer = (); type Specification = Self;
//! #     fn new(_: &Cluster, (): ()) -> Result<Self, String> { Ok(Counter) }
//! #     fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
//! #         Next::Invoke(match turn.draws.below(2) { 0 => Operation::Add(1), _ => Operation::Read }) }
//! #     fn begin(&mut self, _: usize, operation: &Operation) -> Step<Self> {
//! #         match operation {
//! #             Operation::Add(delta) => Step::call(Request::Add { delta: *delta }).completes(None),
//! #             Operation::Read => Step::call(Request::Read {}).completes_with("value"),
//! #         } }
//! # }
//! # impl Specification<Counter> for Counter {
//! #     type State = i64;
//! #     fn apply(state: &mut i64, operation: &Operation) -> Option<i64> {
//! #         match operation { Operation::Add(delta) => { *state += delta; None } Operation::Read => Some(*state) } }
//! # }
//! assert_eq!(TestRun::<Counter>::new().against_a_perfect_node().problems(), [""; 0]);
//!
//! let lied = TestRun::<Counter>::new().against_a_node_that_forgets(50);
//! assert_eq!(lied.problems().len(), 1);
//!
//! let mut sum = 0;
//! let played = TestRun::<Counter>::new().against(|_node, request| match request["type"].as_str() {
//!     Some("add") => { sum += request["delta"].as_i64().unwrap(); json!({"type": "add_ok"}) }
//!     _ => json!({"type": "read_ok", "value": sum}),
//! });
//! assert_eq!(played.problems(), [""; 0]);
//! ```

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::history::{read, records};
use super::runtime::Runtime;
use super::step::raw;
use super::{Draws, Fault, History, Record, Specification, Workload};
use host_protocol::error::ErrorCode;
use host_protocol::schema::{Body, Exchange, Message, Type};
use host_protocol::workload::{
    Completes, Next, NextRequest, Operation, Phase, Request, SetUp, Started, Step,
};

/// The most operations of the last phase: of a workload that never ends, a test should.
const LAST_MAX: usize = 100_000;

/// A run to be made: its cluster, its clients and their operations, one at a time.
pub struct TestRun<W: Workload> {
    nodes: usize,
    workers: usize,
    operations: usize,
    seed: u64,
    options: W::Options,
    faults: Vec<Fault>,
}

/// A run that was made.
#[derive(Debug)]
pub struct TestHistory<W: Workload> {
    records: Vec<Record<W::Operation, W::Outcome>>,
    problems: Vec<String>,
    answers: Vec<Value>,
}

/// What answers.
enum Against<'a, W: Workload> {
    /// The test.
    Test(&'a mut dyn FnMut(usize, Value) -> Value),
    /// The specification, which forgets everything before this operation.
    Specification {
        forgets_at: usize,
        states: BTreeMap<String, StateOf<W>>,
    },
}

type StateOf<W> = <<W as Workload>::Specification as Specification<W>>::State;

impl<W: Workload> Default for TestRun<W> {
    fn default() -> Self {
        TestRun {
            nodes: 3,
            workers: 6,
            operations: 100,
            seed: 1,
            options: W::Options::default(),
            faults: Vec::new(),
        }
    }
}

impl<W: Workload> TestRun<W> {
    /// A run of 100 operations by 6 workers on 3 nodes, with seed 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With so many nodes.
    #[must_use]
    pub fn nodes(self, nodes: usize) -> Self {
        TestRun { nodes, ..self }
    }

    /// With so many workers.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        TestRun { workers, ..self }
    }

    /// With so many operations in the main phase, at most.
    #[must_use]
    pub fn operations(self, operations: usize) -> Self {
        TestRun { operations, ..self }
    }

    /// With these random choices.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        TestRun { seed, ..self }
    }

    /// With these options.
    #[must_use]
    pub fn options(self, options: W::Options) -> Self {
        TestRun { options, ..self }
    }

    /// With these faults in the history, for [`Workload::check`]. Each operation takes 2 ms: it begins in one, and
    /// ends in the next.
    #[must_use]
    pub fn faults(self, faults: Vec<Fault>) -> Self {
        TestRun { faults, ..self }
    }

    /// Runs it against `node`, which gets the number of a node and the body of a request, and returns the body of
    /// the answer.
    ///
    /// # Panics
    /// If the workload refuses the options, or sends what its messages do not have.
    pub fn against(self, mut node: impl FnMut(usize, Value) -> Value) -> TestHistory<W> {
        self.run(Against::Test(&mut node))
    }

    /// Runs it against a node that does what the specification says.
    ///
    /// # Panics
    /// If an operation takes several requests, or the workload wants to see an answer that has not exactly one field: only
    /// the test knows then what to answer, see [`against`](Self::against).
    #[must_use]
    pub fn against_a_perfect_node(self) -> TestHistory<W> {
        self.against_a_node_that_forgets(usize::MAX)
    }

    /// The same, but the node forgets everything before the operation with this number.
    ///
    /// # Panics
    /// As [`against_a_perfect_node`](Self::against_a_perfect_node).
    #[must_use]
    pub fn against_a_node_that_forgets(self, forgets_at: usize) -> TestHistory<W> {
        self.run(Against::Specification {
            forgets_at,
            states: BTreeMap::new(),
        })
    }

    fn run(self, against: Against<'_, W>) -> TestHistory<W> {
        let mut session = Session {
            runtime: Runtime::new(),
            draws: Draws::of_seed(self.seed),
            nodes: self.nodes,
            exchanges: W::MESSAGES.iter().map(|text| exchange(text)).collect(),
            against,
            options: self.options,
            history: Vec::new(),
            answers: Vec::new(),
            begun: 0,
        };
        session.start(self.workers);
        let phases = [(Phase::Main, self.operations), (Phase::Last, LAST_MAX)];
        for (phase, most) in phases {
            if phase == Phase::Main || W::HAS_LAST {
                session.phase(phase, self.workers, most);
            }
        }
        let history = Value::Array(session.history).to_string();
        let (records, _) = records(&history, self.workers);
        let history = History {
            records,
            faults: self.faults,
            options: session.options,
            nodes: Some(self.nodes),
        };
        TestHistory {
            problems: problems::<W>(&history),
            records: history.records,
            answers: session.answers,
        }
    }
}

impl<W: Workload> TestHistory<W> {
    /// What is wrong with it: with its first operation that the specification does not allow, and by the check of the history.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The operations.
    #[must_use]
    pub fn records(&self) -> &[Record<W::Operation, W::Outcome>] {
        &self.records
    }

    /// The bodies of all answers.
    #[must_use]
    pub fn answers(&self) -> &[Value] {
        &self.answers
    }
}

fn exchange(text: &str) -> Exchange {
    Exchange::read(text).unwrap_or_else(|why| panic!("{text:?} is no message: {why}"))
}

/// What is wrong with operations that were done one at a time.
fn problems<W: Workload>(history: &History<W>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut states: BTreeMap<String, StateOf<W>> = BTreeMap::new();
    let has_specification = W::Specification::CONSISTENCY.is_some();
    for record in history.iter().filter(|_| has_specification) {
        let state = states
            .entry(key_of::<W>(&record.operation))
            .or_insert_with(|| W::Specification::initial(&history.options));
        // What did not succeed did not take place here: nobody answers late.
        let Some(outcome) = record.outcome() else {
            continue;
        };
        if let Err(expected) = W::Specification::accept(state, &record.operation, outcome) {
            problems.push(format!(
                "operation {}, {:?}, completed with {outcome:?}; expected {expected:?}",
                record.index, record.operation
            ));
            break;
        }
    }
    if W::CHECKS_HISTORY {
        let found = W::check(history);
        let found = found.0.problems.into_iter();
        problems.extend(found.map(|problem| format!("{}: {}", problem.name, problem.text)));
    }
    problems
}

fn key_of<W: Workload>(operation: &W::Operation) -> String {
    let key = W::Specification::key(operation);
    key.map(|key| key.to_string()).unwrap_or_default()
}

/// The side of the host.
struct Session<'a, W: Workload> {
    runtime: Runtime<W>,
    draws: Draws,
    nodes: usize,
    exchanges: Vec<Exchange>,
    against: Against<'a, W>,
    options: W::Options,
    history: Vec<Value>,
    answers: Vec<Value>,
    begun: usize,
}

impl<W: Workload> Session<'_, W> {
    fn ask(&mut self, request: &Request<'_, Operation<'_>>) -> String {
        let mut out = Vec::new();
        let json = raw(request);
        self.runtime
            .answer(json.get().as_bytes(), &mut self.draws, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    fn start(&mut self, workers: usize) {
        let nodes: Vec<String> = (0..self.nodes).map(|node| format!("n{node}")).collect();
        let neighbours = |node: &String| nodes.iter().filter(|it| *it != node).cloned().collect();
        let topology: BTreeMap<String, Vec<String>> = nodes
            .iter()
            .map(|node| (node.clone(), neighbours(node)))
            .collect();
        let options = raw(&self.options);
        let declared: Value = read(options.get());
        for (name, _) in W::HELP {
            assert!(
                declared.get(name).is_some(),
                "HELP has {name:?}, which is none of the options"
            );
        }
        let started = self.ask(&Request::Start {
            nodes: nodes.iter().map(|node| node.into()).collect(),
            workers,
            options: &options,
            topology: &raw(&topology),
        });
        if let Some(why) = read::<Started>(&started).refused {
            panic!("the workload refuses this run: {why}");
        }
        for node in 0..self.nodes {
            let body = self.ask(&Request::SetUp { node });
            if let Some(body) = read::<SetUp>(&body).body {
                self.call(node, &body, None);
            }
        }
    }

    /// Has workers do operations, in turn, until there are no more or `most`.
    fn phase(&mut self, phase: Phase, workers: usize, most: usize) {
        let mut done = 0;
        let mut idle = 0;
        let mut worker = 0;
        while done < most && idle < workers {
            let now_ns = self.history.len() as u64 * 1_000_000;
            let process = i64::try_from(worker).unwrap_or(0);
            let next = self.ask(&Request::Next(NextRequest {
                phase,
                now_ns,
                worker,
                process,
                begins: false,
            }));
            match read::<Next<'_, Operation<'_>>>(&next) {
                Next::Invoke(operation) => {
                    self.operation(worker, operation);
                    (done, idle) = (done + 1, 0);
                }
                // All are free, and no time passes: nothing else will come.
                Next::Pass {} => idle += 1,
                Next::Wait {} | Next::Later { .. } | Next::Done {} | Next::Begin { .. } => break,
            }
            worker = (worker + 1) % workers;
        }
        assert!(
            phase == Phase::Main || done < LAST_MAX,
            "the last phase has no end: {LAST_MAX} operations were done"
        );
    }

    fn operation(&mut self, worker: usize, operation: Operation<'_>) {
        assert!(
            W::OPERATIONS.iter().any(|kind| kind.f == operation.f),
            "OPERATIONS has no {:?}, which a client invokes",
            operation.f
        );
        let value = operation.value.map_or("null", RawValue::get);
        let value: Value = read(value);
        self.note(worker, operation.f, "invoke", value.clone());
        let typed: W::Operation = read(raw(&operation).get());
        self.begun += 1;
        let mut step = self.ask(&Request::Begin { worker, operation });
        loop {
            let (kind, result) = match read::<Step<'_>>(&step) {
                Step::Call {
                    body,
                    node,
                    completes,
                } => {
                    let node = node.unwrap_or(worker % self.nodes);
                    let expected = Expected {
                        operation: &typed,
                        completes: completes.as_ref(),
                    };
                    let answer = self.call(node, body, Some(&expected));
                    let body = raw(&answer);
                    if answer["type"] == "error" {
                        let code = answer["code"].as_u64().unwrap_or(13);
                        if W::HANDLES_ERRORS {
                            step = self.ask(&Request::Error {
                                worker,
                                operation,
                                code,
                                body: &body,
                            });
                            continue;
                        }
                        let is_definite = W::DEFINITE_ERRORS && ErrorCode::from(code).is_definite();
                        let kind = if is_definite { "fail" } else { "info" };
                        (kind, value.clone())
                    } else {
                        match completes {
                            None => {
                                step = self.ask(&Request::Answer {
                                    worker,
                                    operation,
                                    body: &body,
                                });
                                continue;
                            }
                            Some(Completes::Field(field)) => ("ok", answer[&*field].clone()),
                            Some(Completes::Invoked {}) => ("ok", value.clone()),
                            Some(Completes::Value(given)) => ("ok", read(given.get())),
                        }
                    }
                }
                Step::Ok(result) => ("ok", read(result.get())),
                Step::Fail(_) => ("fail", value.clone()),
                Step::Info(_) | Step::ByRule {} => ("info", value.clone()),
                Step::Malformed(why) => panic!("an answer is malformed: {why}"),
            };
            self.note(worker, operation.f, kind, result);
            return;
        }
    }

    fn note(&mut self, worker: usize, f: &str, kind: &str, value: Value) {
        let index = self.history.len();
        self.history.push(json!({
            "index": index, "time": index * 1_000_000, "type": kind, "process": worker, "f": f, "value": value,
        }));
    }

    /// Sends a request, and returns the answer.
    fn call(&mut self, node: usize, body: &RawValue, expected: Option<&Expected<'_, W>>) -> Value {
        let request: Value = read(body.get());
        let kind = request["type"].as_str().unwrap_or_default().to_owned();
        let exchange = self.exchanges.iter().find(|it| it.request.kind == kind);
        let exchange = exchange.unwrap_or_else(|| panic!("the messages have no request {kind:?}"));
        check(&exchange.request, &request);
        let answer = exchange.answer.clone();
        let body = match (&mut self.against, expected) {
            (Against::Test(node_of_test), _) => node_of_test(node, request),
            (Against::Specification { .. }, None) => of_outcome(&answer, None),
            (Against::Specification { forgets_at, states }, Some(expected)) => {
                if self.begun == *forgets_at {
                    states.clear();
                }
                let state = states
                    .entry(key_of::<W>(expected.operation))
                    .or_insert_with(|| W::Specification::initial(&self.options));
                let outcome = W::Specification::apply(state, expected.operation);
                let outcome: Value = read(raw(&outcome).get());
                match (expected.completes, &answer.fields[..]) {
                    (Some(Completes::Field(field)), _) => {
                        of_outcome(&answer, Some((field, outcome)))
                    }
                    (Some(_), _) => of_outcome(&answer, None),
                    (None, [field]) => of_outcome(&answer, Some((&field.name, outcome))),
                    (None, _) => panic!(
                        "only the test knows what to answer to {kind:?}: use `TestRun::against`"
                    ),
                }
            }
        };
        if body["type"] != "error" {
            check(&answer, &body);
        }
        self.answers.push(body.clone());
        body
    }
}

/// What a request is for.
struct Expected<'a, W: Workload> {
    operation: &'a W::Operation,
    completes: Option<&'a Completes<'a>>,
}

#[track_caller]
fn check(message: &Message, body: &Value) {
    let body = body.to_string();
    let fields = Body::read(&body)
        .unwrap_or_else(|why| panic!("a body of {} is no object: {why}", message.kind));
    if let Err(why) = message.check(&fields) {
        panic!("a message is not as MESSAGES says: {why}");
    }
}

/// An answer with one field of this value, and plain values in all others that there must be.
fn of_outcome(message: &Message, outcome: Option<(&str, Value)>) -> Value {
    let mut body = json!({"type": message.kind});
    for field in message.fields.iter().filter(|field| !field.is_optional) {
        body[&field.name] = match field.of {
            Type::Integer | Type::Number => json!(0),
            Type::String => json!(""),
            Type::Boolean => json!(false),
            Type::Any => Value::Null,
            Type::List(_) => json!([]),
            Type::Object(_) => json!({}),
        };
    }
    if let Some((name, value)) = outcome {
        body[name] = value;
    }
    body
}

#[cfg(test)]
mod tests {
    use crate::workload::prelude::*;

    use super::TestRun;

    #[derive(Clone, Debug, Serialize, Deserialize)]
    #[serde(tag = "f", content = "value", rename_all = "kebab-case")]
    enum Operation {
        Read,
        Write,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Request {
        Ask {},
    }

    #[derive(Default, Serialize, Deserialize)]
    struct Options {
        writes: bool,
    }

    #[derive(Serialize, Deserialize)]
    struct Undeclared<const HELPS: bool> {
        writes: bool,
    }

    impl<const HELPS: bool> Workload for Undeclared<HELPS> {
        const NAME: &'static str = "undeclared";
        const OPERATIONS: &'static [OperationKind] = &[reads("read")];
        const MESSAGES: &'static [&'static str] = &["ask {} -> ask_ok {}"];
        const HELP: &'static [(&'static str, &'static str)] = match HELPS {
            true => &[("wirtes", "Whether it writes")],
            false => &[("writes", "Whether it writes")],
        };
        const CHECKS_HISTORY: bool = true;

        type Options = Options;
        type Operation = Operation;
        type Outcome = ();
        type Request = Request;
        type Answer = ();
        type Specification = ();

        fn new(_: &Cluster, options: Options) -> Result<Self, String> {
            let writes = options.writes;
            Ok(Undeclared { writes })
        }

        fn next(&mut self, _: &mut Turn<'_>) -> Next<Operation> {
            Next::Invoke(match self.writes {
                true => Operation::Write,
                false => Operation::Read,
            })
        }

        fn begin(&mut self, _: usize, _: &Operation) -> Step<Self> {
            Step::call(Request::Ask {}).completes(())
        }
    }

    fn run<const HELPS: bool>(writes: bool) -> usize {
        let run = TestRun::<Undeclared<HELPS>>::new().options(Options { writes });
        let played = run.against(|_, _| json!({"type": "ask_ok"}));
        played.records().len()
    }

    #[test]
    fn what_is_declared_runs() {
        assert_eq!(run::<false>(false), 100);
    }

    #[test]
    #[should_panic(expected = "OPERATIONS has no \"write\", which a client invokes")]
    fn an_operation_that_is_not_declared_is_named() {
        run::<false>(true);
    }

    #[test]
    #[should_panic(expected = "HELP has \"wirtes\", which is none of the options")]
    fn help_for_no_option_is_named() {
        run::<true>(false);
    }
}
