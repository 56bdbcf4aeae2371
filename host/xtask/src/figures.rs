//! `./runner.sh figures`: what real Maelstrom gave for our solutions, and what the simulator gives.
//!
//! `host/xtask/real-maelstrom.toml` has the real runs. Each of its rows is run with forty seeds. A
//! figure agrees if the real one lies where 5 to 95 % of our runs do, and our median is near it. A
//! figure that does not agree fails the command, unless the table says why it may differ.

mod compare;
mod page;
mod real;

use std::fs;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;

use crate::process::{HOST, command};
use crate::{build, modules, suite};
use compare::Ours;
use page::Measured;
use real::{Figure, RealRuns, Row};

/// What real Maelstrom gave.
const REAL: &str = "host/xtask/real-maelstrom.toml";

/// The page that shows it beside ours, and between which lines.
const DOCUMENT: &str = "docs/figures.md";
const BEGIN: &str = "<!-- ./runner.sh figures --write begins here -->\n";
const END: &str = "<!-- ./runner.sh figures --write ends here -->\n";

pub(crate) fn run(args: &[&str]) -> Result<ExitCode> {
    let (writes, challenges) = match args {
        ["--write"] => (true, &[][..]),
        challenges => (false, challenges),
    };
    let text = fs::read_to_string(REAL).with_context(|| format!("cannot read {REAL}"))?;
    let mut real = RealRuns::read(&text).with_context(|| REAL.to_owned())?;
    keep(&mut real.rows, challenges)?;
    build::all()?;
    let begin = Instant::now();
    let measured = real.rows.into_iter().map(|row| measure(row, &real.seeds));
    let measured = measured.collect::<Result<Vec<_>>>()?;
    let page = page::page(&measured);
    print!("{page}");
    if writes {
        let before = fs::read_to_string(DOCUMENT);
        let before = before.with_context(|| format!("cannot read {DOCUMENT}"))?;
        let after = replaced(&before, &page)
            .with_context(|| format!("{DOCUMENT} lacks the lines {BEGIN}and {END}"))?;
        fs::write(DOCUMENT, after).with_context(|| format!("cannot write {DOCUMENT}"))?;
    }
    Ok(ended(&measured, begin.elapsed()))
}

/// Leaves the rows of these challenges, or all if none is named.
fn keep(rows: &mut Vec<Row>, challenges: &[&str]) -> Result<()> {
    for name in challenges {
        let is_known = rows.iter().any(|row| row.challenge == *name);
        ensure!(
            is_known,
            "{REAL} has no challenge {name:?}: figures [--write | ID...]"
        );
    }
    rows.retain(|row| challenges.is_empty() || challenges.contains(&&*row.challenge));
    Ok(())
}

