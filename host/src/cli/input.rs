//! What commands read besides modules.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a whole file, or stdin for `-`, of `bytes_max` bytes at most. `what` it is, such as "a
/// history", is for the error.
pub(super) fn read(path: &Path, what: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path)?)
    };
    let mut text = Vec::new();
    input.take(bytes_max + 1).read_to_end(&mut text)?;
    if text.len() as u64 > bytes_max {
        let text = format!("{what} may have {bytes_max} bytes, this one has more");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_large_is_not_read_to_its_end() {
        let error = read(Path::new("/dev/zero"), "a history", 1000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a history may have 1000 bytes, this one has more"
        );
    }
}
