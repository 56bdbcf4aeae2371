//! Banks: money moves between accounts, and the total never changes.
//!
//! There are many banks, which know nothing of one another. Each begins with as many accounts as the option `accounts` says, named `"0"`, `"1"`
//! and so on, and with as much in each as `opening` says: with the defaults 5 accounts with 10 in each. Clients move money between two accounts of a bank, and read all accounts of one.
//! A transfer of more than there is in the account is refused (`done: false`): that is an answer, and is judged. An error
//! means that a transfer did not take place, or, if its code is not definite, that it may have.
//!
//! Judged: each bank is linearizable. So every read shows the same total (50), no balance is negative, a transfer is refused
//! if and only if the balance is too low at that moment, and what was acknowledged is in all later reads. The first two
//! have names of their own, since they need no search. After faults have ended every bank is read once more.
//!
//! Not judged: how many requests are refused with an error.
//!
//! Clients use three banks at a time, and go on to others after so many operations as the option `ops-per-bank` says for each: what is
//! open at the same time, and transfers of unknown outcome, which may take place at any later time, make the search expensive.
//!
//! Source: the bank test of Jepsen.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::workload::prelude::*;

/// The most accounts of a bank: a read has them all.
const ACCOUNTS_MAX: u64 = 1000;
/// The most that is in an account at first.
const OPENING_MAX: i64 = 1_000_000;
/// How many banks clients use at a time.
const BANKS: u64 = 3;

/// What clients do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
pub enum Operation {
    /// Moves money.
    Transfer(Transfer),
    /// Reads all accounts of a bank.
    Read {
        /// The bank.
        bank: u64,
    },
}

/// Money that moves from one account to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The bank.
    pub bank: u64,
    /// The account that has it.
    pub from: String,
    /// The account that gets it.
    pub to: String,
    /// How much it is; at least 1.
    pub amount: i64,
}

/// What an operation completes with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Whether money was moved.
    Done(bool),
    /// The balances.
    Accounts(BTreeMap<String, i64>),
}

/// The options.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Options {
    /// How many accounts a bank has.
    pub accounts: u64,
    /// What is in each account at first.
    pub opening: i64,
    /// How many operations a bank gets, on average.
    pub ops_per_bank: u64,
    /// The most that one transfer moves.
    pub max_transfer: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            accounts: 5,
            opening: 10,
            ops_per_bank: 50,
            max_transfer: 8,
        }
    }
}

/// The workload, with what its clients have done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Bank {
    options: Options,
    /// How many operations of the main phase have begun.
    begun: u64,
    /// The banks that were used, and not read at last.
    used: BTreeSet<u64>,
}

