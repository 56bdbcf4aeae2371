//! Finds submissions on disk.
//!
//! A path is a module, or a folder of modules, which is one submission, or a folder of such folders,
//! which is a class. A folder with modules and at least two folders with modules is a class too. The content of folders is not trusted: below a given path, symbolic links are
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

pub use super::folder::wanted;
use super::folder::{Folder, list};
use super::hash::sha256;
use super::script::Script;
use super::suite::{Challenge, Suite};
use host_sandbox::{Links, read_regular};

/// The most submissions.
const SUBMISSIONS_MAX: usize = 10_000;

/// So many folders with modules in a folder make it a class, even with a module beside them. One may
/// be an older version of the same submission.
const FOLDERS_OF_CLASS: usize = 2;

/// The most paths that a note names.
const PATHS_MAX: usize = 20;

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
    /// The script that it is, if it is one. Then it is run by a runtime of the suite.
    pub script: Option<Script>,
}

/// The content of a file with the name of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleContent {
    /// The SHA-256 hash of the content; of a script, of all that it runs with.
    Sha256(String),
    /// It cannot be judged as it is, for this reason.
    Refused(String),
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

/// What is at some paths.
#[derive(Debug)]
pub struct Found {
    /// The submissions, sorted by name.
    pub submissions: Vec<Submission>,
    /// What whoever judges them should know: what a folder is taken as, and what is left out.
    pub remarks: Vec<String>,
}

/// Finds the submissions at `paths`, sorted by name, with their modules for the challenges of
/// `suite`. Of several with the same name none can be told from the others: they become one without
/// modules, with a note.
///
/// # Errors
/// When a path cannot be read or has no submission, or there are too many.
pub fn find(paths: &[PathBuf], suite: &Suite) -> Result<Vec<Submission>, FindError> {
    Ok(find_and_tell(paths, suite, suite)?.submissions)
}

/// As [`find`], with remarks. Of `judged` are the challenges of the suite that are judged.
///
/// # Errors
/// When a path cannot be read or has no submission, or there are too many.
pub fn find_and_tell(paths: &[PathBuf], suite: &Suite, judged: &Suite) -> Result<Found, FindError> {
    let mut search = Search {
        suite,
        judged,
        seen: BTreeSet::new(),
        submissions: BTreeMap::new(),
        count: 0,
        remarks: Vec::new(),
    };
    for path in paths {
        search.at(path)?;
        if search.count > SUBMISSIONS_MAX {
            return Err(FindError::TooMany);
        }
    }
    let submissions = search.submissions.into_iter();
    let submissions = submissions.map(|(name, mut same)| match same.pop() {
        Some((_, one)) if same.is_empty() => one,
        last => {
            let paths = same.iter().chain(&last).map(|(path, _)| path);
            without_modules(name, same_name(paths))
        }
    });
    Ok(Found {
        submissions: submissions.collect(),
        remarks: search.remarks,
    })
}

/// The one submission at a path, whatever is there: an empty folder too, and never a class.
///
/// # Errors
/// When there is nothing at the path.
pub fn find_one(path: &Path, suite: &Suite, judged: &Suite) -> Result<Found, FindError> {
    let unreadable = |error| FindError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let real = path.canonicalize().map_err(unreadable)?;
    if !real.is_dir() {
        return Ok(Found {
            submissions: vec![single(path, &real, suite).map_err(unreadable)?],
            remarks: Vec::new(),
        });
    }
    let name = path.file_name().or(real.file_name());
    let name = shown(name.unwrap_or(real.as_os_str()));
    let folders = Folder::read(path).map_or(0, |folder| folder.folders_with_modules());
    let remark = (folders >= FOLDERS_OF_CLASS).then(|| {
        let path = one_line(&path.to_string_lossy()).into_owned();
        format!("{path} is taken as one submission, although {folders} of its folders hold modules")
    });
    Ok(Found {
        submissions: vec![in_folder(path, name, suite, judged)],
        remarks: remark.into_iter().collect(),
    })
}

/// What has been found so far.
struct Search<'a> {
    suite: &'a Suite,
    /// The challenges of the suite that are judged.
    judged: &'a Suite,
    /// The places that have been looked at: a submission that is given twice is one.
    seen: BTreeSet<PathBuf>,
    /// Submissions and their paths, by name.
    submissions: BTreeMap<String, Vec<(PathBuf, Submission)>>,
    count: usize,
    remarks: Vec<String>,
}

