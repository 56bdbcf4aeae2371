//! Questions that stop the reader.

use serde::Serialize;

use super::error::{At, TourError};

/// A question with its answers, of which one is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The question.
    pub text: String,
    /// The answers to choose from.
    pub answers: Vec<String>,
    /// Which of them is right.
    pub right: usize,
    /// Why.
    pub why: String,
}

impl Question {
    /// Reads a fenced block: the question, a list of answers with `[x]` before the right one, and why it is right.
    pub(super) fn read(fence: &At<&str>, lines: &[At<&str>]) -> Result<Self, TourError> {
        let mut question = Question {
            text: String::new(),
            answers: Vec::new(),
            right: 0,
            why: String::new(),
        };
        let mut right = Vec::new();
        let mut ended = false;
        for line in lines {
            let text = line.what.trim();
            let answer = text
                .strip_prefix("- [")
                .and_then(|rest| rest.split_once("] "));
            match answer {
                Some((mark @ (" " | "x"), answer)) if !ended => {
                    if mark == "x" {
                        right.push(question.answers.len());
                    }
                    question.answers.push(answer.trim().to_owned());
                }
                Some(_) => {
                    return Err(line.wrong("an answer is `- [ ] text`, or `- [x] text` if it is right, and all stand together"));
                }
                None if text.is_empty() => ended = !question.answers.is_empty(),
                None if question.answers.is_empty() => add(&mut question.text, text),
                // A line that goes on.
                None if !ended => question
                    .answers
                    .iter_mut()
                    .last()
                    .into_iter()
                    .for_each(|it| add(it, text)),
                None => add(&mut question.why, text),
            }
        }
        match (right.as_slice(), question.answers.len()) {
            (&[right], 2..) if !question.text.is_empty() && !question.why.is_empty() => {
                Ok(Question { right, ..question })
            }
            _ => Err(fence.wrong(
                "a question has a text, two answers or more as `- [ ] text`, of which one is right (`- [x] text`), an empty line, and why it is right",
            )),
        }
    }
}

fn add(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}
