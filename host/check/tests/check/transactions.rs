//! The checkers of transactions.

mod anomalies;
mod budget;
mod malformed;
mod oracles;
mod recorded;
mod script;
mod simulate;
mod text;
mod time;
