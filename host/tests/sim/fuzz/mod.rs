//! The fuzz targets on the stored corpora: each file as it is, and mutations of the files.
//!
//! `./runner.sh fuzz TARGET` looks for more. Its finds go into `fuzz/corpus/TARGET/`, which makes
//! them regression tests here.

mod corpus;
mod mutate;
mod replay;
