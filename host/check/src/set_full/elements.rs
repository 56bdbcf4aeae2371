//! Dense numbers for the elements of a set, so that a read of thousands of elements is thousands of
//! array accesses.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::value::Value;
use crate::value::Vector;

/// The elements that adds tried to add, numbered in the order of their first attempt.
#[derive(Debug, Default)]
pub(super) struct Elements {
    values: Vec<Value>,
    /// Numbers by element, for elements outside `dense`.
    sparse: HashMap<Value, u32>,
    /// For the integers from `first` on: the number plus one, or 0 for an integer that is no
    /// element.
    dense: Vec<u32>,
    first: i64,
}

/// A table over integers may have this many places for each element: beyond that, hashing is the
/// better use of memory.
const PLACES_PER_ELEMENT: usize = 8;

impl Elements {
    /// Numbers the values, each once.
    pub(super) fn of<'a>(added: impl Iterator<Item = &'a Value> + Clone) -> Self {
        let ints = || added.clone().filter_map(Value::as_int);
        let first = ints().min().unwrap_or(0);
        let span = ints()
            .max()
            .and_then(|last| usize::try_from(last.checked_sub(first)?.checked_add(1)?).ok());
        let places = span
            .filter(|&span| span <= PLACES_PER_ELEMENT * ints().count())
            .unwrap_or(0);
        let mut elements = Self {
            dense: vec![0; places],
            first,
            ..Self::default()
        };
        added.for_each(|value| elements.insert(value));
        elements
    }

    fn insert(&mut self, value: &Value) {
        let number =
            u32::try_from(self.values.len()).expect("a history has fewer than 2^32 operations");
        if let Some(place) = value
            .as_int()
            .and_then(|n| place(n, self.first))
            .and_then(|place| self.dense.get_mut(place))
        {
            if *place == 0 {
                *place = number + 1;
                self.values.push(value.clone());
            }
        } else if !self.sparse.contains_key(value) {
            self.sparse.insert(value.clone(), number);
            self.values.push(value.clone());
        }
    }

    /// How many different elements.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The element of a number.
    pub(super) fn value(&self, number: usize) -> &Value {
        &self.values[number]
    }

    /// The number of an element; `None` for what nobody tried to add.
    pub(super) fn number(&self, value: &Value) -> Option<usize> {
        match value {
            Value::Int(n) => self.number_of_int(*n),
            value => self.sparse.get(value).map(|&number| number as usize),
        }
    }

    #[inline]
    fn number_of_int(&self, n: i64) -> Option<usize> {
        if let Some(&number) = place(n, self.first).and_then(|place| self.dense.get(place)) {
            return number.checked_sub(1).map(|number| number as usize);
        }
        if self.sparse.is_empty() {
            None
        } else {
            self.sparse
                .get(&Value::Int(n))
                .map(|&number| number as usize)
        }
    }

    /// For each member of a read, its number and where in the read it is.
    pub(super) fn for_each_in(&self, read: &Vector, mut each: impl FnMut(Option<usize>, usize)) {
        match read.as_ints() {
            Some(ints) => ints
                .iter()
                .enumerate()
                .for_each(|(at, &n)| each(self.number_of_int(n), at)),
            None => read
                .cows()
                .enumerate()
                .for_each(|(at, value): (usize, Cow<'_, Value>)| each(self.number(&value), at)),
        }
    }
}

/// The place of `n` in a table that starts at `first`.
#[inline]
fn place(n: i64, first: i64) -> Option<usize> {
    usize::try_from(n.checked_sub(first)?).ok()
}
