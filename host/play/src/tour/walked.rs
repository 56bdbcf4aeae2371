//! A tour that can be taken: its runs, and the moments of its steps.

use serde::Serialize;

use super::question::Question;
use super::text::Text;
use crate::game::Base;
use crate::session::Made;

/// A tour whose moments are found.
#[derive(Debug, Clone)]
pub struct Tour {
    /// What it is about.
    pub title: String,
    /// What the stage shows at nodes: fields of their states, as JSON pointers.
    pub show: Vec<String>,
    /// Its runs, in the order in which it comes to them.
    pub runs: Vec<Run>,
    /// Its steps.
    pub steps: Vec<TourStep>,
}

/// A run of a tour.
#[derive(Debug, Clone)]
pub struct Run {
    /// What it is made from.
    pub(crate) base: Base,
    /// What the tour does to it.
    pub(crate) made: Vec<Made>,
    /// The run that it is up to a moment, and the moment: so many entries of the journal.
    pub(crate) parent: Option<(usize, usize)>,
    /// Its last moment, after so many events; `None` for its end.
    pub(crate) events: Option<u64>,
}

/// A step of a tour.
#[derive(Debug, Clone)]
pub struct TourStep {
    /// Its heading.
    pub title: String,
    /// What it says.
    pub text: Vec<Text>,
    /// Its run, among those of the tour.
    pub run: usize,
    /// The moment that it shows: so many entries of the journal.
    pub at: usize,
    /// How much of what is done to the run comes before that.
    pub(crate) made: usize,
    /// What it marks: `n1`, `message 12`.
    pub marks: Vec<String>,
    /// The question that it ends with.
    pub question: Option<Question>,
}

/// A tour as the page has it.
#[derive(Debug, Serialize)]
pub struct TourPage<'a> {
    name: &'a str,
    title: &'a str,
    show: &'a [String],
    steps: Vec<StepPage<'a>>,
}

#[derive(Debug, Serialize)]
struct StepPage<'a> {
    title: &'a str,
    text: &'a [Text],
    branch: u32,
    at: usize,
    marks: &'a [String],
    question: Option<&'a Question>,
}

impl Tour {
    /// The tour for a page on which its runs are the branches with these numbers.
    #[must_use]
    pub fn page<'a>(&'a self, name: &'a str, branches: &[u32]) -> TourPage<'a> {
        let step = |step: &'a TourStep| StepPage {
            title: &step.title,
            text: &step.text,
            branch: branches.get(step.run).copied().unwrap_or_default(),
            at: step.at,
            marks: &step.marks,
            question: step.question.as_ref(),
        };
        TourPage {
            name,
            title: &self.title,
            show: &self.show,
            steps: self.steps.iter().map(step).collect(),
        }
    }
}
