//! Loads modules: reads, vets, compiles and links them.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use host_disk::Mounts;
use host_guest::{Interrupt, Limits};
use tracing::debug;
use wasmtime::{CacheStore, Engine, InstancePre, Linker, Module};

use crate::cache::{Cache, Keep};
use crate::compile::{CompileError, Compiled, InvalidModule, compile, deserialize, problem};
use crate::compiler::Compiler;
use crate::cost::instance_units;
use crate::engine::{
    AddressSpace, EngineError, Pooled, config, config_for_threads, pooled_config, start_watchdog,
};
use crate::facts::{Facts, Kind};
use crate::functions::Batch;
use crate::limits::ModuleLimits;
use crate::load_error::LoadError;
use crate::mappings;
use crate::module_file::read_module;
use crate::mount::MountError;
use crate::program::{self, Code, ProgramState, Unlinked};
use crate::rewrite;
use crate::start::WorkloadFile;
use crate::state::AbiState;
use crate::vet::vet;
use crate::wasi;
use host_protocol::workload;

/// Loads modules. It can be shared between threads; a process needs only one.
pub struct Sandbox {
    engine: Engine,
    abi_linker: Linker<AbiState>,
    /// For how many guests there is a pool, if there is one.
    pool: Option<usize>,
    /// What programs run on: their pool has stacks, which nobody pays for before a program is loaded.
    programs: OnceLock<Programs>,
    /// What programs of Go run on: they have a second memory.
    programs_of_go: OnceLock<Programs>,
    /// What programs with threads run on: a pool has no room for threads.
    threads: OnceLock<Programs>,
    cache: Option<Cache>,
    interrupt: Option<Interrupt>,
    /// Of modules that the user has chosen.
    chosen: ModuleLimits,
}

/// What programs run on.
struct Programs {
    engine: Engine,
    linker: Linker<ProgramState>,
}

/// A module that has passed all checks and is compiled.
#[derive(Clone)]
#[non_exhaustive]
pub struct GuestModule {
    /// The name of the file, without directory and extension.
    pub name: String,
    /// What vetting has found out about the module.
    pub facts: Facts,
    /// The arguments that guests have first. Whoever makes the options of a run puts them before others.
    pub first_args: Vec<String>,
    pub(crate) linked: Linked,
    pub(crate) interrupt: Option<Interrupt>,
    pub(crate) mounts: Arc<Mounts>,
}

/// A compiled module with its imports resolved, by the kind of guest.
#[derive(Clone)]
pub(super) enum Linked {
    Abi(InstancePre<AbiState>),
    Program(Code),
}

impl Sandbox {
    /// Makes a sandbox that keeps compiled code in `cache`, if there is one.
    ///
    /// # Errors
    /// If the engine does not work on this machine.
    pub fn new(cache: Option<Cache>) -> Result<Self, EngineError> {
        let config = config(
            AddressSpace::of_this_process(),
            functions_of(cache.as_ref()),
        )?;
        Self::with_engine(Engine::new(&config)?, cache)
    }

    /// Makes a sandbox whose guests come from a pool, which makes it cheap to start and
    /// end them. It is for a simulator: at most `instances` guests may live at a time.
    ///
    /// The sandbox has no pool if the address space is limited.
    ///
    /// # Errors
    /// If the engine does not work on this machine, or the system has too few memory mappings for so many guests.
    pub fn pooled(cache: Option<Cache>, instances: usize) -> Result<Self, EngineError> {
        if AddressSpace::of_this_process() == AddressSpace::Limited {
            return Self::new(cache);
        }
        match pooled_engine(Pooled::Libraries, instances, cache.as_ref())? {
            Some(engine) => Ok(Sandbox {
                pool: Some(instances),
                ..Self::with_engine(engine, cache)?
            }),
            None => Self::new(cache),
        }
    }

    fn with_engine(engine: Engine, cache: Option<Cache>) -> Result<Self, EngineError> {
        start_watchdog(&engine);
        let mut abi_linker = Linker::new(&engine);
        wasi::abi::add_to(&mut abi_linker)?;
        Ok(Sandbox {
            engine,
            abi_linker,
            pool: None,
            programs: OnceLock::new(),
            programs_of_go: OnceLock::new(),
            threads: OnceLock::new(),
            cache,
            interrupt: None,
            chosen: ModuleLimits::chosen(),
        })
    }

