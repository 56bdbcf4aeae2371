//! Checks a module before it is compiled.
//!
//! One pass over the file collects the [`Facts`] and all reasons why the module cannot
//! run here, so that its author can fix them at once.

use host_guest::Limits;
use host_protocol::text::{excerpt, one_line};
use host_protocol::{abi, workload};
use sha2::{Digest, Sha256};
use wasmparser::{
    CompositeInnerType, CustomSectionReader, ExternalKind, FuncType, FunctionBody, KnownCustom,
    MemoryType, Parser, Payload, TypeRef,
};

use crate::facts::{Export, Facts, Import, Kind};
use crate::limits::ModuleLimits;
use crate::wasi;

mod exports;
mod signature;

use self::exports::{ABI_EXPORTS, PROGRAM_EXPORTS, THREAD_EXPORTS, WORKLOAD_EXPORTS};
use self::signature::signature;

/// The result of vetting a module.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vetted {
    /// The facts, up to the first error in the file.
    pub facts: Facts,
    /// Why the module cannot run here, a sentence each; empty if it can.
    pub problems: Vec<String>,
}

/// Vets the module in `bytes`: `limits` bounds its initial memory and tables,
/// `module_limits` everything else.
#[must_use]
pub fn vet(bytes: &[u8], limits: &Limits, module_limits: &ModuleLimits) -> Vetted {
    let facts = Facts {
        bytes: bytes.len() as u64,
        sha256: hex(&Sha256::digest(bytes)),
        ..Facts::default()
    };
    let mut vetting = Vetting {
        facts,
        problems: Vec::new(),
        types: Vec::new(),
        type_values: 0,
        functions: Vec::new(),
        memories: 0,
        overfull: false,
        bodies: 0,
        locals_total: 0,
        work_total: 0,
        limits,
        module_limits,
    };
    match not_a_core_module(bytes) {
        Some(problem) => vetting.problems.push(problem.into()),
        None => vetting.module(bytes),
    }
    Vetted {
        facts: vetting.facts,
        problems: vetting.problems,
    }
}

/// Whether `bytes` are only the beginning of a module, as while the file is being written.
#[must_use]
pub fn is_cut_off(bytes: &[u8]) -> bool {
    let magic = &bytes[..bytes.len().min(4)];
    if bytes.len() < 8 {
        return b"\0asm".starts_with(magic);
    }
    let mut payloads = Parser::new(0).parse_all(bytes);
    payloads.any(|payload| payload.is_err_and(|error| ends_early(&error)))
}

/// Recognises files that are submitted by mistake.
fn not_a_core_module(bytes: &[u8]) -> Option<&'static str> {
    let text = bytes.trim_ascii_start();
    Some(if bytes.is_empty() {
        "the file is empty"
    } else if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        "this is machine code that wasmtime compiled earlier, which is never trusted; \
         hand in the .wasm module itself"
    } else if bytes.starts_with(b"\x7fELF") {
        "this is a native program (ELF), not WebAssembly; build it with --target wasm32-wasip1"
    } else if text.starts_with(b"(module") || text.starts_with(b";;") {
        "this is the text format of WebAssembly; assemble it first, for example with wat2wasm"
    } else if bytes.len() >= 4 && !bytes.starts_with(b"\0asm") {
        "this is not WebAssembly: it does not begin with the bytes \"\\0asm\""
    } else if bytes.len() < 8 {
        "the file is cut off: it ends inside the first 8 bytes"
    } else if bytes[4..8] == [0x0d, 0, 1, 0] {
        "this is a WebAssembly component, not a core module; \
         build it with --target wasm32-wasip1 (not wasip2)"
    } else if bytes[4..8] != [1, 0, 0, 0] {
        "this is WebAssembly of an unknown version; version 1 is the only one there is"
    } else {
        return None;
    })
}

struct Vetting<'a> {
    facts: Facts,
    problems: Vec<String>,
    /// The type section; `None` for what is not a function type.
    types: Vec<Option<FuncType>>,
    /// Parameters, results and fields of all types.
    type_values: u64,
    /// The type index of each function, imports first.
    functions: Vec<u32>,
    /// Memories, those that are imported included.
    memories: u32,
    /// Whether a section has so many entries that reading them would take too much memory.
    overfull: bool,
    bodies: u32,
    locals_total: u64,
    work_total: u64,
    limits: &'a Limits,
    module_limits: &'a ModuleLimits,
}

