//! The parts of a tour's file: its head, and for each heading texts and fenced blocks.
//!
//! This is the part of Markdown that a tour needs. Everything else in it is text.

use super::error::{At, TourError};

/// The most bytes of a file.
pub const TOUR_BYTES_MAX: usize = 256 << 10;

/// A file in its parts.
#[derive(Debug)]
pub(super) struct Document<'a> {
    /// The names and values of the head.
    pub(super) head: Vec<At<(&'a str, &'a str)>>,
    /// What stands before the first heading.
    pub(super) before: Vec<Block<'a>>,
    pub(super) sections: Vec<Section<'a>>,
}

/// A heading and what follows it.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) heading: At<&'a str>,
    pub(super) blocks: Vec<Block<'a>>,
}

#[derive(Debug)]
pub(super) enum Block<'a> {
    /// A paragraph, on one line.
    Paragraph(String),
    /// The items of a list, on a line each.
    List(Vec<String>),
    /// A block between fences: the word behind the fence, and its lines.
    Fenced(At<&'a str>, Vec<At<&'a str>>),
}

impl<'a> Document<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, TourError> {
        if text.len() > TOUR_BYTES_MAX {
            let what = format!(
                "the file has {} bytes, more than {TOUR_BYTES_MAX}",
                text.len()
            );
            return Err(At::new(1, ()).wrong(what));
        }
        let lines = (1..).zip(text.lines());
        let mut lines = lines.map(|(line, text)| At::new(line, text.trim_end()));
        let head = head(&mut lines)?;
        let mut document = Document {
            head,
            before: Vec::new(),
            sections: Vec::new(),
        };
        while let Some(line) = lines.next() {
            if let Some(heading) = heading(line.what) {
                let heading = At::new(line.line, heading);
                let blocks = Vec::new();
                document.sections.push(Section { heading, blocks });
                continue;
            }
            let blocks = match document.sections.last_mut() {
                Some(section) => &mut section.blocks,
                None => &mut document.before,
            };
            match line.what.trim_start().strip_prefix("```") {
                Some(word) => blocks.push(fenced(&At::new(line.line, word.trim()), &mut lines)?),
                None => text_line(line.what, blocks),
            }
        }
        document.before.retain(Block::is_not_empty);
        for section in &mut document.sections {
            section.blocks.retain(Block::is_not_empty);
        }
        Ok(document)
    }
}

impl Block<'_> {
    fn is_not_empty(&self) -> bool {
        !matches!(self, Block::Paragraph(text) if text.is_empty())
    }
}

/// The lines between the first one, which has to be `---`, and the next such.
fn head<'a>(
    lines: &mut impl Iterator<Item = At<&'a str>>,
) -> Result<Vec<At<(&'a str, &'a str)>>, TourError> {
    let no_head = "a tour begins with a head: a line `---`, then lines such as `title: A lost message`, then `---`";
    let first = lines.next().unwrap_or(At::new(1, ""));
    if first.what != "---" {
        return Err(first.wrong(no_head));
    }
    let mut head = Vec::new();
    let mut last = first.line;
    for line in lines {
        last = line.line;
        if line.what == "---" {
            return Ok(head);
        }
        if line.what.is_empty() {
            continue;
        }
        let wrong = || line.wrong("a line of the head is a name and a value: `node-count: 3`");
        let (name, value) = line.what.split_once(':').ok_or_else(wrong)?;
        head.push(At::new(line.line, (name.trim(), value.trim())));
    }
    Err(At::new(last, ()).wrong("the head has no end: a line `---`"))
}

/// The text of a heading, of any level.
fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let is_heading = (1..=6).contains(&level) && text.starts_with(' ');
    is_heading.then(|| text.trim())
}

/// The lines up to the fence that ends the block.
fn fenced<'a>(
    word: &At<&'a str>,
    lines: &mut impl Iterator<Item = At<&'a str>>,
) -> Result<Block<'a>, TourError> {
    let mut inside = Vec::new();
    for line in lines {
        if line.what.trim_start().starts_with("```") {
            return Ok(Block::Fenced(word.clone(), inside));
        }
        inside.push(line);
    }
    Err(word.wrong("the block that begins here has no end: a line of three backticks"))
}

/// Adds a line of text to the paragraph or list before it, or begins one. An empty paragraph ends what
/// is before it.
fn text_line(line: &str, blocks: &mut Vec<Block<'_>>) {
    let text = line.trim();
    let item = text.strip_prefix("- ").or_else(|| text.strip_prefix("* "));
    match (item, blocks.last_mut()) {
        (Some(item), Some(Block::List(items))) => items.push(item.trim().to_owned()),
        (Some(item), _) => blocks.push(Block::List(vec![item.trim().to_owned()])),
        (None, Some(Block::List(items))) if !text.is_empty() => {
            if let Some(last) = items.last_mut() {
                *last = format!("{last} {text}");
            }
        }
        (None, Some(Block::Paragraph(before))) if !text.is_empty() && !before.is_empty() => {
            *before = format!("{before} {text}");
        }
        (None, _) => blocks.push(Block::Paragraph(text.to_owned())),
    }
}
