//! What is in the file is on the disk again, however the process or the machine ended.

use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use host_protocol::disk::Change;
use tempfile::TempDir;

use super::*;

const LIMITS: DiskLimits = DiskLimits {
    bytes: 64 << 20,
    files: 10_000,
};

/// A folder for disks, as `--data-dir` names it.
struct Data(TempDir);

impl Data {
    fn new() -> Self {
        Data(TempDir::new().unwrap())
    }

    fn open(&self) -> (Store, Disk, Option<u64>) {
        let (store, disk, cut) = self.try_open().unwrap();
        (store, disk, cut.map(|cut| cut.bytes))
    }

    fn try_open(&self) -> Result<(Store, Disk, Option<Cut>), StoreError> {
        Store::open(self.0.path(), "n1", LIMITS)
    }

    /// Why it cannot be opened, without the path of the folder.
    fn refusal(&self) -> String {
        let error = self.try_open().map(drop).unwrap_err();
        let root = self.0.path().display().to_string();
        error.to_string().replace(&root, "DIR")
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("n1/disk")
    }

    /// Makes its file one with these bytes.
    fn write(&self, bytes: &[u8]) {
        fs::create_dir_all(self.0.path().join("n1")).unwrap();
        fs::write(self.file(), bytes).unwrap();
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.file()).unwrap()
    }
}

type Files = Vec<(String, Vec<u8>)>;

fn files(disk: &Disk) -> Files {
    let files = disk.files();
    files
        .map(|(path, bytes)| (path.to_owned(), bytes))
        .collect()
}

fn durable(disk: &Disk) -> Files {
    let files = disk.durable_files();
    files
        .map(|(path, bytes)| (path.to_owned(), bytes))
        .collect()
}

fn file(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.to_vec())
}

fn append<'a>(file: &'a str, data: &'a [u8]) -> Change<'a> {
    Change::Append {
        file: file.into(),
        data: Cow::Borrowed(data),
    }
}

fn put<'a>(file: &'a str, data: &'a [u8]) -> Change<'a> {
    Change::Put {
        file: file.into(),
        data: Cow::Borrowed(data),
    }
}

/// Numbers that look random, from a linear congruential generator.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state: u64 = 1;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

/// A file with a record for each write, the states after each, and where each ends.
struct Written {
    file: Vec<u8>,
    /// The first is that of the image.
    states: Vec<(usize, Files)>,
    /// How many bytes were synced before the last record was written.
    synced: usize,
}

/// Writes a file with an image, five records that were synced, and three that were not.
fn written() -> Written {
    let data = Data::new();
    let (mut store, mut disk, _) = data.open();
    disk.apply(&append("log", b"0"));
    disk.apply(&put("term", b"\xff\x01"));
    store.replace(&mut disk).unwrap();
    let state = |store: &Store, disk: &Disk| (usize::try_from(store.len).unwrap(), files(disk));
    let mut states = vec![state(&store, &disk)];
    let mut synced = states[0].0;
    for step in 1..=8_u8 {
        disk.apply(&append("log", &[b'0' + step; 3]));
        match step {
            3 => disk.apply(&Change::Rename {
                from: "term".into(),
                to: "epoch".into(),
            }),
            4 => disk.apply(&put("term", &[step])),
            5 => disk.apply(&Change::Truncate {
                file: "log".into(),
                len: 4,
            }),
            7 => disk.apply(&Change::Remove {
                file: "epoch".into(),
            }),
            _ => {}
        }
        store.write(&mut disk).unwrap();
        states.push(state(&store, &disk));
        if step <= 5 {
            store.sync().unwrap();
            synced = states.last().unwrap().0;
        }
    }
    Written {
        file: data.bytes(),
        states,
        synced,
    }
}

/// What a node finds in a file with these bytes: its files, and how many bytes are cut off.
fn found(bytes: &[u8]) -> Result<(Files, u64), String> {
    let recovered = recover(bytes, LIMITS).map_err(|problem| match problem {
        Problem::Damaged { at } => format!("damaged at {at}"),
        Problem::Header(BadHeader::Damaged) => "damaged at 0".to_owned(),
        Problem::Header(BadHeader::Foreign) => "foreign".to_owned(),
        Problem::Header(BadHeader::Newer(_)) => "newer".to_owned(),
        Problem::TooLarge => "too large".to_owned(),
    })?;
    let disk = Disk::restored(LIMITS, recovered.image, recovered.next_file);
    Ok((files(&disk), bytes.len() as u64 - recovered.end))
}

