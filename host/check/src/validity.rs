//! Verdicts, and whose rules they follow.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::names::UnknownName;

/// Jepsen's three-valued verdict. A greater verdict is worse; of several, the worst counts.
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

impl<'de> Deserialize<'de> for Validity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Known(bool),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Known(valid) => Ok(valid.into()),
            Written::Word(word) if word == "unknown" => Ok(Self::Unknown),
            Written::Word(word) => Err(D::Error::custom(format!("{word:?} is not a verdict"))),
        }
    }
}

/// Whose rules decide, under their names in `--checks`.
#[derive(
    Clone, Copy, Debug, Default, Display, EnumString, Eq, IntoStaticStr, PartialEq, VariantArray,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownName, parse_err_fn = unknown)]
pub enum Checks {
    /// Maelstrom's rules, and also what its checkers let pass although it is certainly wrong.
    #[default]
    Strict,
    /// Maelstrom's rules alone: its verdict and its figures. Where its checker gives up with an
    /// error, its definitions decide.
    Maelstrom,
}

impl Checks {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name, as in `--checks`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn unknown(name: &str) -> UnknownName {
    UnknownName {
        expected: "strict or maelstrom".to_owned(),
        found: name.to_owned(),
    }
}
