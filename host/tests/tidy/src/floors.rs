//! A crate uses only the crates that ARCHITECTURE.md allows it to use.
//!
//! The table there has a row for each crate, from the lowest floor up, with the columns `crate`,
//! `job`, `uses` and `knows nothing of`. A crate of which it says that it knows nothing of engines
//! must not reach one through others either.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest;
use crate::repository::Repository;

/// Where the table is.
const DOCUMENT: &str = "ARCHITECTURE.md";

/// The head of the table.
const HEAD: [&str; 4] = ["crate", "job", "uses", "knows nothing of"];

/// The engine.
const ENGINE: &str = "wasmtime";

struct Row {
    name: String,
    uses: Vec<String>,
    knows_no_engine: bool,
}

/// Says what is not as the table says.
#[must_use]
pub fn problems(repository: &Repository) -> Vec<String> {
    let rows = rows(repository.text(DOCUMENT).unwrap_or_default());
    if rows.is_empty() {
        return vec![format!(
            "{DOCUMENT} has no table with the columns {}",
            HEAD.join(", ")
        )];
    }
    let packages = manifest::packages(repository);
    let packages: BTreeMap<&str, &manifest::Package> = packages
        .values()
        .filter(|package| is_on_a_floor(&package.folder))
        .map(|package| (package.name.as_str(), package))
        .collect();
    let mut problems = Vec::new();
    let mut below = BTreeSet::new();
    for row in &rows {
        for name in row
            .uses
            .iter()
            .filter(|name| !below.contains(name.as_str()))
        {
            problems.push(format!(
                "{DOCUMENT} lets {} use {name}, which is not on a lower floor",
                row.name
            ));
        }
        below.insert(row.name.as_str());
        let Some(package) = packages.get(row.name.as_str()) else {
            problems.push(format!(
                "{DOCUMENT} has a row for {}, which is no crate",
                row.name
            ));
            continue;
        };
        let own = package
            .dependencies
            .iter()
            .filter(|name| packages.contains_key(name.as_str()));
        for name in own.filter(|name| !row.uses.contains(name)) {
            problems.push(format!(
                "{} uses {name}, and {DOCUMENT} does not allow it",
                row.name
            ));
        }
        if row.knows_no_engine && reaches_engine(&row.name, &packages) {
            problems.push(format!(
                "{} reaches {ENGINE}, and {DOCUMENT} denies it",
                row.name
            ));
        }
    }
    for name in packages.keys().filter(|name| !below.contains(**name)) {
        problems.push(format!("{DOCUMENT} has no row for the crate {name}"));
    }
    problems
}

/// Guests and the tools of tests and builds stand beside the floors, not on one.
fn is_on_a_floor(folder: &str) -> bool {
    let is_host = folder == "host" || folder.starts_with("host/");
    let is_tool = folder == "host/xtask" || folder.starts_with("host/tests/");
    let is_guest = folder.starts_with("host/workloads/");
    folder == "guest-sdk" || is_host && !is_tool && !is_guest
}

fn reaches_engine(name: &str, packages: &BTreeMap<&str, &manifest::Package>) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![name.to_owned()];
    while let Some(name) = waiting.pop() {
        if name == ENGINE {
            return true;
        }
        if seen.insert(name.clone())
            && let Some(package) = packages.get(name.as_str())
        {
            waiting.extend(package.dependencies.iter().cloned());
        }
    }
    false
}

fn rows(text: &str) -> Vec<Row> {
    let lines = text.lines().map(cells);
    let lines = lines.skip_while(|cells| cells.iter().map(String::as_str).ne(HEAD));
    let lines = lines.skip(2).take_while(|cells| cells.len() == HEAD.len());
    let row = |cells: Vec<String>| Row {
        name: quoted(&cells[0]).into_iter().next().unwrap_or_default(),
        uses: quoted(&cells[2]),
        knows_no_engine: cells[3].contains("engine"),
    };
    lines.map(row).collect()
}

/// The cells of a row of a table.
fn cells(line: &str) -> Vec<String> {
    let Some(row) = line.trim().strip_prefix('|') else {
        return Vec::new();
    };
    let row = row.strip_suffix('|').unwrap_or(row);
    row.split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
text

| crate | job | uses | knows nothing of |
|---|---|---|---|
| `low` | a | | engines |
| `high` | b | `low` | |

more text
";

    fn with(low: &str, high: &str) -> Vec<String> {
        problems(&Repository::of(&[
            ("ARCHITECTURE.md", TABLE),
            ("host/low/Cargo.toml", low),
            ("host/high/Cargo.toml", high),
        ]))
    }

    #[test]
    fn what_the_table_allows_is_fine() {
        let low = "[package]\nname = \"low\"\n";
        let high = "[package]\nname = \"high\"\n[dependencies]\nlow = {}\nwasmtime = \"48\"\n";
        assert_eq!(with(low, high), [""; 0]);
    }

    #[test]
    fn an_import_upwards_is_a_problem() {
        let low = "[package]\nname = \"low\"\n[dependencies]\nhigh.workspace = true\n";
        let high = "[package]\nname = \"high\"\n[dependencies]\nlow = {}\n";
        assert_eq!(
            with(low, high),
            ["low uses high, and ARCHITECTURE.md does not allow it"]
        );
    }

    #[test]
    fn an_engine_below_is_a_problem() {
        let low = "[package]\nname = \"low\"\n[target.x.dependencies]\nwasmtime = \"48\"\n";
        let high = "[package]\nname = \"high\"\n";
        assert_eq!(
            with(low, high),
            ["low reaches wasmtime, and ARCHITECTURE.md denies it"]
        );
    }

    #[test]
    fn every_crate_has_a_row_and_every_row_a_crate() {
        let low = "[package]\nname = \"lower\"\n";
        let high = "[package]\nname = \"high\"\n";
        assert_eq!(
            with(low, high),
            [
                "ARCHITECTURE.md has a row for low, which is no crate",
                "ARCHITECTURE.md has no row for the crate lower",
            ]
        );
    }

    #[test]
    fn a_table_out_of_order_or_without_rows_is_a_problem() {
        let table = TABLE.replace("| a | |", "| a | `high` |");
        let repository = Repository::of(&[
            ("ARCHITECTURE.md", table.as_str()),
            ("host/low/Cargo.toml", "[package]\nname = \"low\"\n"),
            ("host/high/Cargo.toml", "[package]\nname = \"high\"\n"),
        ]);
        assert_eq!(
            problems(&repository),
            ["ARCHITECTURE.md lets low use high, which is not on a lower floor"]
        );
        assert_eq!(problems(&Repository::default()).len(), 1);
    }
}
