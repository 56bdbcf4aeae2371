//! Machine code of single functions, which modules share.
//!
//! Most of a module is the standard library and the SDK, and other modules have the same functions.
//! The compiler asks here before it compiles one. A function's key is the compiler's SHA-256 hash of
//! the function in its intermediate form, of the target and of all settings. Whatever the machine
//! code depends on is in the hash, so who hands in a module can only ever add the code of its own
//! functions. Calls, and the positions for backtraces, are not in the code that is kept: they are
//! filled in for each module.
//!
//! There are two files in the cache's directory, under its rules. New functions go to the end of
//! the first. When that is full it takes the place of the second, so half of what is kept is
//! forgotten. A function that is found in the second file is written to the first again: what is
//! in use stays.
//!
//! A file is a row of *segments*, one for each module that brought functions:
//!
//! ```text
//! magic, number of functions, their bytes        8 + 4 + 4 bytes
//! key, length, checksum of key and code          32 + 4 + 4 bytes for each function
//! checksum of all of the above                   4 bytes
//! code of each function
//! ```
//!
//! Segments are appended under a lock and never changed, so readers need none: they stop at the
//! first segment that is not complete, and the next writer cuts it off. The checksums detect
//! accidental damage; damaged code is compiled again.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustix::fs::OFlags;
use wasmtime::CacheStore;

use crate::engine::ENGINE_VERSION;
use crate::module_file::{Links, open_regular};

/// How large the first file gets before it takes the place of the second.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The most code of new functions that is kept of one module. Of one that brings more, nothing is:
/// an interpreter has no functions of others, and would take the place of what modules share.
const BATCH_BYTES_MAX: usize = 32 << 20;

/// The beginning of every segment.
const MAGIC: &[u8; 8] = b"cfunc.01";

const HEADER_BYTES: usize = MAGIC.len() + 4 + 4;
const KEY_BYTES: usize = 32;
const ENTRY_BYTES: usize = KEY_BYTES + 4 + 4;
const CHECKSUM_BYTES: usize = 4;

/// Identifies a function together with all that its machine code depends on.
type Key = [u8; KEY_BYTES];

/// Functions that were compiled for one module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    functions: Vec<(Key, Vec<u8>)>,
    bytes: usize,
    /// Whether there were too many, so that none is kept.
    is_too_large: bool,
}

/// The functions in a directory. The files are opened when the first function is asked for.
#[derive(Debug)]
pub(super) struct Functions {
    directory: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    opened: Option<Arc<Opened>>,
    batch: Batch,
}

/// Both files, as they were at one time.
#[derive(Debug)]
struct Opened {
    /// The newer file first. Those that there are.
    files: Vec<(Role, File)>,
    /// Where functions are: the index of the file, and the place in it.
    places: HashMap<Key, (usize, Place)>,
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// New functions go to it.
    First,
    /// What the first was before.
    Second,
}

/// The code of a function in a file.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    bytes: u32,
    checksum: u32,
}

impl Functions {
    /// The functions in `directory`, which must be a cache's.
    pub(super) fn new(directory: PathBuf) -> Self {
        Functions {
            directory,
            state: Mutex::default(),
        }
    }

    /// The directory with the files.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes the functions that were compiled since the last call. What other processes have
    /// written since then will be seen, too.
    pub(super) fn take(&self) -> Batch {
        let mut state = self.state();
        state.opened = None;
        std::mem::take(&mut state.batch)
    }

    /// Writes the functions of `batch` that are not there yet.
    pub(super) fn store(&self, batch: &Batch) -> io::Result<()> {
        let path = Role::First.path(&self.directory);
        while !batch.functions.is_empty() {
            let file = lock(&path)?;
            let mut known = HashSet::new();
            let end = segments(&file, |key, _| {
                known.insert(key);
            })?;
            let new = batch.functions.iter();
            let segment = segment(new.filter(|(key, _)| !known.contains(key)));
            let is_full = end > 0 && end + segment.len() as u64 > FILE_BYTES_MAX;
            if !is_full {
                file.set_len(end)?;
                return file.write_all_at(&segment, end);
            }
            fs::rename(&path, Role::Second.path(&self.directory))?;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> Arc<Opened> {
        let mut state = self.state();
        let opened = (state.opened).get_or_insert_with(|| Arc::new(Opened::new(&self.directory)));
        Arc::clone(opened)
    }
}

/// What the compiler asks for and brings. No error matters here: it compiles what it does not get.
impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let key = Key::try_from(key).ok()?;
        let (role, code) = self.opened().get(&key)?;
        if role == Role::Second {
            self.state().batch.push(key, code.clone());
        }
        Some(Cow::Owned(code))
    }

