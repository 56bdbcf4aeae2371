//! Compiled modules that many machines share, and none of them has to trust another.
//!
//! Compiled code runs without further checks, so a [`Cache`](crate::Cache) is closed to all but its owner. A *shared* cache is a
//! directory that anybody may offer, such as a volume that is mounted read-only. Each file in it ends with a code that only
//! the holders of a key can make (HMAC-SHA-256, RFC 2104), over its name and what is in it. The name has the hash of the module, of the
//! compiler and of its settings, so that a file cannot stand for another. A file is read once, into memory, checked there, and
//! only then used or put into the machine's own cache; what becomes of it on the volume later does not matter.
//!
//! Who has the key can have any code run. So the key is for the machine that fills the directory and those that use it,
//! not for what they run: a guest reaches no file.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use tracing::warn;

use crate::module_file::{Links, open_regular};

/// The bytes of a key.
const KEY_BYTES: usize = 32;

/// The bytes of the code at the end of a file, after the mark of this format.
const MAC_BYTES: usize = 32;
const MARK: &[u8; 8] = b"shared.1";
const END_BYTES: usize = MARK.len() + MAC_BYTES;

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// What files are authenticated with.
#[derive(Clone)]
pub struct SharedKey([u8; KEY_BYTES]);

/// A directory of compiled modules of others, and the key by which they are told from forgeries.
#[derive(Clone)]
pub struct SharedCache {
    directory: PathBuf,
    key: SharedKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Others may read or write it.
    #[error(
        "others may read or change it, and who has the key can have any code run: it has to belong to you, with mode 0600"
    )]
    Open,
    /// It is no key.
    #[error(
        "it is no key, which is a line of 64 hexadecimal digits: `host cache key FILE` makes one"
    )]
    NoKey,
}

impl SharedKey {
    /// Makes a key at random, and writes it to a new file that nobody else can read.
    ///
    /// # Errors
    /// If there is such a file, or it cannot be written.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let digits = key.iter().map(|byte| format!("{byte:02x}"));
        let line = digits.collect::<String>() + "\n";
        if let Err(error) = file.write_all(line.as_bytes()) {
            let _ = fs::remove_file(path); // half a key is none
            return Err(error.into());
        }
        Ok(SharedKey(key))
    }

    /// Reads a key from a file that belongs to the user and is closed to all others.
    ///
    /// # Errors
    /// If it cannot be read, is open to others, or is no key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let file = open_regular(path, Links::Follow)?;
        let metadata = file.metadata()?;
        let ours = metadata.uid() == rustix::process::geteuid().as_raw();
        if !ours || metadata.mode() & 0o077 != 0 {
            return Err(KeyError::Open);
        }
        let mut text = String::new();
        let read = file
            .take(2 * KEY_BYTES as u64 + 2)
            .read_to_string(&mut text);
        if let Err(error) = read {
            return Err(match error.kind() {
                io::ErrorKind::InvalidData => KeyError::NoKey,
                _ => error.into(),
            });
        }
        let digits = text.trim_end().as_bytes();
        let mut key = [0; KEY_BYTES];
        if digits.len() != 2 * KEY_BYTES {
            return Err(KeyError::NoKey);
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            let both = digit(0).zip(digit(1)).ok_or(KeyError::NoKey)?;
            *byte = u8::try_from(both.0 << 4 | both.1).map_err(|_| KeyError::NoKey)?;
        }
        Ok(SharedKey(key))
    }

    /// What authenticates `code` under a name.
    fn mac(&self, name: &str, code: &[u8]) -> Hmac<Sha256> {
        let mut key = [0; 64]; // a block of the hash, as HMAC fills shorter keys
        key[..KEY_BYTES].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new((&key).into());
        mac.update(MARK);
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(code);
        mac
    }
}

/// Says nothing of the key.
impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedKey")
    }
}

