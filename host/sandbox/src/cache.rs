//! A directory with the machine code of compiled modules, so that a node starts in
//! milliseconds.
//!
//! The name of an entry identifies the module, the compiler and its settings. The code is
//! mapped and run without further checks, so no other user may write it: the directory
//! must belong to the current user and be closed to all others. A checksum at the end of
//! each file detects accidental damage; a damaged entry is compiled again.
//!
//! Only files with the names of entries are ever removed. A file `CACHEDIR.TAG` marks the
//! directory as this program's, and tells programs that make backups to leave it out
//! (<https://bford.info/cachedir/>). A directory that has other files is refused.
//!
//! A process that makes an entry holds a lock, so of many processes that start at once,
//! one compiles and the others wait. Entries are renamed into place, so no process sees
//! part of one.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use etcetera::base_strategy::{BaseStrategy, Xdg};
use rustix::fs::OFlags;
use tracing::{debug, warn};
use wasmtime::{Engine, Module};

use crate::compile::{CompileError, Compiled, deserialize};
use crate::functions::{Batch, Functions, is_functions};
use crate::module_file::{Links, open_regular, read_regular};
use crate::shared::SharedCache;

/// When all entries together exceed this, the least recently used are removed, but none of a module
/// that the user or the suite has chosen and that this process uses: an interpreter's entry has
/// 100 MB, and takes a minute to make.
const CACHE_BYTES_MAX: u64 = 1 << 30;

/// The end of every entry, after the checksum.
const FOOTER_MAGIC: &[u8; 8] = b"cwasm.02";
const FOOTER_BYTES: usize = 4 + FOOTER_MAGIC.len();

/// How much of an entry is read at a time.
const PART_BYTES: usize = 64 << 10;

/// The file that marks the directory as this program's.
const TAG: &str = "CACHEDIR.TAG";

const TAG_TEXT: &str = "Signature: 8a477f597d28d172789f06886806bc55
# Compiled WebAssembly modules of the program `host`, which removes them when it needs the room.
";

/// The end of the names of files that are being written.
const UNFINISHED: &str = ".tmp";

/// A directory of compiled modules.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
    functions: Arc<Functions>,
    /// The entries that stay while this process lives.
    kept: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// Where else compiled modules may be.
    shared: Option<Arc<SharedCache>>,
}

/// Whether an entry stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// While this process lives.
    InUse,
    /// Until others are used more recently.
    Recent,
}