    /// Ends the compiling of modules and the steps of their guests when `interrupt` is requested.
    #[must_use]
    pub fn interrupted_by(self, interrupt: &Interrupt) -> Self {
        Sandbox {
            interrupt: Some(interrupt.clone()),
            ..self
        }
    }

    /// Limits the modules that [`load`](Sandbox::load) loads; those that are usual are
    /// [`ModuleLimits::chosen`].
    #[must_use]
    pub fn limited_to(self, chosen: ModuleLimits) -> Self {
        Sandbox { chosen, ..self }
    }

    /// The most bytes of a module that [`load`](Sandbox::load) loads.
    #[must_use]
    pub fn module_bytes_max(&self) -> u64 {
        self.chosen.module_bytes
    }

    /// Loads the module in the file `path`, which the user has chosen, to run under `limits`.
    ///
    /// # Errors
    /// If the file cannot be read, or the module cannot run here.
    pub fn load(&self, path: &Path, limits: &Limits) -> Result<GuestModule, LoadError> {
        self.load_chosen(path, limits, &self.chosen)
    }

    /// Like [`load`](Sandbox::load), under limits of its own.
    ///
    /// # Errors
    /// As for [`load`](Sandbox::load).
    pub fn load_chosen(
        &self,
        path: &Path,
        limits: &Limits,
        chosen: &ModuleLimits,
    ) -> Result<GuestModule, LoadError> {
        let wasm = read_module(path, chosen.module_bytes)?;
        self.admit(path, &wasm, (limits, chosen), Keep::InUse, |wasm| {
            self.compile_here(wasm)
        })
    }

    /// Loads the workload in the file `path`, which the user has chosen. Its module answers requests, and is no node.
    ///
    /// # Errors
    /// As for [`load`](Sandbox::load).
    pub fn load_workload(&self, path: &Path, limits: &Limits) -> Result<WorkloadFile, LoadError> {
        let wasm = read_module(path, self.chosen.module_bytes)?;
        let of_module = (limits, &self.chosen);
        let module = self.vetted(path, &wasm, of_module, Keep::InUse, |wasm| {
            self.compile_here(wasm)
        })?;
        match module.facts.kind {
            Kind::Workload => Ok(WorkloadFile {
                module,
                limits: *limits,
            }),
            _ => Err(LoadError::Rejected {
                path: path.to_owned(),
                problems: vec![format!(
                    "it is not a workload: it does not export {} (docs/workloads.md)",
                    workload::MARKER
                )],
            }),
        }
    }

    /// Like [`load`](Sandbox::load), for an untrusted module: `compiler` compiles it in a
    /// separate process, and a module that exceeds the limits of that process is rejected.
    ///
    /// # Errors
    /// As for [`load`](Sandbox::load), and [`LoadError::Internal`] if the process fails.
    pub fn load_untrusted(
        &self,
        path: &Path,
        limits: &Limits,
        compiler: &Compiler,
    ) -> Result<GuestModule, LoadError> {
        let of_module = compiler.module_limits();
        let wasm = read_module(path, of_module.module_bytes)?;
        self.admit(path, &wasm, (limits, of_module), Keep::Recent, |wasm| {
            let functions = self.cache.as_ref().map(Cache::functions);
            compiler.compile(wasm, functions.as_deref(), self.interrupt.as_ref())
        })
    }

    /// Validates the module in `wasm` without compiling it. Returns what is wrong with it,
    /// on one line, or `None` if it is valid.
    #[must_use]
    pub fn problem(&self, wasm: &[u8]) -> Option<String> {
        let error = Module::validate(&self.engine, wasm).err()?;
        Some(problem(&error))
    }

    /// Loads the module in `wasm`, which does not come from a file.
    ///
    /// # Errors
    /// As for [`load`](Sandbox::load).
    pub fn load_bytes(&self, wasm: &[u8], limits: &Limits) -> Result<GuestModule, LoadError> {
        let path = Path::new("module.wasm");
        self.admit(path, wasm, (limits, &self.chosen), Keep::InUse, |wasm| {
            self.compile_here(wasm)
        })
    }

