//! Folders that mean no good.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use rustix::fs::CWD;
use tempfile::TempDir;

use super::*;

const SMALL: MountLimits = MountLimits {
    bytes: 1_000,
    files: 20,
    depth: 3,
};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn read(dir: &TempDir) -> Result<(Mounts, LeftOut), String> {
    let mut reader = MountReader::new(SMALL);
    let root = dir.path().display().to_string();
    let read = reader.read(dir.path(), "");
    read.map_err(|error| error.to_string().replace(&root, "DIR"))?;
    Ok(reader.finish())
}

fn paths(mounts: &Mounts) -> Vec<&str> {
    mounts.all().map(|(path, _)| path).collect()
}

#[test]
fn a_folder_is_read_with_all_that_is_below() {
    let dir = folder(&[("node.py", "1"), ("lib/a.py", "22"), ("lib/b/c.py", "")]);
    let other = folder(&[("d.py", "333")]);
    let mut reader = MountReader::new(SMALL);
    reader.read(dir.path(), "").unwrap();
    reader.read(other.path(), "usr/lib").unwrap();
    let (mounts, left_out) = reader.finish();
    let expected = [
        "lib",
        "lib/a.py",
        "lib/b",
        "lib/b/c.py",
        "node.py",
        "usr",
        "usr/lib",
        "usr/lib/d.py",
    ];
    assert_eq!(paths(&mounts), expected);
    assert_eq!((mounts.bytes(), left_out), (6, LeftOut::default()));
    let (again, _) = read(&dir).unwrap();
    assert_ne!(sha256(&again), sha256(&mounts));
    assert_eq!(sha256(&again), sha256(&read(&dir).unwrap().0));
    fs::write(dir.path().join("node.py"), "2").unwrap();
    assert_ne!(sha256(&again), sha256(&read(&dir).unwrap().0));
    assert_eq!(again.all().last(), Some(("node.py", Some(&b"1"[..]))));
}

#[test]
fn what_is_no_file_is_never_opened_and_is_told() {
    let dir = folder(&[("a", "1")]);
    let path = |name: &str| dir.path().join(name);
    symlink("/etc/passwd", path("secret")).unwrap();
    symlink("a", path("b")).unwrap();
    symlink(dir.path(), path("round")).unwrap();
    for index in 0..7 {
        symlink("a", path(&format!("z{index}"))).unwrap();
    }
    rustix::fs::mknodat(
        CWD,
        path("pipe"),
        FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(path("socket")).unwrap();
    fs::write(dir.path().join(OsStr::from_bytes(b"\xff\n")), "x").unwrap();
    let (mounts, left_out) = read(&dir).unwrap();
    assert_eq!(paths(&mounts), ["a"]);
    let told = [
        "symbolic links are not followed: b, round, secret, z0, z1 and 5 more",
        "pipes, sockets and devices are left out: pipe, socket",
        "names that are not UTF-8 are left out: \u{fffd}\\n",
    ];
    assert_eq!(left_out.sentences(), told);
}

#[test]
fn a_folder_that_exceeds_a_limit_is_refused_with_the_place() {
    // As large as they can be, and no file takes room.
    let sparse = folder(&[("a", "1"), ("b/large", "")]);
    let large = File::options()
        .write(true)
        .open(sparse.path().join("b/large"))
        .unwrap();
    large.set_len(1 << 40).unwrap();
    let exact = folder(&[("a", "1")]);
    fs::write(exact.path().join("b"), vec![0; 999]).unwrap();
    assert_eq!(read(&exact).unwrap().0.bytes(), 1_000);
    fs::write(exact.path().join("b"), vec![0; 1_000]).unwrap();
    let many = folder(&[]);
    for index in 0..21 {
        fs::write(many.path().join(format!("{index}")), "").unwrap();
    }
    let deep = folder(&[("1/2/3/4/5", "")]);
    let advice = "; mount a folder that has only what the program reads";
    let expected = [
        (
            &sparse,
            format!("with DIR/b/large there are more than 1000 bytes{advice}"),
        ),
        (
            &exact,
            format!("with DIR/b there are more than 1000 bytes{advice}"),
        ),
        (
            &many,
            format!("with DIR there are more than 20 files and folders{advice}"),
        ),
        (
            &deep,
            "DIR/1/2/3/4 lies deeper than 3 folders, or its path has more than 4095 bytes"
                .to_owned(),
        ),
    ];
    for (dir, why) in expected {
        assert_eq!(read(dir).unwrap_err(), format!("cannot mount DIR: {why}"));
    }
}

#[test]
fn what_is_no_folder_is_refused() {
    let dir = folder(&[("file", "1")]);
    let path = |name: &str| dir.path().join(name);
    rustix::fs::mknodat(
        CWD,
        path("pipe"),
        FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    symlink("file", path("link")).unwrap();
    let told = ["file", "pipe", "link", "none"].map(|name| {
        let error = MountReader::new(SMALL).read(&path(name), "").unwrap_err();
        let root = dir.path().display().to_string();
        error.to_string().replace(&root, "DIR")
    });
    let file = "it is a file; mount the folder that it is in";
    let expected = [
        format!("cannot mount DIR/file: {file}"),
        format!("cannot mount DIR/pipe: {file}"),
        format!("cannot mount DIR/link: {file}"),
        "cannot mount DIR/none: No such file or directory (os error 2)".to_owned(),
    ];
    assert_eq!(told, expected);
}

#[test]
fn one_file_is_mounted_once() {
    let dir = folder(&[("a/b", "1")]);
    let mut reader = MountReader::new(SMALL);
    reader.read(dir.path(), "x").unwrap();
    let error = reader.read(dir.path(), "x").unwrap_err().to_string();
    let root = dir.path().display().to_string();
    assert_eq!(
        error.replace(&root, "DIR"),
        "cannot mount DIR at /x: two mounts have /x/a/b"
    );
}

#[test]
fn mount_points_are_paths_from_the_root() {
    let told = |text: &str| mount_point(text).map_err(|error| error.to_string());
    assert_eq!(told("/"), Ok(String::new()));
    assert_eq!(told("/usr/lib/"), Ok("usr/lib".to_owned()));
    assert_eq!(told("/tmpfs"), Ok("tmpfs".to_owned()));
    for (text, why) in [
        ("lib", "it does not begin with /"),
        ("", "it does not begin with /"),
        ("/a/../b", "it has a name that is empty, . or .."),
        ("/a//b", "it has a name that is empty, . or .."),
        (
            "/tmp",
            "/tmp is for what programs write; mount it elsewhere",
        ),
        (
            "/tmp/x",
            "/tmp is for what programs write; mount it elsewhere",
        ),
    ] {
        assert_eq!(told(text), Err(format!("cannot mount at {text:?}: {why}")));
    }
}
