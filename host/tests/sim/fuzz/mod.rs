//! The fuzz targets on the stored corpora: each file as it is, and mutations of the files.
//!
//! `./runner.sh fuzz TARGET` looks for more. What it finds is kept in `fuzz/corpus/TARGET/`, and
//! so tested here for ever after.

mod corpus;
mod mutate;
mod replay;
