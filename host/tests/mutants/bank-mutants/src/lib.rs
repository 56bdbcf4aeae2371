//! Banks in lin-kv, each a value. Without an option they are right; `--bug NAME` gives them the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `early` | a transfer is answered before it has taken place |
//! | `overdraft` | money is moved though there is not so much |
//! | `refuses-last` | a transfer that would empty an account is refused |
//! | `split` | every node has banks of its own |
//! | `stale` | banks are in seq-kv, whose reads may be old |
//! | `torn` | a transfer is a read, then a write |
//! | `two-steps` | money is taken out of one account, then put into the other |

mod stored;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use stored::{Object, Store, Stored};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Early,
    Overdraft,
    RefusesLast,
    Split,
    Stale,
    Torn,
    TwoSteps,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Transfer {
        bank: u64,
        from: String,
        to: String,
        amount: i64,
    },
    Read {
        bank: u64,
    },
    /// The second step.
    PutIn {
        bank: u64,
        to: String,
        amount: i64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TransferOk { done: bool },
    ReadOk { accounts: BTreeMap<String, i64> },
    PutInOk {},
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Accounts(BTreeMap<String, i64>);

impl Default for Accounts {
    fn default() -> Self {
        Accounts(
            (0..5)
                .map(|account: u8| (account.to_string(), 10))
                .collect(),
        )
    }
}

#[derive(Serialize, Deserialize)]
struct Bank {
    bug: Bug,
}

impl Object for Bank {
    type Request = Request;
    type Reply = Reply;
    type State = Accounts;

    fn new(ctx: &mut Ctx<Stored<Self>>) -> Self {
        Bank {
            bug: ctx.options::<Options>().bug,
        }
    }

    fn store(&self) -> Store {
        match self.bug {
            Bug::Early => Store::Early,
            Bug::Split => Store::Split,
            Bug::Stale => Store::Stale,
            Bug::Torn => Store::Torn,
            _ => Store::Right,
        }
    }

    fn key(request: &Request) -> String {
        let (Request::Transfer { bank, .. } | Request::Read { bank } | Request::PutIn { bank, .. }) =
            request;
        format!("bank/{bank}")
    }

    fn handle(
        &mut self,
        request: &Request,
        accounts: &mut Accounts,
        _: &mut Ctx<Stored<Self>>,
    ) -> Reply {
        let Accounts(accounts) = accounts;
        match request {
            Request::Read { .. } => Reply::ReadOk {
                accounts: accounts.clone(),
            },
            Request::PutIn { to, amount, .. } => {
                *accounts.entry(to.clone()).or_default() += amount;
                Reply::PutInOk {}
            }
            Request::Transfer {
                from, to, amount, ..
            } => {
                let (balance, amount) = (accounts[from], *amount);
                let done = match self.bug {
                    Bug::Overdraft => true,
                    Bug::RefusesLast => balance > amount,
                    _ => balance >= amount,
                };
                if done {
                    *accounts.entry(from.clone()).or_default() -= amount;
                }
                if done && self.bug != Bug::TwoSteps {
                    *accounts.entry(to.clone()).or_default() += amount;
                }
                Reply::TransferOk { done }
            }
        }
    }

    fn swapped(&mut self, request: &Request, _: &Reply, ctx: &mut Ctx<Stored<Self>>) {
        if let Request::Transfer {
            bank, to, amount, ..
        } = request
            && self.bug == Bug::TwoSteps
        {
            let (bank, to, amount) = (*bank, to.clone(), *amount);
            ctx.set_timer(Duration::ZERO, Request::PutIn { bank, to, amount });
        }
    }
}

guest_sdk::export!(Stored<Bank>);
