//! Transactions over lists that are appended to (txn-list-append), or over registers that
//! are written (txn-rw-register).

use serde_json::json;

use indexmap::IndexSet;

use super::answer::{TxnOk, read};
use super::inspection::{Inspection, Task};
use super::mops::{Mop, Mops};
use super::options::WorkloadOptions;
use crate::client::{Completion, Malformed, Next, Operation, Step, Turn, WorkloadClient};
use host_check::value::{Name, Value};

/// How many lists are read at the end.
const LISTS_READ: usize = 4;

#[derive(Clone)]
pub(super) struct Txn {
    kind: Kind,
    f: Name,
    read: Value,
    write: Value,
    mops: Mops,
    nodes: usize,
    workers: usize,
    is_strict: bool,
    /// The keys that were written, in the order of their first writes.
    written: IndexSet<Value>,
    inspection: Option<Inspection>,
}

/// How many keys a read of the inspection has: a node that gets each of another, one after the
/// other, over links of 100 ms needs less than the five seconds that clients wait.
const KEYS_OF_A_READ: usize = 16;

/// How many keys are read: of more, the last half of these and a sample of the others.
const KEYS_MAX: usize = 512;

/// What keys hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lists,
    Registers,
}

impl Kind {
    /// What a transaction does to a key besides reading it.
    fn write(self) -> &'static str {
        match self {
            Kind::Lists => "append",
            Kind::Registers => "w",
        }
    }
}

impl Txn {
    /// Over lists.
    pub(super) fn list_append(options: &WorkloadOptions) -> Self {
        Txn::new(Kind::Lists, options)
    }

    /// Over registers.
    pub(super) fn rw_register(options: &WorkloadOptions) -> Self {
        Txn::new(Kind::Registers, options)
    }

    fn new(kind: Kind, options: &WorkloadOptions) -> Self {
        Txn {
            kind,
            f: "txn".into(),
            read: Value::Keyword("r".into()),
            write: Value::Keyword(kind.write().into()),
            mops: Mops::new(options.txn),
            nodes: options.cluster.count,
            workers: options.concurrency,
            is_strict: options.is_strict(),
            written: IndexSet::new(),
            inspection: None,
        }
    }

    fn txn(&mut self, turn: &mut Turn<'_>) -> Operation {
        let txn = self.mops.txn(turn.stream);
        let txn: Vec<Value> = txn.into_iter().map(|mop| self.value(mop)).collect();
        Operation::new(&self.f, Value::from(txn))
    }

    /// Reads these keys.
    fn reads(&self, keys: &[Value]) -> Operation {
        let read = |key: &Value| Value::from(vec![self.read.clone(), key.clone(), Value::Nil]);
        let reads: Vec<Value> = keys.iter().map(read).collect();
        Operation::new(&self.f, Value::from(reads))
    }

    /// Every worker reads the last lists once more. What a script does cannot be continued by drawing,
    /// so nothing is appended. Of registers one worker of each node reads
    /// every key, so that it is seen whether the nodes agree.
    fn inspection(&mut self, turn: &mut Turn<'_>) -> Inspection {
        match self.kind {
            Kind::Lists => {
                let keys = self.keys_to_read(turn);
                let last = &keys[..keys.len().min(LISTS_READ)];
                let read = |_| match last {
                    [] => Vec::new(),
                    last => vec![Task::of(self.reads(last))],
                };
                Inspection::new((0..self.workers).map(read))
            }
            Kind::Registers => {
                let keys = self.keys_to_read(turn);
                let reads = |worker: usize| {
                    let keys = if worker < self.nodes { &keys[..] } else { &[] };
                    let batches = keys.chunks(KEYS_OF_A_READ);
                    batches.map(|batch| Task::of(self.reads(batch))).collect()
                };
                Inspection::new((0..self.workers).map(reads))
            }
        }
    }

    /// The keys that are read at the end, the last ones first.
    fn keys_to_read(&self, turn: &mut Turn<'_>) -> Vec<Value> {
        let mut keys: Vec<Value> = self.written.iter().rev().cloned().collect();
        let last = KEYS_MAX / 2;
        if keys.len() > KEYS_MAX {
            for place in last..KEYS_MAX {
                let others = (keys.len() - place) as u64;
                let drawn = usize::try_from(turn.stream.below(others)).unwrap_or(0);
                keys.swap(place, place + drawn);
            }
            keys.truncate(KEYS_MAX);
        }
        keys
    }

    fn value(&self, mop: Mop) -> Value {
        Value::from(match mop {
            Mop::Read { key } => vec![self.read.clone(), Value::Int(key), Value::Nil],
            Mop::Write { key, value } => {
                vec![self.write.clone(), Value::Int(key), Value::Int(value)]
            }
        })
    }

