//! The simulator in a unit test: a small cluster of a solution, native or as a module, in a few
//! lines.
//!
//! ```
//! use host_check::workload::Workload;
//! use host_testing::Cluster;
//! # use guest_sdk::prelude::*;
//! # #[derive(Deserialize)] #[serde(rename_all = "snake_case")]
//! # enum Request { Echo { echo: Box<RawValue> } }
//! # #[derive(Serialize)] #[serde(rename_all = "snake_case")]
//! # enum Reply { EchoOk { echo: Box<RawValue> } }
//! # #[derive(Serialize, Deserialize)] struct Echo;
//! # impl Node for Echo {
//! #   type Request = Request; type Call = (); type Timer = ();
//! #   fn init(_: &mut Ctx<Self>) -> Self { Echo }
//! #   fn request(&mut self, Request::Echo { echo }: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
//! #     ctx.reply(from, &Reply::EchoOk { echo }); Ok(()) } }
//!
//! let run = Cluster::of::<Echo>(Workload::Echo).nodes(2).seconds(3).run(1);
//! run.assert_valid();
//! assert_eq!(run.report().messages, 2 * 2 + 2 * 15);
//! ```
//!
//! A test that panics while it has a [`Ran`] writes a report on that run, with all its messages,
//! and says where: `docs/testing.md`.

mod explore;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

pub use explore::Proved;
pub use host_explore::{Bounds, TimerOrder};
pub use host_native::Native;

use host_check::history::History;
use host_check::text::render_text;
use host_check::validity::Validity;
use host_check::workload::CheckOptions;
use host_guest::{Limits, Start};
use host_report::{ReportDir, ReportError, ReportedRun};
use host_sandbox::Sandbox;
use host_sim::journal::{Entry, Observer, Stepped};
use host_sim::nemesis::Fault;
use host_sim::workload::{AnyWorkload, Topology};
use host_sim::{Cluster as Names, RunOptions, SECOND, Script};
use host_trial::schedule::Schedule;
use host_trial::{Scenario, Trial, TrialResult};

/// The largest journal of a report, in bytes.
const JOURNAL_BYTES_MAX: u64 = 1 << 30;

/// A cluster to run: its program and its scenario. Options that are not set have the defaults of
/// `host sim`.
pub struct Cluster {
    program: Box<dyn Start>,
    scenario: Scenario,
}

impl Cluster {
    /// Of a solution in this process: a panic is a panic, and a debugger sees the solution.
    #[must_use]
    pub fn of<N>(workload: impl Into<AnyWorkload>) -> Self
    where
        N: guest_sdk::Node<Call: Send, Timer: Send> + Send + 'static,
    {
        Cluster::new(Box::new(Native::<N>::new()), workload)
    }

    /// Of a module, in its sandbox.
    ///
    /// # Panics
    /// When it cannot be loaded.
    #[must_use]
    pub fn of_module(path: &Path, workload: impl Into<AnyWorkload>) -> Self {
        Cluster::new(module(path), workload)
    }

    fn new(program: Box<dyn Start>, workload: impl Into<AnyWorkload>) -> Self {
        Cluster {
            program,
            scenario: Scenario::of(workload),
        }
    }

    /// Has `count` nodes, `n0` and so on, and as many clients.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        self.scenario.options.cluster = Names::of(count);
        self.scenario.options.concurrency = count;
        self
    }

    /// Has clients begin operations for so many seconds.
    #[must_use]
    pub fn seconds(mut self, seconds: u64) -> Self {
        self.scenario.options.time_limit_ns = seconds * SECOND;
        self
    }

    /// Has clients begin so many operations a second.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.scenario.options.rate = rate;
        self
    }

    /// Has messages between servers take so many milliseconds.
    #[must_use]
    pub fn latency_ms(mut self, mean: u64) -> Self {
        self.scenario.options.latency.mean_ms = mean;
        self
    }

    /// Has a fault come and go, besides those asked for before.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.scenario.options.faults.push(fault);
        self.scenario.options.faults.sort_unstable();
        self.scenario.options.faults.dedup();
        self
    }

    /// Gives every node these arguments.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.scenario.options.guest_args = args.iter().map(|&arg| arg.to_owned()).collect();
        self
    }

    /// Says whose neighbours are whose.
    #[must_use]
    pub fn topology(mut self, topology: Topology) -> Self {
        self.scenario.topology = topology;
        self
    }

    /// Changes any other option of the run.
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut RunOptions)) -> Self {
        change(&mut self.scenario.options);
        self
    }

    /// Changes how the run is judged.
    #[must_use]
    pub fn checks(mut self, change: impl FnOnce(&mut CheckOptions)) -> Self {
        change(&mut self.scenario.checks);
        self
    }

    /// Runs it: the same seed is the same run.
    #[must_use]
    pub fn run(self, seed: u64) -> Ran {
        let mut last = LastSteps::default();
        let report = self.trial().run(seed, vec![&mut last]);
        Ran {
            steps: last.0,
            cluster: self,
            script: None,
            report,
        }
    }

    fn trial(&self) -> Trial<'_> {
        Trial::of(self.program.as_ref(), self.scenario.clone())
    }
}

/// Plays a schedule with a solution in this process: the text of a file that `host explore` or
/// `host sim` writes.
///
/// # Panics
/// When the text is no schedule.
#[must_use]
pub fn play<N>(schedule: &str) -> Ran
where
    N: guest_sdk::Node<Call: Send, Timer: Send> + Send + 'static,
{
    played(Box::new(Native::<N>::new()), read(schedule))
}