    /// Compiles in this process. The compiler cannot be stopped, only left behind.
    fn compile_here(&self, wasm: &[u8]) -> Result<Compiled, CompileError> {
        let code = match &self.interrupt {
            None => compile(&self.engine, wasm)?,
            Some(interrupt) => {
                let (engine, wasm) = (self.engine.clone(), wasm.to_vec());
                let code = interrupt.wait_for(move || compile(&engine, &wasm));
                code.ok_or(CompileError::Interrupted)??
            }
        };
        let functions = self.cache.as_ref().map(Cache::functions);
        Ok(Compiled {
            code,
            functions: functions.map_or_else(Batch::default, |functions| functions.take()),
        })
    }

    /// Vets, compiles and links the module of a node in `wasm`, which comes from `path`.
    fn admit(
        &self,
        path: &Path,
        wasm: &[u8],
        limits: (&Limits, &ModuleLimits),
        keep: Keep,
        compile: impl FnOnce(&[u8]) -> Result<Compiled, CompileError>,
    ) -> Result<GuestModule, LoadError> {
        let module = self.vetted(path, wasm, limits, keep, compile)?;
        match module.facts.kind {
            Kind::Workload => Err(LoadError::Rejected {
                path: path.to_owned(),
                problems: vec![
                    "it is a workload, not a node: give it to --workload, and a node to --module"
                        .to_owned(),
                ],
            }),
            _ => Ok(module),
        }
    }

