//! The fields of a message's body, as they were found when its header was read.

/// The most fields that are kept.
const FIELDS_MAX: usize = 8;

/// Keys and the texts of their values, in order.
#[derive(Debug, Default)]
pub struct FieldList<'a> {
    list: [(&'a str, &'a str); FIELDS_MAX],
    count: usize,
}

impl<'a> FieldList<'a> {
    /// Adds a field.
    #[inline]
    pub fn put(&mut self, key: &'a str, value: &'a str) {
        if let Some(place) = self.list.get_mut(self.count) {
            *place = (key, value);
        }
        self.count += 1;
    }

    /// All fields of the body; `None` if there were none, or more than are kept.
    #[must_use]
    pub fn all(&self) -> Option<&[(&'a str, &'a str)]> {
        self.list.get(..self.count).filter(|list| !list.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_all_fields_or_none() {
        let mut fields = FieldList::default();
        assert_eq!(fields.all(), None);
        let mut expected = Vec::new();
        for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            fields.put(key, "1");
            expected.push((key, "1"));
            assert_eq!(fields.all(), Some(&expected[..]));
        }
        fields.put("i", "1");
        assert_eq!(fields.all(), None);
    }
}
