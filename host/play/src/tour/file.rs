//! A tour's file, read: the run that it begins with, and its steps.

use std::sync::Arc;

use host_trial::Scenario;
use host_trial::scenario::option::{self, ScenarioOption};
use host_trial::schedule::Schedule;

use super::claim::Claim;
use super::deed::{self, Deed};
use super::error::{At, TourError};
use super::event::Event;
use super::markdown::{Block, Document, Section};
use super::pattern::{Known, MessagePattern};
use super::question::Question;
use super::text::Text;
use crate::game::Base;

/// The most steps of a tour.
const STEPS_MAX: usize = 100;
/// The most lines of all its blocks.
const LINES_MAX: usize = 2_000;

/// A tour as it was written, and the run that it begins with.
#[derive(Debug)]
pub struct TourFile {
    /// What it is about.
    pub title: String,
    /// The name of the node that comes with the host; `None` if the reader brings a module.
    pub node: Option<String>,
    /// What the stage shows at nodes: fields of their states, as JSON pointers.
    pub show: Vec<String>,
    pub(super) base: Base,
    pub(super) steps: Vec<Step>,
}

/// A step as it was written.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) title: At<String>,
    pub(super) text: Vec<Text>,
    pub(super) origin: Origin,
    pub(super) lines: Vec<At<Line>>,
    pub(super) question: Option<Question>,
}

/// Which run a step goes on in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// That of the step before.
    Before,
    /// A new one, from the beginning, perhaps with other arguments of the nodes.
    Again(Option<Vec<String>>),
    /// A new one, which is that of an earlier step up to its moment.
    Back(usize),
}

/// A line of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    GoTo(Event),
    /// And in which words.
    Do(Deed, String),
    Expect(Claim),
    Mark(Mark),
}

/// What is marked on the stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    Node(usize),
    /// The message that was gone to last.
    LastMessage,
    /// One on its way.
    Message(MessagePattern),
}

impl TourFile {
    /// The run that it begins with, before anything is done to it.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// The same, to be changed.
    pub fn base_mut(&mut self) -> &mut Base {
        &mut self.base
    }

