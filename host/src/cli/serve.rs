//! `host serve`: the reports, grades and schedules of a folder, in the browser.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::print;
use super::play::{in_browser, of_server};
use super::{Exit, Failure, interrupt};
use host_play::serve::{Folder, FolderServer};
use host_protocol::text::one_line;
use host_trial::scenario::play_command;

/// What stands for a module that is not known.
const NO_MODULE: &str = "MODULE.wasm";

/// List the reports, grades and schedules in a folder and below it, in the browser
///
/// Serves one page on this machine and prints its address, which has a token: whoever has the address can read what is in the folder.
/// The page searches, sorts and filters by verdict, opens reports, and shows how far a class is that is being graded with
/// --resume FILE in the folder.
#[derive(Debug, Args)]
#[command(after_help = END)]
pub(crate) struct ServeArgs {
    /// Folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Module that the commands of schedules have: `host play --schedule …`.
    #[arg(long, short, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    /// Port of this machine that the page is served on [default: a free one].
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

/// The end of the help.
const END: &str = "\
Ends with Ctrl-C. Exit codes: 130 interrupted, 254 usage, 255 bug.";

pub(super) fn run(args: &ServeArgs) -> Result<Exit, Failure> {
    let name = one_line(&args.folder.display().to_string()).into_owned();
    let folder = fs::canonicalize(&args.folder);
    let folder = folder.and_then(|path| fs::read_dir(&path).map(|_| path));
    let folder = folder.map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot read the folder {name}: {error}"),
        )
    })?;
    let server = FolderServer::bind(args.port.unwrap_or(0)).map_err(of_server)?;
    let interrupt = interrupt::on_signal()?;
    print(&format!("Serve {name}: {}\n", server.address()))?;
    if args.open {
        in_browser(&server.address().to_string());
    }
    let folder = Folder {
        path: folder,
        play: command,
        module: args.module.clone(),
    };
    server.serve(folder, &interrupt).map_err(of_server)?;
    Ok(Exit::Interrupted)
}

/// The command that plays a schedule.
fn command(schedule: &Path, module: Option<&Path>) -> String {
    play_command(module.unwrap_or(Path::new(NO_MODULE)), schedule)
}
