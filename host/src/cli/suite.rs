//! `host suite`: the suite that is built in, for a teacher to start from.

use clap::Args;

use super::output::print;
use super::{Exit, Failure};
use host_grade::suite::GOSSIP_GLOMERS;

/// Print the suite of challenges that is built in, as TOML
///
/// Change a copy of it, and give that to `host grade --suite FILE`.
#[derive(Debug, Args)]
pub(super) struct SuiteArgs {}

pub(super) fn run(_args: &SuiteArgs) -> Result<Exit, Failure> {
    print(GOSSIP_GLOMERS)?;
    Ok(Exit::Success)
}