#[test]
fn a_file_that_is_cut_off_anywhere_has_what_was_written_before() {
    let written = written();
    let image = written.states[0].0;
    for len in 0..=written.file.len() {
        let expected = match len {
            0..8 => Err("foreign".to_owned()),
            8..HEADER_BYTES => Err("damaged at 0".to_owned()),
            _ if len < image => Err(format!("damaged at {HEADER_BYTES}")),
            _ => {
                let whole = written.states.iter().rev().find(|(end, _)| *end <= len);
                let (end, files) = whole.unwrap();
                Ok((files.clone(), (len - end) as u64))
            }
        };
        assert_eq!(found(&written.file[..len]), expected, "{len}");
    }
}

/// What was synced before later records is damaged; what was not is the end of the file.
#[test]
fn a_byte_that_is_wrong_anywhere_is_found() {
    let written = written();
    let (len, image) = (written.file.len(), written.states[0].0);
    for at in 0..len {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = written.file.clone();
            bytes[at] ^= flip;
            let found = found(&bytes);
            let before = written.states.iter().rev().find(|(end, _)| *end <= at);
            match (at, before) {
                (0..8, _) => assert_eq!(found, Err("foreign".to_owned())),
                (8..12, _) if (at, flip) != (8, 1) => {
                    assert_eq!(found, Err("newer".to_owned()));
                }
                (8..HEADER_BYTES, _) => assert_eq!(found, Err("damaged at 0".to_owned())),
                _ if at < image => assert_eq!(found, Err(format!("damaged at {HEADER_BYTES}"))),
                (_, Some((end, _))) if at < written.synced => {
                    assert_eq!(found, Err(format!("damaged at {end}")), "{at}");
                }
                (_, Some((end, files))) => {
                    let cut = (len - end) as u64;
                    assert_eq!(found, Ok((files.clone(), cut)), "{at}");
                }
                (_, None) => unreachable!("the image comes first"),
            }
        }
    }
}

/// The power fails: blocks that were not synced are there or not, in any order; files have their
/// length.
#[test]
fn blocks_of_unsynced_records_may_be_missing_anywhere() {
    let written = written();
    for from in written.synced..written.file.len() {
        for to in from + 1..=written.file.len() {
            let mut bytes = written.file.clone();
            bytes[from..to].fill(0);
            if bytes == written.file {
                continue;
            }
            let changed = (from..to).find(|at| written.file[*at] != 0).unwrap();
            let before = written.states.iter().rev().find(|(end, _)| *end <= changed);
            let (end, files) = before.unwrap();
            let cut = (bytes.len() - end) as u64;
            assert_eq!(found(&bytes), Ok((files.clone(), cut)), "{from}..{to}");
        }
    }
}

#[test]
fn a_node_goes_on_behind_what_was_cut_off() {
    let written = written();
    let data = Data::new();
    for (index, (end, state)) in written.states.iter().enumerate() {
        let next = written.states.get(index + 1);
        let torn = next.map_or(0, |(next, _)| next - end - 1);
        data.write(&written.file[..end + torn]);
        let (mut store, mut disk, cut) = data.open();
        assert_eq!((&files(&disk), &durable(&disk)), (state, state));
        assert_eq!(cut.unwrap_or(0), torn as u64);
        disk.apply(&append("more", b"x"));
        store.write(&mut disk).unwrap();
        drop(store);
        let (_store, disk, cut) = data.open();
        let mut expected = state.clone();
        expected.push(file("more", b"x"));
        expected.sort();
        assert_eq!((files(&disk), cut), (expected, None));
    }
}

