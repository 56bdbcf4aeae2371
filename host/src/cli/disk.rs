//! `host disk`: what the disk of a live node holds.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::output::{print, print_bytes};
use super::{Exit, Failure};
use host_disk::{DiskLimits, store};
use host_protocol::text::one_line;
use tracing::warn;

/// Show what the disk of a live node holds (--data-dir)
///
/// The node may be running. Nothing is changed.
#[derive(Debug, Args)]
pub(super) struct DiskArgs {
    /// Folder of the node: DIR/NODE, where DIR is its --data-dir.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// File on the disk, whose bytes are written to stdout [default: list all files with their sizes].
    #[arg(value_name = "FILE")]
    file: Option<String>,
}

/// A disk that exceeds these cannot be one of a node: they are the most that its limits may be.
const LIMITS: DiskLimits = DiskLimits {
    bytes: 1 << 32,
    files: 1_000_000,
};

pub(super) fn run(args: &DiskArgs) -> Result<Exit, Failure> {
    let (disk, cut) = store::read(&args.folder, LIMITS).map_err(Failure::usage)?;
    if let Some(cut) = cut {
        warn!(
            "the last {} bytes are being written, or were when the node stopped",
            cut.bytes
        );
    }
    let mut list = String::new();
    for (path, bytes) in disk.files() {
        match &args.file {
            None => {
                // Writing to a String cannot fail.
                let _ = writeln!(list, "{:>10} {}", bytes.len(), one_line(path));
            }
            Some(wanted) if wanted == path => {
                print_bytes(&bytes)?;
                return Ok(Exit::Success);
            }
            Some(_) => {}
        }
    }
    if let Some(file) = &args.file {
        let folder = args.folder.display();
        let text = format!("there is no file {file:?} on the disk in {folder}");
        return Err(Failure::new(Exit::Usage, text));
    }
    print(&list)?;
    Ok(Exit::Success)
}
