//! The report on a class, or on a suite: one page about all submissions, that links to the pages of
//! runs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::page::{Kind, page};
use super::run::{Failed, Files};
use host_grade::csv;
use host_grade::report::{Grade, State};

/// A page has no more bytes than this.
const PAGE_BYTES_MAX: usize = 4_900_000;

/// To how many lines traces are cut until a page has no more bytes than it may.
const TRACE_LINES: [usize; 4] = [usize::MAX, 100, 20, 0];

/// A folder with the report on a class.
#[derive(Debug)]
pub struct Class {
    files: Files,
}

/// The data of the page.
#[derive(Serialize)]
struct About<'a> {
    format: u32,
    grade: &'a Grade,
    /// By submission and challenge.
    pages: BTreeMap<&'a str, BTreeMap<&'a str, String>>,
    /// How many lines a trace has at most, if some are cut.
    trace_lines: Option<usize>,
}

impl Class {
    /// A folder for a report, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(dir: &Path) -> Result<Self, Failed> {
        Ok(Class {
            files: Files::create(dir)?,
        })
    }

    /// Where the report on a run of a submission goes. The page of the class will link to it.
    ///
    /// # Errors
    /// When there can be no such folder.
    pub fn run(&self, submission: &str, challenge: &str) -> Result<Files, Failed> {
        self.files.inside(&folder(submission, challenge))
    }

    /// Writes the page, and the grade for other tools: `grade.json` and `grade.csv`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(&self, grade: &Grade) -> Result<(), Failed> {
        let mut pages: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        for submission in &grade.submissions {
            for challenge in &submission.challenges {
                let page = folder(&submission.name, &challenge.id) + "/index.html";
                if self.files.has(&page) {
                    let of_submission = pages.entry(&submission.name).or_default();
                    of_submission.insert(&challenge.id, page);
                }
            }
        }
        let mut shown = grade.clone();
        let mut html = String::new();
        for lines in TRACE_LINES {
            cut_traces(&mut shown, lines);
            let about = About {
                format: 1,
                grade: &shown,
                pages: pages.clone(),
                trace_lines: (lines < usize::MAX).then_some(lines),
            };
            html = page(Kind::Class, "Grades", &about)?;
            if html.len() <= PAGE_BYTES_MAX {
                break;
            }
        }
        self.files.write("index.html", &html)?;
        let json = serde_json::to_string_pretty(grade)? + "\n";
        self.files.write("grade.json", &json)?;
        self.files.write("grade.csv", &csv::render(grade))
    }
}

fn cut_traces(grade: &mut Grade, lines: usize) {
    let submissions = grade.submissions.iter_mut();
    for challenge in submissions.flat_map(|it| &mut it.challenges) {
        if let State::Judged(judgement) = &mut challenge.state
            && let Some(failure) = &mut judgement.failure
        {
            failure.trace.truncate(lines);
        }
    }
}

/// The folder of a run's report, below that of the class. Names are a student's choice, so what
/// would not do in a path or an address is left out, and a hash keeps different ones apart.
fn folder(submission: &str, challenge: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let slug = |name: &str| {
        name.chars()
            .filter(|c| is_plain(*c))
            .take(40)
            .collect::<String>()
    };
    let hash = Sha256::digest(format!("{submission}\0{challenge}"));
    let hash = hash.iter().take(4).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    format!("runs/{}-{}-{hash}", slug(submission), slug(challenge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_plain_and_apart() {
        let [ada, evil, other] = [
            folder("ada", "3c"),
            folder("../../<a href=x>", "3c"),
            folder("../../<a-href=x>", "3c"),
        ];
        assert!(ada.starts_with("runs/ada-3c-"), "{ada}");
        assert!(evil.starts_with("runs/ahrefx-3c-"), "{evil}");
        assert!(other.starts_with("runs/a-hrefx-3c-"), "{other}");
    }
}
