//! Reads sends, polls and assignments from the values of a history. Their shapes are those of
//! `jepsen.tests.kafka`.

use std::borrow::Cow;
use std::ops::Range;

use crate::history::{History, Kind, Op};
use crate::unexpected::UnexpectedOperation;
use crate::value::Value;

use super::ids::Ids;
use super::operations::{Action, KeyId, MessageId, Operation, Operations, Read, Sent, client};

/// Reads all operations of clients. Those that are no send, poll or assignment (crashes) have no
/// effect on any log and are left out.
///
/// # Errors
/// A value of another shape, an offset that 64 bits cannot hold, a completion that has not the
/// sends of its invocation, or a message sent twice: messages are told apart by their value alone,
/// so each may be sent only once to a key.
pub(super) fn read(history: &History) -> Result<Operations<'_>, UnexpectedOperation> {
    let mut reader = Reader::new(history);
    for (at, op) in history.client_ops() {
        if op.kind == Kind::Invoke {
            continue;
        }
        let begun = history.pairs().partner(at).unwrap_or(at);
        reader.operation(begun, Some(at))?;
    }
    for (at, op) in history.client_ops() {
        if op.kind == Kind::Invoke && history.pairs().partner(at).is_none() {
            reader.operation(at, None)?;
        }
    }
    let Ids { keys, messages, .. } = reader.ids;
    Ok(Operations {
        keys,
        messages,
        ..reader.operations
    })
}

struct Reader<'a> {
    operations: Operations<'a>,
    ids: Ids,
    /// By message, the first offset it was seen at: nearly always the only one.
    first_places: Vec<Option<i64>>,
    /// By key, the last transaction that polled it, and its place among that one's keys.
    slots: Vec<(usize, usize)>,
    txn_count: usize,
}

/// What one operation sends and polls, before it is filed.
#[derive(Default)]
struct Txn {
    number: usize,
    sends: Vec<Sent>,
    /// Keys in the order of their first poll.
    polled: Vec<KeyId>,
    /// Pairs, with the place of their key in `polled`.
    pairs: Vec<(usize, Option<i64>, MessageId)>,
}

impl<'a> Reader<'a> {
    fn new(history: &'a History) -> Self {
        Self {
            operations: Operations {
                history,
                list: Vec::new(),
                places: Vec::new(),
                keys: Vec::new(),
                messages: Vec::new(),
                sends: Vec::new(),
                reads: Vec::new(),
                shown: Vec::new(),
                named: Vec::new(),
            },
            ids: Ids::default(),
            first_places: Vec::new(),
            slots: Vec::new(),
            txn_count: 0,
        }
    }

    fn operation(&mut self, begun: usize, ended: Option<usize>) -> Result<(), UnexpectedOperation> {
        let ops = self.operations.history.ops();
        let (invocation, op) = (&ops[begun], &ops[ended.unwrap_or(begun)]);
        let named = Some(&op.value).filter(|value| **value != Value::Nil);
        let named = named.unwrap_or(&invocation.value);
        let action = match &*op.f {
            "send" | "poll" | "txn" => self.txn(invocation, ended.map(|ended| &ops[ended]))?,
            "assign" => {
                let seeks = [invocation, op]
                    .map(|op| op.extra("seek-to-beginning?"))
                    .contains(&Some(&Value::Bool(true)));
                let keys = self.keys(op, named)?;
                Action::Assign { keys, seeks }
            }
            "subscribe" => Action::Subscribe {
                keys: self.keys(op, named)?,
            },
            _ => return Ok(()),
        };
        self.operations.list.push(Operation {
            begun,
            ended,
            kind: if ended.is_some() { op.kind } else { Kind::Info },
            process: client(op.process).expect("only operations of clients are read"),
            action,
        });
        Ok(())
    }

