//! A register: it is written, read, and compared and set. After `knossos.model`'s `register` and
//! `cas-register`.
//!
//! For Knossos an answered read of nil is one whose answer is not known, and always right. Here nil
//! is a value: that of a register which nobody wrote.

use std::borrow::Cow;

use indexmap::IndexSet;

use crate::value::Value;

use super::model::{Call, Model, Shape, State, brief};

/// A register of any values, nil at first.
#[derive(Clone, Debug)]
pub(super) struct Register {
    has_cas: bool,
    /// A state is the number of its value here. The first is nil.
    values: IndexSet<Value>,
    /// A call is the number of its shape here.
    calls: IndexSet<Shape>,
}

impl Register {
    pub(super) fn new(has_cas: bool) -> Self {
        Self {
            has_cas,
            values: IndexSet::from([Value::Nil]),
            calls: IndexSet::new(),
        }
    }

    fn state(&mut self, value: &Value) -> State {
        let number = match self.values.get_index_of(value) {
            Some(number) => number,
            None => self.values.insert_full(value.clone()).0,
        };
        State(index(number))
    }

    fn shape_of(&mut self, f: &str, value: &Value, is_ok: bool) -> Result<Option<Shape>, String> {
        match f {
            "read" if !is_ok => Ok(None),
            "read" => Ok(Some(Shape::Keeps(self.state(value)))),
            "write" => Ok(Some(Shape::Sets(self.state(value)))),
            "cas" if self.has_cas => {
                let Some((from, to)) = pair(value) else {
                    return Err(format!(
                        "expected a cas of [from to], found {}",
                        value.kind()
                    ));
                };
                let (from, to) = (self.state(&from), self.state(&to));
                Ok(Some(if from == to {
                    Shape::Keeps(from)
                } else {
                    Shape::Moves { from, to }
                }))
            }
            _ => Err(format!(
                "expected the operations of a register ({}), found {f}",
                if self.has_cas {
                    "read, write and cas"
                } else {
                    "read and write"
                }
            )),
        }
    }
}

impl Model for Register {
    fn initial(&self) -> State {
        State(0)
    }

    fn call(
        &mut self,
        f: &str,
        invoked: &Value,
        completed: Option<&Value>,
    ) -> Result<Option<Call>, String> {
        let shape = self.shape_of(f, completed.unwrap_or(invoked), completed.is_some())?;
        Ok(shape.map(|shape| Call(index(self.calls.insert_full(shape).0))))
    }

    fn step(&self, state: State, call: Call) -> Option<State> {
        match self.shape(call) {
            Shape::Keeps(kept) => (state == kept).then_some(kept),
            Shape::Sets(to) => Some(to),
            Shape::Moves { from, to } => (state == from).then_some(to),
            Shape::Any => None,
        }
    }

    fn shape(&self, call: Call) -> Shape {
        self.calls[call.0 as usize]
    }

    fn state_value(&self, state: State) -> Value {
        self.values[state.0 as usize].clone()
    }

    fn words(&self, f: &str, value: &Value) -> String {
        match pair(value) {
            Some((from, to)) if f == "cas" => {
                format!("cas from {} to {}", brief(&from), brief(&to))
            }
            _ => format!("{f} of {}", brief(value)),
        }
    }

    fn noun(&self) -> &str {
        "register"
    }
}

/// The elements of a vector of two.
pub(super) fn pair(value: &Value) -> Option<(Cow<'_, Value>, Cow<'_, Value>)> {
    match value {
        Value::Vector(vector) if vector.len() == 2 => vector.get(0).zip(vector.get(1)),
        _ => None,
    }
}

/// There are fewer values and calls than operations, and of these fewer than 2^32.
#[expect(clippy::cast_possible_truncation)]
fn index(number: usize) -> u32 {
    number as u32
}
