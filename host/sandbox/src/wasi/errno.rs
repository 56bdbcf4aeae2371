//! Error codes of WASI preview 1.

pub(crate) const SUCCESS: i32 = 0;
pub(crate) const AGAIN: i32 = 6;
pub(crate) const BADF: i32 = 8;
pub(crate) const BUSY: i32 = 10;
pub(crate) const EXIST: i32 = 20;
pub(crate) const FAULT: i32 = 21;
pub(crate) const FBIG: i32 = 22;
pub(crate) const ILSEQ: i32 = 25;
pub(crate) const INVAL: i32 = 28;
pub(crate) const IO: i32 = 29;
pub(crate) const ISDIR: i32 = 31;
pub(crate) const MFILE: i32 = 33;
pub(crate) const NAMETOOLONG: i32 = 37;
pub(crate) const NOENT: i32 = 44;
pub(crate) const NOMEM: i32 = 48;
pub(crate) const NOSPC: i32 = 51;
pub(crate) const NOSYS: i32 = 52;
pub(crate) const NOTDIR: i32 = 54;
pub(crate) const NOTEMPTY: i32 = 55;
pub(crate) const NOTSUP: i32 = 58;
pub(crate) const OVERFLOW: i32 = 61;
pub(crate) const PERM: i32 = 63;
pub(crate) const ROFS: i32 = 69;
pub(crate) const SPIPE: i32 = 70;
pub(crate) const XDEV: i32 = 75;
pub(crate) const NOTCAPABLE: i32 = 76;
