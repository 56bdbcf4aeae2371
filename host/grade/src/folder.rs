//! What is in a folder that was handed in, and what its author should know about it.
//!
//! Symbolic links are not followed, and only regular files that are for a challenge are opened.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::script::{FolderContent, Script};
use super::submission::{
    ModuleContent, ModuleFile, Submission, file_name, module_file, shown, stem,
};
use super::suite::{Challenge, Suite, Visibility};
use host_sandbox::MountError;

/// The most entries of a folder.
const ENTRIES_MAX: usize = 10_000;

/// The most notes of a submission.
const NOTES_MAX: usize = 20;

/// The most names in a note.
const NAMES_MAX: usize = 8;

/// How deep modules are looked for that lie too deep.
const DEPTH_MAX: usize = 4;

/// The most entries that are looked at for that, in all folders together.
const DEEP_ENTRIES_MAX: usize = 2000;

/// Folders beside modules that compilers make, and that may hold the same modules once more.
const OF_COMPILERS: [&str; 4] = ["deps", "examples", "build", "incremental"];

/// Folders of somebody's own project.
const OF_PROJECTS: [&str; 8] = [
    "src",
    "target",
    "tests",
    "docs",
    "bin",
    "vendor",
    "node_modules",
    "solutions",
];

/// A folder that archives of one system bring along.
const OF_ARCHIVES: &str = "__MACOSX";

/// The ends of names of archives.
const ARCHIVES: [&str; 9] = ["zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar"];

/// The entries of a folder, sorted by name. Hidden files are left out.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Regular files whose name ends with `.wasm`.
    pub(super) modules: Vec<PathBuf>,
    /// The folders in it.
    pub(super) folders: Vec<PathBuf>,
    /// Symbolic links.
    pub(super) links: Vec<PathBuf>,
    /// Other regular files.
    files: Vec<PathBuf>,
    /// `.wasm` files that are pipes, devices or sockets.
    special: Vec<PathBuf>,
    /// What could not be looked at, and why.
    unknown: Vec<String>,
}

