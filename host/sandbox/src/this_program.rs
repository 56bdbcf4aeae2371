//! Where the running program is, so that it can start itself.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf, absolute};

/// The path of the running program. Where no `/proc` is mounted, as in an empty root, what the program
/// was called by tells it.
pub(crate) fn path() -> io::Result<PathBuf> {
    // On Linux this is the running program, even if its file has been replaced.
    let this = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && this.exists() {
        return Ok(this);
    }
    env::current_exe().or_else(|error| {
        let called = env::args_os().next().unwrap_or_default();
        let folders = env::var_os("PATH").unwrap_or_default();
        match called_by(&called, &folders, Path::is_file) {
            Some(path) => absolute(path),
            None => Err(io::Error::new(
                error.kind(),
                format!(
                    "the system does not tell where this program is ({error}), which it needs to compile \
                     modules: mount /proc, or call it by its path"
                ),
            )),
        }
    })
}

/// What a shell would run as `name`, where `folders` is its PATH.
fn called_by(name: &OsStr, folders: &OsStr, is_file: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let name = Path::new(name);
    name.file_name()?;
    if name.components().count() > 1 {
        return is_file(name).then(|| name.to_owned());
    }
    let mut paths = env::split_paths(folders).map(|folder| folder.join(name));
    paths.find(|path| is_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a system with these programs.
    fn found(name: &str, folders: &str, programs: &[&str]) -> Option<PathBuf> {
        let is_file = |path: &Path| programs.iter().any(|program| Path::new(program) == path);
        called_by(name.as_ref(), folders.as_ref(), is_file)
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        let is = |name: &str| found(name, "/bin", &["/host", "./host", "bin/host", "/bin/host"]);
        assert_eq!(is("/host"), Some("/host".into()));
        assert_eq!(is("./host"), Some("./host".into()));
        assert_eq!(is("bin/host"), Some("bin/host".into()));
        assert_eq!(is("/gone/host"), None);
    }

    #[test]
    fn a_name_is_looked_for_in_the_folders_of_path() {
        let programs = ["/usr/bin/host", "/bin/host", "host"];
        assert_eq!(
            found("host", "/sbin:/usr/bin:/bin", &programs),
            Some("/usr/bin/host".into())
        );
        assert_eq!(found("host", "/sbin", &programs), None);
        assert_eq!(found("", "/bin", &["/bin/"]), None);
        assert_eq!(found("/", "/bin", &["/"]), None);
    }
}