    fn insert(&self, key: &[u8], code: Vec<u8>) -> bool {
        let Ok(key) = Key::try_from(key) else {
            return false;
        };
        self.state().batch.push(key, code)
    }
}

impl Opened {
    fn new(directory: &Path) -> Self {
        let mut opened = Opened {
            files: Vec::new(),
            places: HashMap::new(),
        };
        for role in [Role::First, Role::Second] {
            let Ok(file) = open_regular(&role.path(directory), Links::Refuse) else {
                continue;
            };
            let index = opened.files.len();
            // What was read before an error is as good as the rest.
            let _ = segments(&file, |key, place| {
                opened.places.entry(key).or_insert((index, place));
            });
            // The time of the last use. If this fails, the file is removed too early.
            let _ = file.set_modified(SystemTime::now());
            opened.files.push((role, file));
        }
        opened
    }

    fn get(&self, key: &Key) -> Option<(Role, Vec<u8>)> {
        let (index, place) = self.places.get(key)?;
        let (role, file) = self.files.get(*index)?;
        let mut code = vec![0; place.bytes as usize];
        file.read_exact_at(&mut code, place.offset).ok()?;
        (checksum(&[key, &code]) == place.checksum).then_some((*role, code))
    }
}

impl Role {
    fn path(self, directory: &Path) -> PathBuf {
        directory.join(self.name())
    }

    /// The code of one version of the engine is of no use to another.
    fn name(self) -> String {
        let role = match self {
            Role::First => "first",
            Role::Second => "second",
        };
        format!("functions-{ENGINE_VERSION}-{role}.cfunc")
    }
}

/// Whether a file's name is one of those above, or was with another version of the engine.
pub(super) fn is_functions(name: &str) -> bool {
    let rest = name.strip_prefix("functions-");
    let version = rest.and_then(|rest| {
        let rest = rest.strip_suffix(".cfunc")?;
        rest.strip_suffix("-first").or(rest.strip_suffix("-second"))
    });
    version.is_some_and(|version| version.bytes().all(|c| c == b'.' || c.is_ascii_digit()))
}

impl Batch {
    /// Adds a function, or forgets all if there is no room. No code is empty.
    fn push(&mut self, key: Key, code: Vec<u8>) -> bool {
        let bytes = self.bytes + code.len();
        if bytes > BATCH_BYTES_MAX {
            *self = Batch {
                is_too_large: true,
                ..Batch::default()
            };
        }
        if code.is_empty() || self.is_too_large {
            return false;
        }
        self.bytes = bytes;
        self.functions.push((key, code));
        true
    }

    /// The batch as bytes, for [`Batch::decode`]: a segment.
    pub(super) fn encode(&self) -> Vec<u8> {
        segment(self.functions.iter())
    }

    /// Reads what [`Batch::encode`] has made; `None` if it is something else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut batch = Batch::default();
        if bytes.is_empty() {
            return Some(batch);
        }
        let (index, index_bytes) = Index::read(bytes)?;
        let mut rest = bytes.get(index_bytes..)?;
        for (key, bytes, _) in index.functions {
            let (code, after) = rest.split_at_checked(bytes as usize)?;
            batch.push(key, code.to_vec()).then_some(())?;
            rest = after;
        }
        rest.is_empty().then_some(batch)
    }
}

/// The beginning of a segment.
struct Index {
    /// Key, length and checksum of each function.
    functions: Vec<(Key, u32, u32)>,
    /// The length of all code.
    code_bytes: u64,
}

