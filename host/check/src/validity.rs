//! Verdicts, and how strict they are.

use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Jepsen's three-valued verdict. The greater is the worse, and of several the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validity {
    /// Nothing wrong was found.
    True,
    /// There was too little to judge, or a budget ran out.
    Unknown,
    /// Something is wrong.
    False,
}

impl Validity {
    /// The worst of several; true of none.
    #[must_use]
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().max().unwrap_or(Self::True)
    }
}

impl From<bool> for Validity {
    fn from(valid: bool) -> Self {
        if valid { Self::True } else { Self::False }
    }
}

/// `true`, `false` or `"unknown"`.
impl Serialize for Validity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::True => serializer.serialize_bool(true),
            Self::False => serializer.serialize_bool(false),
            Self::Unknown => serializer.serialize_str("unknown"),
        }
    }
}

/// Whose rules decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// Maelstrom's rules, and beyond them what its checkers let pass although it is surely wrong.
    #[default]
    Strict,
    /// Maelstrom's rules alone: its verdict and its figures. Where its checker gives up with an
    /// error, its definitions decide.
    Maelstrom,
}

impl Checks {
    /// Its name, as in `--checks`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Maelstrom => "maelstrom",
        }
    }
}

/// `strict` or `maelstrom`, as in `--checks`.
impl FromStr for Checks {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "strict" => Ok(Self::Strict),
            "maelstrom" => Ok(Self::Maelstrom),
            _ => Err(format!("expected strict or maelstrom, found `{name}`")),
        }
    }
}