impl Vetting<'_> {
    fn module(&mut self, bytes: &[u8]) {
        if self.facts.bytes > self.module_limits.module_bytes {
            self.too_much(
                "file has",
                self.facts.bytes,
                self.module_limits.module_bytes,
                "bytes",
            );
            return;
        }
        for payload in Parser::new(0).parse_all(bytes) {
            let step = payload.and_then(|payload| self.payload(payload));
            if let Err(error) = step {
                self.problems.push(malformed(&error));
                return;
            }
            if self.overfull {
                return;
            }
        }
        self.check_limits();
        self.check_kind();
    }

    fn payload(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        if self.is_overfull(&payload) {
            return Ok(());
        }
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for sub in group?.into_types() {
                        self.ty(sub.composite_type.inner);
                        // A group has many types, and a type many parameters.
                        if self.overfull {
                            return Ok(());
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?);
                }
            }
            Payload::FunctionSection(section) => {
                self.facts.functions = section.count();
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.facts.table_elements =
                        self.facts.table_elements.saturating_add(table?.ty.initial);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory?;
                    self.memory(memory);
                    if memory.shared {
                        let problem = "its memory is shared and not imported; link it with \
                                       --import-memory, as the target wasm32-wasip1-threads does";
                        self.problems.push(problem.into());
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(export?);
                }
            }
            Payload::StartSection { .. } => self.facts.start_function = true,
            Payload::DataSection(section) => {
                for data in section {
                    self.facts.data_bytes += data?.data.len() as u64;
                }
            }
            Payload::CodeSectionEntry(body) => self.body(&body)?,
            Payload::CustomSection(section) => self.facts.built_by_go |= is_go(&section),
            _ => {}
        }
        Ok(())
    }

    /// Counts the initial size of a memory.
    fn memory(&mut self, ty: MemoryType) {
        self.memories = self.memories.saturating_add(1);
        let bytes = ty.initial.saturating_mul(64 << 10);
        self.facts.memory_bytes = self.facts.memory_bytes.saturating_add(bytes);
    }

    fn ty(&mut self, ty: CompositeInnerType) {
        let values = match &ty {
            CompositeInnerType::Func(ty) => ty.params().len() + ty.results().len(),
            CompositeInnerType::Struct(ty) => ty.fields.len(),
            _ => 1,
        };
        self.type_values += values as u64;
        self.types.push(match ty {
            CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        });
        let (types, bounds) = (self.types.len() as u64, self.module_limits);
        if types > u64::from(bounds.types) {
            self.too_much("type section has", types, bounds.types.into(), "types");
            self.overfull = true;
        } else if self.type_values > bounds.type_values {
            let (what, unit) = ("type section has", "parameters, results and fields");
            self.too_much(what, self.type_values, bounds.type_values, unit);
            self.overfull = true;
        }
    }

    /// Whether the section has too many entries. An entry can take much more memory than the
    /// few bytes that it has in the file.
    fn is_overfull(&mut self, payload: &Payload<'_>) -> bool {
        let bounds = self.module_limits;
        let (what, count, limit, unit) = match payload {
            Payload::TypeSection(section) => {
                ("type section has", section.count(), bounds.types, "types")
            }
            Payload::ImportSection(section) => {
                let (count, limit) = (section.count(), bounds.imports);
                ("import section has", count, limit, "imports")
            }
            Payload::TableSection(section) => {
                let (count, limit) = (section.count(), bounds.tables);
                ("table section has", count, limit, "tables")
            }
            Payload::GlobalSection(section) => {
                let (count, limit) = (section.count(), bounds.globals);
                ("global section has", count, limit, "globals")
            }
            Payload::ExportSection(section) => {
                let (count, limit) = (section.count(), bounds.exports);
                ("export section has", count, limit, "exports")
            }
            _ => return false,
        };
        if count > limit {
            self.too_much(what, count.into(), limit.into(), unit);
            self.overfull = true;
        }
        self.overfull
    }

    fn import(&mut self, import: wasmparser::Import<'_>) {
        let signature = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(ty);
                self.signature(ty)
            }
            TypeRef::Table(_) => "table".to_owned(),
            TypeRef::Memory(ty) if ty.shared && !ty.memory64 => {
                self.memory(ty);
                self.facts.threads = true;
                SHARED_MEMORY.to_owned()
            }
            TypeRef::Memory(_) => "memory".to_owned(),
            TypeRef::Global(_) => "global".to_owned(),
            TypeRef::Tag(_) => "tag".to_owned(),
        };
        let offered = match (import.module, import.name) {
            (wasi::MODULE, name) => wasi::signature(name),
            (SPAWN_MODULE, SPAWN) => Some(SPAWN_TYPE.to_owned()),
            _ if signature == SHARED_MEMORY => Some(SHARED_MEMORY.to_owned()),
            _ => None,
        };
        let provided = offered.as_deref() == Some(&signature);
        if !provided {
            let shown = |name: &str| one_line(&excerpt(name, NAME_SHOWN_MAX)).into_owned();
            let (module, name) = (shown(import.module), shown(import.name));
            let what = format!(
                "it imports {module}::{name} {}",
                excerpt(&signature, SIGNATURE_SHOWN_MAX)
            );
            self.problems.push(match offered {
                Some(right) => format!("{what}, but the type of that function is {right}"),
                None if import.module == wasi::MODULE => {
                    format!("{what}, which is not a function of WASI preview 1")
                }
                None => format!(
                    "{what}, which this host does not have: a guest may import from \
                     {} only",
                    wasi::MODULE
                ),
            });
        }
        self.facts.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            signature,
            provided,
        });
    }

    fn export(&mut self, export: wasmparser::Export<'_>) {
        let signature = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                match self.functions.get(export.index as usize) {
                    Some(ty) => self.signature(*ty),
                    None => "function".to_owned(),
                }
            }
            ExternalKind::Table => "table".to_owned(),
            ExternalKind::Memory => "memory".to_owned(),
            ExternalKind::Global => "global".to_owned(),
            ExternalKind::Tag => "tag".to_owned(),
        };
        self.facts.exports.push(Export {
            name: export.name.to_owned(),
            signature,
        });
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> wasmparser::Result<()> {
        let size = body.range().len();
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let mut locals: u32 = 0;
        for group in body.get_locals_reader()? {
            locals = locals.saturating_add(group?.0);
        }
        self.facts.code_bytes += u64::from(size);
        self.facts.largest_body_bytes = self.facts.largest_body_bytes.max(size);
        self.facts.locals_max = self.facts.locals_max.max(locals);
        let work = u64::from(size) * u64::from(locals);
        self.locals_total = self.locals_total.saturating_add(locals.into());
        self.work_total = self.work_total.saturating_add(work);
        if work > self.module_limits.body_work {
            let number = self.functions.len() - self.facts.functions as usize;
            self.problems.push(format!(
                "function {} has {size} bytes of code over {locals} locals, too much to compile \
                 in bounded time; split it",
                number + self.bodies as usize
            ));
        }
        self.bodies += 1;
        Ok(())
    }

    fn signature(&self, ty: u32) -> String {
        match self.types.get(ty as usize) {
            Some(Some(ty)) => signature(ty),
            _ => "function".to_owned(),
        }
    }

    fn too_much(&mut self, what: &str, is: u64, limit: u64, unit: &str) {
        self.problems
            .push(format!("its {what} {is} {unit}; the limit is {limit}"));
    }

    fn check_limits(&mut self) {
        let (limits, bounds) = (*self.limits, *self.module_limits);
        if self.memories > 1 {
            let problem = format!("it has {} memories; a guest may have one", self.memories);
            self.problems.push(problem);
        }
        let facts = &self.facts;
        let checks = [
            (
                "code section has",
                u64::from(facts.functions),
                u64::from(bounds.functions),
                "functions",
            ),
            (
                "largest function has",
                u64::from(facts.largest_body_bytes),
                u64::from(bounds.body_bytes),
                "bytes",
            ),
            (
                "function with the most has",
                u64::from(facts.locals_max),
                u64::from(bounds.locals),
                "locals",
            ),
            (
                "functions have together",
                self.locals_total,
                bounds.locals_total,
                "locals",
            ),
            (
                "functions have together",
                self.work_total,
                bounds.work_total,
                "bytes times locals",
            ),
            (
                "initial memory has",
                facts.memory_bytes,
                limits.memory_bytes as u64,
                "bytes",
            ),
            (
                "tables have",
                facts.table_elements,
                limits.table_elements as u64,
                "elements",
            ),
        ];
        for (what, is, limit, unit) in checks {
            if is > limit {
                self.too_much(what, is, limit, unit);
            }
        }
    }

    /// Finds out the kind of guest, and checks the exports that it needs.
    fn check_kind(&mut self) {
        let markers: Vec<&Export> = (self.facts.exports.iter())
            .filter(|export| export.name.starts_with(abi::MARKER_PREFIX))
            .collect();
        let current = markers.iter().find(|export| export.name == abi::MARKER);
        let version = current.or(markers.first()).and_then(|marker| {
            let digits = marker.name.strip_prefix(abi::MARKER_PREFIX)?;
            digits.parse().ok()
        });
        let is_current = current.is_some();
        let other = markers.first().map(|marker| marker.name.clone());
        self.facts.abi_version = version;
        if self.export_of(workload::MARKER).is_some() {
            self.facts.kind = Kind::Workload;
            self.check_exports(&WORKLOAD_EXPORTS);
            self.check_snapshot();
            return;
        }
        match other {
            _ if is_current => {
                self.facts.kind = Kind::Abi;
                self.check_exports(&ABI_EXPORTS);
                self.check_snapshot();
                if self.facts.threads {
                    let problem = "a guest of the ABI has one thread, and its memory is not \
                                   imported; build it with --target wasm32-wasip1";
                    self.problems.push(problem.into());
                }
            }
            Some(other) => self.problems.push(format!(
                "it speaks the guest ABI of {}, this host that of {}; build it with a matching SDK",
                one_line(&excerpt(&other, NAME_SHOWN_MAX)),
                abi::MARKER
            )),
            None if self.export_of(PROGRAM_START).is_some() => {
                self.facts.kind = Kind::Program;
                self.check_exports(&PROGRAM_EXPORTS);
                self.check_threads();
            }
            None => self.problems.push(format!(
                "it is not a guest: it exports neither {} (docs/abi.md) nor {PROGRAM_START} \
                 (docs/programs.md)",
                abi::MARKER
            )),
        }
    }

    /// A program that starts threads exports what they run, and shares its memory with them.
    fn check_threads(&mut self) {
        let mut imports = self.facts.imports.iter();
        if imports.any(|import| import.module == SPAWN_MODULE) {
            self.check_exports(&THREAD_EXPORTS);
            if !self.facts.threads {
                let problem = "it starts threads, but does not import the memory that they share";
                self.problems.push(problem.into());
            }
        }
    }

    fn check_exports(&mut self, expected: &[(&str, &str, bool)]) {
        for &(name, right, required) in expected {
            let problem = match self.export_of(name) {
                None if required && name == right => format!("it does not export its {name}"),
                None if required => format!("it does not export {name} {right}"),
                Some(is) if is != right => {
                    let is = excerpt(is, SIGNATURE_SHOWN_MAX);
                    format!("it exports {name} as {is}; a guest's is {right}")
                }
                _ => continue,
            };
            self.problems.push(problem);
        }
    }

    fn check_snapshot(&mut self) {
        if self.export_of(abi::SNAPSHOT).is_some() != self.export_of(abi::RESTORE).is_some() {
            self.problems.push(format!(
                "it exports only one of {} and {}; they need each other",
                abi::SNAPSHOT,
                abi::RESTORE
            ));
        }
    }

    fn export_of(&self, name: &str) -> Option<&str> {
        let mut exports = self.facts.exports.iter();
        let export = exports.find(|export| export.name == name)?;
        Some(&export.signature)
    }
}

