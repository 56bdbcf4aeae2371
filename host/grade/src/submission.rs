//! Finds submissions on disk.
//!
//! A path is a module, or a folder of modules, which is one submission, or a folder of such folders,
//! which is a class. The content of folders is not trusted: below a given path, symbolic links are
//! not followed, only regular files are opened, and names are sanitized.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::suite::{Challenge, Suite, sha256};
use host_sandbox::ModuleLimits;

/// The most submissions.
const SUBMISSIONS_MAX: usize = 10_000;

/// The most modules of a submission.
const ENTRIES_MAX: usize = 1000;

/// The most notes of a submission.
const NOTES_MAX: usize = 20;

/// The longest name that is shown uncut, in characters.
const NAME_CHARS_MAX: usize = 60;

/// A submission: what one student or team handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its name, sanitized. No two submissions have the same name.
    pub name: String,
    /// The modules, sorted by name.
    pub modules: Vec<ModuleFile>,
    /// Whether the given path was a module. It need not solve all challenges.
    pub is_single: bool,
    /// Whether its module is for every challenge, regardless of the module's name.
    pub takes_all: bool,
    /// The files that were ignored, and why.
    pub notes: Vec<String>,
}

/// The file of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFile {
    /// Its name without `.wasm`.
    pub stem: String,
    /// Its path.
    pub path: PathBuf,
    /// Its content.
    pub content: ModuleContent,
}

/// The content of a file with the name of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleContent {
    /// The SHA-256 hash of the content.
    Sha256(String),
    /// The file has more bytes than a module may have.
    TooLarge,
    /// The file cannot be read, for this reason.
    Unreadable(String),
}

/// Why there is nothing to judge.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// A path cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A path holds no submission.
    #[error("{} holds no submission: neither .wasm files nor folders", path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },
    /// Two submissions have the same name.
    #[error("two submissions are called {name}; rename one, or judge them apart")]
    Twice {
        /// The name.
        name: String,
    },
    /// There are too many submissions.
    #[error("more than {SUBMISSIONS_MAX} submissions: judge them in parts")]
    TooMany,
}

/// Finds the submissions at `paths`, sorted by name.
///
/// # Errors
/// When a path cannot be read or has no submission, or two submissions have the same name.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Submission>, FindError> {
    let mut found = Vec::new();
    for path in paths {
        at(path, &mut found)?;
        if found.len() > SUBMISSIONS_MAX {
            return Err(FindError::TooMany);
        }
    }
    found.sort_by(|a: &Submission, b| a.name.cmp(&b.name));
    match found.windows(2).find(|two| two[0].name == two[1].name) {
        Some(two) => Err(FindError::Twice {
            name: two[0].name.clone(),
        }),
        None => Ok(found),
    }
}

/// Adds the submissions at one path. The path itself may be a symbolic link.
fn at(path: &Path, found: &mut Vec<Submission>) -> Result<(), FindError> {
    let unreadable = |error| FindError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let real = path.canonicalize().map_err(unreadable)?;
    if !real.is_dir() {
        // Named as it was given, opened where it is.
        let mut module = module_file(path, &real);
        module.path = path.to_owned();
        if let ModuleContent::Unreadable(why) = &module.content {
            return Err(unreadable(io::Error::other(why.clone())));
        }
        found.push(Submission {
            name: name_of(path),
            modules: vec![module],
            is_single: true,
            takes_all: false,
            notes: Vec::new(),
        });
        return Ok(());
    }
    let name = path.file_name().map_or(real.as_path(), Path::new);
    let entries = Entries::of(path).map_err(unreadable)?;
    if !entries.modules.is_empty() {
        found.push(entries.submission(name));
    } else if entries.folders.is_empty() {
        return Err(FindError::Empty {
            path: path.to_owned(),
        });
    } else {
        for folder in entries.folders {
            let name = folder.file_name().map_or(folder.as_path(), Path::new);
            found.push(match Entries::of(&folder) {
                Ok(entries) => entries.submission(name),
                Err(error) => Submission {
                    name: name_of(name),
                    modules: Vec::new(),
                    is_single: false,
                    takes_all: false,
                    notes: vec![format!("the folder cannot be read: {error}")],
                },
            });
        }
    }
    Ok(())
}

/// The entries of a folder, sorted by name.
struct Entries {
    modules: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    notes: Vec<String>,
}

