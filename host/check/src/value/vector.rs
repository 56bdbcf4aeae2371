//! EDN's vector, compact where it matters: a read of a broadcast node is thousands of integers, and
//! a history has thousands of such reads. A vector of integers only is held as 8 bytes an element;
//! there is one representation for a given vector, so equality and hashing need no special case.

use std::borrow::Cow;

use super::Value;

/// An immutable sequence of values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vector(Repr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Repr {
    /// Every element is a [`Value::Int`], or there is none.
    Ints(Box<[i64]>),
    /// At least one element is something else.
    Values(Box<[Value]>),
}

impl Vector {
    /// How many elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Ints(ints) => ints.len(),
            Repr::Values(values) => values.len(),
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as integers, if they all are.
    #[must_use]
    pub fn as_ints(&self) -> Option<&[i64]> {
        match &self.0 {
            Repr::Ints(ints) => Some(ints),
            Repr::Values(_) => None,
        }
    }

    /// The element at `at`: borrowed, unless it has to be made from a compact integer.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Cow<'_, Value>> {
        match &self.0 {
            Repr::Ints(ints) => ints.get(at).map(|&n| Cow::Owned(Value::Int(n))),
            Repr::Values(values) => values.get(at).map(Cow::Borrowed),
        }
    }

    /// Every element in order, by value.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).filter_map(|at| self.get(at).map(Cow::into_owned))
    }

    /// Every element in order, borrowed where it can be.
    pub fn cows(&self) -> impl Iterator<Item = Cow<'_, Value>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

impl From<Vec<i64>> for Vector {
    fn from(ints: Vec<i64>) -> Self {
        Self(Repr::Ints(ints.into()))
    }
}

impl FromIterator<Value> for Vector {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut builder = Builder::default();
        values.into_iter().for_each(|value| builder.push(value));
        builder.finish()
    }
}

/// A vector being read, element by element.
#[derive(Debug)]
pub(crate) struct Builder(BuilderRepr);

#[derive(Debug)]
enum BuilderRepr {
    Ints(Vec<i64>),
    Values(Vec<Value>),
}

impl Default for Builder {
    fn default() -> Self {
        Self(BuilderRepr::Ints(Vec::new()))
    }
}

impl Builder {
    /// Adds one element at the end.
    #[inline]
    pub(crate) fn push(&mut self, value: Value) {
        match (&mut self.0, value) {
            (BuilderRepr::Ints(ints), Value::Int(n)) => ints.push(n),
            (BuilderRepr::Ints(ints), value) => {
                let mut values: Vec<Value> = ints.iter().map(|&n| Value::Int(n)).collect();
                values.push(value);
                self.0 = BuilderRepr::Values(values);
            }
            (BuilderRepr::Values(values), value) => values.push(value),
        }
    }

    /// The vector.
    #[must_use]
    pub(crate) fn finish(self) -> Vector {
        Vector(match self.0 {
            BuilderRepr::Ints(ints) => Repr::Ints(ints.into()),
            BuilderRepr::Values(values) => Repr::Values(values.into()),
        })
    }
}