    /// The arguments that its runs give their nodes.
    pub fn arguments(&self) -> impl Iterator<Item = &[String]> {
        let others = self.steps.iter().filter_map(|step| match &step.origin {
            Origin::Again(Some(arguments)) => Some(arguments.as_slice()),
            _ => None,
        });
        [self.base.scenario.options.guest_args.as_slice()]
            .into_iter()
            .chain(others)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(text: &str) -> Result<Self, TourError> {
        let document = Document::read(text)?;
        let head = Head::read(&document)?;
        let known = Known {
            cluster: head.base.scenario.options.cluster,
            workload: &head.base.scenario.workload,
        };
        let sections = &document.sections;
        let end = At::new(text.lines().count().max(1), ());
        if sections.is_empty() {
            return Err(end.wrong("a tour has steps, each with a heading: `# A value arrives`"));
        }
        if let Some(section) = sections.get(STEPS_MAX) {
            return Err(section
                .heading
                .wrong(format!("a tour has {STEPS_MAX} steps at most")));
        }
        let mut steps: Vec<Step> = Vec::new();
        let mut lines = 0;
        for section in sections {
            let step = step(section, &steps, &known)?;
            lines += step.lines.len();
            if lines > LINES_MAX {
                return Err(section.heading.wrong(format!(
                    "the blocks of a tour have {LINES_MAX} lines at most"
                )));
            }
            steps.push(step);
        }
        if steps.iter().all(|step| step.question.is_none()) {
            return Err(end.wrong("a tour asks its reader something: a block ```question"));
        }
        let Head {
            title,
            node,
            show,
            base,
            has_schedule,
        } = head;
        let script = has_schedule.then(|| Arc::new(base.script));
        Ok(TourFile {
            title,
            node,
            show,
            base: Base {
                seed: base.seed,
                scenario: Arc::new(base.scenario),
                script,
            },
            steps,
        })
    }
}

struct Head {
    title: String,
    node: Option<String>,
    show: Vec<String>,
    base: Schedule,
    has_schedule: bool,
}

impl Head {
    fn read(document: &Document<'_>) -> Result<Self, TourError> {
        let mut head = Head {
            title: String::new(),
            node: None,
            show: Vec::new(),
            base: Schedule {
                seed: 1,
                scenario: Scenario::default(),
                script: host_sim::Script::default(),
            },
            has_schedule: false,
        };
        let mut schedule = None;
        for block in &document.before {
            match block {
                Block::Fenced(word, lines) if word.what == "schedule" => {
                    let text: Vec<&str> = lines.iter().map(|line| line.what).collect();
                    let read = Schedule::read(text.join("\n").as_bytes());
                    schedule = Some(read.map_err(|error| {
                        word.wrong(format!("the schedule cannot be read: {error}"))
                    })?);
                }
                Block::Fenced(word, _) => {
                    return Err(
                        word.wrong("before the first heading only a block ```schedule may stand")
                    );
                }
                Block::Paragraph(_) | Block::List(_) => {}
            }
        }
        head.has_schedule = schedule.is_some();
        if let Some(schedule) = schedule {
            head.base = schedule;
        }
        let mut set: Vec<(&'static ScenarioOption, &At<(&str, &str)>)> = Vec::new();
        for (at, line) in document.head.iter().enumerate() {
            let (name, text) = line.what;
            if document.head[..at]
                .iter()
                .any(|before| before.what.0 == name)
            {
                return Err(line.wrong(format!("`{name}` is given twice")));
            }
            match name {
                "title" => head.title = text.to_owned(),
                "node" => head.node = Some(text.to_owned()),
                "show" => {
                    let paths = text.split_whitespace();
                    if let Some(wrong) = paths.clone().find(|path| !path.starts_with('/')) {
                        return Err(line.wrong(format!(
                            "`{wrong}` is no field of a state: a JSON pointer such as /node/role"
                        )));
                    }
                    head.show = paths.map(str::to_owned).collect();
                }
                "args" => {
                    let words = text.split_whitespace().map(str::to_owned);
                    head.base.scenario.options.guest_args = words.collect();
                }
                _ if head.has_schedule => {
                    return Err(line.wrong(format!("`{name}` cannot be beside a schedule, which has it: the head has `title`, `node`, `show` and `args` then")));
                }
                "seed" => {
                    let seed = text.parse();
                    head.base.seed = seed.map_err(|_| {
                        line.wrong(format!("`{text}` is no seed: a number from 0 on"))
                    })?;
                }
                _ => {
                    let option = option::ALL
                        .iter()
                        .find(|option| option.name == name && option.is_in_schedules());
                    let option = option.ok_or_else(|| {
                        line.wrong(format!("`{name}` is neither `title`, `node`, `show`, `args` or `seed` nor an option of a run: `host sim -h` lists those, without their limits"))
                    })?;
                    set.push((option, line));
                }
            }
        }
        if head.title.is_empty() {
            return Err(At::new(1, ()).wrong("the head has no `title`"));
        }
        if !head.has_schedule {
            scenario(&mut head.base.scenario, &mut set)?;
        }
        let verified = head.base.scenario.verify();
        verified.map_err(|why| At::new(1, ()).wrong(why.to_string()))?;
        Ok(head)
    }
}

/// Sets the options of the head in the order of their table, since some are the defaults of others. No operations are drawn unless
/// the head asks for them.
fn scenario(
    scenario: &mut Scenario,
    set: &mut [(&'static ScenarioOption, &At<(&str, &str)>)],
) -> Result<(), TourError> {
    let place = |wanted: &ScenarioOption| option::ALL.iter().position(|it| it.name == wanted.name);
    set.sort_by_key(|(option, _)| place(option));
    let has = |name: &str| set.iter().any(|(option, _)| option.name == name);
    if !has("workload") {
        return Err(At::new(1, ()).wrong("the head has no `workload`"));
    }
    if !has("rate") {
        scenario.options.rate = 0.0;
    }
    for (option, line) in set.iter() {
        let text = line.what.1;
        let wrong = |error| line.wrong(format!("`{}`: {error}", option.name));
        option.set(scenario, text).map_err(wrong)?;
    }
    Ok(())
}

fn step(section: &Section<'_>, before: &[Step], known: &Known<'_>) -> Result<Step, TourError> {
    let heading = &section.heading;
    let mut step = Step {
        title: At::new(heading.line, heading.what.to_owned()),
        text: Vec::new(),
        origin: Origin::Before,
        lines: Vec::new(),
        question: None,
    };
    if heading.what.is_empty() || before.iter().any(|it| it.title.what == heading.what) {
        return Err(heading.wrong("each step has a heading of its own"));
    }
    let mut has_lines = false;
    for block in &section.blocks {
        match block {
            Block::Paragraph(text) => step.text.push(Text::P(text.clone())),
            Block::List(items) => step.text.push(Text::List(items.clone())),
            Block::Fenced(word, lines) if word.what == "tour" => {
                if std::mem::replace(&mut has_lines, true) {
                    return Err(word.wrong("a step has one block ```tour"));
                }
                for line in lines.iter().filter(|line| !is_comment(line.what)) {
                    read_line(line, &mut step, before, known)?;
                }
            }
            Block::Fenced(word, lines) if word.what == "question" => {
                if step.question.is_some() {
                    return Err(word.wrong("a step has one question"));
                }
                step.question = Some(Question::read(word, lines)?);
            }
            Block::Fenced(_, lines) => {
                let lines: Vec<&str> = lines.iter().map(|line| line.what).collect();
                step.text.push(Text::Code(lines.join("\n")));
            }
        }
    }
    match step.text.is_empty() {
        true => Err(heading.wrong("a step has a text")),
        false => Ok(step),
    }
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

fn read_line(
    line: &At<&str>,
    step: &mut Step,
    before: &[Step],
    known: &Known<'_>,
) -> Result<(), TourError> {
    let text = line.what.trim();
    let is_first = step.lines.is_empty() && step.origin == Origin::Before;
    if let Some(origin) = origin(text, before).map_err(|what| line.wrong(what))? {
        if !is_first || before.is_empty() {
            return Err(
                line.wrong("this may only be the first line of a step, and not of the first one")
            );
        }
        step.origin = origin;
        return Ok(());
    }
    let read = read(text, known).map_err(|what| line.wrong(what))?;
    step.lines.push(At::new(line.line, read));
    Ok(())
}

fn origin(text: &str, before: &[Step]) -> Result<Option<Origin>, String> {
    if let Some(title) = text.strip_prefix("go back to ") {
        let title = title.trim().trim_matches('"');
        let found = before.iter().position(|step| step.title.what == title);
        return match found {
            Some(step) => Ok(Some(Origin::Back(step))),
            None => Err(format!("there is no step \"{title}\" before this one")),
        };
    }
    let Some(rest) = text.strip_prefix("begin again") else {
        return Ok(None);
    };
    match rest.trim().strip_prefix("with") {
        None if rest.trim().is_empty() => Ok(Some(Origin::Again(None))),
        Some(args) => {
            let args = args.split_whitespace().map(str::to_owned).collect();
            Ok(Some(Origin::Again(Some(args))))
        }
        None => Err("write `begin again`, or `begin again with --reads read-index`".to_owned()),
    }
}

fn read(text: &str, known: &Known<'_>) -> Result<Line, String> {
    if let Some(event) = text.strip_prefix("go to ") {
        return Ok(Line::GoTo(Event::read(event.trim(), known)?));
    }
    if let Some(claim) = text.strip_prefix("expect ") {
        return Ok(Line::Expect(Claim::read(claim.trim(), known)?));
    }
    if let Some(mark) = text.strip_prefix("mark ") {
        let words: Vec<&str> = mark.split_whitespace().collect();
        return Ok(Line::Mark(match words.as_slice() {
            ["message"] => Mark::LastMessage,
            [name] => Mark::Node(known.node(name)?),
            _ => Mark::Message(MessagePattern::read(&words)?),
        }));
    }
    match Deed::read(text, known) {
        Some(deed) => Ok(Line::Do(deed?, text.to_owned())),
        None => {
            let verbs = deed::VERBS;
            Err(format!(
                "`{text}` says nothing that a tour does: a line begins with `go to`, `expect`, `mark`, `go back to`, `begin again`, or with one of {verbs}"
            ))
        }
    }
}
