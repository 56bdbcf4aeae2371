//! `--mount`: folders of this machine that programs find in their files.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use tracing::warn;

use super::Failure;
use host_disk::Mounts;
use host_protocol::text::one_line;
use host_sandbox::mount::{BadMountPoint, MountReader, mount_point};
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
    #[arg(long, value_name = "DIR[:PATH]", value_parser = OsStringValueParser::new().try_map(parse), help_heading = HEADING)]
    mount: Vec<Mount>,
    /// Maximum of all that is mounted, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = MountLimits::OF_USER.bytes >> 20, value_parser = clap::value_parser!(u64).range(1..=MIB_MAX), help_heading = HEADING, hide_short_help = true)]
    max_mount_mib: u64,
}

/// A folder and where it is mounted.
#[derive(Debug, Clone)]
struct Mount {
    folder: PathBuf,
    at: String,
}

/// What follows the last colon is a path if it begins with a slash.
fn parse(text: OsString) -> Result<Mount, BadMountPoint> {
    let bytes = text.as_bytes();
    let colon = bytes.windows(2).rposition(|two| two == b":/");
    let Some(colon) = colon.filter(|colon| *colon > 0) else {
        return Ok(Mount {
            folder: text.into(),
            at: String::new(),
        });
    };
    let at = String::from_utf8_lossy(&bytes[colon + 1..]).into_owned();
    Ok(Mount {
        folder: OsString::from_vec(bytes[..colon].to_vec()).into(),
        at: mount_point(&at)?,
    })
}

impl MountArgs {
    /// Reads all that is to be mounted, and tells what is left out.
    pub(super) fn read(&self) -> Result<Arc<Mounts>, Failure> {
        let limits = MountLimits {
            bytes: self.max_mount_mib << 20,
            ..MountLimits::OF_USER
        };
        let mut reader = MountReader::new(limits);
        for Mount { folder, at } in &self.mount {
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
