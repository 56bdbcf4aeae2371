//! The checkers, against real Maelstrom's recorded runs, against brute force, and one anomaly at a time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers in tests are small"
)]

mod agreement;
mod anomalies;
mod budget;
mod dialects;
mod evidence;
mod floors;
mod inspections;
mod kafka;
mod linear;
mod linear_oracle;
mod linear_recorded;
mod linear_text;
mod malformed;
mod oracles;
mod recorded;
mod round_trips;
mod script;
mod so_far;
mod specified;
mod text;
mod transactions;
