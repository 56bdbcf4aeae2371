//! The disk of a node, as effects change it and the first event shows it.
//!
//! Bytes are text where they are UTF-8, and base64 (RFC 4648, with padding) otherwise.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::abi::Effect;
use crate::json::write_string;

/// The most bytes that the name of a file may have.
pub const NAME_BYTES_MAX: usize = 255;

/// A change to a node's disk. The node sees it at once; it is durable after the next sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// Write bytes at an offset; the file is made if there is none, and filled with zeros up to
    /// the offset.
    Write {
        /// The file.
        file: Cow<'a, str>,
        /// The offset of the first byte.
        at: u64,
        /// The bytes.
        data: Cow<'a, [u8]>,
    },
    /// Write bytes at the end of a file, which is made if there is none.
    Append {
        /// The file.
        file: Cow<'a, str>,
        /// The bytes.
        data: Cow<'a, [u8]>,
    },
    /// Replace a file, or make it: after a crash it has all of the new bytes or is as before.
    Put {
        /// The file.
        file: Cow<'a, str>,
        /// All of its bytes.
        data: Cow<'a, [u8]>,
    },
    /// Cut a file to a length, or fill it with zeros up to it; it is made if there is none.
    Truncate {
        /// The file.
        file: Cow<'a, str>,
        /// Its new length.
        len: u64,
    },
    /// Rename a file. One that has the new name is replaced.
    Rename {
        /// The file, which has to exist.
        from: Cow<'a, str>,
        /// Its new name.
        to: Cow<'a, str>,
    },
    /// Remove a file. None of that name is not an error.
    Remove {
        /// The file.
        file: Cow<'a, str>,
    },
}

impl<'a> Change<'a> {
    /// The change that an effect asks for; `None` if it asks for none.
    ///
    /// # Errors
    /// If a name cannot be that of a file, or fields are missing or too many.
    pub fn of(effect: Effect<'a>) -> Result<Option<Self>, BadChange> {
        let change = match effect {
            Effect::Write(FileData {
                file,
                at,
                text,
                base64,
            }) => Change::Write {
                file,
                at: at.ok_or(BadChange::NoOffset)?,
                data: bytes(text, base64)?,
            },
            Effect::Append(data) => {
                let (file, data) = data.whole()?;
                Change::Append { file, data }
            }
            Effect::Put(data) => {
                let (file, data) = data.whole()?;
                Change::Put { file, data }
            }
            Effect::Truncate(Truncate { file, len }) => Change::Truncate { file, len },
            Effect::Rename(Rename { from, to }) => Change::Rename { from, to },
            Effect::Remove(FileRef { file }) => Change::Remove { file },
            Effect::Send(_)
            | Effect::SetTimer(_)
            | Effect::CancelTimer(_)
            | Effect::Log(_)
            | Effect::Sync(_) => return Ok(None),
        };
        match &change {
            Change::Write { file, .. }
            | Change::Append { file, .. }
            | Change::Put { file, .. }
            | Change::Truncate { file, .. }
            | Change::Remove { file } => check_name(file)?,
            Change::Rename { from, to } => {
                check_name(from)?;
                check_name(to)?;
            }
        }
        Ok(Some(change))
    }
}

/// What is wrong with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadChange {
    /// The name of a file.
    Name(BadName),
    /// The bytes.
    Content(BadContent),
    /// A `write` without `at`.
    NoOffset,
    /// An `append` or a `put` with `at`.
    Offset,
}

impl std::fmt::Display for BadChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BadChange::Name(name) => name.fmt(f),
            BadChange::Content(content) => content.fmt(f),
            BadChange::NoOffset => f.write_str("`write` needs an offset, \"at\""),
            BadChange::Offset => f.write_str("only `write` has an offset, \"at\""),
        }
    }
}

impl From<BadName> for BadChange {
    fn from(name: BadName) -> Self {
        BadChange::Name(name)
    }
}

impl From<BadContent> for BadChange {
    fn from(content: BadContent) -> Self {
        BadChange::Content(content)
    }
}

/// Why a name cannot be that of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadName {
    /// It is empty, or has more than [`NAME_BYTES_MAX`] bytes.
    Length,
    /// It is `.` or `..`.
    Dots,
    /// It has a slash or a NUL.
    Character,
}

impl std::fmt::Display for BadName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BadName::Length => write!(f, "a file's name has 1 to {NAME_BYTES_MAX} bytes"),
            BadName::Dots => f.write_str("a file's name is neither \".\" nor \"..\""),
            BadName::Character => f.write_str("a file's name has no slash and no NUL"),
        }
    }
}

/// Checks the name of a file.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), BadName> {
    match name {
        "." | ".." => Err(BadName::Dots),
        _ if name.is_empty() || name.len() > NAME_BYTES_MAX => Err(BadName::Length),
        _ if name.contains(['/', '\0']) => Err(BadName::Character),
        _ => Ok(()),
    }
}