impl std::fmt::Debug for SharedCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedCache")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl SharedCache {
    /// Files in `directory` that are authenticated with `key`.
    #[must_use]
    pub fn new(directory: PathBuf, key: SharedKey) -> Self {
        SharedCache { directory, key }
    }

    /// The code under a name; `None` if there is no such file, or a warning has said why it is not used.
    pub(crate) fn find(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.directory.join(name);
        match self.read(&path, name) {
            Ok(code) => Some(code),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                warn!(
                    "compiling without the shared cache: {}: {error}",
                    path.display()
                );
                None
            }
        }
    }

    fn read(&self, path: &Path, name: &str) -> io::Result<Vec<u8>> {
        let file = open_regular(path, Links::Refuse)?;
        let mut code = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut code)?;
        let forged = || io::Error::new(io::ErrorKind::InvalidData, "it was not made with this key");
        let end = code.len().checked_sub(END_BYTES).ok_or_else(forged)?;
        if code.len() as u64 > FILE_BYTES_MAX || code[end..end + MARK.len()] != *MARK {
            return Err(forged());
        }
        let mac = self.key.mac(name, &code[..end]);
        let is_right = mac.verify_slice(&code[end + MARK.len()..]);
        is_right.map_err(|_| forged())?;
        code.truncate(end);
        Ok(code)
    }

    /// Puts code under a name, unless the same is there. Whether it was put there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn put(&self, name: &str, code: &[u8]) -> io::Result<bool> {
        let path = self.directory.join(name);
        if self.read(&path, name).is_ok_and(|there| there == code) {
            return Ok(false);
        }
        let mut file = tempfile::Builder::new()
            .prefix(name)
            .suffix(".tmp")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(&self.directory)?;
        file.write_all(code)?;
        file.write_all(MARK)?;
        file.write_all(&self.key.mac(name, code).finalize().into_bytes())?;
        file.as_file().sync_all()?; // other machines read it
        file.persist(&path).map_err(|error| error.error)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SharedKey {
        SharedKey([byte; KEY_BYTES])
    }

    /// The library has the tests of RFC 4231; this is what is authenticated.
    #[test]
    fn the_code_is_hmac_of_the_mark_the_name_and_the_code() {
        let mut expected = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        expected.update(b"shared.1\x04\0\0\0\0\0\0\0nameabc");
        let code = key(7).mac("name", b"abc").finalize().into_bytes();
        assert_eq!(code, expected.finalize().into_bytes());
    }

    #[test]
    fn what_was_put_is_found_under_its_name_and_with_its_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let shared = |byte| SharedCache::new(dir.path().to_owned(), key(byte));
        assert_eq!(shared(1).find("a"), None);
        assert!(shared(1).put("a", b"code").unwrap());
        assert!(!shared(1).put("a", b"code").unwrap());
        assert_eq!(shared(1).find("a").as_deref(), Some(&b"code"[..]));
        assert_eq!(shared(2).find("a"), None);
        fs::copy(dir.path().join("a"), dir.path().join("b")).unwrap();
        assert_eq!(shared(1).find("b"), None);
        std::os::unix::fs::symlink(dir.path().join("a"), dir.path().join("c")).unwrap();
        assert_eq!(shared(1).find("c"), None);
    }

    #[test]
    fn no_changed_byte_and_no_shorter_file_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let shared = SharedCache::new(dir.path().to_owned(), key(1));
        assert!(shared.put("a", b"code").unwrap());
        let path = dir.path().join("a");
        let right = fs::read(&path).unwrap();
        assert_eq!(right.len(), 4 + END_BYTES);
        for at in 0..right.len() {
            let mut changed = right.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            assert_eq!(shared.find("a"), None, "byte {at}");
            fs::write(&path, &right[..at]).unwrap();
            assert_eq!(shared.find("a"), None, "{at} bytes");
        }
        fs::write(&path, &right).unwrap();
        assert_eq!(shared.find("a").as_deref(), Some(&b"code"[..]));
    }

    #[test]
    fn a_key_is_read_as_it_was_made_and_from_a_closed_file_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let made = SharedKey::create(&path).unwrap();
        assert_eq!(SharedKey::read(&path).unwrap().0, made.0);
        let text = |error: KeyError| error.to_string();
        let again = SharedKey::create(&path).unwrap_err();
        assert_eq!(text(again), "File exists (os error 17)");
        let mode = std::os::unix::fs::PermissionsExt::from_mode;
        fs::set_permissions(&path, mode(0o640)).unwrap();
        let open = SharedKey::read(&path).unwrap_err();
        assert_eq!(text(open), KeyError::Open.to_string());
        fs::set_permissions(&path, mode(0o600)).unwrap();
        for wrong in ["", "00", &"g".repeat(64), &"0".repeat(65), &"é".repeat(32)] {
            fs::write(&path, wrong).unwrap();
            let error = SharedKey::read(&path).unwrap_err();
            assert_eq!(text(error), KeyError::NoKey.to_string(), "{wrong}");
        }
        fs::write(&path, "0f".repeat(32)).unwrap();
        assert_eq!(SharedKey::read(&path).unwrap().0, [15; KEY_BYTES]);
    }
}
