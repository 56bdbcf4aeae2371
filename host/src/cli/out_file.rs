//! Files that commands write where the user says.
//!
//! A wrong name must not cost the user a file. A file that exists is replaced only if it is empty
//! or begins as what the command writes. It is replaced as a whole, when all of the new one has
//! been written; only a journal is written as the run goes on. What is not a regular file, such as
//! a pipe or `/dev/stdout`, is written to. All of this is looked at before the run begins.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::output::cannot_write;
use super::{Exit, Failure};

/// What a file holds, and how it begins.
pub(super) struct Contents {
    name: &'static str,
    beginnings: &'static [&'static str],
}

impl Contents {
    /// Contents with a name, which begin in one of these ways.
    pub(super) const fn of(name: &'static str, beginnings: &'static [&'static str]) -> Self {
        Contents { name, beginnings }
    }
}

/// The journal of a run.
pub(super) const JOURNAL: Contents = Contents {
    name: "a journal",
    beginnings: &["{\"at_ns\":"],
};

/// A history, as EDN or as JSON lines.
pub(super) const HISTORY: Contents = Contents {
    name: "a history",
    beginnings: &["{:index ", "{\"index\":"],
};

/// A schedule.
pub(super) const SCHEDULE: Contents = Contents {
    name: "a schedule",
    beginnings: &["{\n  \"version\": 1,\n  \"workload\": \""],
};

/// A unit test.
pub(super) const UNIT_TEST: Contents = Contents {
    name: "a test of `host explore`",
    beginnings: &["//! A schedule that fails, found by `host explore`"],
};

/// A page of the manual: how `roff` begins its documents.
pub(super) const MAN_PAGE: Contents = Contents {
    name: "a page of the manual",
    beginnings: &[".ie \\n(.g .ds Aq"],
};

/// A file that will be written.
pub(super) struct OutFile {
    path: PathBuf,
    place: Place,
    is_synced: bool,
}

enum Place {
    /// A new file, and the path that it will get.
    Beside(NamedTempFile, PathBuf),
    /// A file, pipe or device that is written as it is.
    Itself(File),
}

impl OutFile {
    /// Finds out whether `contents` may be written to `path`, and prepares it.
    pub(super) fn prepare(path: &Path, contents: &Contents) -> Result<Self, Failure> {
        let place = match kind(path, contents)? {
            Kind::New => beside(path, 0o666),
            Kind::Old(mode) => {
                let target = path.canonicalize();
                target.and_then(|target| beside(&target, mode))
            }
            Kind::Special => Err(io::ErrorKind::Unsupported.into()),
        };
        let place = place.or_else(|_| {
            // There is no room for a new file beside it, so it is written itself.
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false);
            options.open(path).map(Place::Itself)
        });
        Ok(OutFile {
            path: path.to_owned(),
            place: place.map_err(|error| cannot_write(path.display(), &error))?,
            is_synced: false,
        })
    }

    /// The same, which is written to the disk before it replaces what was there: a machine that fails leaves one of them.
    pub(super) fn synced(self) -> Self {
        OutFile {
            is_synced: true,
            ..self
        }
    }

    /// The path that the user gave.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of it.
    pub(super) fn write(self, text: &str) -> Result<(), Failure> {
        self.write_with(|out| out.write_all(text.as_bytes()))
    }

    /// Writes all of it, as `write` does.
    pub(super) fn write_with(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let OutFile {
            path,
            place,
            is_synced,
        } = self;
        let written = match place {
            Place::Beside(file, target) => buffered(file.as_file(), write).and_then(|()| {
                if is_synced {
                    file.as_file().sync_all()?;
                }
                let kept = file.persist(&target);
                kept.map(drop).map_err(|error| error.error)
            }),
            Place::Itself(file) => {
                let is_file = file.metadata().is_ok_and(|it| it.is_file());
                let cleared = if is_file { file.set_len(0) } else { Ok(()) };
                cleared.and_then(|()| buffered(&file, write))
            }
        };
        written.map_err(|error| cannot_write(path.display(), &error))
    }
}

fn buffered(file: &File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out)?;
    out.flush()
}

/// What a file has that will be replaced; none if it is new or empty.
pub(super) fn earlier(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    // What is no file, such as a pipe, would be waited for.
    let bytes = fs::metadata(path).and_then(|metadata| match metadata.is_file() {
        true => fs::read(path),
        false => Err(io::Error::other("it is not a regular file")),
    });
    match bytes {
        Ok(bytes) => Ok(Some(bytes).filter(|bytes| !bytes.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, &error)),
    }
}

/// What a file has is of no use.
pub(super) fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
}

/// Opens a file that is written bit by bit.
pub(super) fn stream(path: &Path, contents: &Contents) -> Result<BufWriter<File>, Failure> {
    kind(path, contents)?;
    let file = File::create(path).map_err(|error| cannot_write(path.display(), &error))?;
    Ok(BufWriter::with_capacity(1 << 16, file))
}

/// Fails if two options name the same file.
pub(super) fn distinct(given: &[(&str, Option<&PathBuf>)]) -> Result<(), Failure> {
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    for (option, path) in given {
        let Some(path) = path else { continue };
        if fs::metadata(path).is_ok_and(|it| !it.is_file()) {
            continue;
        }
        let real = real_path(path);
        if let Some((other, _)) = seen.iter().find(|(_, seen)| *seen == real) {
            let text = format!(
                "{other} and {option} name the same file: {}",
                path.display()
            );
            return Err(Failure::new(Exit::Usage, text));
        }
        seen.push((option, real));
    }
    Ok(())
}

/// Where a file is or would be.
fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

/// What is at a path.
enum Kind {
    /// Nothing.
    New,
    /// A file that may be replaced, and its mode.
    Old(u32),
    /// A pipe, a device, or a link to nothing.
    Special,
}

fn kind(path: &Path, contents: &Contents) -> Result<Kind, Failure> {
    let failed = |error: io::Error| cannot_write(path.display(), &error);
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(match fs::symlink_metadata(path) {
                Ok(_) => Kind::Special,
                Err(_) => Kind::New,
            });
        }
        Err(error) => return Err(failed(error)),
    };
    if metadata.is_dir() {
        let opened = OpenOptions::new().write(true).open(path);
        return Err(failed(
            opened
                .err()
                .unwrap_or_else(|| io::ErrorKind::IsADirectory.into()),
        ));
    }
    if !metadata.is_file() {
        return Ok(Kind::Special);
    }
    if metadata.len() > 0 && !begins_as(path, contents).map_err(failed)? {
        let text = format!(
            "{} exists and is not {}: it stays as it is; name another file, or remove it first",
            path.display(),
            contents.name
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    Ok(Kind::Old(metadata.permissions().mode() & 0o777))
}

fn begins_as(path: &Path, contents: &Contents) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut beginning)?;
    let mut beginnings = contents.beginnings.iter();
    Ok(beginnings.any(|it| beginning.starts_with(it.as_bytes())))
}

/// A new file in the folder of `path`, to be renamed to it.
fn beside(path: &Path, mode: u32) -> io::Result<Place> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .prefix(".host-")
        .suffix(".tmp")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    Ok(Place::Beside(file, path.to_owned()))
}
