//! The tree against a real directory, and what a directory cannot show.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::*;
use crate::{DiskLimits, Scope, Survival};

fn disk() -> Disk {
    Disk::new(DiskLimits {
        bytes: 1 << 20,
        files: 100,
    })
}

/// The number of an error on Linux.
fn number(error: TreeError) -> i32 {
    match error {
        TreeError::NotFound => 2,
        TreeError::Busy => 16,
        TreeError::Exists => 17,
        TreeError::NotFolder => 20,
        TreeError::IsFolder => 21,
        TreeError::Invalid => 22,
        TreeError::Full => 28,
        TreeError::NameTooLong => 36,
        TreeError::NotEmpty => 39,
        TreeError::Outside => 1,
        TreeError::OtherDevice => 18,
        TreeError::ReadOnly => 30,
    }
}

/// Numbers that look random, from a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    /// A path of one to four parts from a few names, so that most meet something.
    fn path(&mut self) -> String {
        let parts = ["a", "b", "c", "d", "a", "b", "c", ".", "..", "."];
        let mut path = String::new();
        for index in 0..1 + self.below(3) {
            if index > 0 {
                path.push_str(["/", "/", "//"][self.below(3)]);
            }
            let bound = if self.chance(4) { parts.len() } else { 4 };
            path.push_str(parts[self.below(bound)]);
        }
        if self.chance(8) {
            path.push('/');
        }
        path
    }

    fn opening(&mut self) -> (Opening, bool) {
        let opening = Opening {
            makes: self.chance(2),
            is_exclusive: self.chance(4),
            truncates: self.chance(5),
            needs_folder: self.chance(6),
            writes: !self.chance(4),
        };
        // Kernels differ in what they say of both.
        let opening = Opening {
            needs_folder: opening.needs_folder && !opening.makes,
            ..opening
        };
        (opening, self.chance(2))
    }
}

/// A number on both sides, or the number of an error.
type Outcome = Result<u64, i32>;

fn of_disk<T>(result: Result<T, TreeError>, value: impl FnOnce(T) -> u64) -> Outcome {
    result.map(value).map_err(number)
}

fn of_directory<T>(result: io::Result<T>, value: impl FnOnce(T) -> u64) -> Outcome {
    result
        .map(value)
        .map_err(|error| error.raw_os_error().unwrap())
}

/// The same operations on a disk and in a directory.
struct Both {
    disk: Disk,
    root: tempfile::TempDir,
    open: Vec<(u64, File)>,
}

const DIRECTORY: i32 = 0o200_000;
const CREATE: i32 = 0o100;
const EXCLUSIVE: i32 = 0o200;
const TRUNCATE: i32 = 0o1000;

fn flags(opening: Opening) -> i32 {
    let flag = |is_set: bool, flag: i32| if is_set { flag } else { 0 };
    flag(opening.makes, CREATE)
        | flag(opening.is_exclusive, EXCLUSIVE)
        | flag(opening.truncates, TRUNCATE)
        | flag(opening.needs_folder, DIRECTORY)
}

impl Both {
    fn new() -> Self {
        Both {
            disk: disk(),
            root: tempfile::tempdir().unwrap(),
            open: Vec::new(),
        }
    }

    fn real(&self, path: &str) -> String {
        format!("{}/{path}", self.root.path().display())
    }

    /// Does something on both, unless it would leave the root. Returns what it was, and what came of it.
    fn step(&mut self, numbers: &mut Numbers) -> Option<(String, Outcome, Outcome)> {
        let path = numbers.path();
        let real = self.real(&path);
        let place = self.disk.walk("", &path);
        if place == Err(TreeError::Outside) {
            return None;
        }
        let one = |()| 1;
        Some(match numbers.below(12) {
            0 | 1 => (
                format!("mkdir {path}"),
                of_disk(place.and_then(|it| self.disk.make_folder(&it)), one),
                of_directory(fs::create_dir(real), one),
            ),
            2 => (
                format!("rmdir {path}"),
                of_disk(place.and_then(|it| self.disk.remove_folder(&it)), one),
                of_directory(fs::remove_dir(real), one),
            ),
            3 => (
                format!("unlink {path}"),
                of_disk(place.and_then(|it| self.disk.remove_file(&it)), one),
                of_directory(fs::remove_file(real), one),
            ),
            4 | 5 => {
                let other = numbers.path();
                let to = self.disk.walk("", &other);
                if to == Err(TreeError::Outside) {
                    return None;
                }
                (
                    format!("rename {path} {other}"),
                    of_disk(place.and_then(|from| self.disk.rename(&from, &to?)), one),
                    of_directory(fs::rename(real, self.real(&other)), one),
                )
            }
            6 => (
                format!("stat {path}"),
                of_disk(
                    place.and_then(|it| self.disk.look_up(&it)),
                    |node| match node {
                        Node::Folder => u64::MAX,
                        Node::File(file) => self.disk.file_len(file),
                    },
                ),
                of_directory(fs::metadata(real), |it| match it.is_dir() {
                    true => u64::MAX,
                    false => it.len(),
                }),
            ),
            7 => (
                format!("list {path}"),
                of_disk(
                    place.and_then(|it| match self.disk.look_up(&it)? {
                        Node::Folder => Ok(self.disk.list(it.path()).len() as u64),
                        Node::File(_) => Err(TreeError::NotFolder),
                    }),
                    |it| it,
                ),
                of_directory(fs::read_dir(real), |it| it.count() as u64),
            ),
            8 | 9 => self.open(numbers, &path, place),
            _ => return self.with_open(numbers),
        })
    }