    /// What an answer says of one operation, in the history's form.
    fn done(&self, mop: &Value) -> Result<Value, Malformed> {
        let malformed = || {
            let (write, read) = match self.kind {
                Kind::Lists => (r#"["append", key, element]"#, r#"["r", key, list or null]"#),
                Kind::Registers => (r#"["w", key, value]"#, r#"["r", key, value]"#),
            };
            Malformed(format!(
                "an operation in \"txn\" is neither {read} nor {write}"
            ))
        };
        let items = mop.items().ok_or_else(malformed)?;
        let Ok([f, key, value]) = <[Value; 3]>::try_from(items) else {
            return Err(malformed());
        };
        let is_list = matches!(value, Value::Nil | Value::Vector(_));
        let f = match &f {
            Value::Str(f) if **f == *"r" && (self.kind == Kind::Registers || is_list) => &self.read,
            Value::Str(f) if **f == *self.kind.write() => &self.write,
            _ => return Err(malformed()),
        };
        Ok(Value::from(vec![f.clone(), key, value]))
    }
}

impl WorkloadClient for Txn {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let operation = self.txn(turn);
        Next::Invoke {
            worker: turn.any_worker(),
            operation,
        }
    }

    fn inspects(&self) -> bool {
        self.is_strict
    }

    fn inspect(&mut self, turn: &mut Turn<'_>) -> Next {
        let mut inspection = match self.inspection.take() {
            Some(inspection) => inspection,
            None => self.inspection(turn),
        };
        let next = inspection.next(turn);
        self.inspection = Some(inspection);
        next
    }

    fn begin(&mut self, _worker: usize, operation: &Operation) -> Step {
        if self.is_strict {
            let write = self.kind.write();
            let written = parts(&operation.value).filter(|(f, _)| f.as_name() == Some(write));
            self.written.extend(written.map(|(_, key)| key));
        }
        Step::Call(json!({"type": "txn", "txn": operation.value}).to_string())
    }

    fn answer(
        &mut self,
        worker: usize,
        _operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let txn = read::<TxnOk>(answer)?.txn;
        let txn: Result<Vec<Value>, _> = txn.iter().map(|mop| self.done(mop)).collect();
        let txn = txn?;
        if let Some(inspection) = &mut self.inspection {
            inspection.succeeded(worker);
        }
        Ok(Step::Done(Completion::ok(Value::from(txn))))
    }

    fn keeps_client(&self) -> bool {
        true
    }
}

/// What each operation of a transaction is, and its key.
fn parts(txn: &Value) -> impl Iterator<Item = (Value, Value)> {
    let mops = txn.items().unwrap_or_default().into_iter();
    mops.filter_map(|mop| {
        let mut parts = mop.items()?.into_iter();
        Some((parts.next()?, parts.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Turns;

    fn answer(txn: &mut Txn, mops: &str) -> Result<String, String> {
        let answer = format!(r#"{{"type":"txn_ok","in_reply_to":1,"txn":{mops}}}"#);
        let operation = Operation::new(&"txn".into(), Value::Nil);
        match txn.answer(0, &operation, &answer) {
            Ok(Step::Done(done)) => Ok(done.value.to_string()),
            Ok(Step::Call(body) | Step::CallAt { body, .. }) => panic!("{body} was called"),
            Err(Malformed(why)) => Err(why),
        }
    }

    #[test]
    fn requests_are_the_operations_as_json() {
        let mut turns = Turns::new(2);
        for (mut txn, write) in [
            (Txn::list_append(&WorkloadOptions::default()), "append"),
            (Txn::rw_register(&WorkloadOptions::default()), "w"),
        ] {
            let mops = [Mop::Write { key: 4, value: 1 }, Mop::Read { key: 3 }];
            let value = Value::from(mops.map(|mop| txn.value(mop)).to_vec());
            assert_eq!(value.to_string(), format!("[[:{write} 4 1] [:r 3 nil]]"));
            let Step::Call(body) = txn.begin(0, &Operation::new(&txn.f.clone(), value)) else {
                panic!("it ended at once");
            };
            let expected = format!(r#"{{"txn":[["{write}",4,1],["r",3,null]],"type":"txn"}}"#);
            assert_eq!(body, expected);
            let (worker, operation) = turns.invoke(&mut txn);
            assert!(worker < 2 && operation.f == "txn");
        }
    }

    #[test]
    fn answers_have_the_form_of_their_workload() {
        let mut lists = Txn::list_append(&WorkloadOptions::default());
        let mut registers = Txn::rw_register(&WorkloadOptions::default());
        assert_eq!(
            answer(&mut lists, r#"[["r",4,[1,2]],["r",3,null],["append",4,8]]"#),
            Ok("[[:r 4 [1 2]] [:r 3 nil] [:append 4 8]]".to_owned())
        );
        assert_eq!(
            answer(&mut registers, r#"[["r",4,2],["r","x",null],["w",4,8]]"#),
            Ok(r#"[[:r 4 2] [:r "x" nil] [:w 4 8]]"#.to_owned())
        );
        let wrong = Err(
            "an operation in \"txn\" is neither [\"r\", key, list or null] nor \
             [\"append\", key, element]"
                .to_owned(),
        );
        for mops in [
            r#"[["r",4,2]]"#,
            r#"[["w",4,2]]"#,
            r#"[["r",4]]"#,
            r#"[["append",4,1,2]]"#,
            r#"[{"r":4}]"#,
        ] {
            assert_eq!(answer(&mut lists, mops), wrong, "{mops}");
        }
        let wrong = Err(
            "an operation in \"txn\" is neither [\"r\", key, value] nor [\"w\", key, value]"
                .to_owned(),
        );
        for mops in [r#"[["append",4,2]]"#, r#"[["w",4]]"#, "[4]"] {
            assert_eq!(answer(&mut registers, mops), wrong, "{mops}");
        }
    }
}
