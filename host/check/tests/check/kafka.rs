//! Kafka's checker.

mod agreement;
mod anomalies;
mod budget;
mod malformed;
mod naive;
mod oracle;
mod script;
mod sound;
mod strict;
mod text;