/// Random changes of a tree of files, with handles, and a second process after each few.
#[test]
fn any_changes_come_back() {
    let mut number = numbers();
    let data = Data::new();
    let mut expected: (Files, Vec<String>) = (Vec::new(), Vec::new());
    let folders = |disk: &Disk| -> Vec<String> {
        let names = disk.visible.names.iter();
        let folders = names.filter(|(_, entry)| **entry == Entry::Folder);
        folders.map(|(path, _)| path.to_string()).collect()
    };
    for _ in 0..60 {
        let (mut store, mut disk, cut) = data.open();
        assert_eq!(
            (files(&disk), folders(&disk), cut),
            (expected.0, expected.1, None)
        );
        let mut open = Vec::new();
        for _ in 0..number(30) {
            let mut path = || {
                let names = ["a", "b", "a/c", "a/d", "b/c", "b/d", "b/d/e"];
                names[number(names.len())]
            };
            let (Ok(one), Ok(other)) = (disk.walk("", path()), disk.walk("", path())) else {
                continue;
            };
            let file = match disk.look_up(&one) {
                Ok(crate::tree::Node::File(file)) => Some(file),
                _ => None,
            };
            // What cannot be done changes nothing.
            match number(10) {
                0 => drop(disk.make_folder(&one)),
                1 | 2 => drop(disk.make_file(&one)),
                3 => drop(disk.rename(&one, &other)),
                4 => drop(disk.remove_file(&one)),
                5 => drop(disk.remove_folder(&one)),
                6 => disk.apply(&put(["f", "g"][number(2)], &vec![1; number(9000)])),
                7 => store.write(&mut disk).unwrap(),
                8 => open.extend(file.inspect(|file| disk.hold(*file))),
                _ => {
                    let file = file.or(open.pop());
                    let (at, len) = (number(9000) as u64, number(9000));
                    if let Some(file) = file {
                        disk.write(file, at, &vec![2; len]).unwrap();
                        disk.set_len(file, number(9000) as u64).unwrap();
                    }
                }
            }
        }
        store.write(&mut disk).unwrap();
        disk.kill();
        expected = (files(&disk), folders(&disk));
    }
}

#[test]
fn a_file_stays_in_proportion_to_the_disk() {
    let data = Data::new();
    let (mut store, mut disk, _) = data.open();
    let mut longest = 0;
    for step in 0..1000_u32 {
        disk.apply(&put("state", &[step.to_le_bytes()[0]; 10_000]));
        disk.apply(&append("log", b"0123456789"));
        store.write(&mut disk).unwrap();
        store.sync().unwrap();
        longest = longest.max(data.bytes().len());
    }
    let allowed = usize::try_from(IMAGE_AT_MIN).unwrap() + 11_000;
    assert!(longest <= allowed, "{longest}");
    let expected = [
        file("log", &b"0123456789".repeat(1000)),
        file("state", &[231; 10_000]),
    ];
    assert_eq!(files(&disk), expected);
    drop(store);
    let (mut store, mut disk, cut) = data.open();
    assert_eq!((&files(&disk)[..], cut), (&expected[..], None));
    // A disk that only grows is not copied again and again, once what was replaced before is gone.
    let mut images = 0;
    for _ in 0..500 {
        let salt = store.salt;
        disk.apply(&append("bulk", &[7; 20_000]));
        store.write(&mut disk).unwrap();
        images += u32::from(store.salt != salt);
    }
    assert!(images <= 1, "{images}");
    drop(store);
    assert_eq!(files(&data.open().1), files(&disk));
}

/// The model lets the oldest changes go when too many wait; the file has them nevertheless.
#[test]
fn more_changes_than_wait_for_a_sync_are_in_an_image() {
    let data = Data::new();
    let (mut store, mut disk, _) = data.open();
    for step in 0..20 {
        disk.apply(&append("log", &vec![step; 1 << 20]));
    }
    assert!(disk.has_written_back());
    store.write(&mut disk).unwrap();
    assert!(disk.is_stored());
    drop(store);
    let (mut store, mut found, _) = data.open();
    assert_eq!(files(&found), files(&disk));
    found.apply(&append("log", b"x"));
    store.write(&mut found).unwrap();
    drop(store);
    assert_eq!(files(&data.open().1), files(&found));
}

#[test]
fn one_process_has_it_at_a_time() {
    let data = Data::new();
    let (store, _, _) = data.open();
    let in_use = "DIR/n1 is in use by another process: each node has a disk of its own";
    assert_eq!(data.refusal(), in_use);
    let other = Store::open(data.0.path(), "n2", LIMITS);
    assert!(other.is_ok());
    // To look at it is no use.
    let (seen, _) = read(&data.0.path().join("n1"), LIMITS).unwrap();
    assert_eq!(files(&seen), []);
    drop(store);
    data.open();
}