impl Index {
    /// Reads the index of a segment, and how many bytes it takes; `None` if it is not intact.
    fn read(mut from: impl Read) -> Option<(Self, usize)> {
        let mut bytes = vec![0; HEADER_BYTES];
        from.read_exact(&mut bytes).ok()?;
        let (magic, header) = bytes.split_at(MAGIC.len());
        let count = u32_at(header, 0)? as usize;
        let code_bytes = u64::from(u32_at(header, 4)?);
        if magic != MAGIC || count as u64 > code_bytes {
            return None;
        }
        let index_bytes = HEADER_BYTES + count * ENTRY_BYTES + CHECKSUM_BYTES;
        let rest = (index_bytes - HEADER_BYTES) as u64;
        from.take(rest).read_to_end(&mut bytes).ok()?;
        let (index, sum) = bytes.split_at_checked(index_bytes - CHECKSUM_BYTES)?;
        if u32_at(sum, 0)? != checksum(&[index]) {
            return None;
        }
        let functions = index[HEADER_BYTES..]
            .chunks_exact(ENTRY_BYTES)
            .map(|entry| {
                let key = Key::try_from(&entry[..KEY_BYTES]).ok()?;
                Some((
                    key,
                    u32_at(entry, KEY_BYTES)?,
                    u32_at(entry, KEY_BYTES + 4)?,
                ))
            });
        let functions = functions.collect::<Option<Vec<_>>>()?;
        let total: u64 = functions
            .iter()
            .map(|(_, bytes, _)| u64::from(*bytes))
            .sum();
        let index = Index {
            functions,
            code_bytes,
        };
        (total == code_bytes).then_some((index, index_bytes))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// A segment with `functions`; empty if there are none.
fn segment<'a>(functions: impl Iterator<Item = &'a (Key, Vec<u8>)>) -> Vec<u8> {
    let functions: Vec<_> = functions.collect();
    let lengths = || functions.iter().map(|(_, code)| length(code));
    let mut bytes = Vec::new();
    if functions.is_empty() {
        return bytes;
    }
    bytes.extend(MAGIC);
    bytes.extend(length(&functions).to_le_bytes());
    bytes.extend(lengths().sum::<u32>().to_le_bytes());
    for (key, code) in &functions {
        bytes.extend(key);
        bytes.extend(length(code).to_le_bytes());
        bytes.extend(checksum(&[key, code]).to_le_bytes());
    }
    bytes.extend(checksum(&[&bytes]).to_le_bytes());
    for (_, code) in &functions {
        bytes.extend(code);
    }
    bytes
}

/// A length that [`BATCH_BYTES_MAX`] bounds.
fn length<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

fn checksum(parts: &[&[u8]]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    for part in parts {
        checksum.update(part);
    }
    checksum.finalize()
}

/// Shows every function in a file and returns where the last complete segment ends.
fn segments(file: &File, mut found: impl FnMut(Key, Place)) -> io::Result<u64> {
    let file_bytes = file.metadata()?.len();
    let mut end = 0;
    while end < file_bytes {
        let Some((index, index_bytes)) = Index::read(At { file, offset: end }) else {
            break;
        };
        let mut offset = end + index_bytes as u64;
        let after = offset + index.code_bytes;
        if after > file_bytes {
            break;
        }
        for (key, bytes, checksum) in index.functions {
            let place = Place {
                offset,
                bytes,
                checksum,
            };
            found(key, place);
            offset += u64::from(bytes);
        }
        end = after;
    }
    Ok(end)
}

/// Reads a file from an offset. Threads that share the file do not disturb each other.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read_at(buffer, self.offset)?;
        self.offset += bytes as u64;
        Ok(bytes)
    }
}

