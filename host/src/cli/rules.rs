//! The flags that say what is judged and by which rules, for `host check` and `host sim`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use host_check::availability::Goal;
use host_check::txn::model::Model;
use host_check::validity::Checks;
use host_check::workload::{CheckOptions, Workload};

/// What a run has to reach.
#[derive(Debug, Args)]
pub(super) struct GoalArgs {
    /// Which part of the operations has to succeed: `total`, or a number from 0 to 1
    /// [default: any].
    #[arg(long, value_name = "PART")]
    availability: Option<Goal>,
    /// What transactions have to satisfy: consistency models, separated by commas.
    #[arg(
        long,
        value_name = "MODEL,…",
        value_delimiter = ',',
        default_value = "strict-serializable"
    )]
    consistency_models: Vec<Model>,
}

impl GoalArgs {
    /// What to ask of a history, by these rules.
    pub(super) fn options(&self, checks: Checks) -> CheckOptions {
        CheckOptions {
            availability: self.availability,
            checks,
            consistency_models: self.consistency_models.clone(),
        }
    }
}

pub(super) fn workload_parser() -> impl TypedValueParser<Value = Workload> {
    PossibleValuesParser::new(Workload::ALL.iter().map(|it| it.name()))
        .try_map(|name| name.parse::<Workload>())
}

pub(super) fn checks_parser() -> impl TypedValueParser<Value = Checks> {
    PossibleValuesParser::new(Checks::ALL.iter().map(|it| it.name()))
        .try_map(|name| name.parse::<Checks>())
}