impl Entries {
    fn of(folder: &Path) -> io::Result<Self> {
        let mut names = BTreeSet::new();
        for entry in folder.read_dir()? {
            names.insert(entry?.file_name());
            if names.len() > SUBMISSIONS_MAX {
                return Err(io::Error::other(format!(
                    "it has more than {SUBMISSIONS_MAX} entries"
                )));
            }
        }
        let mut entries = Entries {
            modules: Vec::new(),
            folders: Vec::new(),
            notes: Vec::new(),
        };
        for name in names {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = folder.join(&name);
            let shown = name_of(Path::new(&name));
            let kind = path.symlink_metadata()?.file_type();
            let is_module = path
                .extension()
                .is_some_and(|extension| extension == "wasm");
            if kind.is_symlink() {
                let note = format!("{shown} is a symbolic link, which is not followed");
                entries.notes.push(note);
            } else if kind.is_dir() {
                entries.folders.push(path);
            } else if !is_module {
                entries.notes.push(format!("{shown} is not a .wasm file"));
            } else if kind.is_file() {
                entries.modules.push(path);
            } else {
                entries.notes.push(format!("{shown} is not a regular file"));
            }
        }
        Ok(entries)
    }

    /// The submission in the folder with this name.
    fn submission(self, name: &Path) -> Submission {
        let mut notes = self.notes;
        let shown = |path: &PathBuf| name_of(path.file_name().map_or(Path::new(""), Path::new));
        notes.extend(self.folders.iter().map(|folder| {
            format!(
                "{} is a folder: modules are looked for beside it",
                shown(folder)
            )
        }));
        if self.modules.len() > ENTRIES_MAX {
            notes.insert(
                0,
                format!("only the first {ENTRIES_MAX} modules are looked at"),
            );
        }
        let modules = self.modules.iter().take(ENTRIES_MAX);
        let modules = modules.map(|path| module_file(path, path)).collect();
        let more = notes.len().saturating_sub(NOTES_MAX);
        notes.truncate(NOTES_MAX);
        if more > 0 {
            notes.push(format!("and {more} more files are ignored"));
        }
        Submission {
            name: name_of(name),
            modules,
            is_single: false,
            takes_all: false,
            notes,
        }
    }
}

fn module_file(path: &Path, real: &Path) -> ModuleFile {
    ModuleFile {
        stem: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        path: path.to_owned(),
        content: content(real).unwrap_or_else(|error| ModuleContent::Unreadable(error.to_string())),
    }
}

/// Reads a regular file. Does not follow a symbolic link, and does not block on other files, such as
/// pipes.
fn content(path: &Path) -> io::Result<ModuleContent> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let limit = ModuleLimits::default().module_bytes;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > limit {
        ModuleContent::TooLarge
    } else {
        ModuleContent::Sha256(sha256(&bytes))
    })
}

/// The name of a file, sanitized: it has no line breaks and does not change the direction of text.
fn name_of(path: &Path) -> String {
    let stem = match path.extension() {
        Some(extension) if extension == "wasm" => path.file_stem(),
        _ => path.file_name(),
    };
    let name = stem.unwrap_or(path.as_os_str()).to_string_lossy();
    let mut shown = String::new();
    for (count, c) in name.chars().enumerate() {
        let is_directional = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match (count < NAME_CHARS_MAX, c.is_control() || is_directional) {
            (false, _) => {
                shown.push('…');
                break;
            }
            (true, true) => shown.extend(c.escape_default()),
            (true, false) => shown.push(c),
        }
    }
    shown
}

impl Submission {
    /// The module for a challenge: the one whose name fits best.
    #[must_use]
    pub fn module_for(&self, challenge: &Challenge) -> Option<&ModuleFile> {
        if self.takes_all {
            return self.modules.first();
        }
        let fitting = self.modules.iter().filter_map(|module| {
            let fit = challenge.fit(&module.stem)?;
            Some((fit, module))
        });
        let best = fitting.max_by_key(|(fit, _)| *fit);
        best.map(|(_, module)| module)
    }

    /// Adds a note for each module that is for no challenge of the suite.
    pub fn note_unused(&mut self, suite: &Suite) {
        for module in &self.modules {
            let is_used = suite.challenges.iter().any(|challenge| {
                self.module_for(challenge)
                    .is_some_and(|used| used.path == module.path)
            });
            if !is_used && self.notes.len() < NOTES_MAX {
                let name = name_of(&module.path);
                let note = format!("{name}.wasm is for no challenge that is judged here");
                self.notes.push(note);
            }
        }
    }
}
