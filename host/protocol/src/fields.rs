//! The fields of a message's body, as they were found when its header was read.

use std::ops::Range;
use std::slice;

/// The most fields that are kept.
const FIELDS_MAX: usize = 8;

/// Where the keys and the values of a body are in a text, in order. It is kept from one text to the
/// next: to clear it all costs a guest a call.
#[derive(Debug, Default)]
pub struct Places {
    places: [[usize; 4]; FIELDS_MAX],
    count: usize,
}

impl Places {
    /// No places.
    #[must_use]
    pub const fn new() -> Self {
        Places {
            places: [[0; 4]; FIELDS_MAX],
            count: 0,
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// The fields in `json`, the text in which the places were found.
    #[must_use]
    pub fn fields<'a>(&'a self, json: &'a str) -> FieldList<'a> {
        let places = self.places.get(..self.count).unwrap_or_default();
        FieldList { json, places }
    }

    /// Adds a field.
    #[inline(always)]
    pub(crate) fn put(&mut self, key: Range<usize>, value: Range<usize>) {
        if let Some(place) = self.places.get_mut(self.count) {
            *place = [key.start, key.end, value.start, value.end];
        }
        self.count += 1;
    }
}

/// The fields of a body, if they are known.
#[derive(Debug, Default, Clone, Copy)]
pub struct FieldList<'a> {
    json: &'a str,
    places: &'a [[usize; 4]],
}

impl<'a> FieldList<'a> {
    /// The keys of the body, and the texts of their values; `None` if there are none, or more than are
    /// kept.
    #[must_use]
    pub fn all(&self) -> Option<Found<'a>> {
        let (json, places) = (self.json, self.places);
        (!places.is_empty()).then(|| Found {
            json,
            places: places.iter(),
        })
    }
}

/// Fields that were found.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    json: &'a str,
    places: slice::Iter<'a, [usize; 4]>,
}

impl<'a> Iterator for Found<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let [key, key_end, value, value_end] = *self.places.next()?;
        Some((
            self.json.get(key..key_end)?,
            self.json.get(value..value_end)?,
        ))
    }
}

impl<'a> Found<'a> {
    /// The next field that has one of these `names`, and its name.
    pub fn next_of(&mut self, names: &'static [&'static str]) -> Option<(&'static str, &'a str)> {
        for [key, key_end, value, value_end] in &mut self.places {
            let json = self.json.as_bytes();
            // Most differ at once: to compare all costs a call.
            let is_key = |name: &&&str| {
                name.len() == key_end - key
                    && name.as_bytes().first() == json.get(*key)
                    && Some(name.as_bytes()) == json.get(*key..*key_end)
            };
            if let Some(name) = names.iter().find(is_key) {
                return Some((name, self.json.get(*value..*value_end)?));
            }
        }
        None
    }
}