/// A file and bytes for it: the value of the effects `append` and `put`, and with `at` of `write`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FileData<'a> {
    /// The file.
    #[serde(borrow)]
    pub file: Cow<'a, str>,
    /// The offset; only `write` has one.
    #[serde(default)]
    pub at: Option<u64>,
    /// The bytes, if they are UTF-8.
    #[serde(default)]
    pub text: Option<Cow<'a, str>>,
    /// The bytes in base64.
    #[serde(default)]
    pub base64: Option<Cow<'a, str>>,
}

impl<'a> FileData<'a> {
    /// The file and its bytes, if there is no offset.
    fn whole(self) -> Result<(Cow<'a, str>, Cow<'a, [u8]>), BadChange> {
        match self.at {
            None => Ok((self.file, bytes(self.text, self.base64)?)),
            Some(_) => Err(BadChange::Offset),
        }
    }
}

/// A file's new length: the value of the effect `truncate`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Truncate<'a> {
    /// The file.
    #[serde(borrow)]
    pub file: Cow<'a, str>,
    /// Its new length.
    pub len: u64,
}

/// A file's new name: the value of the effect `rename`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rename<'a> {
    /// The file.
    #[serde(borrow)]
    pub from: Cow<'a, str>,
    /// Its new name.
    #[serde(borrow)]
    pub to: Cow<'a, str>,
}

/// A file: the value of the effect `remove`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FileRef<'a> {
    /// The file.
    #[serde(borrow)]
    pub file: Cow<'a, str>,
}

/// The value of the effect `sync`, which has no fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {}

/// Why a sync failed: the `reason` in the event `sync_failed`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SyncFailure {
    /// The disk has failed. What was not durable may be lost, even if a later sync succeeds.
    Error,
    /// The disk is full. What was not durable still is not.
    Full,
}

/// The bytes of a file in the first event: an entry of `disk`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Content<'a> {
    /// The bytes, if they are UTF-8.
    #[serde(default, borrow)]
    pub text: Option<Cow<'a, str>>,
    /// The bytes in base64.
    #[serde(default, borrow)]
    pub base64: Option<Cow<'a, str>>,
}

/// What is wrong with `text` and `base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadContent {
    /// Both are there, or none.
    NotOne,
    /// It is not base64; says why.
    NotBase64(String),
}

impl std::fmt::Display for BadContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BadContent::NotOne => {
                f.write_str("the bytes of a file are either \"text\" or \"base64\"")
            }
            BadContent::NotBase64(why) => {
                write!(f, "\"base64\" is not base64 with padding: {why}")
            }
        }
    }
}

/// The bytes that `text` or `base64` says.
///
/// # Errors
/// If it is not exactly one of them, or not base64.
pub fn bytes<'a>(
    text: Option<Cow<'a, str>>,
    base64: Option<Cow<'a, str>>,
) -> Result<Cow<'a, [u8]>, BadContent> {
    match (text, base64) {
        (Some(Cow::Borrowed(text)), None) => Ok(Cow::Borrowed(text.as_bytes())),
        (Some(Cow::Owned(text)), None) => Ok(Cow::Owned(text.into_bytes())),
        (None, Some(base64)) => {
            let bytes = STANDARD.decode(base64.as_bytes());
            bytes
                .map(Cow::Owned)
                .map_err(|error| BadContent::NotBase64(error.to_string()))
        }
        (None, None) | (Some(_), Some(_)) => Err(BadContent::NotOne),
    }
}

/// Appends `"text":"…"` or `"base64":"…"` to `out`.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        out.extend_from_slice(b"\"text\":");
        write_string(out, text);
    } else {
        out.extend_from_slice(b"\"base64\":\"");
        let start = out.len();
        out.resize(start + bytes.len().div_ceil(3) * 4, 0);
        // It has just the length that it takes.
        let _ = STANDARD.encode_slice(bytes, &mut out[start..]);
        out.push(b'"');
    }
}

/// How many bytes a file takes in the first event: its name, its bytes and the marks around them.
#[must_use]
pub fn encoded_len(name: &str, bytes: &[u8]) -> usize {
    let content = match str::from_utf8(bytes) {
        Ok(text) => "\"text\":".len() + string_len(text),
        Err(_) => "\"base64\":\"\"".len() + bytes.len().div_ceil(3) * 4,
    };
    string_len(name) + ":{},".len() + content
}

