//! `host inspect`: what a module is, and whether it would load.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::limits::{LimitArgs, ModuleArgs};
use super::output::{Format, print, print_json};
use super::{Exit, Failure, workloads};
use host_guest::Limits;
use host_protocol::text::one_line;
use host_protocol::workload::{Declaration, GoalOf};
use host_sandbox::facts::{Facts, Kind};
use host_sandbox::vet::vet;
use host_sandbox::{ModuleLimits, Sandbox, read_module};

/// Show facts about a module, and whether it loads
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// WebAssembly module to inspect.
    #[arg(value_name = "FILE")]
    module: PathBuf,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    modules: ModuleArgs,
}

/// The JSON form.
#[derive(Serialize)]
struct Inspection {
    loads: bool,
    problems: Vec<String>,
    /// What is wrong with it as a submission, if it loads otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    submission_problems: Vec<String>,
    /// What it says that it is, if it is a workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    workload: Option<Declaration>,
    #[serde(flatten)]
    facts: Facts,
    limits: Vec<LimitUse>,
}

/// A limit and how much of it the module uses before it even runs.
#[derive(Serialize)]
struct LimitUse {
    name: &'static str,
    used: u64,
    limit: u64,
}

pub(super) fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    let (limits, bounds) = (args.limits.limits()?, args.modules.limits());
    let wasm = read_module(&args.module, bounds.module_bytes)?;
    let report = vet(&wasm, &limits, &bounds);
    let mut problems = report.problems;
    let mut workload = None;
    if problems.is_empty() {
        let sandbox = Sandbox::new(None).map_err(|error| Failure::new(Exit::Internal, error))?;
        problems.extend(sandbox.problem(&wasm));
        if problems.is_empty() && report.facts.kind == Kind::Workload {
            let loaded = workloads::load(&args.module.to_string_lossy(), &sandbox);
            match loaded {
                Ok(it) => workload = Some(it.declared().declaration.clone()),
                Err(why) => problems.push(why),
            }
        }
    }
    let submission_problems = match problems.is_empty() {
        true => vet(&wasm, &limits, &ModuleLimits::default()).problems,
        false => Vec::new(),
    };
    let inspection = Inspection {
        workload,
        loads: problems.is_empty(),
        problems,
        submission_problems,
        limits: limit_uses(&report.facts, &limits, &bounds),
        facts: report.facts,
    };
    match args.format {
        Format::Text => print(&text(
            &one_line(&args.module.display().to_string()),
            &inspection,
        ))?,
        Format::Json => print_json(&inspection)?,
    }
    Ok(if inspection.loads {
        Exit::Success
    } else {
        Exit::Rejected
    })
}

/// What a workload says that it is.
fn write_declaration(out: &mut String, declared: &Declaration) -> std::fmt::Result {
    let Declaration { name, about, .. } = declared;
    writeln!(out, "\nWorkload {}: {}", one_line(name), one_line(about))?;
    let operations = declared.operations.iter();
    let operations: Vec<&str> = operations.map(|kind| kind.f.as_str()).collect();
    writeln!(out, "  operations {}", operations.join(", "))?;
    for message in &declared.messages {
        writeln!(out, "  {}", one_line(message))?;
    }
    for goal in &declared.goals {
        let of = match goal.of {
            GoalOf::Any => "",
            GoalOf::All => ", of all nodes",
        };
        let (name, help) = (one_line(&goal.name), one_line(&goal.help));
        writeln!(out, "  goal {name} ({}{of})  {help}", goal.kind.name())?;
    }
    for option in &declared.options {
        let help = one_line(&option.help);
        writeln!(out, "  --option {}={}  {help}", option.name, option.default)?;
    }
    Ok(())
}

fn limit_uses(facts: &Facts, limits: &Limits, bounds: &ModuleLimits) -> Vec<LimitUse> {
    let row = |name, used, limit| LimitUse { name, used, limit };
    vec![
        row("file bytes", facts.bytes, bounds.module_bytes),
        row("functions", facts.functions.into(), bounds.functions.into()),
        row(
            "bytes of the largest function",
            facts.largest_body_bytes.into(),
            bounds.body_bytes.into(),
        ),
        row(
            "locals of one function",
            facts.locals_max.into(),
            bounds.locals.into(),
        ),
        row(
            "memory bytes",
            facts.memory_bytes,
            limits.memory_bytes as u64,
        ),
        row(
            "table elements",
            facts.table_elements,
            limits.table_elements as u64,
        ),
    ]
}

fn text(path: &str, inspection: &Inspection) -> String {
    let facts = &inspection.facts;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut out, path, inspection, facts);
    out
}

fn write_text(
    out: &mut String,
    path: &str,
    inspection: &Inspection,
    facts: &Facts,
) -> std::fmt::Result {
    match (facts.kind, facts.abi_version) {
        (Kind::Program, _) if facts.built_by_go => writeln!(out, "{path}: a program, built by Go")?,
        (Kind::Program, _) if facts.threads => writeln!(out, "{path}: a program with threads")?,
        (Kind::Program, _) => writeln!(out, "{path}: a program")?,
        (Kind::Workload, _) => writeln!(out, "{path}: a workload")?,
        (Kind::Abi | Kind::Unknown, Some(version)) => {
            writeln!(out, "{path}: a guest of ABI version {version}")?;
        }
        (Kind::Abi | Kind::Unknown, None) => writeln!(out, "{path}: not a guest")?,
    }
    writeln!(out, "  sha256 {}", facts.sha256)?;
    writeln!(out, "\nSize, and what may be:")?;
    for LimitUse { name, used, limit } in &inspection.limits {
        writeln!(out, "  {used:>10} of {limit:>10} {name}")?;
    }
    if let Some(declared) = &inspection.workload {
        write_declaration(out, declared)?;
    }
    let start = if facts.start_function { "a" } else { "no" };
    writeln!(
        out,
        "  {} bytes of code, {} of data, {start} start function",
        facts.code_bytes, facts.data_bytes
    )?;
    writeln!(out, "\nImports ({}):", facts.imports.len())?;
    for import in &facts.imports {
        let missing = if import.provided {
            ""
        } else {
            "  NOT PROVIDED"
        };
        writeln!(
            out,
            "  {}::{} {}{missing}",
            one_line(&import.module),
            one_line(&import.name),
            import.signature
        )?;
    }
    writeln!(out, "\nExports ({}):", facts.exports.len())?;
    for export in &facts.exports {
        writeln!(out, "  {} {}", one_line(&export.name), export.signature)?;
    }
    let problems = match (inspection.loads, inspection.submission_problems.is_empty()) {
        (true, true) => return writeln!(out, "\nIt would load."),
        (true, false) => {
            writeln!(out, "\nIt would load, and as a submission it would not:")?;
            &inspection.submission_problems
        }
        (false, _) => {
            writeln!(out, "\nIt would not load:")?;
            &inspection.problems
        }
    };
    for problem in problems {
        writeln!(out, "  - {problem}")?;
    }
    Ok(())
}
