//! `host compare`: two modules, or one with other arguments, on the same seeds.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::limits::{CacheArgs, ModuleArgs, fit_threads};
use super::mounts::MountArgs;
use super::options::{AllLimits, OptionArgs};
use super::output::{TableFormat, print, print_json};
use super::sim::args::{OUTPUT, SEEDS};
use super::sim::figures::shown;
use super::sim::seeds::{SeedSet, try_all};
use super::sim::setting::SettingArgs;
use super::{Exit, Failure, interrupt};
use host_check::validity::Validity;
use host_grade::sweep::compare::{Comparison, Pairs, SideFacts};
use host_guest::Start;
use host_protocol::text::{counted, figure, one_line, shell_quoted};
use host_report::ReportDir;
use host_sandbox::GuestModule;
use host_sim::SeedRange;
use host_trial::Trial;
use host_trial::scenario::option::{self, Group};

/// Compare two modules, or one with other arguments, on the same seeds: verdicts and figures
///
/// Each figure has the median, the 99th percentile and the worst of both, and B in relation to A.
#[derive(Debug, Args)]
#[command(after_help = END)]
#[command(mut_arg(option::WORKLOAD.name, |arg| arg.required_unless_present_any(SOURCES)))]
pub(crate) struct CompareArgs {
    /// Module A.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Module B [default: A, with other arguments].
    #[arg(value_name = "B")]
    b: Option<PathBuf>,
    /// Arguments of every node of both, after `--`.
    #[arg(last = true, value_name = "GUEST_ARGS")]
    guest_args: Vec<String>,
    /// Arguments of the nodes of A, separated by spaces, after those of both.
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true, allow_hyphen_values = true, help_heading = SIDES)]
    args_a: String,
    /// Arguments of the nodes of B, separated by spaces, after those of both.
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true, allow_hyphen_values = true, help_heading = SIDES)]
    args_b: String,
    /// Version that --swap-at and --nemesis swap change nodes to, of A and of B [default: the module that they run].
    #[arg(long, value_name = "FILE", help_heading = Group::Cluster.heading())]
    swap_module: Option<PathBuf>,
    #[command(flatten)]
    setting: SettingArgs,
    /// Seeds from A to below B, for both.
    #[arg(long, value_name = "A..B", default_value = "0..100", help_heading = SEEDS)]
    seeds: SeedRange,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = TableFormat::Text, help_heading = OUTPUT)]
    format: TableFormat,
    /// Write a page to this folder, with messages drawn against latencies.
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    report: Option<PathBuf>,
    #[command(flatten)]
    mounts: MountArgs,
    #[command(flatten)]
    modules: ModuleArgs,
    #[command(flatten)]
    limits: OptionArgs<AllLimits>,
    #[command(flatten)]
    cache: CacheArgs,
}

/// The heading of what only one side has.
const SIDES: &str = "Sides";

/// The flags that say where options come from, instead of a workload.
const SOURCES: [&str; 3] = ["challenge", "world", "suite"];

const END: &str = "\
Examples:
  Does a change cost messages?
    host compare --challenge 3d old.wasm new.wasm
  Which strategy of one module is faster?
    host compare --challenge 3d my.wasm --args-a '--strategy tree' --args-b '--strategy gossip'
  Which of two versions survives the change to a third?
    host compare --challenge 3c --nemesis swap --swap-module next.wasm old.wasm new.wasm

Exit codes:
  0    compared, whatever the verdicts are
  3    a module cannot be loaded
  130  interrupted; what both have run is compared
  254  invalid usage, or a file that cannot be read or written
  255  internal error";

