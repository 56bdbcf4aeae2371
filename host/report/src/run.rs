//! The report on one run.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::figures::{Figures, Listed, faults, figures, fitting, listed, operations};
use super::focus::{Focus, focus};
use super::messages_svg::messages_svg;
use super::options::options;
use super::pace::Pace;
use super::page::{Kind, page};
use super::plots_svg::{latency_svg, rate_svg};
use super::record::{ENTRIES_MAX, Message, Record, Since};
use super::results::Results;
use super::states::{States, StatesPart};
use host_check::history::{History, Op, write_edn};
use host_check::text::render_problems;
use host_check::validity::Validity;
use host_check::value::Value;
use host_protocol::text::excerpt;
use host_sim::Script;
use host_sim::journal::{Entry, JsonLines, Observer};
use host_trial::schedule::Schedule;
use host_trial::shrink::{self, Budget};
use host_trial::{Trial, TrialResult};

/// The most that the bodies of messages may cost, in bytes of a page.
const BODIES_BYTES_MAX: usize = 1_300_000;

/// The most faults that a page lists.
const FAULTS_MAX: usize = 2000;

/// The longest value of a fault, in characters.
const FAULT_CHARS_MAX: usize = 2000;

/// Where, in a report on a run that failed, the one is on the shortest run that fails like it.
const SHORTEST: &str = "shortest";

/// A run to report on: all it takes to have it again.
#[derive(Clone, Copy)]
pub struct ReportedRun<'a> {
    /// What was tried.
    pub trial: &'a Trial<'a>,
    /// With which seed.
    pub seed: u64,
    /// What was played; drawn from the seed if there is none.
    pub script: Option<&'a Script>,
    /// The command that runs it again, or that plays the schedule in a file.
    pub replay: &'a (dyn Fn(Option<&Path>) -> String + 'a),
}

impl ReportedRun<'_> {
    fn play<'o>(&'o self, observers: Vec<&'o mut (dyn Observer + 'o)>) -> TrialResult {
        match self.script {
            Some(script) => self.trial.play(self.seed, script, observers),
            None => self.trial.run(self.seed, observers),
        }
    }

    /// It spelled out.
    fn schedule(&self) -> Schedule {
        let script = match self.script {
            Some(script) => script.clone(),
            None => self.trial.record(self.seed, Vec::new()).1,
        };
        Schedule::of(self.trial, self.seed, script)
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The page cannot be made.
    #[error("cannot write the page as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Where a report goes.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
}

impl Files {
    /// A folder, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(dir: &Path) -> Result<Self, Failed> {
        fs::create_dir_all(dir).map_err(|source| Failed::Write {
            path: dir.to_owned(),
            source,
        })?;
        Ok(Files {
            dir: dir.to_owned(),
        })
    }

    /// A folder in this one.
    pub(super) fn inside(&self, path: &str) -> Result<Self, Failed> {
        Files::create(&self.dir.join(path))
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.dir.join(path).exists()
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Failed> {
        let path = self.dir.join(name);
        fs::write(&path, text).map_err(|source| Failed::Write { path, source })
    }

    /// Runs it, and writes the report. Journals may have `bytes_max` bytes.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn report(&self, played: &ReportedRun<'_>, bytes_max: u64) -> Result<TrialResult, Failed> {
        let mut watch = self.watch(bytes_max)?;
        let report = played.play(vec![&mut watch]);
        watch.finish(played, &report)?;
        Ok(report)
    }

    /// Watches a run that is to be reported on: writes its journal, of `bytes_max` bytes at most.
    ///
    /// # Errors
    /// When there can be no such file.
    pub fn watch(&self, bytes_max: u64) -> Result<Watch<'_>, Failed> {
        let path = self.dir.join("journal.jsonl");
        match File::create(&path) {
            Ok(file) => Ok(Watch {
                files: self,
                pace: Pace::default(),
                journal: JsonLines::new(Hashed::new(BufWriter::new(file)), bytes_max),
                bytes_max,
            }),
            Err(source) => Err(Failed::Write { path, source }),
        }
    }
}

