//! What vetting finds out about a module.

use serde::Serialize;

/// What a module is, as far as one can tell without running it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Size of the file.
    pub bytes: u64,
    /// Identifies the module.
    pub sha256: String,
    /// Which kind of guest it is.
    pub kind: Kind,
    /// Whether the Go toolchain made it; decides how a program's stdin behaves
    /// (docs/programs.md).
    pub built_by_go: bool,
    /// The version of the guest ABI that its marker names.
    pub abi_version: Option<u32>,
    /// What it wants from its host.
    pub imports: Vec<Import>,
    /// What it offers.
    pub exports: Vec<Export>,
    /// Functions defined, imports not counted.
    pub functions: u32,
    /// Bytes of all function bodies.
    pub code_bytes: u64,
    /// Bytes of the largest function body.
    pub largest_body_bytes: u32,
    /// Locals of the function that has the most.
    pub locals_max: u32,
    /// Bytes of all data segments.
    pub data_bytes: u64,
    /// Bytes of memory it starts with.
    pub memory_bytes: u64,
    /// Elements that its tables start with.
    pub table_elements: u64,
    /// Whether a start function runs when it is instantiated.
    pub start_function: bool,
}

/// The kinds of guests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A library that follows the guest ABI.
    Abi,
    /// A program that reads stdin and writes stdout.
    Program,
    /// Neither, so it is not a guest.
    #[default]
    Unknown,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The module it is imported from.
    pub module: String,
    /// Its name.
    pub name: String,
    /// Its type: `(i32, i32) -> i32` for a function, otherwise what it is.
    pub signature: String,
    /// Whether this host has it.
    pub provided: bool,
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type: `(i32, i32) -> i32` for a function, otherwise what it is.
    pub signature: String,
}
