//! `host serve`: the reports, grades and schedules of a folder, in the browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::limits::{CacheArgs, ModuleArgs};
use super::play::{self, NO_MODULE, of_server, sandbox_for, tell};
use super::sim::args::read_schedule;
use super::{Exit, Failure, interrupt};
use host_guest::Interrupt;
use host_play::serve::{Folder, FolderServer, Opener};
use host_play::{About, Base, Opening, Programs, Session};
use host_protocol::text::one_line;
use host_trial::scenario::play_command;

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
    /// Module that schedules are played with: the page opens them as `host play` does.
    #[arg(long, short, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    /// Port of this machine that the page is served on [default: a free one].
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    #[command(flatten)]
    modules: ModuleArgs,
    #[command(flatten)]
    cache: CacheArgs,
}

/// The end of the help.
const END: &str = "\
Ends with Ctrl-C. Exit codes: 130 interrupted, 254 usage, 255 bug.";

pub(super) fn run(args: ServeArgs) -> Result<Exit, Failure> {
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
    tell(&format!("Serve {name}"), server.address(), args.open)?;
    let module = args.module.clone();
    let opened_by = interrupt.clone();
    let open = module.clone().map(|module| -> Opener {
        Box::new(move |schedule| {
            let opened = play(&args, &module, schedule, &opened_by);
            opened.map_err(|failure| failure.message())
        })
    });
    let folder = Folder {
        path: folder,
        play: command,
        module,
        open,
    };
    server.serve(folder, &interrupt).map_err(of_server)?;
    Ok(Exit::Interrupted)
}

/// The command that plays a schedule.
fn command(schedule: &Path, module: Option<&Path>) -> String {
    play_command(module.unwrap_or(Path::new(NO_MODULE)), schedule)
}

/// Begins a session with the run in a schedule's file.
fn play(
    args: &ServeArgs,
    module: &Path,
    file: &Path,
    interrupt: &Interrupt,
) -> Result<Session, Failure> {
    let schedule = read_schedule(file)?;
    let options = &schedule.scenario.options;
    let sandbox = sandbox_for(options.cluster, &args.cache, &args.modules, interrupt)?;
    let loaded = sandbox.load(module, &options.limits)?;
    let name = module.file_name().unwrap_or_default().to_string_lossy();
    let workload = schedule.scenario.workload.name();
    let about = About {
        program: loaded.is_program().then(|| module.to_owned()),
        ..play::about(
            module.to_owned(),
            &name,
            workload,
            play_command(module, file),
        )
    };
    let programs = Programs {
        module: Arc::new(loaded),
        next_module: None,
    };
    let begun = Session::begin(about, programs, Base::of(schedule), Opening::AtFailure);
    begun.map_err(|why| Failure::new(Exit::GuestFailed, why))
}
