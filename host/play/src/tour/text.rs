//! What a step says.

use serde::Serialize;

/// A part of a step's text. What is in it is shown as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Text {
    /// A paragraph.
    P(String),
    /// Lines as they stand.
    Code(String),
    /// The items of a list.
    List(Vec<String>),
}