pub(super) fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let paths = [&args.a, args.b.as_ref().unwrap_or(&args.a)].map(PathBuf::as_path);
    if paths[0] == paths[1] && args.args_a == args.args_b {
        let text = "A and B are the same: give two modules, or one with --args-a and --args-b";
        return Err(Failure::new(Exit::Usage, text));
    }
    let setting = args
        .setting
        .read(&args.limits, &args.guest_args, paths[0])?;
    let scenario = setting.scenario;
    let usage = |error| Failure::new(Exit::Usage, error);
    scenario.verify().map_err(usage)?;
    let targets = args.setting.targets(&scenario.workload, setting.targets)?;
    let report = args.report.as_deref().map(ReportDir::create).transpose()?;
    let seeds = SeedSet::share(args.seeds, None);
    let interrupt = interrupt::on_signal()?;
    let guests = scenario.options.cluster.guests_max();
    fit_threads(guests)?;
    let guests = rayon::current_num_threads() * guests;
    let sandbox = args.cache.sandbox_for(guests, &interrupt)?;
    let sandbox = sandbox.limited_to(args.modules.limits());
    let mounts = args.mounts.read()?;
    let load = |path: &Path| -> Result<GuestModule, Failure> {
        let module = sandbox.load(path, &scenario.options.limits)?;
        Ok(module.mounted(&mounts)?)
    };
    let modules = [load(paths[0])?, load(paths[1])?];
    let next = args.swap_module.as_deref().map(load).transpose()?;
    let own = [&args.args_a, &args.args_b].map(|words| words.split_whitespace());
    let trials: Vec<Trial<'_>> = (modules.iter().zip(own))
        .map(|(module, own)| {
            let mut scenario = scenario.clone();
            let guest_args = &mut scenario.options.guest_args;
            guest_args.extend(own.map(str::to_owned));
            Trial {
                module,
                next_module: next.as_ref().map(|next| next as &dyn Start),
                scenario,
            }
        })
        .collect();
    let trials: Vec<&Trial<'_>> = trials.iter().collect();
    let mut pairs = Pairs::default();
    try_all(&trials, &targets, &seeds, false, |side, one| {
        pairs.take(side, one);
    });
    let facts = |side: usize| SideFacts {
        module: paths[side].display().to_string(),
        sha256: modules[side].facts.sha256.clone(),
        swap_sha256: next.as_ref().map(|next| next.facts.sha256.clone()),
        args: trials[side].scenario.options.guest_args.clone(),
    };
    let range = (args.seeds.first, args.seeds.count);
    let comparison = pairs.compare(scenario.workload.name(), [facts(0), facts(1)], range);
    if let Some(dir) = report {
        comparison.write_report(&dir)?;
    }
    match args.format {
        TableFormat::Text => print(&as_text(&comparison))?,
        TableFormat::Json => print_json(&comparison)?,
        TableFormat::Csv => print(&comparison.csv())?,
    }
    if interrupt.is_requested() {
        let (done, all) = (comparison.compared, comparison.seeds);
        interrupt::note(&format!("{done} of {all} seeds are compared"));
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Success)
}

fn as_text(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut text, comparison);
    text
}

fn write_text(out: &mut String, comparison: &Comparison) -> fmt::Result {
    let Comparison {
        workload,
        first_seed,
        seeds,
        compared,
        sides,
        figures,
        differ,
        ..
    } = comparison;
    let end = first_seed + seeds;
    let runs = counted(*compared, "seed");
    writeln!(
        out,
        "{workload}: A and B with {runs} of {first_seed}..{end}\n"
    )?;
    for (letter, side) in ["A", "B"].into_iter().zip(sides) {
        let words = [&side.facts.module].into_iter().chain(&side.facts.args);
        let words: Vec<String> = words.map(|word| shell_quoted(word)).collect();
        writeln!(out, "{letter}  {}", one_line(&words.join(" ")))?;
        let failed = compared - side.valid_runs;
        writeln!(out, "   {} of {runs} valid", side.valid_runs)?;
        if failed > side.unknown_runs || side.unknown_runs > 0 {
            for (name, failures) in &side.anomalies {
                let shown: Vec<String> = failures.seeds.iter().map(u64::to_string).collect();
                let more = match failures.runs > failures.seeds.len() as u64 {
                    true => ", …",
                    false => "",
                };
                let runs = counted(failures.runs, "seed");
                writeln!(
                    out,
                    "   {:<22}{runs}: {}{more}",
                    one_line(name),
                    shown.join(", ")
                )?;
            }
        }
    }
    match differ {
        None => writeln!(out, "The verdicts are the same with each seed.\n")?,
        Some(differ) => {
            let [a, b] = differ.valid.map(word);
            let (runs, first) = (counted(differ.runs, "seed"), differ.first_seed);
            writeln!(
                out,
                "The verdicts differ with {runs}, first with {first}: A is {a}, B is {b}.\n"
            )?;
        }
    }
    let heads = ["median", "99 %", "worst"];
    let heads: String = heads.map(|head| format!("{head:>22}")).concat();
    writeln!(out, "{:<24}{heads}", "figures")?;
    let heads = format!("{:>8}{:>8}{:>6}", "A", "B", "B/A").repeat(3);
    writeln!(out, "{:<24}{heads}", "")?;
    for compared in figures {
        write!(out, "  {:<22}", compared.name)?;
        for row in compared.rows() {
            let none = || "-".to_owned();
            let [a, b] = row
                .values
                .map(|it| it.map_or_else(none, |it| shown(compared.name, it)));
            let ratio = row.ratio.map_or_else(none, figure);
            write!(out, "{a:>8}{b:>8}{ratio:>6}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn word(valid: Validity) -> &'static str {
    match valid {
        Validity::True => "valid",
        Validity::False => "INVALID",
        Validity::Unknown => "unknown",
    }
}
