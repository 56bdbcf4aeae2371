//! EDN's vector, compact where it matters: a read of a broadcast node is thousands of integers, and
//! a history has thousands of such reads. A vector of integers only is held as 8 bytes an element;
//! there is one representation for a given vector, so equality and hashing need no special case.

use std::borrow::Cow;

use super::Value;
use super::store::{ALLOCATION_BYTES, Full, Store, grow};

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

impl From<Vec<i64>> for Builder {
    fn from(ints: Vec<i64>) -> Self {
        Self(BuilderRepr::Ints(ints))
    }
}

impl Builder {
    /// Adds one element at the end.
    #[inline]
    fn push(&mut self, value: Value) {
        match (&mut self.0, value) {
            (BuilderRepr::Ints(ints), Value::Int(n)) => ints.push(n),
            (BuilderRepr::Ints(ints), value) => {
                let mut values = Vec::with_capacity(ints.len() + 1);
                values.extend(ints.iter().map(|&n| Value::Int(n)));
                values.push(value);
                self.0 = BuilderRepr::Values(values);
            }
            (BuilderRepr::Values(values), value) => values.push(value),
        }
    }

    /// Adds an integer at the end, if there is room for it. It is the same as
    /// [`Builder::push_within`], without a value in between.
    #[inline]
    pub(crate) fn push_int_within(&mut self, n: i64, store: &mut Store) -> Result<(), Full> {
        let BuilderRepr::Ints(ints) = &mut self.0 else {
            return self.push_within(Value::Int(n), store);
        };
        grow(ints, store)?;
        ints.push(n);
        Ok(())
    }

    /// Adds one element at the end, if there is room for it.
    #[inline]
    pub(crate) fn push_within(&mut self, value: Value, store: &mut Store) -> Result<(), Full> {
        match (&mut self.0, &value) {
            (BuilderRepr::Ints(ints), Value::Int(_)) => grow(ints, store)?,
            (BuilderRepr::Ints(ints), _) => {
                store.take((ints.len() + 1) * size_of::<Value>())?;
                store.give_back(ints.capacity() * size_of::<i64>());
            }
            (BuilderRepr::Values(values), _) => grow(values, store)?,
        }
        self.push(value);
        Ok(())
    }

    /// The vector, after [`Builder::push_within`].
    pub(crate) fn finish_within(self, store: &mut Store) -> Result<Vector, Full> {
        let (len, unused) = match &self.0 {
            BuilderRepr::Ints(ints) => (ints.len(), (ints.capacity() - ints.len()) * 8),
            BuilderRepr::Values(values) => {
                let unused = values.capacity() - values.len();
                (values.len(), unused * size_of::<Value>())
            }
        };
        store.give_back(unused);
        if len > 0 {
            store.take(ALLOCATION_BYTES)?;
        }
        Ok(self.finish())
    }

    /// The vector.
    #[must_use]
    fn finish(self) -> Vector {
        Vector(match self.0 {
            BuilderRepr::Ints(ints) => Repr::Ints(ints.into()),
            BuilderRepr::Values(values) => Repr::Values(values.into()),
        })
    }
}
