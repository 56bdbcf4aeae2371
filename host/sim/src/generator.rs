//! The generator: when the next operation begins, which one, and by whom.
//!
//! Operations come at random times, from the workload, or else at the times and with the
//! arguments of a script.

use super::client::{Next, Operation};
use super::clients::Clients;
use super::hop::Pace;
use super::network::Network;
use super::options::RunOptions;
use super::phase::MainPhase;
use super::random::{Stream, Streams};
use super::recorder::Recorder;
use super::scheduled::Scheduled;
use super::script::Script;
use super::workers::{Due, Progress, Workers};
use super::world::World;

/// The state of the generator.
pub(super) struct Generator<'a> {
    rate: f64,
    script: Option<&'a Script>,
    streams: Streams,
    activity: Activity,
    /// Whether there are no more operations in this phase.
    exhausted: bool,
    /// Whether an operation waits for a worker to be free.
    waiting: bool,
    /// Since when it waits.
    waiting_since_ns: Option<u64>,
    /// When the workload has to be asked again at the latest, if it said so.
    ask_ns: Option<u64>,
    /// How many operations of the script have begun.
    begun: usize,
    /// How often the main phase was ended early: what was scheduled before then does not count.
    epoch: u8,
    /// How long it takes to hand out operations; `None` for no time.
    pace: Option<Pace>,
    gaps: Stream,
    dispatches: Stream,
    choices: Stream,
}

/// Which operations begin.
#[derive(Debug, Clone, Copy)]
enum Activity {
    None,
    Main(MainPhase),
    Last,
    Inspection,
}

impl<'a> Generator<'a> {
    /// A generator of operations at the rate of the options, or of those of the script.
    pub(super) fn new(options: &RunOptions, script: Option<&'a Script>, streams: Streams) -> Self {
        Generator {
            rate: options.rate,
            script,
            streams,
            activity: Activity::None,
            exhausted: false,
            waiting: false,
            waiting_since_ns: None,
            ask_ns: None,
            begun: 0,
            epoch: 0,
            pace: (!options.hops(&streams).are_instant()).then(|| Pace::draw(&streams)),
            gaps: streams.stream("gaps"),
            dispatches: streams.stream("dispatches"),
            choices: streams.stream("operations"),
        }
    }

    /// Whether there are no more operations in this phase.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Begins the main phase.
    pub(super) fn begin_main(&mut self, main: MainPhase, world: &mut World<'_>) {
        self.activity = Activity::Main(main);
        let first_ns = match self.script {
            Some(script) => script.operations.first().map(|first| main.at(first.at_ns)),
            None => (self.rate > 0.0).then_some(main.from_ns),
        };
        let first_ns = first_ns.map_or(main.until_ns, |first_ns| first_ns.min(main.until_ns));
        world.schedule(first_ns, Scheduled::NextOperation(self.epoch));
    }

    /// Whether what was scheduled in this epoch counts.
    pub(super) fn expects(&self, epoch: u8) -> bool {
        epoch == self.epoch
    }

    /// There are no more operations in this phase.
    pub(super) fn exhaust(&mut self) {
        self.exhausted = true;
    }

    /// Ends the main phase early: what is scheduled of it does not count.
    pub(super) fn finish(&mut self) {
        self.exhausted = true;
        self.waiting = false;
        self.epoch += 1;
        self.activity = Activity::None;
    }

    /// Ends the main phase.
    pub(super) fn end_main(&mut self) {
        self.activity = Activity::None;
    }

    /// Begins the last operations. Whatever was drawn before, they are drawn alike.
    pub(super) fn begin_last(&mut self) {
        self.activity = Activity::Last;
        self.choices = self.streams.stream("last operations");
        self.exhausted = false;
        self.waiting = false;
    }

    /// Begins the inspection, which is drawn alike whatever was drawn before.
    pub(super) fn begin_inspection(&mut self) {
        self.activity = Activity::Inspection;
        self.choices = self.streams.stream("inspection");
        self.exhausted = false;
        self.waiting = false;
    }

    /// Has the operation that waits for a free worker begin.
    pub(super) fn worker_freed(&mut self, world: &mut World<'_>) {
        if std::mem::take(&mut self.waiting) {
            world.schedule(world.now_ns(), Scheduled::NextOperation(self.epoch));
        }
    }

