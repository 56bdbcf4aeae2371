//! Temporary directories.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::Run;
use crate::wat::{assemble, guest_text};

/// A temporary directory, which shows as `[DIR]` in outputs.
#[derive(Debug)]
pub struct Dir {
    temp: TempDir,
}

impl Dir {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> Self {
        Dir {
            temp: TempDir::new().unwrap(),
        }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        self.temp.path()
    }

    /// The path of the file `name`, whether it is there or not.
    pub fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// Writes the file `name`, and the folders that it is in.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    /// The text of the file `name`.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Makes the directory `name`, which only its owner can enter.
    pub fn make_dir(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// The names of the files in the directory `name`, in order.
    pub fn files_in(&self, name: &str) -> Vec<String> {
        let files = fs::read_dir(self.path(name)).unwrap();
        let mut names: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Makes a pipe with a name, which nobody writes to.
    pub fn fifo(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.temp.path().join(name);
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        path
    }

    /// The module in `tests/guests/NAME.wat`, assembled.
    pub fn guest(&self, name: &str) -> PathBuf {
        let text = guest_text(name);
        self.write(&format!("{name}.wasm"), assemble(&text))
    }

    /// The module with this text, as the file `name`.
    pub fn module(&self, name: &str, text: &str) -> PathBuf {
        self.write(name, assemble(text))
    }

    /// Runs `host` here, with nothing but what is said from here on.
    pub fn host(&self) -> Run {
        Run::host()
            .in_dir(self.temp.path())
            .env("HOME", &self.temp.path().to_string_lossy())
            .hide(self.temp.path(), "[DIR]")
    }

    /// Runs `module` as a node.
    pub fn node(&self, module: impl AsRef<OsStr>) -> Run {
        self.host().arg("--module").arg(module).arg("--no-cache")
    }

    /// Runs `module` as a node with the cache in the directory `cache`.
    pub fn node_with_cache(&self, module: impl AsRef<OsStr>) -> Run {
        let cache = self.path("cache");
        let run = self.host().arg("--module").arg(module);
        run.arg("--cache-dir").arg(cache)
    }
}