/// An observer of a run that is to be reported on.
pub struct Watch<'a> {
    files: &'a Files,
    pace: Pace,
    journal: JsonLines<Hashed<BufWriter<File>>>,
    bytes_max: u64,
}

impl Observer for Watch<'_> {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.pace.note(entry)?;
        self.journal.note(entry)
    }
}

impl Watch<'_> {
    /// Writes the report on the run that was watched. If it failed, the shortest run is looked for
    /// that fails like it, and gets a report of its own within this one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(self, played: &ReportedRun<'_>, report: &TrialResult) -> Result<(), Failed> {
        let shortest = self.shorten(played, report)?;
        self.write(played, report, shortest.map(Other::Shortest))
    }

    /// Reports on the shortest run that fails like this one, and says how large it is.
    fn shorten(
        &self,
        played: &ReportedRun<'_>,
        report: &TrialResult,
    ) -> Result<Option<String>, Failed> {
        if report.valid() != Validity::False {
            return Ok(None);
        }
        let (module, next_module) = (played.trial.module, played.trial.next_module);
        let schedule = played.schedule();
        let whole = shrink::size(&schedule);
        let shrunk = shrink::shrink(schedule, module, next_module, Budget::ONE_SECOND);
        let Some(shrunk) = shrunk.filter(|shrunk| shrunk.size() != whole) else {
            return Ok(None);
        };
        let files = self.files.inside(SHORTEST)?;
        files.write("schedule.json", &shrunk.schedule.write())?;
        let path = files.dir.join("schedule.json");
        let trial = shrunk.schedule.trial(module, next_module);
        let shortest = ReportedRun {
            trial: &trial,
            seed: shrunk.schedule.seed,
            script: Some(&shrunk.schedule.script),
            replay: &|_| (played.replay)(Some(&path)),
        };
        let mut watch = files.watch(self.bytes_max)?;
        let report = shortest.play(vec![&mut watch]);
        watch.write(&shortest, &report, Some(Other::Whole(whole)))?;
        Ok(Some(shrunk.size()))
    }

    fn write(
        self,
        played: &ReportedRun<'_>,
        report: &TrialResult,
        other: Option<Other>,
    ) -> Result<(), Failed> {
        let trial = played.trial;
        let replay = &(played.replay)(None);
        let Watch {
            files,
            pace,
            journal,
            bytes_max,
        } = self;
        let finished = journal.finish().and_then(Hashed::finish);
        let hash = finished.map_err(|source| Failed::Write {
            path: files.dir.join("journal.jsonl"),
            source,
        })?;
        let focus = focus(report);
        let at_ns = focus.as_ref().map(|focus| focus.at_ns);
        let again = |states| {
            let first = pace.window(at_ns, ENTRIES_MAX);
            let mut record = Record::new(first, states);
            let mut journal = JsonLines::new(Hashed::new(io::sink()), bytes_max);
            let observers: Vec<&mut dyn Observer> = vec![&mut record, &mut journal];
            let _ = played.play(observers);
            let hash = journal.finish().and_then(Hashed::finish);
            (record, hash.ok())
        };
        let states = States::new(trial.scenario.options.cluster.count, pace.count(), at_ns);
        let (mut record, same) = again(Some(states));
        if same != Some(hash) {
            // The guest noticed that it was asked, or the journal broke off.
            (record, _) = again(None);
        }
        let history = report.history.as_ref();
        let operations = history.map(operations).unwrap_or_default();
        let figures = figures(&operations, report.end_ns);
        let results = Results::of(report, replay.to_owned());
        let about = About {
            format: 1,
            workload: trial.scenario.workload.name(),
            problems: match &report.result {
                Ok(result) => render_problems(result),
                Err(stopped) => format!("The run could not go on: {stopped}\n"),
            },
            replay,
            other,
            options: options(&trial.scenario, report.seed),
            result: &results,
            nodes: nodes(trial),
            faults: history.map(shown_faults).unwrap_or_default(),
            operations: listed(&operations, focus.as_ref().and_then(|focus| focus.op)),
            figures: &figures,
            journal: Journal::of(&record, pace.count()),
            focus,
        };
        let title = format!("{} with seed {}", trial.scenario.workload, report.seed);
        files.write("index.html", &page(Kind::Run, &title, &about)?)?;
        files.write(
            "results.json",
            &(serde_json::to_string_pretty(&results)? + "\n"),
        )?;
        files.write("history.edn", &history.map(write_edn).unwrap_or_default())?;
        files.write("messages.svg", &messages_svg(&record, &about.nodes))?;
        files.write("latency.svg", &latency_svg(&figures, report.end_ns))?;
        files.write("rate.svg", &rate_svg(&figures, report.end_ns))?;
        Ok(())
    }
}

