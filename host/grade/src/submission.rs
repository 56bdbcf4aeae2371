//! Submissions: what was handed in, found on disk.
//!
//! A path is a module, or a folder that holds modules, which is one submission, or a folder
//! of such folders, which is a class. Whoever filled the folders is not trusted: below a path
//! that was given, symbolic links are not followed, only regular files are opened, and names
//! are made fit to be shown.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::suite::{Challenge, Suite, sha256};
use host_sandbox::ModuleLimits;

/// The most submissions.
const SUBMISSIONS_MAX: usize = 10_000;

/// The most entries of one submission's folder that are looked at.
const ENTRIES_MAX: usize = 1000;

/// The most notes of a submission.
const NOTES_MAX: usize = 20;

/// The longest name that is shown whole, in characters.
const NAME_CHARS_MAX: usize = 60;

/// What one person handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its name, fit to be shown; no two have the same.
    pub name: String,
    /// The modules, by name.
    pub modules: Vec<ModuleFile>,
    /// Whether it is a module that was given alone: it need not solve the other challenges.
    pub is_single: bool,
    /// Whether its module is for every challenge, whatever the module's name is.
    pub takes_all: bool,
    /// What was ignored, and why.
    pub notes: Vec<String>,
}

/// A module's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFile {
    /// Its name without `.wasm`.
    pub stem: String,
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub content: Content,
}

/// What is in a file that is called a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Bytes with this hash.
    Sha256(String),
    /// More bytes than a module may have.
    TooLarge,
    /// It cannot be read, and why.
    Unreadable(String),
}

/// Why there is nothing to judge.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// A path cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A path holds no submission.
    #[error("{} holds no submission: neither .wasm files nor folders", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// Two submissions have one name.
    #[error("two submissions are called {name}; rename one, or judge them apart")]
    Twice {
        /// Which.
        name: String,
    },
    /// There are more than anybody would grade at once.
    #[error("more than {SUBMISSIONS_MAX} submissions: judge them in parts")]
    TooMany,
}

/// Finds the submissions at `paths`, sorted by name.
///
/// # Errors
/// When a path cannot be read or holds none, or two have the same name.
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

/// Adds the submissions at one path, which is followed if it is a link.
fn at(path: &Path, found: &mut Vec<Submission>) -> Result<(), FindError> {
    let unreadable = |source| FindError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let real = path.canonicalize().map_err(unreadable)?;
    if !real.is_dir() {
        // Named as it was given, opened where it is.
        let mut module = module_file(path, &real);
        module.path = path.to_owned();
        if let Content::Unreadable(why) = &module.content {
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

/// What a folder holds, sorted.
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

    /// The submission that it is, if it is one.
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
        content: content(real).unwrap_or_else(|error| Content::Unreadable(error.to_string())),
    }
}

/// Reads what is at `path` if that is a regular file itself, and does not wait for anything
/// else, such as the other end of a pipe.
fn content(path: &Path) -> io::Result<Content> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let limit = ModuleLimits::default().module_bytes;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > limit {
        Content::TooLarge
    } else {
        Content::Sha256(sha256(&bytes))
    })
}

/// A name that cannot fake another line, nor turn the direction of what is beside it.
fn name_of(path: &Path) -> String {
    let stem = match path.extension() {
        Some(extension) if extension == "wasm" => path.file_stem(),
        _ => path.file_name(),
    };
    let name = stem.unwrap_or(path.as_os_str()).to_string_lossy();
    let mut shown = String::new();
    for (count, c) in name.chars().enumerate() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match (count < NAME_CHARS_MAX, c.is_control() || turns) {
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
    /// The module for a challenge, if there is one: the one whose name fits best.
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

    /// Notes the modules that no challenge of the suite takes.
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
