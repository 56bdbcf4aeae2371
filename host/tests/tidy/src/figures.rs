//! Every figure in docs/figures.md and docs/scale.md names the benchmark or the command that measures it.
//!
//! A table of figures has a column `from`; each of its cells names, in backticks, at least one
//! `cargo bench … --bench NAME`, `./runner.sh COMMAND`, `host COMMAND` or `cargo … -p PACKAGE`.
//! Whatever stands there has to exist. A figure in bold in the README is one of these.

use crate::repository::Repository;

const DOCUMENT: &str = "docs/figures.md";

/// What the cost of many runs and of large ones is.
const SCALE: &str = "docs/scale.md";

/// Where some of them are told again.
const SUMMARY: &str = "README.md";

/// The head of the column that says where figures come from.
const COLUMN: &str = "from";

/// Says which figures come from nowhere, and which commands do not exist.
#[must_use]
pub fn problems(repository: &Repository) -> Vec<String> {
    let Some(text) = repository.text(DOCUMENT) else {
        return vec![format!("there is no {DOCUMENT}")];
    };
    let mut problems = in_document(repository, DOCUMENT, text);
    if let Some(text) = repository.text(SCALE) {
        problems.extend(in_document(repository, SCALE, text));
    }
    let summary = repository.text(SUMMARY).unwrap_or_default();
    let foreign = bold(summary).filter(|figure| !bold(text).any(|own| own == *figure));
    problems.extend(foreign.map(|figure| format!("{SUMMARY} has {figure}, {DOCUMENT} has not")));
    problems
}

fn in_document(repository: &Repository, document: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut column = None;
    let mut rows = 0;
    for (index, line) in text.lines().enumerate() {
        let at = format!("{document}:{}", index + 1);
        let Some(row) = line.trim().strip_prefix('|') else {
            column = None;
            continue;
        };
        let row = row.strip_suffix('|').unwrap_or(row);
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        if cells
            .iter()
            .all(|cell| cell.chars().all(|char| matches!(char, '-' | ':')))
        {
            continue;
        }
        let Some(column) = column else {
            column = cells.iter().position(|cell| *cell == COLUMN);
            if column.is_none() {
                problems.push(format!(
                    "{at}: a table of figures without a column `{COLUMN}`"
                ));
                column = Some(usize::MAX);
            }
            continue;
        };
        if column == usize::MAX {
            continue;
        }
        rows += 1;
        let commands = cells.get(column).copied().unwrap_or_default();
        let commands: Vec<&str> = commands.split('`').skip(1).step_by(2).collect();
        if commands.is_empty() {
            problems.push(format!(
                "{at}: a figure without the command that measures it"
            ));
        }
        let unknown = commands
            .into_iter()
            .filter(|command| !exists(repository, command));
        problems.extend(unknown.map(|command| format!("{at}: there is no `{command}`")));
    }
    if rows == 0 {
        problems.push(format!("{document} has no figures"));
    }
    problems
}

/// What stands between pairs of asterisks.
fn bold(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split("**").skip(1).step_by(2))
}

fn exists(repository: &Repository, command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).copied()
    };
    match words.as_slice() {
        ["cargo", "bench", ..] => {
            after("--bench").is_some_and(|name| repository.has(&format!("host/benches/{name}.rs")))
        }
        ["./runner.sh"] => repository.has("runner.sh"),
        ["./runner.sh", name, ..] => is_command(repository, name),
        ["host" | "target/release/host", name, ..] => {
            repository.has(&format!("host/src/cli/{name}.rs"))
                || repository.has(&format!("host/src/cli/{name}/mod.rs"))
        }
        _ => false,
    }
}

/// Whether the script, or the program that it starts, knows the command.
fn is_command(repository: &Repository, name: &str) -> bool {
    let script = repository.texts().filter(|(path, _)| *path == "runner.sh");
    let mut sources = script.chain(repository.texts_in("host/xtask/src"));
    sources.any(|(_, text)| text.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(figures: &str) -> Vec<String> {
        problems(&Repository::of(&[
            (DOCUMENT, figures),
            ("runner.sh", "bench) cargo bench ;;"),
            ("host/benches/node.rs", ""),
            ("host/src/cli/sim.rs", ""),
        ]))
    }

    #[test]
    fn figures_that_come_from_something_are_fine() {
        let text = "| what | measured | from |\n|---|---|---|\n\
            | a | 1 | `cargo bench -p host --bench node` |\n| b | 2 | `./runner.sh bench`, `host sim` |\n";
        assert_eq!(of(text), [""; 0]);
    }

    #[test]
    fn figures_from_nowhere_are_a_problem() {
        let text = "| what | measured | from |\n|---|---|---|\n| a | 1 | |\n\
            | b | 2 | `cargo bench -p host --bench gone` |\n| c | 3 | `./runner.sh measure` |\n\n| d | 4 |\n";
        assert_eq!(
            of(text),
            [
                "docs/figures.md:3: a figure without the command that measures it",
                "docs/figures.md:4: there is no `cargo bench -p host --bench gone`",
                "docs/figures.md:5: there is no `./runner.sh measure`",
                "docs/figures.md:7: a table of figures without a column `from`",
            ]
        );
        assert_eq!(of("no table"), ["docs/figures.md has no figures"]);
    }

    #[test]
    fn a_figure_that_only_the_summary_has_is_a_problem() {
        let figures = "| what | measured | from |\n|---|---|---|\n| a | **1** | `host sim` |\n";
        let repository = Repository::of(&[
            (DOCUMENT, figures),
            (SUMMARY, "a **1** b **2**"),
            ("host/src/cli/sim.rs", ""),
        ]);
        assert_eq!(
            problems(&repository),
            ["README.md has 2, docs/figures.md has not"]
        );
    }
}