/// The data of a page.
#[derive(Serialize)]
struct About<'a> {
    format: u32,
    workload: &'static str,
    problems: String,
    replay: &'a str,
    other: Option<Other>,
    options: Vec<(&'static str, String)>,
    result: &'a Results<'a>,
    nodes: Vec<String>,
    faults: Vec<(i64, String, Shown)>,
    focus: Option<Focus>,
    operations: Listed<'a>,
    figures: &'a Figures<'a>,
    journal: Journal<'a>,
}

/// The run that a page links to, by its size.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Other {
    /// The shortest that fails like the page's.
    Shortest(String),
    /// The one that the page's was made from.
    Whole(String),
}

/// The part of the journal that a page has.
#[derive(Serialize)]
struct Journal<'a> {
    /// How many entries come before.
    first: usize,
    /// How many there are in the whole run.
    count: usize,
    /// When the first happened, in virtual nanoseconds.
    from_ns: u64,
    names: &'a [String],
    messages: Vec<Cut<'a>>,
    /// Those that were on their way at the beginning.
    before: Vec<usize>,
    entries: Vec<Since<'a>>,
    states: Option<StatesPart<'a>>,
}

/// A message with its body cut to a length in characters.
struct Cut<'a>(&'a Message, usize);

impl Serialize for Cut<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Cut(
            Message {
                id,
                src,
                dest,
                body,
            },
            max,
        ) = self;
        (id, src, dest, excerpt(body, *max)).serialize(serializer)
    }
}

impl<'a> Journal<'a> {
    fn of(record: &'a Record, count: usize) -> Self {
        let bodies = record
            .messages()
            .iter()
            .map(|message| message.body.as_str());
        let chars_max = fitting(bodies, BODIES_BYTES_MAX);
        let from_ns = record.entries.first().map_or(0, |entry| entry.at_ns);
        let mut last_ns = from_ns;
        let entries = record.entries.iter().map(|entry| {
            let since_ns = entry.at_ns - std::mem::replace(&mut last_ns, entry.at_ns);
            Since(since_ns, &entry.kind)
        });
        Journal {
            first: record.first(),
            count,
            from_ns,
            names: record.names(),
            messages: (record.messages().iter())
                .map(|message| Cut(message, chars_max))
                .collect(),
            before: record.before(),
            entries: entries.collect(),
            states: record.states(),
        }
    }
}

fn nodes(trial: &Trial<'_>) -> Vec<String> {
    let cluster = trial.scenario.options.cluster;
    let numbers = cluster.first..cluster.first + cluster.count;
    numbers.map(|number| format!("n{number}")).collect()
}

/// What a fault did: as data if it is short, as text if not.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Whole(Value),
    Cut(String),
}

fn shown_faults(history: &History) -> Vec<(i64, String, Shown)> {
    let shown = |op: &Op| {
        let text = op.value.to_string();
        match text.len() <= FAULT_CHARS_MAX {
            true => Shown::Whole(op.value.clone()),
            false => Shown::Cut(excerpt(&text, 200).into_owned()),
        }
    };
    let faults = faults(history).into_iter().take(FAULTS_MAX);
    faults
        .map(|op| (op.time_ns, op.f.to_string(), shown(op)))
        .collect()
}

/// Passes on what is written, and hashes it.
struct Hashed<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn new(out: W) -> Self {
        Hashed {
            out,
            hash: Sha256::new(),
        }
    }

    /// The hash of all that was written, once it has been.
    fn finish(mut self) -> io::Result<[u8; 32]> {
        self.out.flush()?;
        Ok(self.hash.finalize().into())
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
