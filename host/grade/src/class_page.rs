//! The report on a class: a page about all submissions, with links to the pages of runs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::csv;
use super::explain::{Explanation, explained, meanings};
use super::grade::{ChallengeState, Grade};
use super::hash::sha256;
use host_report::page::page;
use host_report::{Extent, ReportDir, ReportError};

const SCRIPT: &str = include_str!("assets/class.js");

/// The most bytes of the page.
const PAGE_BYTES_MAX: usize = 4_900_000;

/// The lengths to which traces are cut, in lines, one after another until the page is small enough.
const TRACE_LINES: [usize; 4] = [usize::MAX, 100, 20, 0];

/// A folder with the report on a class.
#[derive(Debug)]
pub struct ClassReport {
    dir: ReportDir,
}

/// The data of the page.
#[derive(Serialize)]
struct ClassPage<'a> {
    /// The version of this format.
    format: u32,
    /// Without the texts of failures, which are in `explained`.
    grade: &'a Grade,
    /// The words of all formats for verdicts.
    meanings: BTreeMap<&'static str, &'static str>,
    /// Why challenges have their verdicts, by submission and challenge.
    explained: BTreeMap<&'a str, BTreeMap<&'a str, Explanation>>,
    /// The paths of the pages of runs, by submission and challenge.
    pages: &'a BTreeMap<&'a str, BTreeMap<&'a str, String>>,
    /// The most lines of a trace, if some are cut.
    trace_lines: Option<usize>,
}

impl ClassReport {
    /// Creates the folder, unless it exists.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn create(dir: &Path) -> Result<Self, ReportError> {
        let dir = ReportDir::create(dir)?;
        Ok(ClassReport { dir })
    }

    /// The same report, whose reports on runs have so much.
    #[must_use]
    pub fn with(self, extent: Extent) -> Self {
        let dir = self.dir.with(extent);
        ClassReport { dir }
    }

    /// Creates the folder for the report on a run of a submission. Once the report is there, the
    /// page that [`finish`](Self::finish) writes links to it.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn run_dir(&self, submission: &str, challenge: &str) -> Result<ReportDir, ReportError> {
        self.dir.subdir(&run_path(submission, challenge))
    }

    /// Writes the page, and the grade for other tools: `grade.json` and `grade.csv`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(&self, grade: &Grade) -> Result<(), ReportError> {
        let html = self.page(grade).map_err(ReportError::Json)?;
        self.dir.write("index.html", &html)?;
        self.dir.write_json("grade.json", grade)?;
        self.dir.write("grade.csv", &csv::render(grade))
    }

    /// Renders the page, with traces cut as far as necessary.
    fn page(&self, grade: &Grade) -> serde_json::Result<String> {
        let mut pages: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        for submission in &grade.submissions {
            for challenge in &submission.challenges {
                let path = run_path(&submission.name, &challenge.id) + "/index.html";
                if self.dir.has(&path) {
                    let of_submission = pages.entry(&submission.name).or_default();
                    of_submission.insert(&challenge.id, path);
                }
            }
        }
        let mut cut = grade.clone();
        let mut shown = grade.clone();
        without_failures(&mut shown);
        let mut html = String::new();
        for lines in TRACE_LINES {
            cut_traces(&mut cut, lines);
            let data = ClassPage {
                format: 1,
                grade: &shown,
                meanings: meanings(),
                explained: all_explained(&cut),
                pages: &pages,
                trace_lines: (lines < usize::MAX).then_some(lines),
            };
            html = page(&[SCRIPT], "Grades", &data)?;
            if html.len() <= PAGE_BYTES_MAX {
                break;
            }
        }
        Ok(html)
    }
}

/// Explains all challenges.
fn all_explained(grade: &Grade) -> BTreeMap<&str, BTreeMap<&str, Explanation>> {
    let submissions = grade.submissions.iter().map(|submission| {
        let challenges = grade.challenges_of(submission);
        let challenges = challenges.map(|(facts, challenge)| {
            let told = explained(grade, submission, facts, challenge);
            (challenge.id.as_str(), told)
        });
        (submission.name.as_str(), challenges.collect())
    });
    submissions.collect()
}

/// Leaves the texts of failures out.
fn without_failures(grade: &mut Grade) {
    let submissions = grade.submissions.iter_mut();
    for challenge in submissions.flat_map(|it| &mut it.challenges) {
        if let ChallengeState::Judged(judgement) = &mut challenge.state {
            judgement.failure = None;
        }
    }
}

fn cut_traces(grade: &mut Grade, lines: usize) {
    let submissions = grade.submissions.iter_mut();
    for challenge in submissions.flat_map(|it| &mut it.challenges) {
        if let ChallengeState::Judged(judgement) = &mut challenge.state
            && let Some(failure) = &mut judgement.failure
        {
            failure.trace.truncate(lines);
        }
    }
}

/// The path of the report on a run, below the folder of the class. Students choose the names, so
/// characters that are unsafe in a path or a URL are left out, and a hash keeps different names
/// apart.
#[must_use]
pub fn run_path(submission: &str, challenge: &str) -> String {
    let (one, other) = (slug(submission), slug(challenge));
    let hash = short_hash(&format!("{submission}\0{challenge}"));
    format!("runs/{one}-{other}-{hash}")
}

/// The name of a file about a submission, without its end: that of the submission if it is short and has
/// only letters and digits of ASCII, hyphens and underscores.
#[must_use]
pub fn file_stem(submission: &str) -> String {
    let plain = slug(submission);
    match plain == submission && !plain.is_empty() {
        true => plain,
        false => format!("{plain}-{}", short_hash(submission)),
    }
}

/// What is plain of a name.
fn slug(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    name.chars().filter(is_plain).take(40).collect()
}

fn short_hash(text: &str) -> String {
    let mut hash = sha256(text.as_bytes());
    hash.truncate(8);
    hash
}