impl Search<'_> {
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
            let submission = single(path, &real, self.suite).map_err(unreadable)?;
            self.add(path, submission);
            return Ok(());
        }
        let folder = Folder::read(path).map_err(unreadable)?;
        match self.kind(path, &folder)? {
            FolderKind::Submission => {
                let name = path.file_name().or(real.file_name());
                let name = shown(name.unwrap_or(real.as_os_str()));
                self.add(path, folder.submission(name, self.suite, self.judged));
            }
            FolderKind::Class => self.class(&real, folder),
        }
        Ok(())
    }

    /// Whether a folder is a submission or a class. Both have files that do not belong there: a
    /// module beside the folders of students, and folders of sources beside modules.
    fn kind(&mut self, path: &Path, folder: &Folder) -> Result<FolderKind, FindError> {
        let programs = folder.programs(self.suite);
        match (programs.is_empty(), folder.folders.is_empty()) {
            (true, true) if folder.links.is_empty() => {
                return Err(FindError::Empty {
                    path: path.to_owned(),
                });
            }
            (true, _) => return Ok(FolderKind::Class),
            (false, true) => return Ok(FolderKind::Submission),
            (false, false) => {}
        }
        let path = one_line(&path.to_string_lossy()).into_owned();
        let (with_modules, all) = (folder.folders_with_modules(), folder.folders.len());
        let names: Vec<String> = programs.iter().map(|it| file_name(it)).collect();
        let (kind, remark) = if with_modules >= FOLDERS_OF_CLASS {
            let (is, it, its) = match names.len() {
                1 => ("is", "it", "its"),
                _ => ("are", "them", "their"),
            };
            let remark = format!(
                "{path} is taken as a class: {with_modules} of its {all} folders hold modules; \
                 {} beside them {is} not judged: move {it} into the folder of {its} author",
                list(&names)
            );
            (FolderKind::Class, remark)
        } else {
            if with_modules == 0 && folder.strange_folders() < FOLDERS_OF_CLASS {
                return Ok(FolderKind::Submission);
            }
            let holds = match (with_modules, all) {
                (0, _) => format!("its {all} folders hold no modules"),
                (_, 1) => "one folder with modules makes no class".to_owned(),
                _ => format!("only {with_modules} of its {all} folders holds modules"),
            };
            let remark = format!(
                "{path} is taken as one submission: it holds {}, and {holds}; if it is a class, move \
                 that into the folder of its author",
                list(&names)
            );
            (FolderKind::Submission, remark)
        };
        self.remarks.push(remark);
        Ok(kind)
    }

    /// Adds the submissions of a class.
    fn class(&mut self, real: &Path, folder: Folder) {
        let archives = folder.archives();
        if !archives.is_empty() {
            self.remarks.push(format!(
                "not judged, as archives are not unpacked: {}; unpack each into a folder of its own",
                list(&archives)
            ));
        }
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_owned();
        for path in folder.folders {
            if self.seen.insert(real.join(name(&path))) {
                let submission = in_folder(&path, shown(&name(&path)), self.suite, self.judged);
                self.add(&path, submission);
            }
        }
        for path in folder.links {
            // A link to a file is as little a submission as a file.
            if path.is_dir() {
                let note = "the folder is a symbolic link, which is not followed: copy the folder \
                            itself, and judge again";
                let submission = without_modules(shown(&name(&path)), note.to_owned());
                self.add(&path, submission);
            }
        }
    }
}

/// What a folder is.
enum FolderKind {
    Submission,
    Class,
}

/// A submission that is a file. Named as it was given, opened where it is.
fn single(path: &Path, real: &Path, suite: &Suite) -> io::Result<Submission> {
    let mut module = module_file(real, suite)?;
    module.path = path.to_owned();
    module.stem = stem(path);
    let name = match path.extension() {
        Some(extension) if extension == "wasm" => path.file_stem(),
        _ => path.file_name(),
    };
    Ok(Submission {
        name: shown(name.unwrap_or(path.as_os_str())),
        modules: vec![module],
        is_single: true,
        takes_all: false,
        notes: Vec::new(),
    })
}

/// The submission in a folder.
fn in_folder(path: &Path, name: String, suite: &Suite, judged: &Suite) -> Submission {
    match Folder::read(path) {
        Ok(folder) => folder.submission(name, suite, judged),
        Err(error) => {
            let note = format!(
                "the folder cannot be read ({error}), so nothing counts as handed in: mend that \
                 and judge again"
            );
            without_modules(name, note)
        }
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
    let more = count.saturating_sub(PATHS_MAX);
    paths.truncate(PATHS_MAX);
    if more > 0 {
        paths.push(format!("{more} more"));
    }
    format!(
        "{count} submissions have this name, and none of them was judged: {}; rename them, or judge \
         them apart",
        paths.join(", ")
    )
}

/// Reads a regular file. Does not follow a symbolic link, and does not wait for other files, such as
/// pipes.
pub(super) fn module_file(path: &Path, suite: &Suite) -> io::Result<ModuleFile> {
    let limit = suite.limits.module.module_bytes;
    let content = match read_regular(path, Links::Refuse, limit)? {
        Some(bytes) => ModuleContent::Sha256(sha256(&bytes)),
        None => ModuleContent::Refused(format!(
            "the file has more than {} MiB, the most that a module may have: build it with \
             optimisation and without debug information",
            limit >> 20
        )),
    };
    Ok(ModuleFile {
        stem: stem(path),
        path: path.to_owned(),
        content,
        script: None,
    })
}

pub(super) fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The name of a file or folder, fit to be shown.
pub(super) fn file_name(path: &Path) -> String {
    shown(path.file_name().unwrap_or(path.as_os_str()))
}

/// A name, fit to be shown on one line. If it is cut or not UTF-8, a hash tells it from others.
pub(super) fn shown(name: &OsStr) -> String {
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
}