/// The same with a module, in its sandbox.
///
/// # Panics
/// When the text is no schedule, or the module cannot be loaded.
#[must_use]
pub fn play_module(path: &Path, schedule: &str) -> Ran {
    played(module(path), read(schedule))
}

fn read(schedule: &str) -> Schedule {
    let schedule = Schedule::read(schedule.as_bytes());
    schedule.unwrap_or_else(|error| panic!("this is no schedule: {error}"))
}

fn played(program: Box<dyn Start>, schedule: Schedule) -> Ran {
    let Schedule {
        seed,
        scenario,
        script,
    } = schedule;
    let cluster = Cluster { program, scenario };
    let mut last = LastSteps::default();
    let report = cluster.trial().play(seed, &script, vec![&mut last]);
    Ran {
        steps: last.0,
        cluster,
        script: Some(script),
        report,
    }
}

fn module(path: &Path) -> Box<dyn Start> {
    let sandbox = Sandbox::new(None).unwrap_or_else(|error| panic!("{error}"));
    let module = sandbox.load(path, &Limits::default());
    Box::new(module.unwrap_or_else(|error| panic!("{error}")))
}

/// A run that is over. If the test panics while it has this, a report on it is written.
pub struct Ran {
    cluster: Cluster,
    /// What was played, if it was not drawn from the seed.
    script: Option<Script>,
    report: TrialResult,
    /// How many events each node handled.
    steps: BTreeMap<String, u64>,
}

impl Ran {
    /// Its verdict, figures and whatever else is known of it.
    #[must_use]
    pub fn report(&self) -> &TrialResult {
        &self.report
    }

    /// What clients and faults did.
    ///
    /// # Panics
    /// When the simulator itself is at fault.
    #[must_use]
    pub fn history(&self) -> &History {
        match (&self.report.history, &self.report.result) {
            (Some(history), _) => history,
            (None, Err(stopped)) => panic!("{stopped}"),
            (None, Ok(_)) => panic!("there is no history"),
        }
    }

    /// Asserts that it is valid.
    ///
    /// # Panics
    /// When it is not; the message says why.
    #[track_caller]
    pub fn assert_valid(&self) {
        let seed = self.report.seed;
        match &self.report.result {
            Ok(result) if result.valid == Validity::True => {}
            Ok(result) => panic!("with seed {seed}:\n{}", render_text(result)),
            Err(stopped) => panic!("with seed {seed} the run could not go on: {stopped}"),
        }
    }

    /// The state of a node after the last event that it handled: what its `snapshot` says, or the
    /// solution's own part of that if it is made with the SDK.
    ///
    /// # Panics
    /// When there is no such node, or it has no state to show.
    #[must_use]
    #[track_caller]
    pub fn state(&self, node: &str) -> Json {
        let Some(step) = self.steps.get(node) else {
            panic!("no node {node} has handled anything");
        };
        let mut state = StateAt {
            node,
            steps_left: *step,
            state: None,
        };
        // It is the same run again, so the one that is judged was not disturbed.
        let (trial, seed) = (self.cluster.trial(), self.report.seed);
        trial.show(seed, self.script.as_ref(), vec![&mut state]);
        let Some(Json::Object(mut state)) = state.state else {
            panic!("the state of {node} is not known as JSON");
        };
        match state.remove("node") {
            Some(node) if state.contains_key("ctx") => node,
            Some(node) => {
                state.insert("node".to_owned(), node);
                Json::Object(state)
            }
            None => Json::Object(state),
        }
    }

    /// Writes a report to a folder: `index.html`, the diagram `messages.svg`, and more.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_report(&self, dir: &Path) -> Result<(), ReportError> {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        let played = ReportedRun {
            trial: &self.cluster.trial(),
            seed: self.report.seed,
            script: self.script.as_ref(),
            replay: &|_| format!("cargo test {name}"),
        };
        ReportDir::create(dir)?.report(&played, JOURNAL_BYTES_MAX)?;
        Ok(())
    }
}

impl Drop for Ran {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let dir = report_dir(self.report.seed);
        match self.write_report(&dir) {
            Ok(()) => eprintln!(
                "a report on the run is in {}",
                dir.join("index.html").display()
            ),
            Err(failed) => eprintln!("there is no report on the run: {failed}"),
        }
    }
}

/// Where the report on a failed test goes: below the workspace's `target`, by the test's name.
fn report_dir(seed: u64) -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_default();
    let is_root = |dir: &&Path| dir.join("Cargo.lock").exists();
    let root = package.ancestors().find(is_root).unwrap_or(&package);
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("test").replace("::", "-");
    root.join("target/reports").join(format!("{name}-{seed}"))
}

/// Counts the events that each node handles.
#[derive(Default)]
struct LastSteps(BTreeMap<String, u64>);

impl Observer for LastSteps {
    fn note(&mut self, _: &Entry<'_>) -> io::Result<()> {
        Ok(())
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        match self.0.get_mut(step.node) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(step.node.to_owned(), 1)),
        }
        Ok(())
    }
}

/// Asks a node for its state after so many events.
struct StateAt<'a> {
    node: &'a str,
    steps_left: u64,
    state: Option<Json>,
}

impl Observer for StateAt<'_> {
    fn note(&mut self, _: &Entry<'_>) -> io::Result<()> {
        Ok(())
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        if step.node != self.node || self.steps_left == 0 {
            return Ok(());
        }
        self.steps_left -= 1;
        if self.steps_left == 0 {
            let snapshot = step.guest.snapshot().ok().flatten();
            self.state = snapshot.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        }
        Ok(())
    }
}
