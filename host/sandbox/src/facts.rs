//! The facts that vetting collects about a module.

use serde::Serialize;

/// The facts about a module that are known without running it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// The kind of guest.
    pub kind: Kind,
    /// Whether the Go toolchain made the module: the stdin of such a program does not block
    /// (docs/programs.md).
    pub built_by_go: bool,
    /// Whether it is built for threads: it imports a memory that they share.
    pub threads: bool,
    /// The version of the guest ABI that the marker names.
    pub abi_version: Option<u32>,
    /// All imports, in the order of the file.
    pub imports: Vec<Import>,
    /// All exports, in the order of the file.
    pub exports: Vec<Export>,
    /// Functions that the module defines, without imports.
    pub functions: u32,
    /// Size of all function bodies, in bytes.
    pub code_bytes: u64,
    /// Size of the largest function body, in bytes.
    pub largest_body_bytes: u32,
    /// Locals of the function with the most locals.
    pub locals_max: u32,
    /// Size of all data segments, in bytes.
    pub data_bytes: u64,
    /// Initial size of the memory, in bytes.
    pub memory_bytes: u64,
    /// Initial elements of all tables.
    pub table_elements: u64,
    /// Whether the module has a start function.
    pub start_function: bool,
}

impl Facts {
    /// Whether this is a program that the Go toolchain made.
    #[must_use]
    pub fn is_go_program(&self) -> bool {
        self.built_by_go && self.kind == Kind::Program
    }
}

/// The kinds of guests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A library that follows the guest ABI.
    Abi,
    /// A workload: what clients do, and what is right.
    Workload,
    /// A program that reads stdin and writes stdout.
    Program,
    /// Neither: the module is not a guest.
    #[default]
    Unknown,
}

/// An import of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Import {
    /// The name of the module that it is imported from.
    pub module: String,
    /// The name of the item.
    pub name: String,
    /// The type of a function, such as `(i32, i32) -> i32`; otherwise `table`, `memory`,
    /// `shared memory`, `global` or `tag`.
    pub signature: String,
    /// Whether this host provides it.
    pub provided: bool,
}

/// An export of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Export {
    /// The name of the item.
    pub name: String,
    /// The type of a function, such as `(i32, i32) -> i32`; otherwise `table`, `memory`,
    /// `global` or `tag`.
    pub signature: String,
}