    fn txn(
        &mut self,
        invocation: &Op,
        completion: Option<&Op>,
    ) -> Result<Action, UnexpectedOperation> {
        let asked = self.micro_ops(invocation, Form::Asked)?;
        let answered = completion.filter(|op| op.value != Value::Nil);
        let op = completion.unwrap_or(invocation);
        let txn = match answered {
            Some(op) => {
                let answered = self.micro_ops(op, Form::Answered)?;
                let messages = |txn: &Txn| -> Vec<MessageId> {
                    txn.sends.iter().map(|sent| sent.message).collect()
                };
                if messages(&answered) != messages(&asked) {
                    return Err(expected(op, "the sends of its invocation", &op.value));
                }
                answered
            }
            None => asked,
        };
        let rebalanced = match op.extra("rebalance-log") {
            Some(log) => self.rebalanced(op, log)?,
            None => 0..0,
        };
        let writer = self.operations.list.len();
        for sent in &txn.sends {
            let message = &mut self.ids.messages[sent.message.at()];
            if let Some(first) = message.writer.replace(writer) {
                let by = if first == writer {
                    "itself".to_owned()
                } else {
                    self.operations.op(&self.operations.list[first]).to_string()
                };
                let message = &self.ids.messages[sent.message.at()];
                let key = &self.ids.keys[message.key.at()];
                return Err(UnexpectedOperation::new(
                    op,
                    format!(
                        "expected each message once, found {} sent to {key} before by {by}",
                        message.value
                    ),
                ));
            }
        }
        Ok(self.file(txn, op.f != "send", rebalanced))
    }

    /// Puts a transaction into the tables.
    fn file(&mut self, mut txn: Txn, is_poll: bool, rebalanced: Range<usize>) -> Action {
        self.first_places.resize(self.ids.messages.len(), None);
        let operations = &mut self.operations;
        let (sends, reads) = (operations.sends.len(), operations.reads.len());
        operations.sends.append(&mut txn.sends);
        txn.pairs.sort_by_key(|&(slot, ..)| slot);
        let mut pairs = txn.pairs.iter().peekable();
        for (slot, &key) in txn.polled.iter().enumerate() {
            let start = operations.shown.len();
            let mut read = Read {
                key,
                messages: start..start,
                first_offset: None,
                offset_max: -1,
                offset_min: 0,
            };
            while let Some(&(_, offset, message)) = pairs.next_if(|(of, ..)| *of == slot) {
                if read.messages.is_empty() {
                    read.first_offset = offset;
                }
                operations.shown.push(message);
                read.messages.end += 1;
                read.offset_max = read.offset_max.max(offset.unwrap_or(-1));
                read.offset_min = read.offset_min.min(offset.unwrap_or(0));
                if let Some(offset) = offset.filter(|offset| *offset >= 0) {
                    match &mut self.first_places[message.at()] {
                        Some(first) if *first == offset => continue,
                        Some(_) => {}
                        first @ None => *first = Some(offset),
                    }
                    operations.places.push((message, offset));
                }
            }
            operations.reads.push(read);
        }
        Action::Txn {
            sends: sends..operations.sends.len(),
            reads: reads..operations.reads.len(),
            is_poll,
            rebalanced,
        }
    }

    fn micro_ops(&mut self, op: &Op, form: Form) -> Result<Txn, UnexpectedOperation> {
        self.txn_count += 1;
        let mut txn = Txn {
            number: self.txn_count,
            ..Txn::default()
        };
        let micro_ops = each(&op.value)
            .ok_or_else(|| expected(op, "a vector of sends and polls", &op.value))?;
        for micro_op in micro_ops {
            let parts: Vec<Cow<'_, Value>> =
                each(&micro_op).map_or_else(Vec::new, Iterator::collect);
            match (parts.first().and_then(|f| f.as_name()), &parts[..]) {
                (Some("send"), [_, key, value]) if op.f != "poll" => {
                    let key = self.ids.key(key);
                    txn.sends.push(self.sent(op, key, value, form)?);
                }
                (Some("poll"), [_, rest @ ..]) if op.f != "send" => {
                    if let (Some(shown), Form::Answered) = (rest.first(), form) {
                        self.polled(op, shown, &mut txn)?;
                    }
                }
                _ => {
                    let micro_ops = match &*op.f {
                        "send" => "[:send key message]",
                        "poll" => "[:poll] or [:poll {key [[offset message] …]}]",
                        _ => "[:send key message] or [:poll {key [[offset message] …]}]",
                    };
                    return Err(expected(op, micro_ops, &micro_op));
                }
            }
        }
        Ok(txn)
    }

    fn sent(
        &mut self,
        op: &Op,
        key: KeyId,
        value: &Value,
        form: Form,
    ) -> Result<Sent, UnexpectedOperation> {
        match (value, form) {
            (Value::Vector(_), Form::Answered) => {
                let (offset, message) = self.pair(op, key, None, value)?;
                Ok(Sent { message, offset })
            }
            (Value::Vector(_), Form::Asked) => Err(expected(
                op,
                "a message that is no vector, which could not be told from [offset message]",
                value,
            )),
            _ => Ok(Sent {
                message: self.ids.message(key, Cow::Borrowed(value)),
                offset: None,
            }),
        }
    }

