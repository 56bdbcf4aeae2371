//! The name of a node or client. Most are short: those need no allocation.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use host_protocol::json::short_text;

/// A name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// Its length, and its bytes with zeros behind them.
    Short(u8, [u8; 15]),
    Long(Box<str>),
}

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        match (short_text(name.as_bytes()), u8::try_from(name.len())) {
            (Some(bytes), Ok(length)) => Name::Short(length, bytes),
            _ => Name::Long(name.into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            // They are those of a text.
            Name::Short(length, bytes) => {
                str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
            }
            Name::Long(name) => name,
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Name::new(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_stay_as_they_are() {
        for length in 0..40 {
            for name in ["x".repeat(length), "é".repeat(length)] {
                let kept = Name::new(&name);
                assert_eq!(kept.as_str(), name);
                assert_eq!(format!("{kept:?}"), format!("{name:?}"));
                let json = serde_json::to_string(&name).unwrap();
                assert_eq!(serde_json::to_string(&kept).unwrap(), json);
                assert_eq!(serde_json::from_str::<Name>(&json).unwrap(), kept);
            }
        }
    }
}
