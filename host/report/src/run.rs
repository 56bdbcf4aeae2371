//! Writes the report on one run.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use super::budget::{ENTRIES_MAX, PageSize};
use super::compare::{Comparison, Side};
use super::dir::{Extent, JOURNAL, PAGE, ReportDir, ReportError, SCHEDULE};
use super::figures::{figures, listed, operations};
use super::first_failure::first_failure;
use super::grounds::grounds;
use super::hashing_writer::HashingWriter;
use super::journal_index::JournalIndex;
use super::messages_svg::messages_svg;
use super::options::options;
use super::plots_svg::{latency_svg, rate_svg};
use super::record::Record;
use super::results::Results;
use super::run_page::{JournalPart, LinkedRun, RunPage, fault_values};
use super::states::States;
use host_check::history::write_edn;
use host_check::text::render_problems;
use host_check::validity::Validity;
use host_sim::Script;
use host_sim::journal::{Entry, JsonLines, Observer, Stepped};
use host_trial::schedule::Schedule;
use host_trial::shrink::{self, Budget};
use host_trial::{Trial, TrialResult};

/// The folder for the report on the shortest run, in the report on the run that failed.
const SHORTEST: &str = "shortest";

/// A run to report on, with all that is needed to repeat it.
#[derive(Clone, Copy)]
pub struct ReportedRun<'a> {
    /// The trial that was run.
    pub trial: &'a Trial<'a>,
    /// The seed of the run.
    pub seed: u64,
    /// The script that was played; drawn from the seed if `None`.
    pub script: Option<&'a Script>,
    /// The command that repeats the run, or that plays the schedule in a file.
    pub replay: &'a (dyn Fn(Option<&Path>) -> String + 'a),
}

impl ReportedRun<'_> {
    fn play<'o>(&'o self, observers: Vec<&'o mut (dyn Observer + 'o)>) -> TrialResult {
        match self.script {
            Some(script) => self.trial.play(self.seed, script, observers),
            None => self.trial.run(self.seed, observers),
        }
    }

    /// Makes the run again for an observer, among other runs; or alone for another such observer, if
    /// there is no room for it.
    fn show<O: Observer>(&self, observer: impl Fn() -> O) -> O {
        let mut among_others = observer();
        let observers: Vec<&mut dyn Observer> = vec![&mut among_others];
        let (trial, seed, script) = (self.trial, self.seed, self.script);
        if trial.show_among_others(seed, script, observers) {
            return among_others;
        }
        drop(among_others);
        let mut alone = observer();
        trial.show(seed, script, vec![&mut alone]);
        alone
    }

    fn schedule(&self) -> Schedule {
        let script = match self.script {
            Some(script) => script.clone(),
            None => self.trial.record(self.seed, Vec::new()).1,
        };
        Schedule::of(self.trial, self.seed, script)
    }
}

impl ReportDir {
    /// Runs a trial, and writes the report on it to this folder. A journal has at most
    /// `journal_bytes_max` bytes.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn report(
        &self,
        run: &ReportedRun<'_>,
        journal_bytes_max: u64,
    ) -> Result<TrialResult, ReportError> {
        let mut observer = self.observer(journal_bytes_max)?;
        let result = run.play(vec![&mut observer]);
        observer.finish(run, &result)?;
        Ok(result)
    }

    /// Creates an observer for a run, which writes the run's journal to this folder, of at most
    /// `journal_bytes_max` bytes, and then the report.
    ///
    /// # Errors
    /// When the file for the journal cannot be created.
    pub fn observer(&self, journal_bytes_max: u64) -> Result<ReportObserver<'_>, ReportError> {
        let path = self.file(JOURNAL);
        match File::create(&path) {
            Ok(file) => Ok(ReportObserver {
                dir: self,
                index: JournalIndex::default(),
                journal: JsonLines::new(
                    HashingWriter::new(BufWriter::new(file)),
                    journal_bytes_max,
                ),
                journal_bytes_max,
            }),
            Err(error) => Err(ReportError::Write { path, error }),
        }
    }
}