impl Cache {
    /// Opens the cache in `directory`, which is created if it does not exist.
    ///
    /// # Errors
    /// If the directory cannot be created, belongs to another user, is open to others, or has files
    /// of others.
    pub fn open(directory: PathBuf) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        let metadata = fs::metadata(&directory)?;
        let ours = metadata.uid() == rustix::process::geteuid().as_raw();
        if !ours || metadata.mode() & 0o077 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "compiled code is only kept where nobody else has access; \
                 use a directory of your own with mode 0700",
            ));
        }
        claim(&directory)?;
        Ok(Cache {
            functions: Arc::new(Functions::new(directory.clone())),
            kept: Arc::default(),
            shared: None,
            directory,
        })
    }

    /// The same, which takes what it lacks from a shared cache before it is compiled.
    #[must_use]
    pub fn beside(self, shared: SharedCache) -> Self {
        Cache {
            shared: Some(Arc::new(shared)),
            ..self
        }
    }

    /// Puts all compiled modules into a shared cache. How many it did not have, and how many it had.
    ///
    /// # Errors
    /// If an entry cannot be read or written.
    pub fn share(&self, shared: &SharedCache) -> io::Result<(usize, usize)> {
        let (mut new, mut old) = (0, 0);
        let mut names: Vec<_> = fs::read_dir(&self.directory)?
            .map(|file| Ok(file?.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        for name in names.iter().filter_map(|name| name.to_str()) {
            if !is_entry_stem(name) || !name.ends_with(".cwasm") {
                continue;
            }
            let path = self.directory.join(name);
            let mut file = match open_regular(&path, Links::Refuse) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // removed meanwhile
                Err(error) => return Err(error),
            };
            if !is_intact(&path, &mut file)? {
                warn!("not shared, since it is damaged: {}", path.display());
                continue;
            }
            let mut code = Vec::new();
            file.rewind()?;
            file.read_to_end(&mut code)?;
            code.truncate(code.len().saturating_sub(FOOTER_BYTES));
            match shared.put(name, &code)? {
                true => new += 1,
                false => old += 1,
            }
        }
        Ok((new, old))
    }

    /// The default directory: in the user's cache directory (XDG), or a private one in the
    /// system's directory for temporary files if the user has none.
    #[must_use]
    pub fn default_directory() -> PathBuf {
        const NAME: &str = "maelstrom-wasm-host";
        let user = Xdg::new().ok().map(|xdg| xdg.cache_dir());
        match user.filter(|directory| directory.is_absolute()) {
            Some(user) => user.join(NAME),
            None => {
                let uid = rustix::process::geteuid().as_raw();
                std::env::temp_dir().join(format!("{NAME}-{uid}"))
            }
        }
    }

    /// Returns the module with the hash `sha256`; calls `compile` if it has no entry.
    pub(super) fn compiled(
        &self,
        engine: &Engine,
        (sha256, keep): (&str, Keep),
        compile: impl FnOnce() -> Result<Compiled, CompileError>,
    ) -> Result<Module, CompileError> {
        let entry = self.entry(engine, sha256);
        if keep == Keep::InUse {
            self.kept().insert(entry.clone());
        }
        if let Ok(Some(module)) = load(engine, &entry) {
            return Ok(module);
        }
        let lock_path = entry.with_extension("lock");
        let lock = match lock(&lock_path) {
            Ok(lock) => lock,
            Err(error) => {
                warn!(
                    "compiling without the cache: {}: {error}",
                    lock_path.display()
                );
                return deserialize(engine, &compile()?.code);
            }
        };
        match load(engine, &entry) {
            Ok(Some(module)) => return Ok(module), // another process has made it
            Ok(None) => {}
            Err(error) => warn!("{error}"),
        }
        let name = entry.file_name().and_then(|name| name.to_str());
        let shared = self.shared.as_ref().zip(name);
        let compiled = match shared.and_then(|(shared, name)| shared.find(name)) {
            Some(code) => {
                debug!("module {sha256} is in the shared cache");
                Ok(Compiled {
                    code,
                    functions: Batch::default(),
                })
            }
            None => {
                debug!("compiling module {sha256}");
                compile()
            }
        };
        let stored = match &compiled {
            Ok(compiled) => store(&entry, &compiled.code),
            Err(_) => Ok(()),
        };
        // A lock file that is left over does no harm.
        let _ = fs::remove_file(&lock_path);
        drop(lock);
        let Compiled { code, functions } = compiled?;
        if let Err(error) = self.functions.store(&functions) {
            warn!(
                "cannot keep compiled functions: {}: {error}",
                self.directory.display()
            );
        }
        if let Err(error) = stored {
            warn!("cannot keep compiled code: {}: {error}", entry.display());
            return deserialize(engine, &code);
        }
        self.prune(&entry);
        match load(engine, &entry) {
            Ok(Some(module)) => Ok(module),
            Ok(None) | Err(_) => deserialize(engine, &code),
        }
    }

    /// Functions that modules share.
    pub(super) fn functions(&self) -> Arc<Functions> {
        Arc::clone(&self.functions)
    }

    fn kept(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, engine: &Engine, sha256: &str) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compiler = hasher.finish();
        self.directory
            .join(format!("{sha256}-{compiler:016x}.cwasm"))
    }

    /// Removes the least recently used entries, but never `keep` nor what is in use, until the rest
    /// fits. Files that are no entries do not count.
    fn prune(&self, keep: &Path) {
        let kept = self.kept();
        for entry in kept.iter() {
            // For other processes: it is used now. If this fails, they remove it too early.
            let _ = open_regular(entry, Links::Refuse)
                .and_then(|file| file.set_modified(SystemTime::now()));
        }
        let Ok(directory) = fs::read_dir(&self.directory) else {
            return;
        };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = directory
            .filter_map(|file| {
                let file = file.ok()?;
                let metadata = file.metadata().ok()?;
                if !metadata.is_file() || !is_entry(file.file_name().to_str()?) {
                    return None;
                }
                Some((metadata.modified().ok()?, metadata.len(), file.path()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if total <= CACHE_BYTES_MAX {
                return;
            }
            if path != keep && !kept.contains(&path) && fs::remove_file(&path).is_ok() {
                total -= len;
            }
        }
    }
}

/// Marks a directory as a cache, unless it has files of others.
fn claim(directory: &Path) -> io::Result<()> {
    let tag = directory.join(TAG);
    if is_our_tag(&tag) {
        return Ok(());
    }
    for file in fs::read_dir(directory)? {
        let name = file?.file_name();
        match name.to_str() {
            // Another process has been faster.
            Some(TAG) if is_our_tag(&tag) => return Ok(()),
            Some(name) if is_entry(name) || name.ends_with(".lock") && is_entry_stem(name) => {}
            _ => {
                let text = format!(
                    "it holds files that are not compiled code, such as {name:?}; use an empty \
                     directory, or one that does not exist"
                );
                return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, text));
            }
        }
    }
    let mut file = tempfile::Builder::new()
        .prefix(TAG)
        .suffix(UNFINISHED)
        .tempfile_in(directory)?;
    file.write_all(TAG_TEXT.as_bytes())?;
    file.persist(&tag).map_err(|error| error.error)?;
    Ok(())
}

