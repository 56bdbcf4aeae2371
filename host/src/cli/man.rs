//! `host man`: the manual as pages for `man`, one for each command.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;

use super::out_file::{MAN_PAGE, OutFile};
use super::output::{cannot_write, print};
use super::{Exit, Failure, called};
use host_protocol::text::{counted, one_line};

/// Write the manual to a folder, as a page for `man` for each command
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  host man ~/.local/share/man/man1 && man host-sim")]
pub(super) struct ManArgs {
    /// Folder to write to. It is made if it is not there.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Writes the pages of `command`, which is the whole program.
pub(super) fn run(args: &ManArgs, command: Command) -> Result<Exit, Failure> {
    let ManArgs { dir } = args;
    fs::create_dir_all(dir).map_err(|error| cannot_write(dir.display(), &error))?;
    let mut pages = Vec::new();
    let mut command = command.disable_help_subcommand(true);
    command.build();
    render(&command, &mut pages)?;
    // All are prepared before one is written.
    let files = pages.iter().map(|(name, text)| {
        let file = OutFile::prepare(&dir.join(name), &MAN_PAGE)?;
        Ok((file, text))
    });
    for (file, text) in files.collect::<Result<Vec<_>, Failure>>()? {
        file.write(text)?;
    }
    let first = dir.join(format!("{}.1", called::name()));
    print(&format!(
        "{} in {}: read the first with `man {}`\n",
        counted(pages.len(), "page"),
        one_line(&dir.display().to_string()),
        one_line(&first.display().to_string())
    ))?;
    Ok(Exit::Success)
}

/// Renders the pages of a command that is built, and of its commands.
fn render(command: &Command, pages: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    pages.push((page.get_filename(), String::from_utf8(text)?));
    let mut commands = command.get_subcommands();
    commands.try_for_each(|command| render(command, pages))
}
