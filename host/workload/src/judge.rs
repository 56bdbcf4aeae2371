//! The verdict of a module: its sequential specification, and its check of the whole history.

use host_check::custom::{Custom, Problem, Specified};
use host_check::history::History;
use host_check::linear::{Budgets, NotJudged, Specification, linearizable, sequential};
use host_check::value::Value;
use host_guest::StartResponder;
use host_protocol::workload::{
    Applied, Checked, Consistency, Keyed, Operation as WireOperation, Request,
};
use serde_json::value::RawValue;

use crate::JUDGE_FUEL;
use crate::declaration::Declared;
use crate::session::{Session, raw, same_numbers, value};

/// Who took part in a run, and its options.
pub(crate) struct Facts<'a> {
    /// How many clients there were at a time.
    pub(crate) workers: usize,
    /// How many nodes, if that is known.
    pub(crate) nodes: Option<usize>,
    pub(crate) options: &'a RawValue,
}

/// Judges a history of clients.
pub(crate) fn judge(
    declared: &Declared,
    source: &dyn StartResponder,
    history: &History,
    facts: Facts<'_>,
    budgets: &Budgets,
) -> Result<Custom, NotJudged> {
    let judge = &declared.declaration.judge;
    let mut found = Custom::default();
    if judge.specification.is_none() && !judge.history {
        return Ok(found);
    }
    let session = Session::start(source, JUDGE_FUEL).map_err(NotJudged::Failed)?;
    let mut asked = Asked {
        declared,
        session,
        facts,
    };
    if let Some(consistency) = judge.specification {
        let (consistency, objects) = match consistency {
            Consistency::Linearizable => {
                ("linearizable", linearizable(history, &mut asked, budgets)?)
            }
            Consistency::Sequential => ("sequential", sequential(history, &mut asked, budgets)?),
        };
        found.specify(Specified {
            consistency,
            objects,
        });
    }
    if judge.history {
        let checked = asked.check(history).map_err(NotJudged::Failed)?;
        for problem in checked.problems {
            found.complain(Problem {
                name: problem.name,
                text: problem.text,
                ops: problem.ops,
            });
        }
        if let Some(why) = checked.unknown {
            found.doubt(why);
        }
        found.figures = checked.figures;
    }
    Ok(found)
}

/// A module that is asked for what is right.
struct Asked<'a> {
    declared: &'a Declared,
    session: Session,
    facts: Facts<'a>,
}

impl Asked<'_> {
    fn check(&mut self, history: &History) -> Result<Checked, String> {
        let history = serde_json::value::to_raw_value(history.ops());
        let history = history.map_err(|why| why.to_string())?;
        let request = Request::Check {
            workers: self.facts.workers,
            nodes: self.facts.nodes,
            options: Some(self.facts.options),
            history: &history,
        };
        self.session.ask(&request)
    }
}

impl Specification for Asked<'_> {
    fn noun(&self) -> &str {
        &self.declared.declaration.name
    }

    fn only_reads(&self, f: &str) -> bool {
        self.declared.only_reads(f)
    }

    fn key(&mut self, f: &str, argument: &Value) -> Result<Value, String> {
        let argument = raw(argument)?;
        let operation = WireOperation {
            f,
            value: given(&argument),
        };
        let keyed: Keyed = self.session.ask(&Request::Key { operation })?;
        match keyed.key {
            Some(key) => value(&key),
            None => Ok(Value::Nil),
        }
    }

    fn initial(&mut self, key: &Value) -> Result<Box<str>, String> {
        let key = raw(key)?;
        let request = Request::Initial {
            key: given(&key),
            options: Some(self.facts.options),
        };
        match applied(&mut self.session, &request)? {
            Ok(state) => Ok(state),
            Err(_) => Err("its state before all operations is impossible".to_owned()),
        }
    }

    fn apply(
        &mut self,
        state: &str,
        f: &str,
        argument: &Value,
        outcome: Option<&Value>,
    ) -> Result<Result<Box<str>, Box<str>>, String> {
        let argument = raw(argument)?;
        let outcome = outcome.map(raw).transpose()?;
        let state: &RawValue = serde_json::from_str(state).map_err(|why| why.to_string())?;
        let request = Request::Apply {
            state,
            operation: WireOperation {
                f,
                value: given(&argument),
            },
            outcome: outcome.as_deref(),
        };
        applied(&mut self.session, &request)
    }
}

/// Nothing for null.
fn given(json: &RawValue) -> Option<&RawValue> {
    (json.get() != "null").then_some(json)
}

fn applied(
    session: &mut Session,
    request: &Request<'_, WireOperation<'_>>,
) -> Result<Result<Box<str>, Box<str>>, String> {
    let mut same = same_numbers();
    session.ask_with(request, &mut same, |applied: Applied<'_>| {
        Ok(match applied {
            Applied::State(state) => Ok(state.get().into()),
            Applied::Impossible(expected) => Err(expected.get().into()),
        })
    })
}