fn is_our_tag(path: &Path) -> bool {
    let text = read_regular(path, Links::Refuse, TAG_TEXT.len() as u64);
    text.is_ok_and(|text| text.as_deref() == Some(TAG_TEXT.as_bytes()))
}

/// Whether the cache makes files of this name: an entry, or one that is being written.
fn is_entry(name: &str) -> bool {
    match name.strip_suffix(UNFINISHED) {
        // An entry, the tag, or an entry of version 0.1.0.
        Some(rest) => is_entry_stem(name) || rest.starts_with(TAG) || rest.starts_with(".tmp"),
        None => is_functions(name) || name.ends_with(".cwasm") && is_entry_stem(name),
    }
}

/// Whether a name begins as that of an entry: with two hashes.
fn is_entry_stem(name: &str) -> bool {
    let is_hash = |text: Option<&str>| {
        text.is_some_and(|text| text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')))
    };
    is_hash(name.get(..64)) && name.get(64..65) == Some("-") && is_hash(name.get(65..81))
}

fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    file.lock()?;
    Ok(file)
}

/// Why an entry cannot be used.
#[derive(Debug, thiserror::Error)]
enum EntryError {
    #[error("cannot read compiled code: {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("compiled code is damaged and will be made anew: {}", path.display())]
    Damaged { path: PathBuf },
    #[error("compiled code does not fit and will be made anew: {}: {error}", path.display())]
    Incompatible {
        path: PathBuf,
        error: wasmtime::Error,
    },
}

/// Loads an entry; `None` if it does not exist.
fn load(engine: &Engine, path: &Path) -> Result<Option<Module>, EntryError> {
    let entry = || path.to_owned();
    let mut file = match open_regular(path, Links::Refuse) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let path = entry();
            return Err(EntryError::Unreadable { path, error });
        }
    };
    let is_intact = is_intact(path, &mut file).map_err(|error| EntryError::Unreadable {
        path: entry(),
        error,
    })?;
    if !is_intact {
        return Err(EntryError::Damaged { path: entry() });
    }
    // The time of the last use. If this fails, `prune` removes the entry too early.
    let _ = file.set_modified(SystemTime::now());
    #[expect(unsafe_code, reason = "running our own compiler's output is the point")]
    // SAFETY: the file is an intact entry that this program wrote to a directory that
    // only its owner can enter (`Cache::open`), and entries are never changed.
    let module = unsafe { Module::deserialize_open_file(engine, file) };
    module.map(Some).map_err(|error| EntryError::Incompatible {
        path: entry(),
        error,
    })
}

/// Whether an entry, read from its beginning, ends with the right checksum. It is read in parts:
/// megabytes of memory would take longer to get than to fill.
fn is_intact(path: &Path, file: &mut File) -> io::Result<bool> {
    let len = file.metadata()?.len();
    let code = len.checked_sub(FOOTER_BYTES as u64);
    let Some(mut left) = code.filter(|_| len <= CACHE_BYTES_MAX) else {
        return Ok(false);
    };
    let mut checksum = checksum_of(path);
    let mut buffer = vec![0; PART_BYTES];
    while left > 0 {
        let part = usize::try_from(left).map_or(PART_BYTES, |left| left.min(PART_BYTES));
        file.read_exact(&mut buffer[..part])?;
        checksum.update(&buffer[..part]);
        left -= part as u64;
    }
    let mut footer = [0; FOOTER_BYTES];
    file.read_exact(&mut footer)?;
    Ok(footer == footer_of(checksum))
}

/// The checksum of an entry, without its code yet. It covers the name, so that an entry under the
/// name of another counts as damaged.
fn checksum_of(path: &Path) -> crc32fast::Hasher {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(path.file_name().unwrap_or_default().as_bytes());
    checksum
}

/// The end of an entry with this checksum.
fn footer_of(checksum: crc32fast::Hasher) -> [u8; FOOTER_BYTES] {
    let mut footer = [0; FOOTER_BYTES];
    footer[..4].copy_from_slice(&checksum.finalize().to_le_bytes());
    footer[4..].copy_from_slice(FOOTER_MAGIC);
    footer
}

/// Writes an entry. The file, which only its owner may read, appears under its name when it
/// is complete.
fn store(path: &Path, code: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    let stem = path.file_stem().unwrap_or_default();
    let mut file = tempfile::Builder::new()
        .prefix(stem)
        .suffix(UNFINISHED)
        .tempfile_in(directory)?;
    file.write_all(code)?;
    let mut checksum = checksum_of(path);
    checksum.update(code);
    file.write_all(&footer_of(checksum))?;
    // Not synced, which takes longer than all else here: if the machine fails now, the
    // checksum tells.
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
