//! What a node finds on its disk when it is started.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::record;
use host_protocol::data::{self, JsonError};
use host_protocol::disk::{self, Content};
use host_protocol::scan::Scanner;

/// Why a value cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The checksum is wrong, or the file is not one that [`Disk::put`](super::Disk::put) has written.
    #[error("the file {file:?} is damaged")]
    Damaged {
        /// The name of the file.
        file: String,
    },
    /// The value is as it was written, but not of the type.
    #[error("the value in the file {file:?} does not fit: {error}")]
    Unfit {
        /// The name of the file.
        file: String,
        /// Why it does not.
        error: JsonError,
    },
}

/// The files in the first event, which are looked at when a node asks for them.
#[derive(Debug, Default)]
pub(crate) struct Survived {
    /// An object, or empty.
    text: String,
    /// Where in it the names of files begin and end, and what stands for their bytes; empty until one is asked for.
    places: Vec<[usize; 4]>,
}

impl Survived {
    /// Of the member `disk` of the first event; of no text if there is none.
    #[inline(never)]
    pub(crate) fn new(text: &str) -> Box<Self> {
        let (text, places) = (text.to_owned(), Vec::new());
        Box::new(Survived { text, places })
    }

    pub(super) fn names(&mut self) -> Vec<String> {
        let mut names: Vec<String> = self.files().map(|(name, _)| name.into_owned()).collect();
        names.sort();
        names
    }

    pub(super) fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        let (_, content) = self.files().find(|(other, _)| other == name)?;
        let content: Content<'_> = read(content);
        match disk::bytes(content.text, content.base64) {
            Ok(bytes) => Some(bytes.into_owned()),
            Err(error) => panic!("the host sent the file {name:?} in an invalid form: {error}"),
        }
    }

    /// The names of the files, and what stands for their bytes.
    fn files(&mut self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        if self.places.is_empty() {
            self.places = places(&self.text);
        }
        self.places.iter().map(|[name, name_end, content, end]| {
            let name = &self.text[*name..*name_end];
            let name = match name.contains('\\') {
                true => Cow::Owned(read(&format!("\"{name}\""))),
                false => Cow::Borrowed(name),
            };
            (name, &self.text[*content..*end])
        })
    }
}

fn places(text: &str) -> Vec<[usize; 4]> {
    let mut places = Vec::new();
    let mut scanner = Scanner::new(text);
    if scanner.open().is_none() {
        return places;
    }
    while let Some(name) = scanner.key() {
        let start = scanner.position();
        if scanner.value().is_none() {
            break;
        }
        let name_start = name.as_ptr().addr() - text.as_ptr().addr();
        places.push([
            name_start,
            name_start + name.len(),
            start,
            scanner.position(),
        ]);
    }
    places
}

fn read<'a, T: serde::Deserialize<'a>>(json: &'a str) -> T {
    data::from_str(json).unwrap_or_else(|error| panic!("the host sent an invalid disk: {error}"))
}

/// The value in a file that is one record.
pub(super) fn value<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, ReadError> {
    let json = match record::read(bytes, 0) {
        Some((json, _)) if record::len(json) == bytes.len() => json,
        _ => {
            return Err(ReadError::Damaged {
                file: file.to_owned(),
            });
        }
    };
    data::from_str(json).map_err(|error| ReadError::Unfit {
        file: file.to_owned(),
        error,
    })
}