/// Observes a run, and then writes the report on it.
pub struct ReportObserver<'a> {
    dir: &'a ReportDir,
    index: JournalIndex,
    journal: JsonLines<HashingWriter<BufWriter<File>>>,
    journal_bytes_max: u64,
}

impl Observer for ReportObserver<'_> {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.index.note(entry)?;
        self.journal.note(entry)
    }
}

impl ReportObserver<'_> {
    /// Writes the report on the run that was observed. If the run failed, looks for the shortest
    /// run that fails in the same way, and writes a report on that one to a folder in this one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(
        mut self,
        run: &ReportedRun<'_>,
        result: &TrialResult,
    ) -> Result<(), ReportError> {
        let flushed = self.journal.flush(); // for the comparison
        flushed.map_err(|error| ReportError::Write {
            path: self.dir.file(JOURNAL),
            error,
        })?;
        let shortest = match self.dir.extent() {
            Extent::Pages {
                shortest: false, ..
            } => None,
            _ => self.report_shortest(run, result)?,
        };
        if shortest.is_none() {
            self.dir.remove_report(SHORTEST);
        }
        self.write(run, result, shortest.map(LinkedRun::Shortest), None)
    }

    /// Reports on the shortest run that fails in the same way, and returns its size.
    fn report_shortest(
        &self,
        run: &ReportedRun<'_>,
        result: &TrialResult,
    ) -> Result<Option<String>, ReportError> {
        if result.valid() != Validity::False {
            return Ok(None);
        }
        let (module, next_module) = (run.trial.module, run.trial.next_module);
        let schedule = run.schedule();
        let whole = shrink::size(&schedule);
        let played = schedule.play(module, next_module, Vec::new());
        let budget = Budget::ONE_SECOND.or_as_much_as(shrink::cost(&played.used));
        let shrunk = shrink::shrink(schedule, played, module, next_module, budget);
        let Some(shrunk) = shrunk.filter(|shrunk| shrunk.size() != whole) else {
            return Ok(None);
        };
        let dir = self.dir.subdir(SHORTEST)?;
        dir.write(SCHEDULE, &shrunk.schedule.write())?;
        let path = dir.file(SCHEDULE);
        let trial = shrunk.schedule.trial(module, next_module);
        let shortest = ReportedRun {
            trial: &trial,
            seed: shrunk.schedule.seed,
            script: Some(&shrunk.schedule.script),
            replay: &|_| (run.replay)(Some(&path)),
        };
        let compared = side(run, result, self.dir);
        let mut observer = dir.observer(self.journal_bytes_max)?;
        let result = shortest.play(vec![&mut observer]);
        let linked = Some(LinkedRun::Whole(whole));
        observer.write(&shortest, &result, linked, Some(&compared))?;
        Ok(Some(shrunk.size()))
    }

    fn write(
        self,
        run: &ReportedRun<'_>,
        result: &TrialResult,
        other: Option<LinkedRun>,
        compared: Option<&Side>,
    ) -> Result<(), ReportError> {
        let ReportObserver {
            dir,
            index,
            journal,
            journal_bytes_max,
        } = self;
        let finished = journal.finish().and_then(HashingWriter::finish);
        let hash = finished.map_err(|error| ReportError::Write {
            path: dir.file(JOURNAL),
            error,
        })?;
        let evidence = result.evidence(&run.trial.scenario.checks);
        let failure = first_failure(result, &evidence);
        let at_ns = failure.as_ref().map(|failure| failure.at_ns);
        let size = dir.page_size();
        let record = record(run, &index, at_ns, journal_bytes_max, hash, size);
        if run.trial.is_interrupted() {
            return Err(ReportError::Interrupted); // the record may lack its end
        }

        let history = result.history.as_ref();
        let operations = history.map(operations).unwrap_or_default();
        let figures = figures(&operations, result.end_ns, size);
        let replay = &(run.replay)(None);
        let results = Results::of(result, replay.to_owned());
        let nodes = run.trial.scenario.options.cluster.node_names();
        let comparison = match compared {
            // Without the other's journal there is nothing to compare; the run is as it is.
            Some(other) => Comparison::of(other, &side(run, result, dir)).ok(),
            None => None,
        };
        let page = RunPage {
            format: 1,
            workload: run.trial.scenario.workload.name(),
            problems: problems(result),
            replay,
            other,
            comparison,
            options: options(&run.trial.scenario, result.seed),
            result: &results,
            nodes: &nodes,
            concurrency: run.trial.scenario.options.concurrency,
            faults: history.map(fault_values).unwrap_or_default(),
            operations: listed(&operations, failure.as_ref().and_then(|it| it.op), size),
            figures: &figures,
            journal: JournalPart::of(&record, index.count(), size),
            has_files: dir.extent() == Extent::All,
            focus: failure,
            grounds: history
                .map(|history| grounds(&evidence, history))
                .unwrap_or_default(),
        };
        let title = format!("{} with seed {}", run.trial.scenario.workload, result.seed);
        let html = page.render(&title).map_err(ReportError::Json)?;
        dir.write(PAGE, &html)?;
        if dir.extent() != Extent::All {
            return dir.remove(JOURNAL);
        }
        dir.write_json("results.json", &results)?;
        dir.write("history.edn", &history.map(write_edn).unwrap_or_default())?;
        dir.write("messages.svg", &messages_svg(&record, &nodes))?;
        dir.write("latency.svg", &latency_svg(&figures, result.end_ns))?;
        dir.write("rate.svg", &rate_svg(&figures, result.end_ns))
    }
}

