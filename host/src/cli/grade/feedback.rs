//! Writes a grade: to stdout, or a file for each submission to a folder.
//!
//! The file of a submission is for its author. Challenges that are hidden from students are left
//! out of it, except in Gradescope's format, which has them marked as hidden.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{OUTPUT, annotations, gradescope, junit, leaderboard, markdown, table};
use crate::cli::out_file::{Contents, OutFile};
use crate::cli::output::{cannot_write, json, print, print_styled};
use crate::cli::{Exit, Failure};
use host_grade::class_page::file_stem;
use host_grade::{Grade, csv};
use host_protocol::text::counted;

/// How a grade is written.
#[derive(Debug, Args)]
pub(in crate::cli) struct GradeOutput {
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = GradeFormat::Text, help_heading = OUTPUT)]
    pub(in crate::cli) format: GradeFormat,
    /// Write a file for each submission to this folder, as feedback for its author.
    ///
    /// Nothing goes to stdout but their number. Hidden challenges are left out, or marked as hidden
    /// for Gradescope.
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    pub(in crate::cli) each: Option<PathBuf>,
}

/// The format of a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum GradeFormat {
    /// A table and the failures, for people.
    Text,
    /// Everything, as JSON for programs.
    Json,
    /// JUnit XML, for continuous integration.
    Junit,
    /// Gradescope's results.json, of one submission or with --each.
    Gradescope,
    /// One line per submission, for spreadsheets.
    Csv,
    /// A table and the failures as Markdown, for the summary of a job on GitHub.
    Markdown,
    /// Workflow commands of GitHub Actions, which annotate failures.
    Annotations,
    /// A page to publish: who has how many points, and the figures of those with a target.
    Leaderboard,
}

impl GradeFormat {
    /// The end of the name of a file, and what such a file holds.
    fn file(self) -> (&'static str, Contents) {
        let file = |extension, name, beginning| (extension, Contents::of(name, beginning));
        match self {
            GradeFormat::Text => file("txt", "feedback", &["submission  "]),
            GradeFormat::Json => file("json", "a grade", &["{\n  \"format\": \"host-grade\""]),
            GradeFormat::Junit => file("xml", "a JUnit file", &["<?xml version="]),
            GradeFormat::Gradescope => file("json", "a results file", &[gradescope::BEGINNING]),
            GradeFormat::Csv => file("csv", "a table", &["submission,"]),
            GradeFormat::Markdown => file("md", "a summary", &[markdown::BEGINNING]),
            GradeFormat::Annotations => file("txt", "annotations", &[annotations::BEGINNING]),
            GradeFormat::Leaderboard => file("html", "a leaderboard", &[leaderboard::BEGINNING]),
        }
    }
}

impl GradeOutput {
    /// Whether the result is that of one submission, whatever is there.
    pub(in crate::cli) fn is_of_one(&self) -> bool {
        self.format == GradeFormat::Gradescope && self.each.is_none()
    }

    /// Makes the folder, so that one that cannot be used is told before hours of judging.
    pub(in crate::cli) fn prepare(&self) -> Result<(), Failure> {
        match &self.each {
            None => Ok(()),
            Some(dir) => {
                fs::create_dir_all(dir).map_err(|error| cannot_write(dir.display(), &error))
            }
        }
    }

    /// Writes a grade.
    pub(in crate::cli) fn write(&self, grade: &Grade) -> Result<(), Failure> {
        let Some(dir) = &self.each else {
            return match self.format {
                GradeFormat::Text => print_styled(&table::render(grade)),
                GradeFormat::Gradescope => match grade.submissions.len() {
                    // With the paths that the author has.
                    1 => print(&render(&grade.of_one(0, true), self.format)?),
                    count => Err(not_one(count)),
                },
                format => print(&render(grade, format)?),
            };
        };
        self.prepare()?;
        let (extension, contents) = self.format.file();
        for index in 0..grade.submissions.len() {
            let hidden_too = self.format == GradeFormat::Gradescope;
            let one = grade.of_one(index, hidden_too);
            let name = file_stem(&grade.submissions[index].name);
            let path = dir.join(format!("{name}.{extension}"));
            OutFile::prepare(&path, &contents)?.write(&render(&one, self.format)?)?;
        }
        tell(dir, grade.submissions.len())
    }
}

fn tell(dir: &Path, count: usize) -> Result<(), Failure> {
    print(&format!(
        "{} in {}\n",
        counted(count, "file"),
        dir.display()
    ))
}

/// Gradescope has one submission, and here are several.
pub(super) fn not_one(count: usize) -> Failure {
    let text = format!(
        "--format gradescope is for one submission; here are {count}: --each DIR writes a file for \
         each"
    );
    Failure::new(Exit::Usage, text)
}

/// A grade in a format.
fn render(grade: &Grade, format: GradeFormat) -> Result<String, Failure> {
    match format {
        GradeFormat::Text => Ok(table::render(grade).shown(false)),
        GradeFormat::Json => json(grade),
        GradeFormat::Junit => Ok(junit::render(grade)?),
        GradeFormat::Gradescope => match grade.submissions.as_slice() {
            [one] => json(&gradescope::results(grade, one)),
            all => Err(not_one(all.len())),
        },
        GradeFormat::Csv => Ok(csv::render(grade)),
        GradeFormat::Markdown => Ok(markdown::render(grade)),
        GradeFormat::Annotations => Ok(annotations::render(grade)),
        GradeFormat::Leaderboard => Ok(leaderboard::render(grade)),
    }
}
