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
                "there is no project in JavaScript: a module needs an interpreter inside, and none is shipped. \
                 Javy makes one module of a script and an interpreter (https://github.com/bytecodealliance/javy): \
                 write a program that reads lines from stdin with Javy.IO.readSync and writes lines with \
                 Javy.IO.writeSync, run javy build, and host inspect the result. Or take --lang rust, c or go",
            ),
            Language::Python => Some(
                "there is no project in Python: CPython reads its library from files when it starts, and a \
                 module has no files here. Take --lang rust, c or go, or write the node for real Maelstrom, \
                 where any program runs",
            ),
        }
    }
}