/// Opens the file at `path` and locks it. Another process may rename it at any time, so the file
/// that was locked must still be the one at the path.
fn lock(path: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed())
            .open(path)?;
        let opened = file.metadata()?;
        if !opened.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        file.lock()?;
        match fs::symlink_metadata(path) {
            Ok(now) if (now.dev(), now.ino()) == (opened.dev(), opened.ino()) => return Ok(file),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions with these keys and lengths of code.
    fn batch(functions: &[(u8, usize)]) -> Batch {
        let mut batch = Batch::default();
        for (key, bytes) in functions {
            assert!(batch.push([*key; KEY_BYTES], vec![*key; *bytes]));
        }
        batch
    }

    /// The length of the code that `functions` has for each key; no length if it has none.
    fn lengths(functions: &Functions, keys: &[u8]) -> Vec<Option<usize>> {
        let length = |key: &u8| {
            let code = functions.get(&[*key; KEY_BYTES])?;
            assert!(code.iter().all(|byte| byte == key));
            Some(code.len())
        };
        keys.iter().map(length).collect()
    }

    fn first(directory: &Path) -> PathBuf {
        Role::First.path(directory)
    }

    #[test]
    fn each_function_is_written_once_and_found_by_others() {
        let directory = tempfile::tempdir().unwrap();
        let functions = Functions::new(directory.path().to_owned());
        assert_eq!(lengths(&functions, &[1, 2]), [None, None]);
        functions.store(&batch(&[(1, 10), (2, 20)])).unwrap();
        let bytes = fs::metadata(first(directory.path())).unwrap().len();
        functions.store(&batch(&[(2, 20), (1, 10)])).unwrap();
        assert_eq!(fs::metadata(first(directory.path())).unwrap().len(), bytes);
        functions.store(&batch(&[(2, 20), (3, 30)])).unwrap();
        // What was looked up before is looked up again after the module.
        assert_eq!(lengths(&functions, &[1]), [None]);
        assert_eq!(functions.take(), Batch::default());
        let found = [Some(10), Some(20), Some(30), None];
        assert_eq!(lengths(&functions, &[1, 2, 3, 4]), found);
        let other = Functions::new(directory.path().to_owned());
        assert_eq!(lengths(&other, &[1, 2, 3, 4]), found);
    }

    #[test]
    fn a_batch_is_the_same_after_its_way_through_a_pipe() {
        for functions in [&[][..], &[(1, 10)], &[(1, 10), (2, 20), (3, 1)]] {
            let batch = batch(functions);
            assert_eq!(Batch::decode(&batch.encode()), Some(batch));
        }
        let bytes = batch(&[(1, 10), (2, 20)]).encode();
        for end in 1..bytes.len() {
            assert_eq!(Batch::decode(&bytes[..end]), None, "{end}");
        }
    }

    #[test]
    fn damage_is_noticed_wherever_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = first(directory.path());
        let functions = || Functions::new(directory.path().to_owned());
        functions().store(&batch(&[(1, 3), (2, 4)])).unwrap();
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            let found = lengths(&functions(), &[1, 2]);
            let code = good.len() - 7;
            let expected = [
                (code + 3..good.len()).contains(&at).then_some(3),
                (code..code + 3).contains(&at).then_some(4),
            ];
            assert_eq!(found, expected, "byte {at}");
        }
        for end in 0..good.len() {
            fs::write(&path, &good[..end]).unwrap();
            assert_eq!(lengths(&functions(), &[1, 2]), [None, None], "{end}");
        }
    }

    #[test]
    fn what_was_written_in_part_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = first(directory.path());
        let functions = || Functions::new(directory.path().to_owned());
        functions().store(&batch(&[(1, 3)])).unwrap();
        let whole = fs::read(&path).unwrap();
        functions().store(&batch(&[(2, 100)])).unwrap();
        let both = fs::read(&path).unwrap();
        fs::write(&path, &both[..both.len() - 1]).unwrap();
        assert_eq!(lengths(&functions(), &[1, 2]), [Some(3), None]);
        functions().store(&batch(&[(3, 5)])).unwrap();
        assert_eq!(lengths(&functions(), &[1, 2, 3]), [Some(3), None, Some(5)]);
        assert_eq!(fs::read(&path).unwrap()[..whole.len()], whole);
    }

    #[test]
    fn what_is_in_use_outlives_the_file_that_it_is_in() {
        const LARGE: usize = 30 << 20;
        let directory = tempfile::tempdir().unwrap();
        let functions = Functions::new(directory.path().to_owned());
        let store = |keys: &[(u8, usize)]| functions.store(&batch(keys)).unwrap();
        store(&[(1, 10), (2, 20)]);
        store(&[(3, LARGE)]);
        store(&[(4, LARGE)]);
        store(&[(5, LARGE)]);
        assert_eq!(lengths(&functions, &[1, 3]), [Some(10), Some(LARGE)]);
        functions.take();
        assert_eq!(lengths(&functions, &[1]), [Some(10)]);
        let in_use = functions.take();
        assert_eq!(in_use, batch(&[(1, 10)]));
        functions.store(&in_use).unwrap();
        store(&[(6, LARGE)]);
        store(&[(7, LARGE)]);
        let found = lengths(&functions, &[1, 2, 3, 5, 7]);
        assert_eq!(found, [Some(10), None, None, Some(LARGE), Some(LARGE)]);
        for file in fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            assert!(is_functions(file.file_name().to_str().unwrap()));
            assert!(file.metadata().unwrap().len() <= FILE_BYTES_MAX);
        }
    }

    #[test]
    fn a_module_that_brings_too_much_adds_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let functions = Functions::new(directory.path().to_owned());
        let key = [1; KEY_BYTES];
        assert!(!functions.insert(&key, Vec::new()));
        assert!(functions.insert(&key, vec![1; BATCH_BYTES_MAX - 1]));
        assert!(functions.insert(&key, vec![2; 1]));
        assert!(!functions.insert(&key, vec![2; 1]));
        assert!(!functions.insert(&key, vec![2; 1]));
        assert_eq!(functions.take().functions, []);
        assert!(functions.insert(&key, vec![2; 1]));
        assert_eq!(functions.take().functions, [(key, vec![2; 1])]);
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                scope.spawn(move || {
                    for key in writer * 8..writer * 8 + 8 {
                        let functions = Functions::new(path.to_owned());
                        functions.store(&batch(&[(0, 1000), (key, 100)])).unwrap();
                    }
                });
            }
        });
        let functions = Functions::new(path.to_owned());
        let keys: Vec<u8> = (1..64).collect();
        assert_eq!(lengths(&functions, &keys), [Some(100); 63]);
    }
}