/// How many bytes a string has in JSON, with its quotes.
fn string_len(text: &str) -> usize {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0c | b'\r' => 2,
        ..0x20 => "\\u0000".len(),
        _ => 1,
    });
    2 + escaped.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_bytes(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    fn read(json: &str) -> Result<Vec<u8>, String> {
        let content: Content<'_> = serde_json::from_str(json).unwrap();
        let bytes = bytes(content.text, content.base64).map_err(|error| error.to_string());
        bytes.map(Cow::into_owned)
    }

    #[test]
    fn bytes_are_text_or_base64_and_come_back() {
        // The vectors of RFC 4648 are text; with a byte that is not UTF-8 in front they are not.
        assert_eq!(written(b"foob\"\n"), r#""text":"foob\"\n""#);
        assert_eq!(written(b""), r#""text":"""#);
        assert_eq!(written(b"\xff"), r#""base64":"/w==""#);
        assert_eq!(written(b"\xfffoo"), r#""base64":"/2Zvbw==""#);
        assert_eq!(written(b"\xfffo"), r#""base64":"/2Zv""#);
        for bytes in [&b"foo"[..], b"", b"\xff\x00", b"\xfffoo", &[0, 9, 13, 127]] {
            let json = format!("{{{}}}", written(bytes));
            assert_eq!(read(&json).as_deref(), Ok(bytes), "{json}");
        }
    }

    #[test]
    fn a_file_is_as_long_in_the_first_event_as_was_said() {
        let every: Vec<u8> = (0..=0x7f).collect();
        for (name, bytes) in [
            ("f", &b""[..]),
            ("f", &every),
            ("\"", "ä\u{2028}\0".as_bytes()),
            ("\u{1f}ab", b"\xff\0"),
            ("f", b"\xff\xff\xff\xff"),
        ] {
            let mut out = Vec::new();
            write_string(&mut out, name);
            out.extend_from_slice(b":{");
            write_bytes(&mut out, bytes);
            out.extend_from_slice(b"},");
            assert_eq!(encoded_len(name, bytes), out.len(), "{name:?} {bytes:?}");
        }
    }

    #[test]
    fn bytes_are_one_of_both() {
        let both = "the bytes of a file are either \"text\" or \"base64\"";
        assert_eq!(read("{}"), Err(both.to_owned()));
        assert_eq!(read(r#"{"text":"","base64":""}"#), Err(both.to_owned()));
        let bad = read(r#"{"base64":"/w="}"#).unwrap_err();
        assert!(
            bad.starts_with("\"base64\" is not base64 with padding: "),
            "{bad}"
        );
    }

    fn change(effect: &str) -> Result<Option<Change<'_>>, String> {
        let effect = serde_json::from_str(effect).unwrap();
        Change::of(effect).map_err(|error| error.to_string())
    }

    #[test]
    fn effects_are_changes() {
        let (file, data) = (Cow::Borrowed("a"), Cow::Borrowed(&b"\xffhi"[..]));
        let write = Change::Write {
            file: file.clone(),
            at: 3,
            data: data.clone(),
        };
        let append = Change::Append {
            file: file.clone(),
            data: data.clone(),
        };
        let put = Change::Put {
            file: file.clone(),
            data,
        };
        let truncate = Change::Truncate {
            file: file.clone(),
            len: 7,
        };
        let rename = Change::Rename {
            from: file.clone(),
            to: Cow::Borrowed("b"),
        };
        let remove = Change::Remove { file };
        for (effect, expected) in [
            (r#"{"write":{"file":"a","at":3,"base64":"/2hp"}}"#, write),
            (r#"{"append":{"file":"a","base64":"/2hp"}}"#, append),
            (r#"{"put":{"file":"a","base64":"/2hp"}}"#, put),
            (r#"{"truncate":{"file":"a","len":7}}"#, truncate),
            (r#"{"rename":{"from":"a","to":"b"}}"#, rename),
            (r#"{"remove":{"file":"a"}}"#, remove),
        ] {
            assert_eq!(change(effect), Ok(Some(expected)));
        }
        for other in [
            r#"{"sync":{}}"#,
            r#"{"log":{"text":"hi"}}"#,
            r#"{"cancel_timer":{"id":1}}"#,
        ] {
            assert_eq!(change(other), Ok(None));
        }
    }

    #[test]
    fn wrong_changes_have_a_reason() {
        let dots = "a file's name is neither \".\" nor \"..\"";
        for (effect, reason) in [
            (
                r#"{"write":{"file":"a","text":""}}"#,
                "`write` needs an offset, \"at\"",
            ),
            (
                r#"{"put":{"file":"a","at":1,"text":""}}"#,
                "only `write` has an offset, \"at\"",
            ),
            (
                r#"{"append":{"file":"a"}}"#,
                "the bytes of a file are either \"text\" or \"base64\"",
            ),
            (r#"{"put":{"file":"..","text":""}}"#, dots),
            (r#"{"truncate":{"file":"..","len":1}}"#, dots),
            (r#"{"rename":{"from":"..","to":"b"}}"#, dots),
            (r#"{"rename":{"from":"a","to":".."}}"#, dots),
            (r#"{"remove":{"file":".."}}"#, dots),
        ] {
            assert_eq!(change(effect), Err(reason.to_owned()), "{effect}");
        }
    }

    #[test]
    fn names_are_those_of_files_in_one_folder() {
        for good in ["a", "...", "log 1", "ä", &"x".repeat(255)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        assert_eq!(check_name(""), Err(BadName::Length));
        assert_eq!(check_name(&"x".repeat(256)), Err(BadName::Length));
        assert_eq!(check_name("."), Err(BadName::Dots));
        assert_eq!(check_name(".."), Err(BadName::Dots));
        assert_eq!(check_name("a/b"), Err(BadName::Character));
        assert_eq!(check_name("a\0"), Err(BadName::Character));
    }
}