/// How much of a name a problem shows, in characters.
const NAME_SHOWN_MAX: usize = 100;

/// How much of a type a problem shows, in characters.
const SIGNATURE_SHOWN_MAX: usize = 200;

/// The export that starts a program.
pub(super) const PROGRAM_START: &str = "_start";

/// What a program starts threads with, and what a thread runs.
///
/// Source: the proposal `wasi-threads` (WebAssembly/wasi-threads).
pub(super) const SPAWN_MODULE: &str = "wasi";
pub(super) const SPAWN: &str = "thread-spawn";
const SPAWN_TYPE: &str = "(i32) -> i32";
pub(super) const THREAD_START: &str = "wasi_thread_start";

/// How an imported memory that threads share is shown.
const SHARED_MEMORY: &str = "shared memory";

/// Whether this section shows that the Go toolchain made the module: Go's linker writes a
/// build id (unless told not to) and the name of the compiler.
fn is_go(section: &CustomSectionReader<'_>) -> bool {
    let KnownCustom::Producers(producers) = section.as_known() else {
        return section.name() == "go:buildid";
    };
    let fields = producers.into_iter().filter_map(Result::ok);
    fields
        .filter(|field| field.name == "processed-by")
        .any(|field| {
            let mut values = field.values.into_iter().filter_map(Result::ok);
            values.any(|value| value.name == "Go cmd/compile")
        })
}

fn malformed(error: &wasmparser::BinaryReaderError) -> String {
    let message = error.message();
    let offset = error.offset();
    if ends_early(error) {
        format!("the file is cut off or damaged: it ends too early (at byte {offset})")
    } else {
        format!("the file is damaged: {message} (at byte {offset})")
    }
}

fn ends_early(error: &wasmparser::BinaryReaderError) -> bool {
    let message = error.message();
    message.contains("unexpected end") || message.contains("code section is absent")
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