    fn open(
        &mut self,
        numbers: &mut Numbers,
        path: &str,
        place: Result<Place, TreeError>,
    ) -> (String, Outcome, Outcome) {
        let (opening, reads) = numbers.opening();
        let opened = place.and_then(|it| self.disk.open(&it, opening));
        let mut options = OpenOptions::new();
        options.read(reads || !opening.writes).write(opening.writes);
        let real = options.custom_flags(flags(opening)).open(self.real(path));
        let (one, other) = (
            of_disk(opened, |node| u64::from(node == Node::Folder)),
            of_directory(
                real.as_ref()
                    .map_err(|error| io::Error::from_raw_os_error(error.raw_os_error().unwrap())),
                |file| u64::from(file.metadata().unwrap().is_dir()),
            ),
        );
        if let (Ok(Node::File(id)), Ok(file)) = (opened, real) {
            self.open.push((id, file));
        }
        if self.open.len() > 4 {
            let (id, _) = self.open.remove(numbers.below(4));
            self.disk.close(id);
        }
        (format!("open {path} {opening:?}"), one, other)
    }

    /// Uses a file that is open on both.
    fn with_open(&mut self, numbers: &mut Numbers) -> Option<(String, Outcome, Outcome)> {
        if self.open.is_empty() {
            return None;
        }
        let (id, file) = &self.open[numbers.below(self.open.len())];
        let at = numbers.below(9000) as u64;
        let mut bytes = vec![u8::try_from(numbers.below(256)).unwrap(); numbers.below(5000)];
        let count = |it: usize| it as u64;
        match numbers.below(3) {
            0 => {
                // A file that is open for reading only is not written: see the guests' tests.
                let real = file.write_at(&bytes, at).ok()?;
                let written = of_disk(self.disk.write(*id, at, &bytes), count);
                Some((format!("write {id}"), written, Ok(count(real))))
            }
            1 => {
                let mut other = bytes.clone();
                let real = file.read_at(&mut other, at).ok()?;
                let read = self.disk.read(*id, at, &mut bytes);
                assert!(bytes == other, "read {id}");
                Some((format!("read {id}"), Ok(count(read)), Ok(count(real))))
            }
            _ => {
                file.set_len(at).ok()?;
                let set = of_disk(self.disk.set_len(*id, at), |()| 1);
                Some((format!("set the length of {id}"), set, Ok(1)))
            }
        }
    }
}

/// All of a directory: folders end with a slash, files with their bytes.
fn tree_of_directory(root: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.push((format!("{name}/"), Vec::new()));
            tree_of_directory(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push((name, fs::read(entry.path()).unwrap()));
        }
    }
}

fn tree_of_disk(disk: &Disk, folder: &str, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
    for (name, node) in disk.list(folder) {
        let name = format!("{prefix}{name}");
        match node {
            Node::Folder => {
                found.push((format!("{name}/"), Vec::new()));
                tree_of_disk(disk, &name, &format!("{name}/"), found);
            }
            Node::File(file) => {
                let mut bytes = vec![0; usize::try_from(disk.file_len(file)).unwrap()];
                disk.read(file, 0, &mut bytes);
                found.push((name, bytes));
            }
        }
    }
}

