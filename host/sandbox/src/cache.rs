//! Machine code of modules that were compiled before, so that a node starts in
//! milliseconds.
//!
//! An entry's name says which module and which compiler with which settings it
//! comes from. The code is mapped and run as it is, so it must be our own: the
//! directory belongs to us and nobody else may enter it. That leaves accidents: a
//! checksum at the end of the file finds damage, and a damaged entry is made anew.
//!
//! Whoever makes an entry holds a lock meanwhile, so however many processes start
//! at once, one compiles and the others wait for it. Files appear by renaming:
//! nobody ever sees half of one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tracing::{debug, warn};
use wasmtime::{Engine, Module};

use super::compile::CompileError;

/// When all entries together are larger than this, the oldest go.
const CACHE_BYTES_MAX: u64 = 512 << 20;

/// Ends every entry, after the checksum.
const FOOTER_MAGIC: &[u8; 8] = b"cwasm.02";
const FOOTER_BYTES: usize = 4 + FOOTER_MAGIC.len();

/// A directory of compiled modules.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// Opens the cache in `directory`, which is made if need be.
    ///
    /// # Errors
    /// When it cannot be made, or others than its owner could put code there.
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
        Ok(Cache { directory })
    }

    /// Where the cache is when nobody says otherwise: in the user's cache
    /// directory, or a private one in the system's temporary folder.
    #[must_use]
    pub fn default_directory() -> PathBuf {
        const NAME: &str = "maelstrom-wasm-host";
        let absolute = |name: &str| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let user = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        match user {
            Some(user) => user.join(NAME),
            None => {
                let uid = rustix::process::geteuid().as_raw();
                std::env::temp_dir().join(format!("{NAME}-{uid}"))
            }
        }
    }

    /// The module with the hash `sha256`, compiled by `compile` if it is not here yet.
    pub(super) fn compiled(
        &self,
        engine: &Engine,
        sha256: &str,
        compile: impl FnOnce() -> Result<Vec<u8>, CompileError>,
    ) -> Result<Module, CompileError> {
        let entry = self.entry(engine, sha256);
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
                return deserialize(engine, &compile()?);
            }
        };
        match load(engine, &entry) {
            Ok(Some(module)) => return Ok(module), // somebody else was faster
            Ok(None) => {}
            Err(problem) => warn!("{problem}"),
        }
        debug!("compiling module {sha256}");
        let code = compile();
        let stored = match &code {
            Ok(code) => store(&entry, code),
            Err(_) => Ok(()),
        };
        // Gone or not, a lock file that is left over does no harm.
        let _ = fs::remove_file(&lock_path);
        drop(lock);
        let code = code?;
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

    fn entry(&self, engine: &Engine, sha256: &str) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compiler = hasher.finish();
        self.directory
            .join(format!("{sha256}-{compiler:016x}.cwasm"))
    }

    /// Removes the entries used least recently, but never `keep`, until the rest fits.
    fn prune(&self, keep: &Path) {
        let Ok(directory) = fs::read_dir(&self.directory) else {
            return;
        };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = directory
            .filter_map(|file| {
                let file = file.ok()?;
                let metadata = file.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), file.path()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if total <= CACHE_BYTES_MAX {
                return;
            }
            if path != keep && fs::remove_file(&path).is_ok() {
                total -= len;
            }
        }
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

/// Loads an entry, if it is there and undamaged.
///
/// # Errors
/// What is wrong with an entry that is there.
fn load(engine: &Engine, path: &Path) -> Result<Option<Module>, String> {
    let Ok(mut file) = File::open(path) else {
        return Ok(None);
    };
    let mut contents = Vec::new();
    file.read_to_end(&mut contents)
        .map_err(|error| format!("cannot read compiled code: {}: {error}", path.display()))?;
    if !is_whole(path, &contents) {
        let path = path.display();
        return Err(format!(
            "compiled code is damaged and will be made anew: {path}"
        ));
    }
    // Says when it was used last; only `prune` would notice if this failed.
    let _ = file.set_modified(SystemTime::now());
    #[expect(unsafe_code, reason = "running our own compiler's output is the point")]
    // SAFETY: the file is a whole entry that this program wrote to a directory that
    // only its owner can enter (`Cache::open`), and entries are never changed.
    let module = unsafe { Module::deserialize_open_file(engine, file) };
    let module = module.map_err(|error| {
        let path = path.display();
        format!("compiled code does not fit and will be made anew: {path}: {error}")
    })?;
    Ok(Some(module))
}

/// The module that is `code`, as [`compile`](super::compile::compile) or a process that
/// runs it has just made it.
pub(super) fn deserialize(engine: &Engine, code: &[u8]) -> Result<Module, CompileError> {
    #[expect(unsafe_code, reason = "running our own compiler's output is the point")]
    // SAFETY: `code` comes straight from this program's compiler, in this process or in
    // one that it has started for that.
    let module = unsafe { Module::deserialize(engine, code) };
    module.map_err(|error| CompileError::Internal(format!("{error:#}")))
}

fn is_whole(path: &Path, contents: &[u8]) -> bool {
    let Some(end) = contents.len().checked_sub(FOOTER_BYTES) else {
        return false;
    };
    let (code, footer) = contents.split_at(end);
    footer == footer_of(path, code)
}

/// The checksum is of the code and of the entry's name, so that one entry under the
/// name of another counts as damaged.
fn footer_of(path: &Path, code: &[u8]) -> [u8; FOOTER_BYTES] {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(path.file_name().unwrap_or_default().as_bytes());
    checksum.update(code);
    let mut footer = [0; FOOTER_BYTES];
    footer[..4].copy_from_slice(&checksum.finalize().to_le_bytes());
    footer[4..].copy_from_slice(FOOTER_MAGIC);
    footer
}

fn store(path: &Path, code: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(code)?;
        file.write_all(&footer_of(path, code))?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}