#[test]
fn what_is_not_ours_is_refused_and_stays_as_it_is() {
    let foreign =
        "DIR/n1/disk is not the disk of a node (links are not followed); nothing was changed";
    let data = Data::new();
    let own = Data::new();
    drop(own.open());
    fs::create_dir(data.0.path().join("n1")).unwrap();
    for bytes in [&b""[..], b"nodedis", b"my thesis"] {
        fs::write(data.file(), bytes).unwrap();
        assert_eq!(data.refusal(), foreign);
        assert_eq!(data.bytes(), bytes);
    }
    let mut newer = own.bytes();
    newer[8] = 7;
    fs::write(data.file(), &newer).unwrap();
    assert_eq!(
        data.refusal(),
        "DIR/n1/disk has format 7, which only a newer version of this program reads"
    );
    assert_eq!(data.bytes(), newer);
    fs::remove_file(data.file()).unwrap();
    symlink(own.file(), data.file()).unwrap();
    assert_eq!(data.refusal(), foreign);
    fs::remove_file(data.file()).unwrap();
    fs::create_dir(data.file()).unwrap();
    assert_eq!(data.refusal(), foreign);
    fs::remove_dir(data.file()).unwrap();
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, data.file(), kind, mode, 0).unwrap();
    assert_eq!(data.refusal(), foreign);

    fs::remove_dir_all(data.0.path().join("n1")).unwrap();
    symlink(own.0.path().join("n1"), data.0.path().join("n1")).unwrap();
    assert_eq!(
        data.refusal(),
        "DIR/n1 is not a folder (links are not followed)"
    );
}

#[test]
fn a_file_that_is_damaged_is_refused_with_the_place() {
    let written = written();
    let data = Data::new();
    let (end, _) = written.states[2];
    let mut bytes = written.file.clone();
    bytes[end + 30] ^= 1;
    data.write(&bytes);
    let damaged = format!(
        "DIR/n1/disk is damaged at byte {end}: what was durable there cannot be read. Nothing was \
         changed; take the file from a backup, or remove it to start with an empty disk"
    );
    assert_eq!(data.refusal(), damaged);
    assert_eq!(data.bytes(), bytes);
}

#[test]
fn a_disk_that_is_too_large_is_refused() {
    let data = Data::new();
    let (mut store, mut disk, _) = data.open();
    disk.apply(&put("a", &[0; 1000]));
    disk.apply(&put("b", b""));
    store.write(&mut disk).unwrap();
    drop(store);
    let open = |bytes, files| {
        let limits = DiskLimits { bytes, files };
        Store::open(data.0.path(), "n1", limits).map(drop)
    };
    assert!(open(1000, 2).is_ok());
    for (bytes, files) in [(999, 2), (1000, 1)] {
        let error = open(bytes, files).unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    }
}

#[test]
fn only_its_owner_sees_it_and_all_of_it_is_in_one_file() {
    let data = Data::new();
    let dir = data.0.path().join("made/here");
    let (mut store, mut disk, _) = Store::open(&dir, "../n", LIMITS).unwrap();
    disk.apply(&put("../../x", b"escaped"));
    store.write(&mut disk).unwrap();
    store.replace(&mut disk).unwrap();
    let entries = |dir: &Path| -> Vec<(String, u32)> {
        let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
        let entries = entries.map(|entry| {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        });
        entries.collect()
    };
    assert_eq!(entries(data.0.path()), [("made".to_owned(), 0o700)]);
    assert_eq!(
        entries(&data.0.path().join("made")),
        [("here".to_owned(), 0o700)]
    );
    assert_eq!(entries(&dir), [("%2E%2E%2Fn".to_owned(), 0o700)]);
    assert_eq!(
        entries(&dir.join("%2E%2E%2Fn")),
        [("disk".to_owned(), 0o600)]
    );
}

#[test]
fn a_disk_that_has_failed_once_does_nothing_more() {
    let data = Data::new();
    let (mut store, mut disk, _) = data.open();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let file = std::mem::replace(&mut store.file, full);
    disk.apply(&put("a", b"1"));
    let error = store.write(&mut disk).unwrap_err().to_string();
    let said = format!(
        "cannot write to {}: No space left on device (os error 28)",
        data.file().display()
    );
    assert_eq!(error, said);
    store.file = file;
    assert!(matches!(store.write(&mut disk), Err(StoreError::Failed)));
    assert!(matches!(store.sync(), Err(StoreError::Failed)));
    drop(store);
    assert_eq!(files(&data.open().1), []);
}

#[test]
fn the_name_of_a_node_may_be_too_long() {
    let data = Data::new();
    let node = "x".repeat(256);
    let error = Store::open(data.0.path(), &node, LIMITS)
        .map(drop)
        .unwrap_err();
    let said = format!("the name of the node {node:?} is too long for a folder of --data-dir");
    assert_eq!(error.to_string(), said);
    assert_eq!(fs::read_dir(data.0.path()).unwrap().count(), 0);
}
