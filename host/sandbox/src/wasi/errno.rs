//! Error codes of WASI preview 1.

pub(crate) const SUCCESS: i32 = 0;
pub(crate) const AGAIN: i32 = 6;
pub(crate) const BADF: i32 = 8;
pub(crate) const FAULT: i32 = 21;
pub(crate) const INVAL: i32 = 28;
pub(crate) const NOSYS: i32 = 52;
pub(crate) const SPIPE: i32 = 70;