impl Folder {
    /// Reads a folder.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut names = BTreeSet::new();
        for entry in path.read_dir()? {
            names.insert(entry?.file_name());
            if names.len() > ENTRIES_MAX {
                return Err(io::Error::other(format!(
                    "it has more than {ENTRIES_MAX} entries"
                )));
            }
        }
        let mut folder = Folder::default();
        for name in names {
            if name.as_encoded_bytes().starts_with(b".") || name == OF_ARCHIVES {
                continue;
            }
            let path = path.join(&name);
            let kind = match path.symlink_metadata() {
                Ok(metadata) => metadata.file_type(),
                Err(error) => {
                    let note = format!("{} cannot be looked at: {error}", shown(&name));
                    folder.unknown.push(note);
                    continue;
                }
            };
            let is_module = path
                .extension()
                .is_some_and(|extension| extension == "wasm");
            let place = match (kind.is_symlink(), kind.is_dir(), is_module, kind.is_file()) {
                (true, ..) => &mut folder.links,
                (_, true, ..) => &mut folder.folders,
                (_, _, true, true) => &mut folder.modules,
                (_, _, true, false) => &mut folder.special,
                _ => &mut folder.files,
            };
            place.push(path);
        }
        Ok(folder)
    }

    /// Its modules and scripts.
    pub(super) fn programs(&self, suite: &Suite) -> Vec<&PathBuf> {
        let scripts = self.scripts(suite).into_iter().map(|(path, _)| path);
        self.modules.iter().chain(scripts).collect()
    }

    /// Its scripts for a challenge, with the runtimes that they are for, by their index.
    fn scripts(&self, suite: &Suite) -> Vec<(&PathBuf, usize)> {
        let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|it| it.is_file());
        let scripts = self.files.iter().filter_map(|path| {
            let runtime = suite.runtime_for(path)?;
            let stem = stem(path);
            let mut challenges = suite.challenges.iter();
            let fits = challenges.any(|challenge| challenge.fit(&stem).is_some());
            (fits && is_file(path)).then_some((path, runtime))
        });
        scripts.collect()
    }

    /// The scripts as they are judged, and notes on their folder; or why it cannot be read.
    fn script_files(&self, suite: &Suite) -> Result<(Vec<ModuleFile>, Vec<String>), MountError> {
        let scripts = self.scripts(suite);
        let Some(folder) = scripts.first().and_then(|(path, _)| path.parent()) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let runtimes: Vec<usize> = scripts.iter().map(|(_, runtime)| *runtime).collect();
        let content = FolderContent::read(folder, suite, &runtimes)?;
        let files = scripts.into_iter().map(|(path, runtime)| {
            let name = path.file_name().unwrap_or_default();
            let script = Script {
                runtime,
                folder: folder.to_owned(),
                file: name.to_string_lossy().into_owned(),
                limits: suite.limits.folder,
            };
            ModuleFile {
                stem: stem(path),
                path: path.clone(),
                content: match &content.sha256 {
                    Ok(sha256) => ModuleContent::Sha256(script.sha256(suite, sha256)),
                    Err(why) => ModuleContent::Refused(why.clone()),
                },
                script: Some(script),
            }
        });
        Ok((files.collect(), content.notes))
    }

    /// The archives in it, which are not unpacked.
    pub(super) fn archives(&self) -> Vec<String> {
        let archives = self.files.iter().filter(|path| is_archive(path));
        archives.map(|path| file_name(path)).collect()
    }

    /// Its folders that hold modules themselves, without those that compilers make.
    pub(super) fn folders_with_modules(&self) -> usize {
        let has_modules = |path: &&PathBuf| {
            let holds = || Folder::read(path).is_ok_and(|folder| !folder.modules.is_empty());
            !is_of_compiler(path) && holds()
        };
        self.folders.iter().filter(has_modules).count()
    }

    /// Its folders that neither compilers nor projects have.
    pub(super) fn strange_folders(&self) -> usize {
        let is_of_project = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default();
            OF_PROJECTS.iter().any(|usual| name == *usual) || is_of_compiler(path)
        };
        self.folders.iter().filter(|it| !is_of_project(it)).count()
    }

    /// The submission in this folder, under this name. Of `judged` are the challenges of the suite
    /// that are judged.
    pub(super) fn submission(&self, name: String, suite: &Suite, judged: &Suite) -> Submission {
        let (mut modules, mut unreadable, mut unfit) = (Vec::new(), Vec::new(), Vec::new());
        for path in &self.modules {
            let stem = stem(path);
            let mut challenges = suite.challenges.iter();
            if !challenges.any(|challenge| challenge.fit(&stem).is_some()) {
                unfit.push(file_name(path));
                continue;
            }
            match module_file(path, suite) {
                Ok(module) => modules.push(module),
                Err(error) => unreadable.push(format!(
                    "{} cannot be read ({error}) and counts as not handed in: make it readable \
                     and judge again",
                    file_name(path)
                )),
            }
        }
        let (scripts, of_folder) = self.script_files(suite).unwrap_or_else(|error| {
            unreadable.push(format!(
                "{error}: the scripts count as not handed in; make it readable and judge again"
            ));
            (Vec::new(), Vec::new())
        });
        let has_scripts = !scripts.is_empty();
        // Of a module and a script that fit as well, the module is the last and is taken.
        let modules = scripts.into_iter().chain(modules).collect();
        let mut submission = Submission {
            name,
            modules,
            is_single: false,
            takes_all: false,
            // What somebody has to do comes first.
            notes: unreadable,
        };
        let replaced = replaced(&submission, suite);
        let notes = &mut submission.notes;
        if !unfit.is_empty() {
            notes.push(format!(
                "{} for no challenge of the suite: modules are looked for as {}",
                are(&unfit, "is", "are"),
                wanted(judged)
            ));
        } else if self.modules.is_empty() && !has_scripts && notes.is_empty() {
            notes.push(match self.entries() == 0 {
                true => "the folder is empty: nothing was handed in".to_owned(),
                false => format!(
                    "no .wasm file was handed in: modules are looked for as {}{}",
                    wanted(judged),
                    scripts_wanted(suite)
                ),
            });
        }
        notes.extend(replaced);
        match has_scripts {
            // All files may be read by them.
            true => notes.extend(of_folder),
            false => notes.extend(self.ignored(suite)),
        }
        let more = notes.len().saturating_sub(NOTES_MAX);
        notes.truncate(NOTES_MAX);
        if more > 0 {
            notes.push(format!("and {more} more files are ignored"));
        }
        submission
    }

    /// How many entries it has.
    fn entries(&self) -> usize {
        let all = [&self.modules, &self.folders, &self.links, &self.files];
        let all = all.iter().map(|paths| paths.len()).sum::<usize>();
        all + self.special.len() + self.unknown.len()
    }

    /// Notes on what is no module, or lies where none is looked for.
    fn ignored(&self, suite: &Suite) -> Vec<String> {
        let mut notes = self.unknown.clone();
        let links = names(&self.links);
        if !links.is_empty() {
            let are = are(&links, "is a symbolic link", "are symbolic links");
            let files = if links.len() == 1 {
                "the file itself"
            } else {
                "the files themselves"
            };
            notes.push(format!(
                "{are}, and links are not followed: hand in {files}"
            ));
        }
        let special = names(&self.special);
        if !special.is_empty() {
            notes.push(are(&special, "is no regular file", "are no regular files"));
        }
        let (mut plain, mut left) = (Vec::new(), DEEP_ENTRIES_MAX);
        for folder in &self.folders {
            let found = match is_of_compiler(folder) && !self.modules.is_empty() {
                true => Vec::new(), // they are copies of what is here
                false => below(folder, Path::new(&file_name(folder)), DEPTH_MAX, &mut left),
            };
            match found.is_empty() {
                true => plain.push(file_name(folder)),
                false => notes.push(format!(
                    "{} too deep: modules are looked for in the folder itself, so move {} up",
                    are(&found, "lies", "lie"),
                    if found.len() == 1 { "it" } else { "them" }
                )),
            }
        }
        if !plain.is_empty() {
            let beside = if plain.len() == 1 { "it" } else { "them" };
            let are = are(&plain, "is a folder", "are folders");
            notes.push(format!("{are}: modules are looked for beside {beside}"));
        }
        let archives = self.archives();
        if !archives.is_empty() {
            let them = if archives.len() == 1 { "it" } else { "them" };
            let are = are(&archives, "is an archive", "are archives");
            notes.push(format!("{are}: unpack {them}"));
        }
        let mut others = Vec::new();
        for path in self.files.iter().filter(|path| !is_archive(path)) {
            let name = file_name(path);
            let lower = name.to_ascii_lowercase();
            let stem = lower.strip_suffix(".wasm");
            let fits = |stem: &str| suite.challenges.iter().any(|it| it.fit(stem).is_some());
            match stem.is_some_and(fits) {
                true => notes.push(format!("{name} is not a .wasm file: call it {lower}")),
                false => others.push(name),
            }
        }
        if !others.is_empty() {
            notes.push(are(&others, "is not a .wasm file", "are not .wasm files"));
        }
        notes
    }
}

