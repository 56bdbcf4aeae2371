//! What a workload in a module costs: the same run with the built-in workload broadcast and with its
//! twin in a module, in turns; an operation; and a step of a specification. All in processor time of one thread.
//!
//! `./runner.sh build` builds what this needs; `cargo bench -p host --bench workload` runs it.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use host_check::workload::Workload;
use host_guest::{Limits, StartResponder};
use host_protocol::workload::Applied;
use host_sandbox::{GuestModule, Sandbox};
use host_sim::random::Streams;
use host_sim::workload::{AnyWorkload, CustomWorkload, WorkloadOptions};
use host_sim::{Cluster, RunOptions, SECOND, Step, Turn};
use host_trial::{Scenario, Trial};
use host_workload::{LIMITS, ModuleWorkload};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use test_support::{built, processor_time};

const ROUNDS: usize = 9;
const OPERATIONS: u32 = 200_000;

fn main() {
    let sandbox = Sandbox::new(None).expect("the sandbox works here");
    let path = built("workload-twin");
    let file = sandbox
        .load_workload(&path, &LIMITS)
        .expect("it is a workload");
    let twin = ModuleWorkload::load(Arc::new(file), "twin.wasm").expect("it is a workload");
    let twin: Arc<dyn CustomWorkload> = Arc::new(twin);
    let node = load(&sandbox, &built("broadcast"));
    run_3b(&node, &twin);
    operation(&twin);
    step(&sandbox);
}

fn load(sandbox: &Sandbox, path: &Path) -> GuestModule {
    sandbox
        .load(path, &Limits::default())
        .expect("it is a guest")
}

/// 3b with 10,000 operations: 200 a second for 50 s.
fn run_3b(node: &GuestModule, twin: &Arc<dyn CustomWorkload>) {
    let mut options = RunOptions {
        cluster: Cluster::of(5),
        concurrency: 5,
        rate: 200.0,
        time_limit_ns: 50 * SECOND,
        ..RunOptions::default()
    };
    options.bounds.answer_bytes = 1 << 30;
    let trial = |workload: AnyWorkload| Trial::of(node, Scenario::with(workload, options.clone()));
    let trials = [
        trial(Workload::Broadcast.into()),
        trial(Arc::clone(twin).into()),
    ];
    let mut times = [Vec::new(), Vec::new()];
    for seed in 0..ROUNDS as u64 {
        for (trial, times) in trials.iter().zip(&mut times) {
            let begin = processor_time();
            assert!(trial.run(seed, Vec::new()).result.is_ok(), "seed {seed}");
            times.push(processor_time() - begin);
        }
    }
    let [built_in, module] = times.map(median);
    let ratio = module.as_secs_f64() / built_in.as_secs_f64();
    println!(
        "3b with 10,000 operations: {built_in:.0?} built in, {module:.0?} in a module, {ratio:.2} times"
    );
}

/// An operation that the module generates and begins, and an answer to it.
fn operation(twin: &Arc<dyn CustomWorkload>) {
    let options = WorkloadOptions {
        cluster: Cluster::of(5),
        concurrency: 5,
        ..WorkloadOptions::default()
    };
    let times = (0..ROUNDS).map(|_| {
        let mut client = twin.client(&options).expect("these options are fine");
        let mut stream = Streams::new(1).stream("operations");
        let (free, processes) = ([0], [0]);
        let begin = processor_time();
        for _ in 0..OPERATIONS {
            let turn = Turn::new(0, &free, &processes, &mut stream, 0);
            let mut turn = turn.beginning();
            let next = client.next(&mut turn);
            let host_sim::Next::Invoke { operation, .. } = next else {
                panic!("{next:?}")
            };
            let step = client.begin(0, &operation);
            assert!(matches!(step, Step::Call(_)));
            let answer = match &*operation.f {
                "broadcast" => r#"{"type":"broadcast_ok","in_reply_to":1}"#,
                _ => r#"{"type":"read_ok","messages":[1,2,3],"in_reply_to":1}"#,
            };
            black_box(client.answer(0, &operation, answer).expect("it is right"));
        }
        processor_time() - begin
    });
    let each = median(times.collect()) / OPERATIONS;
    println!("an operation: {each:.2?}");
}

/// A step of a specification.
fn step(sandbox: &Sandbox) {
    let path = built("workload-bank");
    let file = sandbox
        .load_workload(&path, &LIMITS)
        .expect("it is a workload");
    let mut module = file.start(u64::MAX >> 1).expect("it starts");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let initial = module
        .respond(br#"{"initial":{"key":0}}"#, &mut random)
        .expect("it answers");
    let initial: serde_json::Value = serde_json::from_slice(initial).expect("it is JSON");
    let request = format!(
        r#"{{"apply":{{"state":{},"operation":{{"f":"transfer","value":{{"bank":0,"from":"0","to":"1","amount":1}}}}}}}}"#,
        initial["state"]
    );
    let times = (0..ROUNDS).map(|_| {
        let begin = processor_time();
        for _ in 0..OPERATIONS {
            let answer = module
                .respond(request.as_bytes(), &mut random)
                .expect("it answers");
            let applied: Applied<'_> = serde_json::from_slice(answer).expect("it is JSON");
            black_box(applied);
        }
        processor_time() - begin
    });
    let each = median(times.collect()) / OPERATIONS;
    println!(
        "a step of the specification of bank: {each:.2?}, {:.0} a second",
        1.0 / each.as_secs_f64()
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
