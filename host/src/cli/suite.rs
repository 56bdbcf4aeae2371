//! `host suite`: the suite that is built in, for a teacher to start from.

use clap::Args;

use super::output::print;
use super::{Exit, Failure};
use host_grade::suite::GOSSIP_GLOMERS;

/// Print the built-in suite of challenges, as TOML
///
/// To use a suite of your own, change a copy of it and pass it to `host grade --suite FILE`.
#[derive(Debug, Args)]
pub(super) struct SuiteArgs {}

pub(super) fn run(_args: &SuiteArgs) -> Result<Exit, Failure> {
    print(GOSSIP_GLOMERS)?;
    Ok(Exit::Success)
}