    /// Vets, compiles and links the module in `wasm`, which comes from `path`.
    fn vetted(
        &self,
        path: &Path,
        wasm: &[u8],
        (limits, of_module): (&Limits, &ModuleLimits),
        keep: Keep,
        compile: impl FnOnce(&[u8]) -> Result<Compiled, CompileError>,
    ) -> Result<GuestModule, LoadError> {
        let report = vet(wasm, limits, of_module);
        let rejected = |problems| LoadError::Rejected {
            path: path.to_owned(),
            problems,
        };
        let internal = |reason| LoadError::Internal {
            path: path.to_owned(),
            reason,
        };
        if !report.problems.is_empty() {
            return Err(rejected(report.problems));
        }
        let module = self.compiled_as_needed(&report.facts, (wasm, keep), compile);
        let module = module.map_err(|error| match error {
            CompileError::Module(invalid) => rejected(vec![invalid.to_string()]),
            CompileError::Interrupted => LoadError::Interrupted {
                path: path.to_owned(),
            },
            CompileError::Internal(reason) => internal(reason),
        })?;
        let linked = self.link(&report.facts, module);
        let linked = linked.map_err(|error| internal(error.to_string()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(GuestModule {
            name: name.into_owned(),
            facts: report.facts,
            first_args: Vec::new(),
            linked,
            interrupt: self.interrupt.clone(),
            mounts: Arc::default(),
        })
    }

    /// The machine code of the module with this hash.
    fn compiled(
        &self,
        engine: &Engine,
        (sha256, keep): (&str, Keep),
        compile: impl FnOnce() -> Result<Compiled, CompileError>,
    ) -> Result<Module, CompileError> {
        match &self.cache {
            Some(cache) => cache.compiled(engine, (sha256, keep), compile),
            None => compile().and_then(|compiled| deserialize(engine, &compiled.code)),
        }
    }

    /// The machine code of a module, which is rewritten first if it has to be.
    fn compiled_as_needed(
        &self,
        facts: &Facts,
        (wasm, keep): (&[u8], Keep),
        compile: impl FnOnce(&[u8]) -> Result<Compiled, CompileError>,
    ) -> Result<Module, CompileError> {
        let engine = match facts.kind {
            Kind::Program => {
                let made = self.programs(facts);
                &made
                    .map_err(|error| CompileError::Internal(error.to_string()))?
                    .engine
            }
            Kind::Abi | Kind::Workload | Kind::Unknown => &self.engine,
        };
        let Some(key) = rewrite::key(facts) else {
            return self.compiled(engine, (&facts.sha256, keep), || compile(wasm));
        };
        self.compiled(engine, (&key, keep), || match self.problem(wasm) {
            Some(problem) => Err(InvalidModule(problem).into()),
            None => compile(&rewrite::rewrite(facts, wasm)?),
        })
    }

    /// What a program runs on.
    fn programs(&self, facts: &Facts) -> Result<&Programs, EngineError> {
        let (place, pooled) = match (facts.threads, facts.is_go_program()) {
            (true, _) => (&self.threads, None),
            (false, true) => (&self.programs_of_go, Some(Pooled::ProgramsOfGo)),
            (false, false) => (&self.programs, Some(Pooled::Programs)),
        };
        if place.get().is_none() {
            let engine = match pooled {
                None => self.engine_for_threads()?,
                Some(pooled) => self.engine_for_programs(pooled)?,
            };
            let mut linker = Linker::new(&engine);
            program::wasi::add_to(&mut linker, facts.threads)?;
            // If another thread has made one meanwhile, that is the one.
            let _ = place.set(Programs { engine, linker });
        }
        let made = place.get();
        Ok(made.ok_or_else(|| wasmtime::format_err!("there is no engine"))?)
    }

    fn engine_for_programs(&self, pooled: Pooled) -> Result<Engine, EngineError> {
        let Some(instances) = self.pool else {
            return Ok(self.engine.clone());
        };
        let engine = match pooled_engine(pooled, instances, self.cache.as_ref())? {
            Some(engine) => engine,
            None => {
                let functions = functions_of(self.cache.as_ref());
                Engine::new(&config(AddressSpace::of_this_process(), functions)?)?
            }
        };
        start_watchdog(&engine);
        Ok(engine)
    }

    fn engine_for_threads(&self) -> Result<Engine, EngineError> {
        let space = AddressSpace::of_this_process();
        let config = config_for_threads(space, functions_of(self.cache.as_ref()))?;
        let engine = Engine::new(&config)?;
        start_watchdog(&engine);
        Ok(engine)
    }

    fn link(&self, facts: &Facts, module: Module) -> Result<Linked, EngineError> {
        Ok(match facts.kind {
            Kind::Program => {
                let linker = &self.programs(facts)?.linker;
                Linked::Program(match facts.threads {
                    true => Code::Threads(Arc::new(Unlinked {
                        module,
                        linker: linker.clone(),
                        instance_units: instance_units(facts),
                    })),
                    false => Code::Single(linker.instantiate_pre(&module)?),
                })
            }
            // Vetting has rejected modules of an unknown kind.
            Kind::Abi | Kind::Workload | Kind::Unknown => {
                Linked::Abi(self.abi_linker.instantiate_pre(&module)?)
            }
        })
    }
}

/// An engine with a pool for `instances` guests, unless the machine does not let it have one.
///
/// # Errors
/// If the system has too few memory mappings for so many: without a pool they would be as many.
fn pooled_engine(
    pooled: Pooled,
    instances: usize,
    cache: Option<&Cache>,
) -> Result<Option<Engine>, EngineError> {
    mappings::check(instances, pooled.mappings())?;
    let config = pooled_config(pooled, instances, functions_of(cache))?;
    Ok(match Engine::new(&config) {
        Ok(engine) => Some(engine),
        Err(error) => {
            debug!("guests do not come from a pool: {error:#}");
            None
        }
    })
}

impl GuestModule {
    /// Whether it is a program, and no guest of the ABI.
    #[must_use]
    pub fn is_program(&self) -> bool {
        matches!(self.linked, Linked::Program(_))
    }

    /// The same module, whose guests find `mounts` in their files.
    ///
    /// # Errors
    /// If it is a guest of the ABI, which has no such files.
    pub fn mounted(self, mounts: &Arc<Mounts>) -> Result<Self, MountError> {
        match self.linked {
            Linked::Abi(_) if !mounts.is_empty() => Err(MountError::NoProgram { name: self.name }),
            Linked::Abi(_) | Linked::Program(_) => Ok(GuestModule {
                mounts: Arc::clone(mounts),
                ..self
            }),
        }
    }
}

/// What the compiler of an engine asks for functions.
fn functions_of(cache: Option<&Cache>) -> Option<Arc<dyn CacheStore>> {
    Some(cache?.functions())
}
