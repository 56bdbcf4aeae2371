//! What is mounted against what Linux has recorded, and what Linux cannot show.

use super::*;
use crate::DiskLimits;
use crate::mount::MountedTwice;

fn mounts(files: &[(&str, &str)], folders: &[&str]) -> Mounts {
    let mut mounts = Mounts::default();
    for (path, bytes) in files {
        mounts.add_file(path, bytes.as_bytes().into()).unwrap();
    }
    for path in folders {
        mounts.add_folder(path).unwrap();
    }
    mounts
}

fn disk() -> SharedDisk {
    Disk::shared(DiskLimits {
        bytes: 1 << 20,
        files: 100,
    })
}

fn make(view: &mut View<'_>, path: &str) -> Result<Found, TreeError> {
    let place = view.walk("", path)?;
    let opening = Opening {
        makes: true,
        writes: true,
        ..Opening::default()
    };
    view.open(&place, opening)
}

/// The name of an error on Linux.
fn name(error: TreeError) -> &'static str {
    match error {
        TreeError::NotFound => "ENOENT",
        TreeError::Exists => "EEXIST",
        TreeError::NotFolder => "ENOTDIR",
        TreeError::IsFolder => "EISDIR",
        TreeError::NotEmpty => "ENOTEMPTY",
        TreeError::Invalid => "EINVAL",
        TreeError::Busy => "EBUSY",
        TreeError::ReadOnly => "EROFS",
        TreeError::OtherDevice => "EXDEV",
        TreeError::NameTooLong | TreeError::Full | TreeError::Outside => "another",
    }
}

/// What a line of the record asks for.
fn answer(view: &mut View<'_>, words: &[&str]) -> Result<(), TreeError> {
    let place = view.walk("", words[1])?;
    match words[0] {
        "open" => {
            let has = |letter: char| words[2].contains(letter);
            let opening = Opening {
                makes: has('c'),
                is_exclusive: has('x'),
                truncates: has('t'),
                needs_folder: has('d'),
                writes: has('w'),
            };
            view.open(&place, opening).map(|_| ())
        }
        "stat" => view.look_up(&place).map(|_| ()),
        "mkdir" => view.make_folder(&place),
        "rmdir" => view.remove_folder(&place),
        "unlink" => view.remove_file(&place),
        "utime" => view.set_times(&place),
        "rename" => {
            let to = view.walk("", words[2])?;
            view.rename(&place, &to)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_mount_answers_what_linux_answers_on_a_read_only_bind_mount() {
    let mounts = mounts(&[("m/f", "hi\n"), ("m/sub/deep/g", "deep\n")], &["m/empty"]);
    let disk = disk();
    let mut view = View::new(&disk, &mounts);
    make(&mut view, "own").unwrap();
    let place = view.walk("", "dir").unwrap();
    view.make_folder(&place).unwrap();
    let (mut differences, mut count) = (Vec::new(), 0);
    for line in include_str!("recorded.txt").lines() {
        let (words, expected) = line.rsplit_once(' ').unwrap();
        let words: Vec<&str> = words.split(' ').collect();
        let told = answer(&mut view, &words).map_or_else(name, |()| "ok");
        if told != expected {
            differences.push(format!("{line}, not {told}"));
        }
        count += 1;
    }
    assert_eq!(differences, [""; 0]);
    assert_eq!(count, 461);
}

#[test]
fn a_name_of_a_mount_hides_what_the_disk_has_there_and_nothing_else() {
    let disk = disk();
    let none = Mounts::default();
    let mut view = View::new(&disk, &none);
    for path in ["a", "b"] {
        let place = view.walk("", path).unwrap();
        view.make_folder(&place).unwrap();
        make(&mut view, &format!("{path}/own")).unwrap();
    }
    drop(view);
    let mounts = mounts(&[("b/mounted", "xyz"), ("c/d", "")], &[]);
    let view = View::new(&disk, &mounts);
    let list = |folder: &str| {
        let names = view.list(folder).into_iter();
        names.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        ["", "a", "b", "c"].map(list),
        ["a b c", "own", "mounted", "d"]
    );
    let place = view.walk("", "b/own").unwrap();
    assert_eq!(view.look_up(&place), Err(TreeError::NotFound));
    let place = view.walk("a", "../b/./mounted").unwrap();
    let Ok(Found::File(file)) = view.look_up(&place) else {
        panic!("{place:?}");
    };
    let mut target = [b'.'; 4];
    assert_eq!(
        (view.file_len(file), view.read(file, 1, &mut target)),
        (3, 2)
    );
    assert_eq!(&target, b"yz..");
    assert_eq!(view.read(file, u64::MAX, &mut target), 0);
    assert_eq!(view.walk("b", "../..").unwrap_err(), TreeError::Outside);
}

#[test]
fn mounts_are_put_together_unless_two_have_a_file_at_a_path() {
    let mut both = mounts(&[("lib/a", "1")], &[]);
    both.add_file("lib/b", b"2"[..].into()).unwrap();
    both.add_folder("lib").unwrap();
    let twice = |path: &str| MountedTwice { path: path.into() };
    assert_eq!(both.add_file("lib/a", b"3"[..].into()), Err(twice("lib/a")));
    assert_eq!(both.add_file("lib", b"3"[..].into()), Err(twice("lib")));
    assert_eq!(both.add_folder("lib/a"), Err(twice("lib/a")));
    assert_eq!(
        both.add_file("lib/a/x", b"3"[..].into()),
        Err(twice("lib/a"))
    );
    let told: Vec<_> = both.all().collect();
    let expected: [(&str, Option<&[u8]>); 3] =
        [("lib", None), ("lib/a", Some(b"1")), ("lib/b", Some(b"2"))];
    assert_eq!((told, both.bytes()), (expected.to_vec(), 2));
    let others = mounts(&[("lib/c", "4"), ("node.py", "5")], &["empty"]);
    assert_eq!(both.add_under(&others), ["lib"]);
    let names: Vec<&str> = both.all().map(|(path, _)| path).collect();
    assert_eq!(names, ["empty", "lib", "lib/a", "lib/b", "node.py"]);
}
