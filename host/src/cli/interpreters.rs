//! The interpreters that projects of scripts fetch.

use std::path::Path;

/// A module that runs scripts, and is fetched once.
pub(super) struct Interpreter {
    name: &'static str,
    /// Its file, as the address names it.
    pub(super) file: &'static str,
    /// Where it is, but for its file.
    address: &'static str,
}

pub(super) const QUICKJS: Interpreter = Interpreter {
    name: "QuickJS-NG",
    file: "qjs-wasi.wasm",
    address: "https://github.com/quickjs-ng/quickjs/releases/latest/download",
};

pub(super) const CPYTHON: Interpreter = Interpreter {
    name: "CPython",
    file: "python-3.12.0.wasm",
    address: "https://github.com/vmware-labs/webassembly-language-runtimes/releases/download/python%2F3.12.0%2B20231211-040d5a6",
};

/// Of the file of [`CPYTHON`].
pub(super) const CPYTHON_SHA256: &str =
    "e5dc5a398b07b54ea8fdb503bf68fb583d533f10ec3f930963e02b9505f7a763";

impl Interpreter {
    /// The command that fetches it.
    pub(super) fn fetch(&self) -> String {
        format!("curl -LO {}/{}", self.address, self.file)
    }
}

/// What to say of a module that is not there: how to fetch it, if it is the interpreter of a project.
pub(super) fn missing(module: &Path) -> Option<String> {
    let file = module.file_name()?;
    let interpreters = [QUICKJS, CPYTHON];
    let found = interpreters.iter().find(|it| file == it.file)?;
    Some(format!("{} is fetched once: {}", found.name, found.fetch()))
}