/// Says what is not as it should be, on stderr, and with what to exit.
fn ended(measured: &[Measured], time: Duration) -> ExitCode {
    let invalid: Vec<&Measured> = measured
        .iter()
        .filter(|it| !it.invalid.is_empty())
        .collect();
    for row in &invalid {
        eprintln!(
            "figures: {} is not valid with {:?}",
            row.row.name, row.invalid
        );
    }
    for (name, figure) in page::unneeded(measured) {
        let figure = figure.name();
        eprintln!("figures: {name}: {figure} agrees; its reason in {REAL} is not needed");
    }
    let differing = page::unexplained(measured);
    eprintln!(
        "figures: {} rows in {:.0} s; {differing} figures differ for no reason that is recorded",
        measured.len(),
        time.as_secs_f64(),
    );
    match (differing, invalid.len()) {
        (0, 0) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// The text with another page between the two lines; `None` if it lacks them.
fn replaced(text: &str, page: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{page}\n{END}{after}"))
}

/// Runs a row with all seeds.
fn measure(row: Row, seeds: &str) -> Result<Measured> {
    let module = modules::module(&suite::module(&row.challenge)?);
    let mut sim = command(HOST, &["sim", "--challenge", &row.challenge]);
    sim.args(&row.options).arg("--module").arg(module);
    sim.args(["--seeds", seeds, "--keep-going", "--format", "json"]);
    let guest_args = match &row.args {
        Some(args) => args.clone(),
        None => suite::guest_args(&row.challenge)?,
    };
    if !guest_args.is_empty() {
        sim.arg("--").args(guest_args);
    }
    let output = sim.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {HOST}"))?;
    let shown: Json = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{}: host sim ended with {}", row.name, output.status))?;
    let (runs, invalid) = read_runs(&shown, &row)?;
    Ok(Measured { row, runs, invalid })
}

/// Our figures for each of a row's, and the seeds that are not valid, from what `host sim` shows.
fn read_runs(shown: &Json, row: &Row) -> Result<(Vec<Ours>, Vec<u64>)> {
    let runs = shown["runs"].as_array().map_or(&[][..], Vec::as_slice);
    ensure!(!runs.is_empty(), "{}: host sim shows no runs", row.name);
    let ours = |figure: &Figure| {
        let values = runs
            .iter()
            .filter_map(|run| run["figures"][figure.name()].as_f64());
        Ours::of(values.collect()).with_context(|| {
            let figure = figure.name();
            format!("{}: no run has the figure {figure}", row.name)
        })
    };
    let all = row.figures.iter().map(|(figure, _)| ours(figure));
    let invalid = runs.iter().filter(|run| run["valid?"] != Json::Bool(true));
    let invalid = invalid.filter_map(|run| run["seed"].as_u64()).collect();
    Ok((all.collect::<Result<_>>()?, invalid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::enter_workspace;

    #[test]
    fn the_page_goes_between_its_lines() {
        let text = format!("# Figures\n{BEGIN}old\n{END}rest\n");
        let expected = format!("# Figures\n{BEGIN}\n| new |\n\n{END}rest\n");
        assert_eq!(replaced(&text, "| new |\n").as_deref(), Some(&*expected));
        assert_eq!(replaced("# Figures\n", "| new |\n"), None);
        enter_workspace().unwrap();
        let document = fs::read_to_string(DOCUMENT).unwrap();
        assert!(replaced(&document, "").is_some());
    }

    #[test]
    fn every_real_run_is_of_a_challenge() {
        enter_workspace().unwrap();
        let text = fs::read_to_string(REAL).unwrap();
        let real = RealRuns::read(&text).unwrap();
        let suite = fs::read_to_string("host/grade/src/suite/gossip-glomers.toml").unwrap();
        let has = |challenge: &str| suite.contains(&format!("\nid = {challenge:?}\n"));
        assert!(real.rows.iter().all(|row| has(&row.challenge)));
        // Each challenge has a row, but those that Maelstrom cannot ask for.
        let ids = suite
            .lines()
            .filter_map(|line| line.strip_prefix("id = \""));
        let ids = ids.filter_map(|rest| rest.strip_suffix('"'));
        for id in ids.filter(|id| !id.ends_with("-durable")) {
            assert!(real.rows.iter().any(|row| row.challenge == id), "{id}");
        }
    }

    #[test]
    fn challenges_are_left_by_name() {
        enter_workspace().unwrap();
        let text = fs::read_to_string(REAL).unwrap();
        let left = |challenges: &[&str]| {
            let mut rows = RealRuns::read(&text).unwrap().rows;
            keep(&mut rows, challenges).map_err(|error| error.to_string())?;
            Ok::<_, String>(rows.into_iter().map(|row| row.name).collect::<Vec<_>>())
        };
        let expected = [
            "3d",
            "3d, windows of 380 ms",
            "lin-kv",
            "lin-kv, two clients a node",
        ]
        .map(str::to_owned);
        assert_eq!(left(&["lin-kv", "3d"]), Ok(expected.to_vec()));
        let unknown = format!("{REAL} has no challenge \"7\": figures [--write | ID...]");
        assert_eq!(left(&["3d", "7"]), Err(unknown));
        assert!(left(&[]).unwrap().len() > 20);
    }

    #[test]
    fn figures_are_read_from_what_host_sim_shows() {
        let text =
            "seeds = \"1..4\"\n[[row]]\nname = \"3d\"\nops = \"2010\"\nmsgs-per-op = \"1.031\"\n";
        let row = RealRuns::read(text).unwrap().rows.remove(0);
        let shown: Json = serde_json::from_str(
            r#"{"valid?": false, "runs": [
                {"seed": 1, "valid?": true, "figures": {"ops": 2000, "msgs-per-op": 0.9, "other": 1}},
                {"seed": 2, "valid?": false},
                {"seed": 3, "valid?": "unknown", "figures": {"ops": 2020, "msgs-per-op": 1.1}}]}"#,
        )
        .unwrap();
        let (runs, invalid) = read_runs(&shown, &row).unwrap();
        let range = |low, high| Ours {
            least: low,
            median: low,
            most: high,
        };
        assert_eq!(runs, [range(2000.0, 2020.0), range(0.9, 1.1)]);
        assert_eq!(invalid, [2, 3]);
        let none: Json =
            serde_json::from_str(r#"{"runs": [{"seed": 1, "figures": {"ops": 1}}]}"#).unwrap();
        let error = read_runs(&none, &row).unwrap_err();
        assert_eq!(error.to_string(), "3d: no run has the figure msgs-per-op");
    }
}