#[test]
fn it_does_what_a_directory_does() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..500 {
        let (mut both, mut numbers) = (Both::new(), Numbers(seed));
        let mut done = Vec::new();
        for _ in 0..150 {
            let Some((what, one, other)) = both.step(&mut numbers) else {
                continue;
            };
            assert_eq!(one, other, "seed {seed}: {what}, after {done:#?}");
            if let Err(error) = one {
                seen.insert(error);
            }
            done.push(what);
        }
        let (mut one, mut other) = (Vec::new(), Vec::new());
        tree_of_disk(&both.disk, "", "", &mut one);
        tree_of_directory(both.root.path(), "", &mut other);
        assert!(
            one == other,
            "seed {seed}: {one:?} {other:?} after {done:#?}"
        );
        both.disk.kill();
        let held = one.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
        assert_eq!(both.disk.visible.total_bytes(), held);
        let names = both.disk.visible.names.keys().map(|path| path.len());
        assert_eq!(both.disk.visible.name_bytes(), names.sum::<usize>());
    }
    // Each error that such paths can meet was met.
    assert_eq!(Vec::from_iter(seen), [2, 16, 17, 20, 21, 22, 39]);
}

fn place(disk: &Disk, path: &str) -> Place {
    disk.walk("", path).unwrap()
}

fn made(disk: &mut Disk, path: &str) -> u64 {
    let place = place(disk, path);
    disk.make_file(&place).unwrap()
}

fn made_folder(disk: &mut Disk, path: &str) {
    let place = place(disk, path);
    disk.make_folder(&place).unwrap();
}

fn renamed(disk: &mut Disk, from: &str, to: &str) {
    let (from, to) = (place(disk, from), place(disk, to));
    disk.rename(&from, &to).unwrap();
}

#[test]
fn no_path_leads_out_and_none_is_longer_than_names_may_be() {
    let mut disk = disk();
    made_folder(&mut disk, "a");
    let walk =
        |folder: &str, path: &str| disk.walk(folder, path).map(|place| place.path().to_owned());
    let long = "x".repeat(255);
    for (folder, path, expected) in [
        ("", "..", Err(TreeError::Outside)),
        ("", "a/../..", Err(TreeError::Outside)),
        ("", "a/../../a", Err(TreeError::Outside)),
        ("a", "../..", Err(TreeError::Outside)),
        ("a", "..", Ok("")),
        ("a", "../b", Ok("b")),
        ("", "/a", Err(TreeError::Outside)),
        ("", "", Err(TreeError::NotFound)),
        ("", "b/..", Err(TreeError::NotFound)),
        ("", "a\0", Err(TreeError::Invalid)),
        ("", &long, Ok(&*long)),
        ("", &format!("{long}x"), Err(TreeError::NameTooLong)),
        ("", &format!("a/{long}x"), Err(TreeError::NameTooLong)),
        ("", &"a/../".repeat(819), Ok("")), // 4095 bytes
        ("", &"./".repeat(2048), Err(TreeError::NameTooLong)),
        ("", ".//a///", Ok("a")),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(walk(folder, path), expected, "{folder} {path}");
    }
}

#[test]
fn paths_stay_short_however_folders_are_moved() {
    let mut disk = disk();
    let name = "x".repeat(255);
    let mut path = String::new();
    for _ in 0..15 {
        path = format!("{path}{name}");
        made_folder(&mut disk, &path);
        path.push('/');
    }
    made_folder(&mut disk, "a");
    let (from, to) = (place(&disk, &name), place(&disk, "a/b"));
    assert_eq!(disk.rename(&from, &to), Ok(())); // shorter
    let (y, z) = ("y".repeat(255), "z".repeat(255));
    made_folder(&mut disk, &y);
    made_folder(&mut disk, &format!("{y}/{z}"));
    let from = place(&disk, "a");
    let to = place(&disk, &format!("{y}/{z}/a"));
    assert_eq!(disk.rename(&from, &to), Err(TreeError::NameTooLong));
    let to = place(&disk, &format!("{y}/a"));
    assert_eq!(disk.rename(&from, &to), Ok(()));
    let longest = disk.visible.names.keys().map(|path| path.len()).max();
    // 14 of the 15 long names are behind `a/b` now, which is in y.
    assert_eq!(longest, Some(14 * 256 + 255 + 1 + 3));
}