impl Workload for Bank {
    const NAME: &'static str = "bank";
    const ABOUT: &'static str = "Transfers between accounts, whose total never changes.";
    const OPERATIONS: &'static [OperationKind] = &[changes("transfer"), reads("read")];
    const MESSAGES: &'static [&'static str] = &[
        "transfer {bank: integer, from: string, to: string, amount: integer} -> transfer_ok {done: boolean}",
        "read {bank: integer} -> read_ok {accounts: {integer}}",
    ];
    const HELP: &'static [(&'static str, &'static str)] = &[
        ("accounts", "How many accounts a bank has"),
        ("opening", "What is in each account at first"),
        (
            "ops-per-bank",
            "How many operations a bank gets, on average, before clients go on to others",
        ),
        ("max-transfer", "The most that one transfer moves"),
    ];
    const HAS_LAST: bool = true;
    const CHECKS_HISTORY: bool = true;

    type Options = Options;
    type Operation = Operation;
    type Outcome = Outcome;
    type Request = ();
    type Answer = ();
    type Specification = Self;

    fn new(_: &Cluster, options: Options) -> Result<Self, String> {
        if options.ops_per_bank == 0 || options.max_transfer == 0 {
            return Err("ops-per-bank and max-transfer have to be at least 1".to_owned());
        }
        if !(2..=ACCOUNTS_MAX).contains(&options.accounts) {
            let accounts = options.accounts;
            return Err(format!(
                "a bank has 2 to {ACCOUNTS_MAX} accounts, not {accounts}"
            ));
        }
        if !(0..=OPENING_MAX).contains(&options.opening) {
            let opening = options.opening;
            return Err(format!(
                "an account begins with 0 to {OPENING_MAX}, not {opening}"
            ));
        }
        Ok(Bank {
            options,
            begun: 0,
            used: BTreeSet::new(),
        })
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let round = self.begun / (BANKS * self.options.ops_per_bank);
        let bank = BANKS * round + turn.draws.below(BANKS);
        self.begun += 1;
        if turn.draws.chance(400) {
            return Next::Invoke(Operation::Read { bank });
        }
        let accounts = self.options.accounts;
        let from = turn.draws.below(accounts);
        let to = (from + 1 + turn.draws.below(accounts - 1)) % accounts;
        let amount = 1 + turn.draws.below(self.options.max_transfer);
        Next::Invoke(Operation::Transfer(Transfer {
            bank,
            from: from.to_string(),
            to: to.to_string(),
            amount: i64::try_from(amount).unwrap_or(i64::MAX),
        }))
    }

    fn last(&mut self, _: &mut Turn<'_>) -> Next<Operation> {
        match self.used.pop_first() {
            Some(bank) => Next::Invoke(Operation::Read { bank }),
            None => Next::Done,
        }
    }

    fn begin(&mut self, _: usize, operation: &Operation) -> Step<Self> {
        // A replay asks for no operations but the last ones.
        if let Operation::Transfer(transfer) = operation {
            self.used.insert(transfer.bank);
        }
        Step::call_as_invoked(operation).completes_with(match operation {
            Operation::Transfer(_) => "done",
            Operation::Read { .. } => "accounts",
        })
    }

    fn check(history: &History<Self>) -> Findings {
        let mut findings = Findings::default();
        let total: i64 = opening(&history.options).values().sum();
        for read in history.iter() {
            let (Operation::Read { bank }, Some(Outcome::Accounts(accounts))) =
                (&read.operation, read.outcome())
            else {
                continue;
            };
            let sum: i64 = accounts.values().sum();
            if sum != total {
                let text =
                    format!("a read of bank {bank} shows {sum} in all; it is always {total}");
                findings.problem("wrong-total", text, &[read.index]);
            }
            if let Some((account, balance)) = accounts.iter().find(|(_, balance)| **balance < 0) {
                let text = format!("account {account} of bank {bank} has {balance}");
                findings.problem("negative-balance", text, &[read.index]);
            }
        }
        findings
    }
}

impl Specification<Self> for Bank {
    type State = BTreeMap<String, i64>;

    fn initial(options: &Options) -> Self::State {
        opening(options)
    }

    fn apply(accounts: &mut Self::State, operation: &Operation) -> Outcome {
        let Operation::Transfer(transfer) = operation else {
            return Outcome::Accounts(accounts.clone());
        };
        let balance = accounts.get(&transfer.from).copied().unwrap_or(0);
        let done = balance >= transfer.amount;
        if done {
            *accounts.entry(transfer.from.clone()).or_default() -= transfer.amount;
            *accounts.entry(transfer.to.clone()).or_default() += transfer.amount;
        }
        Outcome::Done(done)
    }

    fn key(operation: &Operation) -> Option<Value> {
        Some(json!(operation.bank()))
    }
}

impl Operation {
    fn bank(&self) -> u64 {
        let (Operation::Transfer(Transfer { bank, .. }) | Operation::Read { bank }) = self;
        *bank
    }
}

/// The accounts of a new bank.
fn opening(options: &Options) -> BTreeMap<String, i64> {
    let account = |number: u64| (number.to_string(), options.opening);
    (0..options.accounts).map(account).collect()
}

guest_sdk::export_workload!(Bank);

#[cfg(test)]
mod tests;