    fn polled(&mut self, op: &Op, shown: &Value, txn: &mut Txn) -> Result<(), UnexpectedOperation> {
        let by_key = match shown {
            Value::Map(map) => map,
            Value::Nil => return Ok(()),
            _ => return Err(expected(op, "a map of polled messages by key", shown)),
        };
        let mut key_before = None;
        for (key, pairs) in by_key.iter() {
            let key = self.ids.key_after(key_before, key);
            key_before = Some(key);
            let slot = self.slot(key, txn);
            let pairs = match pairs {
                Value::Nil => continue,
                pairs => each(pairs)
                    .ok_or_else(|| expected(op, "a vector of [offset message]", pairs))?,
            };
            let mut before = None;
            for pair in pairs {
                let (offset, message) = self.pair(op, key, before, &pair)?;
                before = Some(message);
                txn.pairs.push((slot, offset, message));
            }
        }
        Ok(())
    }

    /// The place of a key among those that a transaction polls.
    fn slot(&mut self, key: KeyId, txn: &mut Txn) -> usize {
        if self.slots.len() <= key.at() {
            self.slots.resize(self.ids.keys.len(), (0, 0));
        }
        let (number, slot) = &mut self.slots[key.at()];
        if *number != txn.number {
            (*number, *slot) = (txn.number, txn.polled.len());
            txn.polled.push(key);
        }
        *slot
    }

    /// An offset with a message, which a poll showed after another.
    fn pair(
        &mut self,
        op: &Op,
        key: KeyId,
        before: Option<MessageId>,
        pair: &Value,
    ) -> Result<(Option<i64>, MessageId), UnexpectedOperation> {
        if let Value::Vector(vector) = pair
            && let Some(&[offset, message]) = vector.as_ints()
        {
            let message = self
                .ids
                .message_after(key, before, Cow::Owned(Value::Int(message)));
            return Ok((Some(offset), message));
        }
        let parts: Vec<Cow<'_, Value>> = each(pair).map_or_else(Vec::new, Iterator::collect);
        let [offset, message] = &parts[..] else {
            return Err(expected(op, "[offset message]", pair));
        };
        let offset = match **offset {
            Value::Int(offset) => Some(offset),
            Value::Nil => None,
            _ => return Err(expected(op, "an offset of 64 bits, or nil", offset)),
        };
        let message = self.ids.message_after(key, before, Cow::Borrowed(message));
        Ok((offset, message))
    }

    fn keys(&mut self, op: &Op, value: &Value) -> Result<Range<usize>, UnexpectedOperation> {
        let start = self.operations.named.len();
        match value {
            Value::Vector(keys) => keys.cows().for_each(|key| self.named(&key)),
            Value::Set(keys) => keys.iter().for_each(|key| self.named(key)),
            _ => return Err(expected(op, "a vector of keys", value)),
        }
        Ok(start..self.operations.named.len())
    }

    fn named(&mut self, key: &Value) {
        let key = self.ids.key(key);
        self.operations.named.push(key);
    }

    fn rebalanced(&mut self, op: &Op, log: &Value) -> Result<Range<usize>, UnexpectedOperation> {
        let shape = "a vector of maps with :keys in :rebalance-log";
        let start = self.operations.named.len();
        for change in each(log).ok_or_else(|| expected(op, shape, log))? {
            let keys = change.get("keys").ok_or_else(|| expected(op, shape, log))?;
            self.keys(op, keys)?;
        }
        Ok(start..self.operations.named.len())
    }
}

/// Whether a transaction's value is of an invocation or of a completion. Only the latter has
/// offsets and results.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Asked,
    Answered,
}

fn expected(op: &Op, what: &str, found: &Value) -> UnexpectedOperation {
    const FOUND_CHARS_MAX: usize = 60;
    let text = found.to_string();
    let text = match text.char_indices().nth(FOUND_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    };
    UnexpectedOperation::new(op, format!("expected {what}, found {text}"))
}

/// The elements of a vector, borrowed where they can be.
fn each(value: &Value) -> Option<impl Iterator<Item = Cow<'_, Value>>> {
    match value {
        Value::Vector(vector) => Some(vector.cows()),
        _ => None,
    }
}
