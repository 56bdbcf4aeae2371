//! Transactions over lists that are appended to (txn-list-append), or over registers that
//! are written (txn-rw-register).

use serde_json::json;

use super::answer::{TxnOk, read};
use super::mops::{Mop, Mops, TxnShape};
use crate::client::{Completion, Malformed, Next, Operation, Step, Turn, WorkloadClient};
use host_check::value::{Name, Value};

pub(super) struct Txn {
    kind: Kind,
    f: Name,
    read: Value,
    write: Value,
    mops: Mops,
}

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
    pub(super) fn list_append(shape: TxnShape) -> Self {
        Txn::new(Kind::Lists, shape)
    }

    /// Over registers.
    pub(super) fn rw_register(shape: TxnShape) -> Self {
        Txn::new(Kind::Registers, shape)
    }

    fn new(kind: Kind, shape: TxnShape) -> Self {
        Txn {
            kind,
            f: "txn".into(),
            read: Value::Keyword("r".into()),
            write: Value::Keyword(kind.write().into()),
            mops: Mops::new(shape),
        }
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
                "expected txn_ok: an operation is neither {read} nor {write}"
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
    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let txn = self.mops.txn(turn.stream);
        let txn: Vec<Value> = txn.into_iter().map(|mop| self.value(mop)).collect();
        Next::Invoke {
            worker: turn.any_worker(),
            operation: Operation::new(&self.f, Value::from(txn)),
        }
    }

    fn begin(&mut self, _worker: usize, operation: &Operation) -> Step {
        Step::Call(json!({"type": "txn", "txn": operation.value}).to_string())
    }

    fn answer(
        &mut self,
        _worker: usize,
        _operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let txn = read::<TxnOk>(answer)?.txn;
        let txn: Result<Vec<Value>, _> = txn.iter().map(|mop| self.done(mop)).collect();
        Ok(Step::Done(Completion::ok(Value::from(txn?))))
    }

    fn keeps_client(&self) -> bool {
        true
    }
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
            Ok(Step::Call(body)) => panic!("{body} was called"),
            Err(Malformed(why)) => Err(why),
        }
    }

    #[test]
    fn requests_are_the_operations_as_json() {
        let mut turns = Turns::new(2);
        for (mut txn, write) in [
            (Txn::list_append(TxnShape::default()), "append"),
            (Txn::rw_register(TxnShape::default()), "w"),
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
        let mut lists = Txn::list_append(TxnShape::default());
        let mut registers = Txn::rw_register(TxnShape::default());
        assert_eq!(
            answer(&mut lists, r#"[["r",4,[1,2]],["r",3,null],["append",4,8]]"#),
            Ok("[[:r 4 [1 2]] [:r 3 nil] [:append 4 8]]".to_owned())
        );
        assert_eq!(
            answer(&mut registers, r#"[["r",4,2],["r","x",null],["w",4,8]]"#),
            Ok(r#"[[:r 4 2] [:r "x" nil] [:w 4 8]]"#.to_owned())
        );
        let wrong = Err(
            "expected txn_ok: an operation is neither [\"r\", key, list or null] nor \
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
            "expected txn_ok: an operation is neither [\"r\", key, value] nor [\"w\", key, value]"
                .to_owned(),
        );
        for mops in [r#"[["append",4,2]]"#, r#"[["w",4]]"#, "[4]"] {
            assert_eq!(answer(&mut registers, mops), wrong, "{mops}");
        }
    }
}
