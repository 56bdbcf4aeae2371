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
    /// Scripts in QuickJS-NG, which is fetched.
    #[value(alias = "javascript")]
    Js,
    /// Scripts in CPython, which is fetched.
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
}
