//! The stored corpora.

use std::fs;
use std::path::{Path, PathBuf};

/// Limits of a corpus, so that a clone stays small and this test short.
const FILE_BYTES_MAX: usize = 4096;
const FILES_MAX: usize = 60;

/// A file of a corpus.
pub(crate) struct Seed {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

/// The corpus of a target, by name.
pub(crate) fn seeds(target: &str) -> Vec<Seed> {
    let files = fs::read_dir(folder().join(target)).unwrap();
    let seed = |path: PathBuf| Seed {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        bytes: fs::read(path).unwrap(),
    };
    let mut seeds: Vec<Seed> = files.map(|file| seed(file.unwrap().path())).collect();
    seeds.sort_by(|a, b| a.name.cmp(&b.name));
    assert!((1..=FILES_MAX).contains(&seeds.len()), "{}", seeds.len());
    for Seed { name, bytes } in &seeds {
        assert!(bytes.len() <= FILE_BYTES_MAX, "{target}/{name}");
    }
    seeds
}
