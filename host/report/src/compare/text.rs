//! A comparison as text.

use std::fmt::{self, Write};

use super::super::dir::PAGE;
use super::events::Shown;
use super::{Comparison, Difference};
use host_protocol::text::counted;

/// The names of the runs, in lists.
const NAMES: [&str; 2] = ["A", "B"];

/// The longest value that keeps its column, in characters.
const COLUMN_CHARS_MAX: usize = 40;

impl Comparison {
    /// The comparison for a terminal. `folders` are those of the reports, and may hold anything:
    /// the text is not yet fit to be shown.
    #[must_use]
    pub fn text(&self, folders: [&str; 2]) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut out, folders);
        out
    }

    fn write(&self, out: &mut String, folders: [&str; 2]) -> fmt::Result {
        for ((name, run), folder) in NAMES.iter().zip(&self.runs).zip(folders) {
            writeln!(out, "{name}  {run}: {folder}")?;
        }
        if self.is_same() {
            let events = counted(self.alike, "event");
            return writeln!(out, "\nThe runs are the same: {events}, all alike.");
        }
        writeln!(out)?;
        write_table(out, "options", &self.options)?;
        write_table(out, "figures", &self.figures)?;
        for (name, lines) in NAMES.iter().zip(&self.problems) {
            if !lines.is_empty() {
                writeln!(out, "wrong in {name} only")?;
            }
            for line in lines {
                writeln!(out, "  {}", line.trim())?;
            }
        }
        let Some(differs) = &self.event else {
            return writeln!(out, "All {} are alike.", counted(self.alike, "event"));
        };
        match self.alike {
            0 => writeln!(out, "The first events after the start of the nodes differ:")?,
            1 => writeln!(out, "1 event is alike. The first that differ:")?,
            alike => writeln!(
                out,
                "{} are alike. The first that differ:",
                counted(alike, "event")
            )?,
        }
        let sides = [&differs.a, &differs.b];
        for ((name, shown), folder) in NAMES.iter().zip(sides).zip(folders) {
            match shown {
                Some(Shown { position, words }) => {
                    writeln!(out, "  {name}  event {}, {words}", position + 1)?;
                    let folder = folder.trim_end_matches('/');
                    writeln!(out, "     {folder}/{PAGE}#event-{position}")?;
                }
                None => writeln!(out, "  {name}  ends here")?,
            }
        }
        Ok(())
    }
}

fn write_table(out: &mut String, title: &str, rows: &[Difference]) -> fmt::Result {
    if rows.is_empty() {
        return writeln!(out, "The {title} are the same.");
    }
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<[String; 3]> = rows
        .iter()
        .map(|Difference { name, a, b }| [name.clone(), shown(a), shown(b)])
        .collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0).min(COLUMN_CHARS_MAX)
    };
    let (first, second) = (width(0).max(title.len()), width(1));
    writeln!(out, "{title:<first$}    {:<second$}  B", "A")?;
    for [name, a, b] in &rows {
        writeln!(out, "  {name:<first$}  {a:<second$}  {b}")?;
    }
    Ok(())
}