/// What a file has to be called, for each challenge: `echo.wasm for 1, broadcast.wasm for 3a and 3b`.
/// Challenges that are hidden from students are not named if there are others.
#[must_use]
pub fn wanted(suite: &Suite) -> String {
    let mut by_module: Vec<(&str, Vec<String>)> = Vec::new();
    let is_seen = |it: &&Challenge| it.visibility == Visibility::Visible;
    let none_is_seen = !suite.challenges.iter().any(|it| is_seen(&it));
    let named = suite.challenges.iter();
    for Challenge { id, module, .. } in named.filter(|it| none_is_seen || is_seen(it)) {
        match by_module.iter_mut().find(|(name, _)| name == module) {
            Some((_, ids)) => ids.push(id.clone()),
            None => by_module.push((module, vec![id.clone()])),
        }
    }
    let wanted = by_module.iter().map(|(module, ids)| match ids.as_slice() {
        [id] if id == module => format!("{module}.wasm"),
        ids => format!("{module}.wasm for {}", list(ids)),
    });
    let wanted: Vec<String> = wanted.collect();
    wanted.join(", ")
}

/// What else a script may be called.
fn scripts_wanted(suite: &Suite) -> String {
    let ends = suite.runtimes.iter().map(|it| format!(".{}", it.extension));
    let ends: Vec<String> = ends.collect();
    match ends.is_empty() {
        true => String::new(),
        false => format!("; scripts by the same names with {}", ends.join(" or ")),
    }
}

/// `a`, `a and b`, or `a, b and 7 more`.
pub(super) fn list(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let (last, first) = match more {
        0 => match names.split_last() {
            Some((last, first)) => (last.clone(), first),
            None => return String::new(),
        },
        more => (format!("{more} more"), &names[..NAMES_MAX]),
    };
    match first {
        [] => last,
        first => format!("{} and {last}", first.join(", ")),
    }
}

/// The names, and what they are: `a is no module`, `a and b are no modules`.
fn are(names: &[String], one: &str, many: &str) -> String {
    let what = if names.len() == 1 { one } else { many };
    format!("{} {what}", list(names))
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| file_name(path)).collect()
}

fn is_of_compiler(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    OF_COMPILERS.iter().any(|made| name == *made)
}

fn is_archive(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    ARCHIVES.iter().any(|archive| extension == *archive)
}

/// The `.wasm` files in a folder and the folders in it, by their path from the submission on.
fn below(folder: &Path, shown: &Path, depth: usize, left: &mut usize) -> Vec<String> {
    let mut found = Vec::new();
    let Some(depth) = depth.checked_sub(1) else {
        return found;
    };
    let Ok(read) = Folder::read(folder) else {
        return found;
    };
    *left = left.saturating_sub(1 + read.entries());
    for module in read.modules {
        found.push(shown.join(file_name(&module)).display().to_string());
    }
    for folder in read.folders {
        if *left == 0 {
            return found;
        }
        let shown = shown.join(file_name(&folder));
        found.extend(below(&folder, &shown, depth, left));
    }
    found
}

/// Notes on modules in whose place another one is taken for every challenge.
fn replaced(submission: &Submission, suite: &Suite) -> Vec<String> {
    let mut notes = Vec::new();
    for module in &submission.modules {
        let fits = suite.challenges.iter();
        let taken: Vec<(&Challenge, &ModuleFile)> = fits
            .filter(|challenge| challenge.fit(&module.stem).is_some())
            .filter_map(|challenge| Some((challenge, submission.module_for(challenge)?)))
            .collect();
        if taken.iter().any(|(_, taken)| taken.path == module.path) {
            continue;
        }
        let taken = taken.iter().map(|(challenge, taken)| {
            format!("{} is taken for {}", file_name(&taken.path), challenge.id)
        });
        let taken: Vec<String> = taken.collect();
        notes.push(format!(
            "{} is not judged: {}",
            file_name(&module.path),
            list(&taken)
        ));
    }
    notes
}
