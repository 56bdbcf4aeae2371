//! Kafka's checker.

mod agreement;
mod anomalies;
mod budget;
mod malformed;
mod naive;
mod oracle;
pub(crate) mod script;
mod sound;
mod strict;
mod text;
