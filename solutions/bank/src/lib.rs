//! The workload `bank`: accounts in lin-kv.
//!
//! Each bank is one value of lin-kv, a map of its accounts, so that a transfer is one compare-and-set and a
//! read sees all accounts at once. `stored` has the loop, what it costs, and what clients are told.
//!
//! Linearizable under all faults, since nodes keep nothing and lin-kv can always be reached. Two nodes that use a bank
//! at the same time slow each other down, and one of them succeeds each time.

mod stored;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use stored::{Object, Stored};

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
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TransferOk { done: bool },
    ReadOk { accounts: Accounts },
}

/// A bank.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Accounts(SortedMap<String, i64>);

/// What is in a new bank: the arguments, which are the options of the workload with these names.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Bank {
    /// How many accounts it has.
    accounts: u64,
    /// What is in each of them.
    opening: i64,
}

impl Default for Bank {
    fn default() -> Self {
        Bank {
            accounts: 5,
            opening: 10,
        }
    }
}

impl Object for Bank {
    type Request = Request;
    type Reply = Reply;
    type State = Accounts;

    fn new(ctx: &Ctx<Stored<Self>>) -> Self {
        ctx.options()
    }

    fn initial(&self) -> Accounts {
        let account = |number: u64| (number.to_string(), self.opening);
        Accounts((0..self.accounts).map(account).collect())
    }

    fn key(request: &Request) -> String {
        let (Request::Transfer { bank, .. } | Request::Read { bank }) = request;
        format!("bank/{bank}")
    }

    fn handle(
        &mut self,
        request: &Request,
        accounts: &mut Accounts,
        _: &mut Ctx<Stored<Self>>,
    ) -> Result<Reply, Error> {
        match request {
            Request::Transfer {
                from, to, amount, ..
            } => {
                let done = accounts.transfer(from, to, *amount)?;
                Ok(Reply::TransferOk { done })
            }
            Request::Read { .. } => {
                let accounts = accounts.clone();
                Ok(Reply::ReadOk { accounts })
            }
        }
    }
}

impl Accounts {
    /// Moves money if there is so much. Whether it was.
    fn transfer(&mut self, from: &str, to: &str, amount: i64) -> Result<bool, Error> {
        if amount < 1 {
            let text = format!("{amount} cannot be moved: an amount is at least 1");
            return Err(Error::new(ErrorCode::MalformedRequest, text));
        }
        self.account(to)?;
        let source = self.account(from)?;
        let done = *source >= amount;
        if done {
            *source -= amount;
            *self.account(to)? += amount;
        }
        Ok(done)
    }

    fn account(&mut self, name: &str) -> Result<&mut i64, Error> {
        let missing = || {
            let text = format!("there is no account {name:?}");
            Error::new(ErrorCode::KeyDoesNotExist, text)
        };
        self.0.get_mut(name).ok_or_else(missing)
    }
}

guest_sdk::export!(Stored<Bank>);

#[cfg(test)]
mod tests;
