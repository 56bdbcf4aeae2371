//! Finds submissions on disk.
//!
//! A path is a module, or a folder of modules, which is one submission, or a folder of such folders,
//! which is a class. The content of folders is not trusted: below a given path, symbolic links are
//! not followed, only regular files are opened, and names are sanitized. Only modules that are for a
//! challenge are read, so that no number of other files hides them.
//!
//! What is wrong with one submission never stops the others. It becomes a note, which says what to
//! do and which every format shows.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use host_protocol::text::one_line;

use super::suite::{Challenge, Suite, sha256};
use host_sandbox::{Links, ModuleLimits, read_regular};

/// The most submissions.
const SUBMISSIONS_MAX: usize = 10_000;

/// The most entries of a folder.
const ENTRIES_MAX: usize = 10_000;

/// The most notes of a submission.
const NOTES_MAX: usize = 20;

/// The longest name that is shown uncut, in characters.
const NAME_CHARS_MAX: usize = 60;

/// A submission: what one student or team handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its name, sanitized. No two submissions have the same name.
    pub name: String,
    /// The modules that are for a challenge, sorted by name.
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
    /// There are too many submissions.
    #[error("more than {SUBMISSIONS_MAX} submissions: judge them in parts")]
    TooMany,
}

/// Finds the submissions at `paths`, sorted by name, with their modules for the challenges of
/// `suite`. Of several with the same name none can be told from the others: they become one without
/// modules, with a note.
///
/// # Errors
/// When a path cannot be read or has no submission, or there are too many.
pub fn find(paths: &[PathBuf], suite: &Suite) -> Result<Vec<Submission>, FindError> {
    let mut found = Found {
        suite,
        seen: BTreeSet::new(),
        submissions: BTreeMap::new(),
        count: 0,
    };
    for path in paths {
        found.at(path)?;
        if found.count > SUBMISSIONS_MAX {
            return Err(FindError::TooMany);
        }
    }
    let submissions = found.submissions.into_iter();
    let submissions = submissions.map(|(name, mut same)| match same.pop() {
        Some((_, one)) if same.is_empty() => one,
        last => {
            let paths = same.iter().chain(&last).map(|(path, _)| path);
            without_modules(name, same_name(paths))
        }
    });
    Ok(submissions.collect())
}

/// What has been found so far.
struct Found<'a> {
    suite: &'a Suite,
    /// The places that have been looked at: a submission that is given twice is one.
    seen: BTreeSet<PathBuf>,
    /// Submissions and their paths, by name.
    submissions: BTreeMap<String, Vec<(PathBuf, Submission)>>,
    count: usize,
}

impl Found<'_> {
    fn add(&mut self, path: &Path, submission: Submission) {
        let name = submission.name.clone();
        let same = self.submissions.entry(name).or_default();
        same.push((path.to_owned(), submission));
        self.count += 1;
    }

    /// Adds the submissions at one path. The path itself may be a symbolic link.
    fn at(&mut self, path: &Path) -> Result<(), FindError> {
        let unreadable = |error| FindError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let real = path.canonicalize().map_err(unreadable)?;
        if !self.seen.insert(real.clone()) {
            return Ok(());
        }
        if !real.is_dir() {
            // Named as it was given, opened where it is.
            let mut module = module_file(&real).map_err(unreadable)?;
            module.path = path.to_owned();
            module.stem = stem(path);
            let name = match path.extension() {
                Some(extension) if extension == "wasm" => path.file_stem(),
                _ => path.file_name(),
            };
            let name = shown(name.unwrap_or(path.as_os_str()));
            let submission = Submission {
                name,
                modules: vec![module],
                is_single: true,
                takes_all: false,
                notes: Vec::new(),
            };
            self.add(path, submission);
            return Ok(());
        }
        let name = path.file_name().or(real.file_name());
        let name = name.unwrap_or(real.as_os_str());
        let entries = Entries::of(path).map_err(unreadable)?;
        if !entries.modules.is_empty() {
            let submission = entries.submission(shown(name), self.suite);
            self.add(path, submission);
        } else if entries.folders.is_empty() {
            return Err(FindError::Empty {
                path: path.to_owned(),
            });
        } else {
            for folder in entries.folders {
                let name = folder.file_name().unwrap_or(folder.as_os_str());
                if !self.seen.insert(real.join(name)) {
                    continue;
                }
                let name = shown(name);
                let submission = match Entries::of(&folder) {
                    Ok(entries) => entries.submission(name, self.suite),
                    Err(error) => {
                        let note = format!(
                            "the folder cannot be read ({error}), so nothing counts as handed in: \
                             mend that and judge again"
                        );
                        without_modules(name, note)
                    }
                };
                self.add(&folder, submission);
            }
        }
        Ok(())
    }
}

