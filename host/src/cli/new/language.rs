//! The languages of projects.

use clap::ValueEnum;

/// The language of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// With the SDK.
    Rust,
    /// A program on stdin and stdout, with clang and wasi-libc.
    C,
    /// A program on stdin and stdout.
    Go,
    /// Not yet: says what to do instead.
    #[value(alias = "javascript")]
    Js,
    /// Not yet: says what to do instead.
    #[value(alias = "py")]
    Python,
}

impl Language {
    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::C => "C",
            Language::Go => "Go",
            Language::Js => "JavaScript",
            Language::Python => "Python",
        }
    }

    /// Why there is no project in this language, if there is none, and what to do.
    pub(super) fn missing(self) -> Option<&'static str> {
        match self {
            Language::Rust | Language::C | Language::Go => None,
            Language::Js => Some(
                "there is no project in JavaScript yet: a module needs an interpreter inside. A script runs all the same, as \
                 an argument of QuickJS-NG's program for WASI (https://github.com/quickjs-ng/quickjs, qjs-wasi.wasm): \
                 host sim --challenge 1 qjs-wasi.wasm -- --std -e \"$(cat node.js)\". docs/programs.md has such a \
                 node. host grade takes modules without arguments: for a grade take --lang rust, c or go",
            ),
            Language::Python => Some(
                "there is no project in Python: CPython reads its library from files when it starts, and a \
                 module has no files here. Take --lang rust, c or go, or write the node for real Maelstrom, \
                 where any program runs",
            ),
        }
    }
}
