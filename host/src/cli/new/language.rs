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
    /// Scripts in QuickJS-NG, which is fetched. They cannot be graded.
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
            Language::Rust | Language::C | Language::Go | Language::Js => None,
            Language::Python => Some(
                "there is no project in Python. CPython for WASI runs a node of yours unmodified: docs/programs.md \
                 says where it comes from and with which flags. Or take --lang rust, c, go or js",
            ),
        }
    }
}
