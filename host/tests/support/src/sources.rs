//! Whether a built file is older than what it was made from.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Refuses a built file that is missing or older than one of its sources.
///
/// # Errors
/// With a sentence that says what is wrong and that `command` is to be run.
pub(crate) fn check(built: &Path, sources: &[PathBuf], command: &str) -> Result<(), String> {
    let name = built.file_name().unwrap_or_default().display();
    let Some(made) = modified(built) else {
        return Err(format!("{} is missing: run {command}", built.display()));
    };
    for source in sources {
        let wrong = match modified(source) {
            None => "was made from a file that is gone,",
            Some(changed) if changed > made => "is older than",
            Some(_) => continue,
        };
        return Err(format!(
            "{name} {wrong} {}: run {command}",
            source.display()
        ));
    }
    Ok(())
}

/// The sources that a file of cargo's dep-info names: `TARGET: SOURCE SOURCE…`, with `\ ` for a
/// blank in a name.
pub(crate) fn in_dep_info(text: &str) -> Vec<PathBuf> {
    let Some((_, list)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let mut sources = vec![String::new()];
    let mut chars = list.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&' ') => sources.last_mut().unwrap().extend(chars.next()),
            ' ' => sources.push(String::new()),
            _ => sources.last_mut().unwrap().push(c),
        }
    }
    sources.retain(|source| !source.is_empty());
    sources.into_iter().map(PathBuf::from).collect()
}

/// All files in a folder and below.
pub(crate) fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    /// A file that was changed so many seconds after the epoch.
    fn file(path: &Path, changed_s: u64) -> PathBuf {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(changed_s);
        let file = File::create(path).unwrap();
        file.set_modified(time).unwrap();
        path.to_owned()
    }

    #[test]
    fn a_module_as_old_as_its_newest_source_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let module = file(&dir.path().join("echo.wasm"), 20);
        let sources = [10, 20].map(|at| file(&dir.path().join(format!("{at}.rs")), at));
        assert_eq!(check(&module, &sources, "make"), Ok(()));
    }

    #[test]
    fn a_module_older_than_a_source_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let module = file(&dir.path().join("echo.wasm"), 20);
        let sources = [10, 21].map(|at| file(&dir.path().join(format!("{at}.rs")), at));
        let newer = sources[1].display();
        assert_eq!(
            check(&module, &sources, "./runner.sh build"),
            Err(format!(
                "echo.wasm is older than {newer}: run ./runner.sh build"
            ))
        );
    }

    #[test]
    fn a_module_whose_source_is_gone_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let module = file(&dir.path().join("echo.wasm"), 20);
        let gone = dir.path().join("gone.rs");
        assert_eq!(
            check(&module, std::slice::from_ref(&gone), "make"),
            Err(format!(
                "echo.wasm was made from a file that is gone, {}: run make",
                gone.display()
            ))
        );
    }

    #[test]
    fn a_module_that_is_missing_is_refused() {
        let missing = Path::new("/nowhere/echo.wasm");
        assert_eq!(
            check(missing, &[], "make"),
            Err("/nowhere/echo.wasm is missing: run make".to_owned())
        );
    }

    #[test]
    fn dep_info_names_the_sources() {
        let text = "/t/echo.wasm: /s/a.rs /my\\ folder/b.rs /s/c\\d.rs\n\n/s/a.rs:\n";
        let sources = ["/s/a.rs", "/my folder/b.rs", "/s/c\\d.rs"].map(PathBuf::from);
        assert_eq!(in_dep_info(text), sources);
        assert!(in_dep_info("").is_empty());
        assert!(in_dep_info("/t/echo.wasm: \n").is_empty());
    }

    #[test]
    fn files_are_found_in_all_folders_below() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("node")).unwrap();
        let mut files = ["go.mod", "node/node.go"].map(|name| file(&dir.path().join(name), 1));
        let mut found = below(dir.path());
        found.sort();
        files.sort();
        assert_eq!(found, files);
    }
}