#[test]
fn a_disk_takes_what_it_has_room_for_to_the_byte() {
    let mut disk = Disk::new(DiskLimits {
        bytes: 10_000,
        files: 3,
    });
    let (a, b) = (made(&mut disk, "a"), made(&mut disk, "b"));
    assert_eq!(disk.write(a, 0, &[1; 4000]), Ok(4000));
    assert_eq!(disk.write(b, 0, &[1; 7000]), Ok(6000)); // what fits
    assert_eq!(disk.write(b, 6000, &[1]), Err(TreeError::Full));
    assert_eq!(disk.write(b, 6000, &[]), Ok(0));
    assert_eq!(disk.write(b, 5999, &[2, 2]), Ok(1)); // over what is there
    assert_eq!(disk.set_len(b, 6001), Err(TreeError::Full));
    assert_eq!(disk.set_len(b, u64::MAX), Err(TreeError::Full));
    assert_eq!(disk.write(b, u64::MAX, &[1]), Err(TreeError::Full));
    assert_eq!(
        disk.write(b, u64::MAX - 1, &[1, 2, 3]),
        Err(TreeError::Full)
    );
    let held = disk.held_bytes();
    assert_eq!(disk.set_len(b, 5000), Ok(()));
    assert!(disk.held_bytes() < held);
    assert_eq!(disk.write(b, 5500, &[1; 1000]), Ok(500)); // a gap counts
    assert_eq!(disk.visible.total_bytes(), 10_000);
    made_folder(&mut disk, "c");
    let place = place(&disk, "d");
    assert_eq!(disk.make_file(&place), Err(TreeError::Full));
    assert_eq!(disk.make_folder(&place), Err(TreeError::Full));
}

#[test]
fn a_removed_file_takes_room_until_it_is_closed() {
    let mut disk = disk();
    let file = made(&mut disk, "a");
    disk.write(file, 0, &[7; 5000]).unwrap();
    let at = place(&disk, "a");
    for _ in 0..2 {
        assert_eq!(disk.open(&at, Opening::default()), Ok(Node::File(file)));
    }
    disk.remove_file(&at).unwrap();
    disk.write(file, 5000, &[7; 5000]).unwrap();
    disk.close(file);
    assert_eq!(
        (disk.file_len(file), disk.visible.total_bytes()),
        (10_000, 10_000)
    );
    disk.close(file);
    disk.close(file); // once too often
    assert_eq!((disk.file_len(file), disk.visible.total_bytes()), (0, 0));
    assert_eq!(disk.write(file, 0, &[]), Ok(0));
}

#[test]
fn a_sync_of_a_folder_means_what_is_in_it_whatever_it_was_called() {
    let mut disk = disk();
    made_folder(&mut disk, "a");
    made(&mut disk, "a/x");
    renamed(&mut disk, "a", "b");
    let of_b = Scope::Folder("b".into());
    assert!(disk.needs_sync(&of_b));
    assert_eq!(disk.sync(&of_b), Ok(()));
    assert!(!disk.needs_sync(&of_b));
    // Its own name is in the root.
    assert!(disk.needs_sync(&Scope::Folder(String::new())));
    disk.lose_power(Survival::None);
    let mut found = Vec::new();
    tree_of_disk(&disk, "", "", &mut found);
    let paths: Vec<String> = found.into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["a/", "a/x"]);
}

#[test]
fn what_is_renamed_is_durable_with_its_folder_and_not_with_itself() {
    let mut disk = disk();
    let file = made(&mut disk, "new");
    disk.write(file, 0, b"text").unwrap();
    let of_file = Scope::File(file);
    assert!(disk.needs_sync(&of_file));
    disk.sync(&of_file).unwrap();
    renamed(&mut disk, "new", "old");
    assert!(!disk.needs_sync(&of_file));
    let mut lost = Vec::new();
    for is_synced in [false, true] {
        if is_synced {
            renamed(&mut disk, "new", "old");
            disk.sync(&Scope::Folder(String::new())).unwrap();
        }
        disk.lose_power(Survival::None);
        tree_of_disk(&disk, "", "", &mut lost);
    }
    let text = b"text".to_vec();
    assert_eq!(
        lost,
        [("new".to_owned(), text.clone()), ("old".to_owned(), text)]
    );
}

#[test]
fn a_list_has_what_is_in_a_folder_and_not_what_is_below() {
    let mut disk = disk();
    for path in ["a", "a/b", "a/b/c", "a-b", "a0"] {
        made_folder(&mut disk, path);
    }
    made(&mut disk, "a/b.c");
    made(&mut disk, "a/b0");
    let names = |folder: &str| -> Vec<String> {
        disk.list(folder)
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    };
    assert_eq!(names(""), ["a", "a-b", "a0"]);
    assert_eq!(names("a"), ["b", "b.c", "b0"]);
    assert_eq!(names("a/b"), ["c"]);
    assert_eq!(names("a-b"), [""; 0]);
    assert_eq!((disk.count_below("a"), disk.count_below("")), (4, 7));
}
