//! What a program has open besides its standard streams.

use std::sync::Arc;

use host_disk::view::{File, Found};

/// The most file descriptors, the standard streams included.
const DESCRIPTORS_MAX: usize = 1_000;

/// The descriptor of the root, the first that programs look for.
const ROOT: usize = 3;

/// The most that all lists of folders take in memory, in bytes.
const LISTINGS_BYTES_MAX: usize = 16 << 20;

/// Flags of descriptors.
pub(super) const APPEND: u16 = 1;
pub(super) const DSYNC: u16 = 2;
pub(super) const NONBLOCK: u16 = 4;
pub(super) const RSYNC: u16 = 8;
pub(super) const SYNC: u16 = 16;
pub(super) const ALL_FLAGS: u16 = APPEND | DSYNC | NONBLOCK | RSYNC | SYNC;

/// The two rights that are more than advice: without them, POSIX has neither reads nor writes.
pub(super) const READ: u64 = 1 << 1;
pub(super) const WRITE: u64 = 1 << 6;

/// Something that is open.
pub(super) struct Descriptor {
    pub(super) object: Object,
    pub(super) flags: u16,
    /// What it may be used for.
    pub(super) rights: u64,
    /// Whether the program found it when it started.
    pub(super) is_preopened: bool,
}

/// What is open.
pub(super) enum Object {
    File {
        file: File,
        /// Where the next read or write begins.
        at: u64,
    },
    Folder {
        /// From the root, which is empty; `None` after it was removed.
        path: Option<Box<str>>,
        listing: Option<Listing>,
    },
}

/// The names of a folder as they were when a program began to read them: none is passed over or
/// told twice, whatever it removes meanwhile.
#[derive(Clone)]
pub(super) struct Listing {
    pub(super) names: Arc<[(String, Found)]>,
    bytes: usize,
}

impl Listing {
    pub(super) fn new(names: Vec<(String, Found)>) -> Self {
        let bytes = names.iter().map(|(name, _)| name.len());
        let bytes = bytes.sum::<usize>() + names.len() * size_of::<(String, Found)>();
        Listing {
            names: names.into(),
            bytes,
        }
    }
}

/// All descriptors from 3 on.
pub(super) struct Descriptors {
    slots: Vec<Option<Descriptor>>,
}

impl Default for Descriptors {
    fn default() -> Self {
        let root = Descriptor {
            object: Object::Folder {
                path: Some("".into()),
                listing: None,
            },
            flags: 0,
            rights: u64::MAX,
            is_preopened: true,
        };
        Descriptors {
            slots: vec![Some(root)],
        }
    }
}

impl Descriptors {
    fn index(fd: i32) -> Option<usize> {
        usize::try_from(fd).ok()?.checked_sub(ROOT)
    }

    pub(super) fn get(&self, fd: i32) -> Option<&Descriptor> {
        self.slots.get(Self::index(fd)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, fd: i32) -> Option<&mut Descriptor> {
        self.slots.get_mut(Self::index(fd)?)?.as_mut()
    }

    /// Whether one more can be open.
    pub(super) fn has_room(&self) -> bool {
        self.slots.len() < DESCRIPTORS_MAX - ROOT || self.slots.iter().any(Option::is_none)
    }

    /// Gives the lowest free number to something. There has to be [room](Self::has_room).
    pub(super) fn insert(&mut self, descriptor: Descriptor) -> i32 {
        let free = self.slots.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[index] = Some(descriptor);
        i32::try_from(index + ROOT).unwrap_or(i32::MAX)
    }

    pub(super) fn remove(&mut self, fd: i32) -> Option<Descriptor> {
        self.slots.get_mut(Self::index(fd)?)?.take()
    }

    /// Moves what `from` is to `to`, which is open too. Returns what that was.
    pub(super) fn renumber(&mut self, from: i32, to: i32) -> Option<Descriptor> {
        let moved = self.remove(from)?;
        self.get_mut(to)
            .map(|target| std::mem::replace(target, moved))
    }

    /// How many numbers there are to look at.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    fn folders(&mut self) -> impl Iterator<Item = &mut Option<Box<str>>> {
        let open = self.slots.iter_mut().flatten();
        open.filter_map(|descriptor| match &mut descriptor.object {
            Object::Folder { path, .. } => Some(path),
            Object::File { .. } => None,
        })
    }

    /// A folder is gone.
    pub(super) fn removed(&mut self, folder: &str) {
        let gone = self
            .folders()
            .filter(|path| path.as_deref() == Some(folder));
        gone.for_each(|path| *path = None);
    }

    /// A folder has another path, and all below it.
    pub(super) fn renamed(&mut self, from: &str, to: &str) {
        self.removed(to);
        for path in self.folders() {
            let rest = path.as_deref().and_then(|path| path.strip_prefix(from));
            let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with('/'));
            if let Some(rest) = rest {
                *path = Some(format!("{to}{rest}").into());
            }
        }
    }

    /// Whether a list may be kept besides those of all folders but `fd`.
    pub(super) fn may_list(&self, fd: i32, listing: &Listing) -> bool {
        let own = Self::index(fd);
        let others = self.slots.iter().enumerate();
        let others = others.filter(|(index, _)| Some(*index) != own);
        let others = others.filter_map(|(_, slot)| Some(slot.as_ref()?.listed_bytes()));
        listing.bytes.saturating_add(others.sum()) <= LISTINGS_BYTES_MAX
    }

    /// What they take in memory, besides what each program has, in bytes.
    pub(super) fn held_bytes(&self) -> usize {
        let own = self.slots.iter().flatten().map(|descriptor| {
            let path = match &descriptor.object {
                Object::Folder { path, .. } => path.as_deref().map_or(0, str::len),
                Object::File { .. } => 0,
            };
            path + descriptor.listed_bytes()
        });
        (self.slots.len() - 1) * size_of::<Descriptor>() + own.sum::<usize>()
    }
}

impl Descriptor {
    fn listed_bytes(&self) -> usize {
        match &self.object {
            Object::Folder { listing, .. } => listing.as_ref().map_or(0, |it| it.bytes),
            Object::File { .. } => 0,
        }
    }
}
