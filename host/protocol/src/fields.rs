//! The fields of a message's body, as they were found when its header was read.

use std::ops::Range;
use std::slice;

/// The most fields that are kept.
const FIELDS_MAX: usize = 8;

/// Where the keys and the values of a body are in a text, in order.
#[derive(Debug, Default, Clone, Copy)]
pub struct FieldList<'a> {
    json: &'a str,
    places: [[usize; 4]; FIELDS_MAX],
    count: usize,
}

impl<'a> FieldList<'a> {
    /// Begins with no fields of the body in `json`.
    pub(crate) fn begin(&mut self, json: &'a str) {
        self.json = json;
        self.count = 0;
    }

    /// Adds a field.
    #[inline]
    pub(crate) fn put(&mut self, key: Range<usize>, value: Range<usize>) {
        if let Some(place) = self.places.get_mut(self.count) {
            *place = [key.start, key.end, value.start, value.end];
        }
        self.count += 1;
    }

    /// The keys of the body, and the texts of their values; `None` if there are none, or more than are
    /// kept.
    #[must_use]
    pub fn all(&self) -> Option<Found<'_, 'a>> {
        let places = self.places.get(..self.count)?;
        let json = self.json;
        (!places.is_empty()).then(|| Found {
            json,
            places: places.iter(),
        })
    }
}

/// Fields that were found.
#[derive(Debug, Clone)]
pub struct Found<'f, 'a> {
    json: &'a str,
    places: slice::Iter<'f, [usize; 4]>,
}

impl<'a> Iterator for Found<'_, 'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let [key, key_end, value, value_end] = *self.places.next()?;
        Some((
            self.json.get(key..key_end)?,
            self.json.get(value..value_end)?,
        ))
    }
}

impl<'a> Found<'_, 'a> {
    /// The next field that has one of these `names`, and its name.
    pub fn next_of(&mut self, names: &'static [&'static str]) -> Option<(&'static str, &'a str)> {
        for [key, key_end, value, value_end] in &mut self.places {
            let key = self.json.as_bytes().get(*key..*key_end)?;
            // Most differ at once: to compare all costs a call.
            let is_key = |name: &&&str| {
                name.bytes().next() == key.first().copied() && name.as_bytes() == key
            };
            if let Some(name) = names.iter().find(is_key) {
                return Some((name, self.json.get(*value..*value_end)?));
            }
        }
        None
    }
}
