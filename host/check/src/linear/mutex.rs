//! A mutex: it is acquired when free and released when locked, by whomever. After
//! `knossos.model`'s `mutex`.

use crate::value::{Name, Value};

use super::model::{Call, Model, Shape, State};

/// A mutex, free at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mutex;

const FREE: State = State(0);
const LOCKED: State = State(1);
const ACQUIRE: Call = Call(0);
const RELEASE: Call = Call(1);

impl Model for Mutex {
    fn initial(&self) -> State {
        FREE
    }

    fn call(&mut self, f: &str, _: &Value, _: Option<&Value>) -> Result<Option<Call>, String> {
        match f {
            "acquire" => Ok(Some(ACQUIRE)),
            "release" => Ok(Some(RELEASE)),
            _ => Err(format!(
                "expected the operations of a mutex (acquire and release), found {f}"
            )),
        }
    }

    fn step(&self, state: State, call: Call) -> Option<State> {
        match (state, call) {
            (FREE, ACQUIRE) => Some(LOCKED),
            (LOCKED, RELEASE) => Some(FREE),
            _ => None,
        }
    }

    fn shape(&self, call: Call) -> Shape {
        if call == ACQUIRE {
            Shape::Moves {
                from: FREE,
                to: LOCKED,
            }
        } else {
            Shape::Moves {
                from: LOCKED,
                to: FREE,
            }
        }
    }

    fn state_value(&self, state: State) -> Value {
        Value::Symbol(Name::from(if state == FREE { "free" } else { "locked" }))
    }

    fn words(&self, f: &str, _: &Value) -> String {
        f.to_owned()
    }

    fn noun(&self) -> &str {
        "mutex"
    }
}