/// What is wrong with a run, in lines.
fn problems(result: &TrialResult) -> String {
    match &result.result {
        Ok(result) => render_problems(result),
        Err(_) => result.stop_in_words().unwrap_or_default() + "\n",
    }
}

/// What is compared of a run, of which the report is in `dir`.
fn side(run: &ReportedRun<'_>, result: &TrialResult, dir: &ReportDir) -> Side {
    let scenario = &run.trial.scenario;
    let options = options(scenario, result.seed).into_iter();
    let results = serde_json::to_value(Results::of(result, String::new()));
    Side::of(
        scenario.workload.name(),
        options
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        &problems(result),
        &results.unwrap_or_default(),
        dir.file(JOURNAL),
    )
}

/// Repeats a run, and records what a page shows of it around `at_ns`. Includes the states of
/// nodes, if the run has the same journal although guests are asked for their states: `hash` is
/// that of the first run's journal.
fn record(
    run: &ReportedRun<'_>,
    index: &JournalIndex,
    at_ns: Option<u64>,
    journal_bytes_max: u64,
    hash: [u8; 32],
    size: PageSize,
) -> Record {
    let entries_max = size.of(ENTRIES_MAX);
    let repeat = |states: &dyn Fn() -> Option<States>| {
        let Repeated { record, journal } = run.show(|| Repeated {
            record: Record::new(index.window(at_ns, entries_max), entries_max, states()),
            journal: JsonLines::new(HashingWriter::new(io::sink()), journal_bytes_max),
        });
        let hash = journal.finish().and_then(HashingWriter::finish);
        (record, hash.ok())
    };
    let nodes = run.trial.scenario.options.cluster.count;
    let states = || Some(States::new(nodes, index.count(), at_ns, size));
    let (record, same) = repeat(&states);
    if same == Some(hash) {
        return record;
    }
    // The guest noticed that it was asked, or the journal broke off.
    repeat(&|| None).0
}

/// Records a part of a run, and hashes the journal of the whole.
struct Repeated {
    record: Record,
    journal: JsonLines<HashingWriter<io::Sink>>,
}

impl Observer for Repeated {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.record.note(entry)?;
        self.journal.note(entry)
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        self.record.stepped(step)
    }
}
