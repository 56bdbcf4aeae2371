//! `--mount`: folders of this machine that programs find in their files.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use tracing::warn;

use super::Failure;
use host_disk::Mounts;
use host_protocol::text::one_line;
use host_sandbox::mount::{Mount, MountReader};
use host_sandbox::{MountError, MountLimits};

/// The heading of the flags.
const HEADING: &str = "Files of programs";

/// The most MiB that may be asked for.
const MIB_MAX: u64 = 4096;

/// What programs find in their files.
#[derive(Debug, Args)]
pub(super) struct MountArgs {
    /// Have programs find the files in DIR at PATH [default: /]. Repeatable.
    ///
    /// DIR is read before the run, and nobody can write what is mounted. Several folders can have the
    /// same PATH. Symbolic links are not followed.
    #[arg(long, value_name = "DIR[:PATH]", value_parser = OsStringValueParser::new().try_map(Mount::parse), help_heading = HEADING)]
    mount: Vec<Mount>,
    /// Maximum of all that is mounted, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = MountLimits::OF_USER.bytes >> 20, value_parser = clap::value_parser!(u64).range(1..=MIB_MAX), help_heading = HEADING, hide_short_help = true)]
    max_mount_mib: u64,
}

impl MountArgs {
    /// What is to be mounted, and the limits.
    pub(super) fn given(&self) -> (&[Mount], MountLimits) {
        let limits = MountLimits {
            bytes: self.max_mount_mib << 20,
            ..MountLimits::OF_USER
        };
        (&self.mount, limits)
    }

    /// Reads all that is to be mounted, and tells what is left out.
    pub(super) fn read(&self) -> Result<Arc<Mounts>, Failure> {
        let (mounts, limits) = self.given();
        let mut reader = MountReader::new(limits);
        for Mount { folder, at } in mounts {
            reader
                .read(folder, at)
                .map_err(|error| failure(error, folder))?;
        }
        let (mounts, left_out) = reader.finish();
        for sentence in left_out.sentences() {
            warn!("--mount: {sentence}");
        }
        Ok(Arc::new(mounts))
    }
}

/// A failure that says what to do.
fn failure(error: MountError, folder: &Path) -> Failure {
    let text = folder.to_string_lossy();
    let more = match &error {
        MountError::Bytes { .. } => ", or raise --max-mount-mib".to_owned(),
        MountError::Unreadable { path, error }
            if path == folder && error.kind() == std::io::ErrorKind::NotFound =>
        {
            match text.rsplit_once(':') {
                Some((_, at)) => format!(
                    "; --mount takes DIR or DIR:PATH, and PATH begins with /, as in :/{}",
                    one_line(at)
                ),
                None => "; --mount takes a folder that is there".to_owned(),
            }
        }
        _ => String::new(),
    };
    Failure::new(super::Exit::Usage, format!("{error}{more}"))
}
