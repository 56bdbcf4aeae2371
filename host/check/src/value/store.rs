//! How much memory the values of one text may take. It is counted while they are built, before
//! each allocation, so that a small text that stands for large values is refused in time. The count
//! depends on the text alone.

use super::name::Name;

/// What an allocation takes besides its contents.
pub(crate) const ALLOCATION_BYTES: usize = 16;

/// Names seen lately, so that the same keyword is one allocation. More than a history's own names
/// would only slow the search.
const NAMES_MAX: usize = 64;

/// The room that is left, and the names seen.
#[derive(Debug)]
pub(crate) struct Store {
    bytes_left: usize,
    bytes_max: usize,
    names: Vec<Name>,
}

/// There is no room for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a text that takes at most {} MiB of memory once it is read, found that it takes more up \
     to here; judge a part of it",
    .bytes_max >> 20
)]
pub(crate) struct Full {
    bytes_max: usize,
}

impl Store {
    /// Room for `bytes_max` bytes, of which `bytes_used` are used.
    pub(crate) fn new(bytes_max: usize, bytes_used: usize) -> Self {
        Self {
            bytes_left: bytes_max.saturating_sub(bytes_used),
            bytes_max,
            names: Vec::new(),
        }
    }

    /// Room for all that can be read of a text whose size has a limit of its own.
    pub(crate) fn unlimited() -> Self {
        Self::new(usize::MAX, 0)
    }

    /// Takes room before it is used.
    #[inline]
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Full> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(Full {
                bytes_max: self.bytes_max,
            }),
        }
    }

    /// Gives back room that was taken and is not used.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.bytes_left += bytes;
    }

    /// A text that a value has.
    pub(crate) fn text(&mut self, text: &str) -> Result<Box<str>, Full> {
        self.take(text.len() + ALLOCATION_BYTES)?;
        Ok(text.into())
    }

    /// A name: the same as before, if it is one of those seen lately.
    pub(crate) fn name(&mut self, text: &str) -> Result<Name, Full> {
        if let Some(name) = self.names.iter().find(|name| **name == text) {
            return Ok(name.clone());
        }
        // The text, and how often it is shared.
        self.take(text.len() + 2 * ALLOCATION_BYTES)?;
        let name = Name::from(text);
        if self.names.len() < NAMES_MAX {
            self.names.push(name.clone());
        }
        Ok(name)
    }
}

/// Makes room for one more item. Room doubles, so what is read last may take twice what it needs.
#[inline]
pub(crate) fn grow<T>(items: &mut Vec<T>, store: &mut Store) -> Result<(), Full> {
    if items.len() == items.capacity() {
        let more = items.capacity().max(4);
        store.take(more * size_of::<T>())?;
        items.reserve_exact(more);
    }
    Ok(())
}
