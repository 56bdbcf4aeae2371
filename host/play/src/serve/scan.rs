//! What is in a folder and below it, within bounds. No link is followed.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::Folder;
use super::kind::{self, About};

/// How deep folders are looked into.
const DEPTH_MAX: usize = 8;
/// The most files and folders that are looked at.
const LOOKED_AT_MAX: usize = 20_000;
/// The most that is listed.
const LISTED_MAX: usize = 2_000;

/// What is known of a folder. Files that have not changed are not read again.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: Folder,
    plays: bool,
    known: BTreeMap<PathBuf, (Stamp, Option<About>)>,
}

/// When a file was written, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// What a page is told.
#[derive(Debug, Default, Serialize)]
pub(super) struct Listed {
    folder: String,
    /// Whether schedules are played in place.
    plays: bool,
    items: Vec<Item>,
    /// What is not in the list, in words.
    left_out: Option<String>,
}

#[derive(Debug, Serialize)]
struct Item {
    /// From the folder on, with `/` between names.
    path: String,
    #[serde(flatten)]
    about: About,
    modified_ms: u64,
    bytes: u64,
    /// The command that opens it by hand.
    play: Option<String>,
}

/// A walk through the folder.
struct Walk {
    /// Files, with how their paths begin in the list.
    found: Vec<(PathBuf, String, Stamp)>,
    looked_at: usize,
    is_cut: bool,
}

impl Shelf {
    pub(super) fn new(folder: Folder, plays: bool) -> Self {
        Shelf {
            folder,
            plays,
            known: BTreeMap::new(),
        }
    }

    /// Looks at the folder.
    pub(super) fn look(&mut self) -> Listed {
        let mut walk = Walk {
            found: Vec::new(),
            looked_at: 0,
            is_cut: false,
        };
        walk.enter(&self.folder.path, "", 0);
        let mut known = BTreeMap::new();
        let mut items = Vec::new();
        for (file, path, stamp) in walk.found {
            let about = match self.known.remove(&file) {
                Some((before, about)) if before == stamp => about,
                _ => kind::of(&file),
            };
            if let Some(about) = &about {
                let play = about
                    .is_schedule
                    .then(|| (self.folder.play)(&file, self.folder.module.as_deref()));
                items.push(Item {
                    path,
                    about: about.clone(),
                    modified_ms: millis(stamp.modified),
                    bytes: stamp.bytes,
                    play,
                });
            }
            known.insert(file, (stamp, about));
        }
        self.known = known;
        let mut left_out = walk.is_cut.then(|| {
            format!("folders more than {DEPTH_MAX} deep, or files after the first {LOOKED_AT_MAX}")
        });
        if items.len() > LISTED_MAX {
            items.sort_by_key(|item| std::cmp::Reverse(item.modified_ms));
            items.truncate(LISTED_MAX);
            left_out = Some(format!("all but the {LISTED_MAX} that were written last"));
        }
        items.sort_by(|a, b| a.path.cmp(&b.path));
        Listed {
            folder: self.folder.path.display().to_string(),
            plays: self.plays,
            items,
            left_out,
        }
    }
}

impl Walk {
    fn enter(&mut self, folder: &Path, before: &str, depth: usize) {
        // What cannot be read is not there.
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            self.looked_at += 1;
            if self.looked_at > LOOKED_AT_MAX {
                self.is_cut = true;
                return;
            }
            // Of a link, it says that it is one.
            let (Ok(metadata), Ok(name)) = (entry.metadata(), entry.file_name().into_string())
            else {
                continue;
            };
            let path = format!("{before}{name}");
            if metadata.is_dir() && depth == DEPTH_MAX {
                self.is_cut = true;
            } else if metadata.is_dir() {
                self.enter(&entry.path(), &format!("{path}/"), depth + 1);
            } else if metadata.is_file() {
                self.found.push((entry.path(), path, Stamp::of(&metadata)));
            }
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Stamp {
            modified: metadata.modified().ok(),
            bytes: metadata.len(),
        }
    }
}

fn millis(time: Option<SystemTime>) -> u64 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
