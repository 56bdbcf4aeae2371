//! What a module says that it is, checked.

use host_check::value::Name;
use host_check::workload::Workload;
use host_protocol::schema::Exchange;
use host_protocol::workload::{Declaration, OptionKind};
use host_sim::GOALS_MAX;
use serde_json::{Map, Value as Json};

/// The most operations, messages or options that a workload has.
const LIST_MAX: usize = 100;

/// The most bytes of a name.
const NAME_BYTES_MAX: usize = 64;

/// The longest time that a client waits for an answer, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// What a module is.
#[derive(Debug)]
#[non_exhaustive]
pub struct Declared {
    /// As it says.
    pub declaration: Declaration,
    /// The names of its operations.
    pub operations: Vec<String>,
    /// Its messages.
    pub exchanges: Vec<Exchange>,
    /// The built-in workload whose checker judges the history too.
    pub like: Option<Workload>,
}

impl Declared {
    /// Checks a declaration.
    pub(crate) fn read(declaration: Declaration) -> Result<Self, String> {
        let lists = [
            ("operations", declaration.operations.len()),
            ("messages", declaration.messages.len()),
            ("options", declaration.options.len()),
        ];
        if declaration.goals.len() > GOALS_MAX {
            let count = declaration.goals.len();
            return Err(format!("it declares {count} goals, more than {GOALS_MAX}"));
        }
        for (what, count) in lists {
            if count > LIST_MAX {
                return Err(format!("it declares {count} {what}, more than {LIST_MAX}"));
            }
        }
        if declaration.operations.is_empty() {
            return Err("it declares no operations".to_owned());
        }
        is_name("its name", &declaration.name)?;
        let mut operations: Vec<String> = Vec::new();
        for kind in &declaration.operations {
            is_name("the name of an operation", &kind.f)?;
            if operations.contains(&kind.f) {
                return Err(format!("it declares the operation {:?} twice", kind.f));
            }
            operations.push(kind.f.clone());
        }
        for option in &declaration.options {
            is_name("the name of an option", &option.name)?;
            if option.default.is_array() || option.default.is_object() || option.default.is_null() {
                let name = &option.name;
                return Err(format!(
                    "the default of its option {name:?} is no number, string or boolean"
                ));
            }
        }
        for (place, goal) in declaration.goals.iter().enumerate() {
            is_name("the name of a goal", &goal.name)?;
            let mut before = declaration.goals[..place].iter();
            if before.any(|other| other.name == goal.name) {
                return Err(format!("it declares the goal {:?} twice", goal.name));
            }
        }
        if !(1..=TIMEOUT_MS_MAX).contains(&declaration.timeout_ms) {
            return Err(format!(
                "its clients wait {} ms for answers, not 1 to {TIMEOUT_MS_MAX}",
                declaration.timeout_ms
            ));
        }
        let mut exchanges: Vec<Exchange> = Vec::new();
        for text in &declaration.messages {
            let exchange =
                Exchange::read(text).map_err(|why| format!("its message {text:?}: {why}"))?;
            let kind = &exchange.request.kind;
            let is_same = |known: &Exchange| known.request.kind == *kind;
            if exchanges.iter().any(is_same) {
                return Err(format!("it declares the request {kind:?} twice"));
            }
            exchanges.push(exchange);
        }
        let like = match declaration.judge.checkers.as_slice() {
            [] => None,
            [name] => {
                let workload = name.parse::<Workload>();
                Some(workload.map_err(|why| format!("its checker: {why}"))?)
            }
            _ => return Err("it names more than one built-in checker".to_owned()),
        };
        let judge = &declaration.judge;
        let judges = judge.specification.is_some() || judge.invariants || judge.history;
        if !judges && like.is_none() {
            return Err(
                "it judges nothing: it declares no specification, no invariants, no check of the history and no checker"
                    .to_owned(),
            );
        }
        Ok(Declared {
            declaration,
            operations,
            exchanges,
            like,
        })
    }

    /// The number of the exchange whose request has this type.
    pub(crate) fn exchange_of(&self, request: &str) -> Result<usize, String> {
        let mut exchanges = self.exchanges.iter();
        let at = exchanges.position(|exchange| exchange.request.kind == request);
        at.ok_or_else(|| format!("it sends a request {request:?}, which is none of its messages"))
    }

    /// Whether operations of this kind change nothing.
    pub(crate) fn only_reads(&self, f: &str) -> bool {
        let mut kinds = self.declaration.operations.iter();
        kinds.any(|kind| kind.f == f && kind.reads)
    }

    /// All options, with these in place of their defaults; each is `NAME=VALUE`.
    pub(crate) fn options(&self, given: &[&str]) -> Result<Map<String, Json>, String> {
        let all = self.declaration.options.iter();
        let mut options: Map<String, Json> = all
            .map(|option| (option.name.clone(), option.default.clone()))
            .collect();
        for text in given {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            let mut kinds = self.declaration.options.iter();
            let Some(kind) = kinds.find(|kind| kind.name == name) else {
                return Err(self.no_option(name));
            };
            options.insert(name.to_owned(), of_kind(kind, value)?);
        }
        Ok(options)
    }

    fn no_option(&self, name: &str) -> String {
        let workload = &self.declaration.name;
        let known = self.declaration.options.iter();
        let known: Vec<&str> = known.map(|option| option.name.as_str()).collect();
        match known.is_empty() {
            true => format!("{workload} has no options"),
            false => format!(
                "{workload} has no option {name:?}; its options are {}",
                known.join(", ")
            ),
        }
    }
}

/// A value of the same type as the default.
fn of_kind(kind: &OptionKind, text: &str) -> Result<Json, String> {
    let OptionKind { name, default, .. } = kind;
    let parsed = match default {
        Json::String(_) => Some(Json::String(text.to_owned())),
        Json::Bool(_) => text.parse::<bool>().ok().map(Json::Bool),
        Json::Number(number) if number.is_f64() => text.parse::<f64>().ok().map(Json::from),
        _ => text.parse::<i64>().ok().map(Json::from),
    };
    parsed.ok_or_else(|| {
        let expected = match default {
            Json::Bool(_) => "true or false",
            Json::Number(number) if number.is_f64() => "a number",
            _ => "a whole number",
        };
        format!("the option {name} is {expected}, not {text:?}")
    })
}

fn is_name(what: &str, name: &str) -> Result<(), String> {
    match !name.is_empty() && name.len() <= NAME_BYTES_MAX && Name::is_readable(name) {
        true => Ok(()),
        false => Err(format!("{what} is {name:?}, which is no name")),
    }
}
