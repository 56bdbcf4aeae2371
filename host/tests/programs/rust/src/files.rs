//! A session with files, by a seed: what each operation answers. It is the same in a node's disk as in
//! a directory of the system that it is compiled for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Numbers that look random, from a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[usize::try_from(self.below(values.len() as u64)).unwrap_or(0)]
    }

    /// A path of one to three names that does not leave the folder which it begins in.
    fn path(&mut self) -> String {
        let mut path = self.one_of(&["a", "b", "c", "./a"]).to_owned();
        for _ in 0..self.below(3) {
            let name = self.one_of(&["a", "b", "c", "a", "b", "c", ".", "../a", "x/../b"]);
            path = format!("{path}{}{name}", self.one_of(&["/", "/", "//"]));
        }
        path + self.one_of(&["", "", "", "", "", "", "/"])
    }

    fn bytes(&mut self) -> Vec<u8> {
        let byte = u8::try_from(self.below(256)).unwrap_or(0);
        vec![byte; usize::try_from(self.below(6000)).unwrap_or(0)]
    }
}

/// What a session does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Everything.
    All,
    /// What changes nothing.
    Reads,
}

/// Does `steps` operations in the folder `root`. Returns a line for each, and what is there in the end.
#[must_use]
pub fn session(root: &str, seed: u64, steps: usize, does: Does) -> Vec<String> {
    let (mut numbers, mut open, mut lines) = (Numbers(seed), Vec::new(), Vec::new());
    for _ in 0..steps {
        let (what, answer) = step(root, does, &mut numbers, &mut open);
        let answer = answer.unwrap_or_else(|error| name(&error));
        lines.push(format!("{what}: {answer}"));
    }
    drop(open);
    tell(root, "", &mut lines);
    lines
}

/// The standard library has no kind for this one on WASI.
fn name(error: &io::Error) -> String {
    const NOT_EMPTY: i32 = 55;
    match error.raw_os_error() {
        Some(NOT_EMPTY) if cfg!(target_os = "wasi") => "DirectoryNotEmpty".to_owned(),
        _ => format!("{:?}", error.kind()),
    }
}

fn step(
    root: &str,
    does: Does,
    numbers: &mut Numbers,
    open: &mut Vec<File>,
) -> (String, io::Result<String>) {
    let path = numbers.path();
    let at = format!("{root}/{path}");
    let done = |result: io::Result<()>| result.map(|()| "done".to_owned());
    let choice = match does {
        Does::All => numbers.below(13),
        Does::Reads => numbers.one_of(&[5, 6, 7, 8, 9, 10, 11, 12]),
    };
    match choice {
        0 | 1 => (format!("mkdir {path}"), done(fs::create_dir(at))),
        2 => (format!("rmdir {path}"), done(fs::remove_dir(at))),
        3 => (format!("unlink {path}"), done(fs::remove_file(at))),
        4 => {
            let to = numbers.path();
            let renamed = fs::rename(at, format!("{root}/{to}"));
            (format!("rename {path} {to}"), done(renamed))
        }
        5 => (format!("stat {path}"), stat(&at)),
        6 => (format!("list {path}"), list(&at)),
        7 => {
            let synced = File::open(at).and_then(|folder| folder.sync_all());
            (format!("sync {path}"), done(synced))
        }
        8 | 9 => {
            let mut options = OpenOptions::new();
            let how = match does {
                Does::All => {
                    numbers.one_of(&["r", "w", "rw", "rwc", "wc", "wn", "a", "ac", "wt", "wct"])
                }
                Does::Reads => "r",
            };
            let options = options
                .read(how.contains('r'))
                .write(how.contains('w'))
                .append(how.contains('a'))
                .create(how.contains('c'))
                .create_new(how.contains('n'))
                .truncate(how.contains('t'));
            let opened = options.open(at).map(|file| {
                open.push(file);
                if open.len() > 5 {
                    open.remove(0);
                }
            });
            (format!("open {path} {how}"), done(opened))
        }
        _ if open.is_empty() => ("nothing".to_owned(), Ok(String::new())),
        _ => {
            let count = open.len() as u64;
            let index = usize::try_from(numbers.below(count)).unwrap_or(0);
            with(does, numbers, &mut open[index])
        }
    }
}

/// Uses an open file.
fn with(does: Does, numbers: &mut Numbers, file: &mut File) -> (String, io::Result<String>) {
    let number = |result: io::Result<u64>| result.map(|number| number.to_string());
    let choice = match does {
        Does::All => numbers.below(7),
        Does::Reads => numbers.one_of(&[2, 3, 5, 6]),
    };
    match choice {
        0 | 1 => {
            let bytes = numbers.bytes();
            let written = file.write(&bytes).map(|count| count as u64);
            (format!("write {}", bytes.len()), number(written))
        }
        2 => {
            let mut bytes = numbers.bytes();
            let read = file.read(&mut bytes).map(|count| {
                let sum: u64 = bytes[..count].iter().map(|byte| u64::from(*byte)).sum();
                format!("{count} bytes, sum {sum}")
            });
            (format!("read {}", bytes.len()), read)
        }
        3 => {
            let by = i64::try_from(numbers.below(10_000)).unwrap_or(0);
            let to = numbers.one_of(&[
                SeekFrom::Start(by.unsigned_abs()),
                SeekFrom::Current(by - 5000),
                SeekFrom::End(-by / 2),
            ]);
            // What a folder answers depends on the file system.
            let sought = match file.metadata() {
                Ok(it) if it.is_file() => file.seek(to),
                Ok(_) => Ok(0),
                Err(error) => Err(error),
            };
            (format!("seek {to:?}"), number(sought))
        }
        4 => {
            let len = numbers.below(10_000);
            let set = file.set_len(len).map(|()| "done".to_owned());
            (format!("set length {len}"), set)
        }
        5 => {
            let synced = file.sync_data().map(|()| "done".to_owned());
            ("sync data".to_owned(), synced)
        }
        _ => {
            let len = file.metadata().map(|it| (it.is_dir(), it.len()));
            let len = len.map(|(is_dir, len)| if is_dir { 0 } else { len });
            ("length".to_owned(), number(len))
        }
    }
}

fn stat(path: &str) -> io::Result<String> {
    let found = fs::metadata(path)?;
    Ok(match found.is_dir() {
        true => "a folder".to_owned(),
        false => format!("a file of {} bytes", found.len()),
    })
}

fn list(path: &str) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names.join(" "))
}

/// All that is below a folder, with the sums of files.
fn tell(root: &str, path: &str, lines: &mut Vec<String>) {
    let names = list(&format!("{root}{path}/")).unwrap_or_default();
    for name in names.split_whitespace() {
        if let Some(folder) = name.strip_suffix('/') {
            lines.push(format!("{path}/{name}"));
            tell(root, &format!("{path}/{folder}"), lines);
        } else {
            let bytes = fs::read(format!("{root}{path}/{name}")).unwrap_or_default();
            let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
            lines.push(format!("{path}/{name}: {} bytes, sum {sum}", bytes.len()));
        }
    }
}
