//! Transactions that one node executes for all, one after the other; over lists if they
//! append and over registers if they write. Without an argument it is strictly
//! serializable; with an argument it has the bug of that name.
//!
//! | argument | what is wrong |
//! |---|---|
//! | `aborted` | every fourth transaction is executed although it is reported as aborted |
//! | `internal` | a transaction does not read what it wrote itself |
//! | `invents` | every eighth transaction reads values that nobody has written |
//! | `split` | every node executes its own clients' transactions alone |
//! | `stale` | transactions that only read are answered from the past: still serializable |
//! | `torn` | the operations of a transaction are executed with pauses in between |
//! | `twice` | what is appended is appended twice |

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

const RETRY: Retry = Retry::never(Duration::from_secs(1));

/// How long a torn transaction waits before its next operation.
const TEAR: Duration = Duration::from_millis(20);

/// Transactions between two looks at the present, when reads are stale.
const STALE_TXNS: u64 = 20;

/// `["r", key, null]`, `["append", key, element]`, `["w", key, value]`.
type Mop = (String, i64, Held);

/// What keys hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Held {
    Nothing,
    One(i64),
    List(Vec<i64>),
}

impl Held {
    /// Adds something that nobody has written.
    fn invent(&mut self) {
        match self {
            Held::Nothing => {}
            Held::One(value) => *value += 1000,
            Held::List(list) => list.push(1000),
        }
    }
}

type State = BTreeMap<i64, Held>;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Txn { txn: Vec<Mop> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TxnOk { txn: Vec<Mop> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Bug {
    None,
    Aborted,
    Internal,
    Invents,
    Split,
    Stale,
    Torn,
    Twice,
}

impl Bug {
    fn of_args() -> Bug {
        match std::env::args().nth(1).as_deref() {
            None => Bug::None,
            Some("aborted") => Bug::Aborted,
            Some("internal") => Bug::Internal,
            Some("invents") => Bug::Invents,
            Some("split") => Bug::Split,
            Some("stale") => Bug::Stale,
            Some("torn") => Bug::Torn,
            Some("twice") => Bug::Twice,
            Some(other) => panic!("there is no bug {other}"),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Leader {
    bug: Bug,
    state: State,
    past: State,
    txn_count: u64,
}

/// A torn transaction.
#[derive(Serialize, Deserialize)]
struct Torn {
    client: Caller,
    done: Vec<Mop>,
    left: Vec<Mop>,
}

impl Node for Leader {
    type Request = Request;
    type Call = Caller;
    type Timer = Torn;

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        Leader {
            bug: Bug::of_args(),
            state: State::new(),
            past: State::new(),
            txn_count: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let leader = ctx.nodes()[0].clone();
        if ctx.id() != leader && self.bug != Bug::Split {
            ctx.call(&leader, &request, client, RETRY);
            return Ok(());
        }
        let Request::Txn { txn } = request;
        if self.bug == Bug::Torn {
            let torn = Torn {
                client,
                done: Vec::new(),
                left: txn,
            };
            self.timer(torn, ctx);
            return Ok(());
        }
        let txn = self.execute(txn)?;
        ctx.reply(client, &Reply::TxnOk { txn });
        Ok(())
    }

    fn response(
        &mut self,
        client: Caller,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        match response.and_then(|response| response.decode::<Reply>()) {
            Ok(reply) => ctx.reply(client, &reply),
            Err(error) => ctx.reply_error(client, error),
        }
    }

    fn timer(&mut self, mut torn: Torn, ctx: &mut Ctx<Self>) {
        if torn.left.is_empty() {
            ctx.reply(torn.client, &Reply::TxnOk { txn: torn.done });
            return;
        }
        let mop = torn.left.remove(0);
        torn.done.push(self.apply(mop));
        ctx.set_timer(TEAR, torn);
    }
}

impl Leader {
    fn execute(&mut self, txn: Vec<Mop>) -> Result<Vec<Mop>, Error> {
        if self.txn_count.is_multiple_of(STALE_TXNS) {
            self.past = self.state.clone();
        }
        self.txn_count += 1;
        let only_reads = txn.iter().all(|(f, ..)| f == "r");
        let before = match self.bug {
            Bug::Internal => Some(self.state.clone()),
            Bug::Stale if only_reads => Some(self.past.clone()),
            _ => None,
        };
        let mut done: Vec<Mop> = txn.into_iter().map(|mop| self.apply(mop)).collect();
        if let Some(before) = before {
            for (_, key, held) in done.iter_mut().filter(|(f, ..)| f == "r") {
                *held = before.get(key).cloned().unwrap_or(Held::Nothing);
            }
        }
        if self.bug == Bug::Invents && self.txn_count.is_multiple_of(8) {
            for (_, _, held) in done.iter_mut().filter(|(f, ..)| f == "r") {
                held.invent();
            }
        }
        if self.bug == Bug::Aborted && self.txn_count.is_multiple_of(4) {
            return Err(Error::new(ErrorCode::TxnConflict, "not really"));
        }
        Ok(done)
    }

    fn apply(&mut self, (f, key, value): Mop) -> Mop {
        let held = self.state.entry(key).or_insert(Held::Nothing);
        match (&*f, &value) {
            ("append", Held::One(element)) => {
                let mut list = match std::mem::replace(held, Held::Nothing) {
                    Held::List(list) => list,
                    Held::One(_) | Held::Nothing => Vec::new(),
                };
                list.push(*element);
                if self.bug == Bug::Twice {
                    list.push(*element);
                }
                *held = Held::List(list);
                (f, key, value)
            }
            ("w", _) => {
                *held = value.clone();
                (f, key, value)
            }
            _ => (f, key, held.clone()),
        }
    }
}

guest_sdk::export!(Leader);