    /// Begins an operation, now that one is due.
    pub(super) fn next_operation(
        &mut self,
        workers: &mut Workers,
        world: &mut World<'_>,
        network: &mut Network,
        clients: &mut Clients,
        recorder: &mut Recorder,
    ) {
        match self.activity {
            Activity::Main(main) if world.now_ns() >= main.until_ns => self.exhausted = true,
            Activity::Main(main) => {
                let next = match self.script {
                    Some(script) => self.next_of_script(script, workers),
                    None => self.next_of_workload(Due::Main, workers, world),
                };
                let Some((worker, operation)) = next else {
                    return;
                };
                if self.script.is_none() {
                    let due_ns = self.waiting_since_ns.take().unwrap_or(world.due_ns());
                    recorder.write_operation(due_ns - main.from_ns, worker, &operation);
                }
                let progress = workers.begin(worker, operation, world, network, clients, recorder);
                self.note(progress, world);
                self.schedule_next(main, world);
            }
            Activity::Last | Activity::Inspection => {
                let due = match self.activity {
                    Activity::Inspection => Due::Inspection,
                    _ => Due::Last,
                };
                while let Some((worker, operation)) = self.next_of_workload(due, workers, world) {
                    let progress =
                        workers.begin(worker, operation, world, network, clients, recorder);
                    self.note(progress, world);
                }
            }
            Activity::None => {}
        }
    }

    fn note(&mut self, progress: Progress, world: &mut World<'_>) {
        if progress == Progress::Completed {
            self.worker_freed(world);
        }
    }

    /// Has the next operation begin when the script says, or else after a random gap.
    fn schedule_next(&mut self, main: MainPhase, world: &mut World<'_>) {
        let now_ns = world.now_ns();
        let at_ns = match self.script {
            Some(script) => match script.operations.get(self.begun) {
                Some(next) => now_ns.max(main.at(next.at_ns)),
                None => u64::MAX,
            },
            None => now_ns
                .saturating_add(self.draw_gap())
                .saturating_add(self.draw_dispatch()),
        };
        if at_ns < main.until_ns {
            world.schedule(at_ns, Scheduled::NextOperation(self.epoch));
        } else {
            self.exhausted = true;
        }
    }

    /// The nanoseconds between an operation's turn and its start.
    fn draw_dispatch(&mut self) -> u64 {
        let dispatches = &mut self.dispatches;
        self.pace
            .map_or(0, |pace| pace.draw_dispatch_ns(dispatches))
    }

    /// The nanoseconds between two operations.
    fn draw_gap(&mut self) -> u64 {
        let gap = self.gaps.fraction() * 2e9 / self.rate;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is not negative, and floats saturate"
        )]
        let gap_ns = gap as u64;
        gap_ns
    }

    /// The script's next operation, if its worker is free.
    fn next_of_script(&mut self, script: &Script, workers: &Workers) -> Option<(usize, Operation)> {
        let Some(next) = script.operations.get(self.begun) else {
            self.exhausted = true;
            return None;
        };
        if workers.is_busy(next.worker) {
            self.waiting = true;
            return None;
        }
        self.begun += 1;
        Some((next.worker, next.operation.clone()))
    }

    /// The workload's next operation, if there is one for a free worker.
    fn next_of_workload(
        &mut self,
        due: Due,
        workers: &mut Workers,
        world: &mut World<'_>,
    ) -> Option<(usize, Operation)> {
        let now_ns = world.now_ns();
        match workers.next(due, now_ns, &mut self.choices) {
            Next::Invoke { worker, operation } => return Some((worker, operation)),
            Next::Wait => {
                self.waiting = true;
                self.waiting_since_ns.get_or_insert(world.due_ns());
            }
            Next::Later(at_ns) => {
                self.waiting = true;
                self.ask_at(at_ns, world);
            }
            Next::Done => self.exhausted = true,
        }
        None
    }

    /// Has the workload asked again at that time, once.
    fn ask_at(&mut self, at_ns: u64, world: &mut World<'_>) {
        let now_ns = world.now_ns();
        let is_scheduled = |ask_ns| now_ns < ask_ns && ask_ns <= at_ns;
        if !self.ask_ns.is_some_and(is_scheduled) {
            self.ask_ns = Some(at_ns);
            world.schedule(at_ns, Scheduled::NextOperation(self.epoch));
        }
    }
}
