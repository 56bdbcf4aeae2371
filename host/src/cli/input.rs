//! What commands read besides modules.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use host_protocol::lines::BYTE_ORDER_MARK;

/// Reads a whole file, or stdin for `-`, of `bytes_max` bytes at most, without the byte order mark
/// that it may begin with. The user has named it, so it may be a pipe, such as
/// `<(zcat history.edn.gz)`, and is waited for. `what` it is, such as "a history", is for the error.
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
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(text)
}