fn without_modules(name: String, note: String) -> Submission {
    Submission {
        name,
        modules: Vec::new(),
        is_single: false,
        takes_all: false,
        notes: vec![note],
    }
}

fn same_name<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> String {
    let paths = paths.map(|path| one_line(&path.to_string_lossy()).into_owned());
    let mut paths: Vec<String> = paths.collect();
    paths.sort();
    let count = paths.len();
    let more = count.saturating_sub(NOTES_MAX);
    paths.truncate(NOTES_MAX);
    if more > 0 {
        paths.push(format!("{more} more"));
    }
    format!(
        "{count} submissions have this name, and none of them was judged: {}; rename them, or judge \
         them apart",
        paths.join(", ")
    )
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
            if names.len() > ENTRIES_MAX {
                return Err(io::Error::other(format!(
                    "it has more than {ENTRIES_MAX} entries"
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
            let shown = shown(&name);
            let kind = match path.symlink_metadata() {
                Ok(metadata) => metadata.file_type(),
                Err(error) => {
                    let note = format!("{shown} cannot be looked at: {error}");
                    entries.notes.push(note);
                    continue;
                }
            };
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
    fn submission(self, name: String, suite: &Suite) -> Submission {
        let (mut modules, mut unreadable, mut unused) = (Vec::new(), Vec::new(), Vec::new());
        for path in &self.modules {
            let stem = stem(path);
            let mut challenges = suite.challenges.iter();
            if !challenges.any(|challenge| challenge.fit(&stem).is_some()) {
                unused.push(file_name(path));
                continue;
            }
            match module_file(path) {
                Ok(module) => modules.push(module),
                Err(error) => unreadable.push(format!(
                    "{} cannot be read ({error}) and counts as not handed in: make it readable \
                     and judge again",
                    file_name(path)
                )),
            }
        }
        let mut submission = Submission {
            name,
            modules,
            is_single: false,
            takes_all: false,
            // What somebody has to do comes first.
            notes: unreadable,
        };
        unused.extend(submission.replaced(suite));
        let notes = &mut submission.notes;
        notes.extend(self.notes);
        notes.extend(self.folders.iter().map(|folder| {
            let name = file_name(folder);
            format!("{name} is a folder: modules are looked for beside it")
        }));
        let unused = unused.iter();
        notes.extend(unused.map(|name| format!("{name} is for no challenge that is judged here")));
        let more = notes.len().saturating_sub(NOTES_MAX);
        notes.truncate(NOTES_MAX);
        if more > 0 {
            notes.push(format!("and {more} more files are ignored"));
        }
        submission
    }
}

/// Reads a regular file. Does not follow a symbolic link, and does not wait for other files, such as
/// pipes.
fn module_file(path: &Path) -> io::Result<ModuleFile> {
    let limit = ModuleLimits::default().module_bytes;
    let content = match read_regular(path, Links::Refuse, limit)? {
        Some(bytes) => ModuleContent::Sha256(sha256(&bytes)),
        None => ModuleContent::TooLarge,
    };
    Ok(ModuleFile {
        stem: stem(path),
        path: path.to_owned(),
        content,
    })
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The name of a file or folder, fit to be shown.
fn file_name(path: &Path) -> String {
    shown(path.file_name().unwrap_or(path.as_os_str()))
}

/// A name, fit to be shown on one line. If it is cut or not UTF-8, a hash tells it from others.
fn shown(name: &OsStr) -> String {
    let lossy = name.to_string_lossy();
    let cut = lossy.char_indices().nth(NAME_CHARS_MAX);
    let (kept, mark) = match cut {
        Some((end, _)) => (&lossy[..end], "…"),
        None if name.to_str().is_none() => (&*lossy, "-"),
        None => return one_line(&lossy).into_owned(),
    };
    let hash = sha256(name.as_encoded_bytes());
    format!("{}{mark}{}", one_line(kept), &hash[..8])
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

    /// The names of its modules that another one of it replaces for every challenge.
    fn replaced(&self, suite: &Suite) -> Vec<String> {
        let is_used = |module: &ModuleFile| {
            let mut challenges = suite.challenges.iter();
            challenges.any(|challenge| {
                let used = self.module_for(challenge);
                used.is_some_and(|used| used.path == module.path)
            })
        };
        let unused = self.modules.iter().filter(|module| !is_used(module));
        unused.map(|module| file_name(&module.path)).collect()
    }
}
