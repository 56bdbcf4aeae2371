//! `host cache`: compiled modules that machines share.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::output::print;
use super::{Exit, Failure};
use host_protocol::text::counted;
use host_sandbox::{Cache, SharedCache, SharedKey};

/// Share compiled modules with other machines
///
/// One machine compiles, and puts what it has compiled into a folder, each file with a code that only the holders of
/// a key can make. Others read the folder with --shared-cache and --cache-key, and compile nothing that is in it.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  host cache key ~/cache.key
  host grade class && host cache share --cache-key ~/cache.key /mnt/compiled
  host grade --shared-cache /mnt/compiled --cache-key ~/cache.key class     (elsewhere)

Who has the key can have any code run: it is for the machine that fills the folder and those that use it.")]
pub(super) struct CacheCommandArgs {
    #[command(subcommand)]
    command: CacheCommand,
}

#[derive(Debug, Subcommand)]
enum CacheCommand {
    Key(KeyArgs),
    Share(ShareArgs),
}

/// Make a key, and write it to a new file that nobody else can read
#[derive(Debug, Args)]
struct KeyArgs {
    /// File to write.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Put all compiled modules of the cache into a folder for others
#[derive(Debug, Args)]
struct ShareArgs {
    /// Folder to put them into. It is made if it is not there.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// File with the key, which `host cache key` makes.
    #[arg(long, value_name = "FILE")]
    cache_key: PathBuf,
    /// Directory with compiled modules [default: the user's cache directory].
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

pub(super) fn run(args: &CacheCommandArgs) -> Result<Exit, Failure> {
    match &args.command {
        CacheCommand::Key(KeyArgs { file }) => {
            SharedKey::create(file).map_err(|error| {
                let text = format!("cannot make a key: {}: {error}", file.display());
                Failure::new(Exit::Usage, text)
            })?;
            print(&format!("Made a key: {}\n", file.display()))?;
        }
        CacheCommand::Share(args) => share(args)?,
    }
    Ok(Exit::Success)
}

fn share(args: &ShareArgs) -> Result<(), Failure> {
    let ShareArgs { dir, cache_dir, .. } = args;
    let key = read_key(&args.cache_key)?;
    let own = cache_dir.clone().unwrap_or_else(Cache::default_directory);
    if !own.is_dir() {
        let text = format!(
            "no module was compiled yet: there is no folder {}",
            own.display()
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    let failed = |path: &Path, error: std::io::Error| {
        let text = format!("cannot share compiled modules: {}: {error}", path.display());
        Failure::new(Exit::Usage, text)
    };
    let cache = Cache::open(own.clone()).map_err(|error| failed(&own, error))?;
    fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    let shared = SharedCache::new(dir.clone(), key);
    let (new, old) = cache.share(&shared).map_err(|error| failed(dir, error))?;
    let modules = counted(new, "compiled module");
    let known = match old {
        0 => String::new(),
        old => format!(", which had {old} already"),
    };
    print(&format!("Put {modules} into {}{known}\n", dir.display()))
}

/// Reads the key of a shared cache.
pub(super) fn read_key(path: &Path) -> Result<SharedKey, Failure> {
    SharedKey::read(path).map_err(|error| {
        let text = format!(
            "cannot read the key of the shared cache: {}: {error}",
            path.display()
        );
        Failure::new(Exit::Usage, text)
    })
}
