//! `host check`: judges a history that somebody recorded.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::input::read;
use super::options::{Judging, OptionArgs, workload_parser};
use super::output::{Format, print_json, print_verdict};
use super::{EXIT_CODES, Exit, Failure};
use host_check::Name;
use host_check::history::{self, HISTORY_BYTES_MAX, ReadOptions};
use host_check::linear::{Budgets, ModelName, NotJudged, check_model};
use host_check::text::render_linearizable;
use host_check::text::render_text;
use host_check::validity::Validity;
use host_check::workload::check_any;
use host_trial::scenario::option;

/// Judge a recorded history, in Jepsen's EDN, as JSON or as a log
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct CheckArgs {
    /// Workload of the history, or a file that ends in .wasm: a workload of your own.
    #[arg(long, short, value_name = "NAME", value_parser = workload_parser(), required_unless_present = "model")]
    workload: Option<String>,
    /// Options of a workload of your own that judge its history, such as accounts=5: those of the run.
    /// Each is a flag of its own, too: `-w bank --accounts 5`. `host check -w bank --help` lists them.
    #[arg(
        long,
        short,
        value_name = "NAME=VALUE,...",
        requires = "workload",
        conflicts_with = "model"
    )]
    option: Vec<String>,
    /// Check the history of a single object for linearizability instead.
    #[arg(long, value_name = "MODEL", value_parser = model_parser(), conflicts_with_all = ["workload", "availability", "consistency-models"])]
    model: Option<ModelName>,
    #[command(flatten)]
    judging: OptionArgs<Judging>,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// History, such as Maelstrom's store/latest/history.edn, or `-` for stdin. It may take 1 GiB of
    /// memory; docs/histories.md says which files of other tools are read.
    #[arg(value_name = "HISTORY")]
    history: PathBuf,
}

fn model_parser() -> impl TypedValueParser<Value = ModelName> {
    PossibleValuesParser::new(ModelName::ALL.iter().map(|it| it.name()))
        .try_map(|name| name.parse::<ModelName>())
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let name = match args.history.to_str() {
        Some("-") => "stdin".into(),
        _ => args.history.display().to_string(),
    };
    let unusable = |what: &dyn std::fmt::Display| {
        let text = format!("{name}: {what}");
        Failure::new(Exit::Usage, text)
    };
    let text = read(&args.history, "a history", HISTORY_BYTES_MAX as u64)
        .map_err(|error| unusable(&error))?;
    let mut scenario = args.judging.scenario()?;
    if let Some(name) = &args.workload {
        option::WORKLOAD
            .set(&mut scenario, name)
            .map_err(|error| Failure::new(Exit::Usage, format!("--workload: {error}")))?;
    }
    if !args.option.is_empty() {
        option::OPTION
            .set(&mut scenario, &args.option.join(","))
            .map_err(|error| Failure::new(Exit::Usage, format!("--option: {error}")))?;
    }
    let workload = &scenario.workload;
    let only = match workload.operations()[..] {
        [only] if args.workload.is_some() => Some(Name::from(only)),
        _ => None,
    };
    let options = ReadOptions {
        f: only,
        ..ReadOptions::default()
    };
    let history = history::read_with(&text, &options).map_err(|error| unusable(&error))?;
    drop(text);
    let options = &scenario.checks;
    if let Some(model) = args.model {
        let result = check_model(&history, model, options.checks, &Budgets::default());
        let result = result.map_err(|misfit| unusable(&misfit))?;
        match args.format {
            Format::Text => print_verdict(&render_linearizable(model, &result), result.valid)?,
            Format::Json => print_json(&result)?,
        }
        return Ok(result.valid.into());
    }
    let budgets = Budgets::default();
    let result = check_any(workload.rules(), &history, None, options, &budgets);
    let result = result.map_err(|error| match error {
        NotJudged::Unexpected(misfit) => unusable(&misfit),
        NotJudged::Failed(why) => Failure::new(Exit::Usage, format!("the workload failed: {why}")),
    })?;
    match args.format {
        Format::Text => print_verdict(&render_text(&result), result.valid)?,
        Format::Json => print_json(&result)?,
    }
    Ok(result.valid.into())
}

impl From<Validity> for Exit {
    fn from(valid: Validity) -> Self {
        match valid {
            Validity::True => Exit::Success,
            Validity::False => Exit::Invalid,
            Validity::Unknown => Exit::Unknown,
        }
    }
}
