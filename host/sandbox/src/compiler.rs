//! Compiles untrusted modules, each in a separate process.
//!
//! Fuel cannot bound compiling: the compiler's time and memory can grow much faster than the
//! module, and it cannot be interrupted. Vetting rejects modules that are known to be
//! expensive; the process bounds the others. It limits itself before it reads the module. It is
//! a filter from module to machine code: it reads the functions that are known already, and may
//! write no file, so it leaves nothing behind whenever it is killed. Functions that are new go to its
//! parent with the module's code.
//!
//! The output of the process is machine code that will run. So the process runs the same
//! program as its parent, and its pipes are open in no other process.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use host_guest::Interrupt;
use host_protocol::text::{excerpt, one_line};
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};
use wasmtime::Engine;

use crate::compile::{CompileError, Compiled, InvalidModule, compile};
use crate::engine::{AddressSpace, EngineError, config};
use crate::functions::{Batch, Functions};
use crate::limits::{CompileLimits, ModuleLimits};
use crate::this_program;

/// The hidden command of this program that compiles a module from stdin.
pub const COMMAND: &str = "compile";

/// The exit code that means that the module is invalid; stderr says why.
pub const INVALID: u8 = 3;

/// Parts of what a process says that has no memory left: of the standard library's message, and
/// of the engine's.
const NO_MEMORY: [&str; 2] = ["memory allocation of ", "out-of-memory"];

/// How often the process's parent looks whether it is asked to end.
const POLL: Duration = Duration::from_millis(50);

/// How much of a failed process's stderr is read.
const STDERR_BYTES_MAX: u64 = 4096;

/// Compiles each module in a separate process.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    limits: CompileLimits,
    of_module: ModuleLimits,
}

impl Compiler {
    /// Compiles with the running program, which must be `host`.
    ///
    /// # Errors
    /// If neither the system nor the name that the program was called by tells its path.
    pub fn new(limits: CompileLimits) -> io::Result<Self> {
        let program = this_program::path()?;
        Ok(Self::with_program(program, limits))
    }

    /// Compiles with `program`, a `host` binary of the same build.
    #[must_use]
    pub fn with_program(program: PathBuf, limits: CompileLimits) -> Self {
        Compiler {
            program,
            limits,
            of_module: ModuleLimits::default(),
        }
    }

    /// Limits the modules that are compiled, to others than the default.
    #[must_use]
    pub fn limited_to(self, of_module: ModuleLimits) -> Self {
        Compiler { of_module, ..self }
    }

    /// The limits on modules.
    #[must_use]
    pub fn module_limits(&self) -> &ModuleLimits {
        &self.of_module
    }

    /// Compiles `wasm` to machine code, unless this program is asked to end before that is done.
    /// The process looks for `functions` that it knows and brings those that are new.
    pub(super) fn compile(
        &self,
        wasm: &[u8],
        functions: Option<&Functions>,
        interrupt: Option<&Interrupt>,
    ) -> Result<Compiled, CompileError> {
        let failed = |what: &str, error: io::Error| {
            CompileError::Internal(format!("cannot {what} the compiler's process: {error}"))
        };
        let mut child = self
            .start(functions)
            .map_err(|error| failed("start", error))?;
        let output = child
            .compile(wasm, &self.limits, interrupt)
            .map_err(|error| failed("talk to", error))?;
        self.interpret(output)
    }

    fn start(&self, functions: Option<&Functions>) -> io::Result<Process> {
        let CompileLimits {
            cpu_s,
            memory_bytes,
            ..
        } = self.limits;
        let mut command = Command::new(&self.program);
        command.arg(COMMAND);
        if let Some(functions) = functions {
            command.arg("--functions").arg(functions.directory());
        }
        let child = command
            .args(["--cpu-s", &cpu_s.to_string()])
            .args(["--memory-bytes", &memory_bytes.to_string()])
            .env_clear()
            // The allocator of static binaries would reserve 1 GiB of address space when it starts,
            // which the limit counts. This is for it alone.
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .process_group(0) // the signals of the terminal are for this process
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Process(child))
    }

    /// Turns the exit status and the output of the process into a result.
    fn interpret(&self, output: ProcessOutput) -> Result<Compiled, CompileError> {
        let limits = &self.limits;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stderr = one_line(stderr.trim());
        if output.killed == Some(Killed::Interrupted) {
            return Err(CompileError::Interrupted);
        }
        if output.killed == Some(Killed::TimedOut) {
            return Err(CompileError::Internal(format!(
                "compiling was not done after {} s, although it had processor time left; is \
                 this machine overloaded?",
                limits.wall.as_secs()
            )));
        }
        let too_much = |what: fmt::Arguments<'_>| {
            Err(CompileError::Module(InvalidModule(format!(
                "compiling it takes more than {what}; make it smaller, above all its largest \
                 functions"
            ))))
        };
        let signal = output.status.signal().and_then(Signal::from_named_raw);
        match (output.status.code(), signal) {
            (Some(0), _) => decode(&output.stdout).ok_or_else(|| {
                let text = "the compiler's process has not written machine code";
                CompileError::Internal(text.into())
            }),
            (Some(code), _) if code == i32::from(INVALID) => {
                Err(CompileError::Module(InvalidModule(stderr.into_owned())))
            }
            (_, Some(Signal::XCPU)) => {
                too_much(format_args!("{} s of processor time", limits.cpu_s))
            }
            _ if NO_MEMORY.iter().any(|text| stderr.contains(text)) => {
                match address_space_bytes() {
                    Some(bytes) if bytes < limits.memory_bytes => {
                        Err(CompileError::Internal(format!(
                            "the compiler's process needs {} MiB of address space, and this one may \
                             have {} MiB; raise the limit (ulimit -v)",
                            limits.memory_bytes >> 20,
                            bytes >> 20
                        )))
                    }
                    _ => too_much(format_args!("{} MiB of memory", limits.memory_bytes >> 20)),
                }
            }
            _ => Err(CompileError::Internal(format!(
                "the compiler's process ended with {}: {}",
                output.status,
                excerpt(&stderr, 400)
            ))),
        }
    }
}

/// A child process that is killed when this value is dropped.
struct Process(Child);

/// How the process ended, and what it wrote.
struct ProcessOutput {
    status: ExitStatus,
    killed: Option<Killed>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Why the process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    /// Its wall time was over.
    TimedOut,
    /// This program was asked to end.
    Interrupted,
}

impl Process {
    /// Passes the module to the process and reads its output. Kills it after `limits.wall`, or
    /// when this program is asked to end.
    fn compile(
        &mut self,
        wasm: &[u8],
        limits: &CompileLimits,
        interrupt: Option<&Interrupt>,
    ) -> io::Result<ProcessOutput> {
        let pid = Pid::from_child(&self.0);
        let (ended, waiting) = mpsc::channel::<()>();
        let deadline = Instant::now() + limits.wall;
        thread::scope(|scope| {
            let watchdog = scope.spawn(move || {
                let killed = loop {
                    let left = deadline.saturating_duration_since(Instant::now());
                    match waiting.recv_timeout(left.min(POLL)) {
                        Err(RecvTimeoutError::Timeout) if left.is_zero() => break Killed::TimedOut,
                        Err(RecvTimeoutError::Timeout) => {}
                        _ => return None, // it has ended
                    }
                    if interrupt.is_some_and(Interrupt::is_requested) {
                        break Killed::Interrupted;
                    }
                };
                // The process has not been waited for, so the id is still its own.
                let _ = rustix::process::kill_process(pid, Signal::KILL);
                Some(killed)
            });
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            let transferred = self.transfer(wasm, limits, &mut stdout, &mut stderr);
            if transferred.is_err() {
                let _ = self.0.kill();
            }
            let exited = rustix::process::waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            );
            drop(ended);
            let killed = watchdog.join().unwrap_or(None);
            transferred?;
            exited?;
            Ok(ProcessOutput {
                status: self.0.wait()?,
                killed,
                stdout,
                stderr,
            })
        })
    }

    /// Writes stdin, then reads stdout and stderr. One pipe after the other is enough: the
    /// process reads all of its input before it writes, and writes little to stderr.
    fn transfer(
        &mut self,
        wasm: &[u8],
        limits: &CompileLimits,
        stdout: &mut Vec<u8>,
        stderr: &mut Vec<u8>,
    ) -> io::Result<()> {
        if let Some(mut stdin) = self.0.stdin.take() {
            match stdin.write_all(wasm) {
                // The process has ended; its status says why.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                written => written?,
            }
        }
        if let Some(pipe) = self.0.stdout.take() {
            pipe.take(limits.memory_bytes).read_to_end(stdout)?;
        }
        if let Some(pipe) = self.0.stderr.take() {
            pipe.take(STDERR_BYTES_MAX).read_to_end(stderr)?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both have no effect if the process has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs in the compiler's process: limits it to `cpu_s` seconds of processor time and
/// `memory_bytes` of address space, reads a module from `input` and writes its machine code
/// to `output`. The directory `functions` has the code of functions that were compiled earlier.
///
/// # Errors
/// The inner result says what is wrong with the module, the outer one why the process failed.
pub fn serve(
    cpu_s: u64,
    memory_bytes: u64,
    functions: Option<PathBuf>,
    input: impl Read,
    mut output: impl Write,
) -> anyhow::Result<Result<(), InvalidModule>> {
    // The code must suit the parent, whose address space this process still has.
    let space = AddressSpace::of_this_process();
    limit_this_process(cpu_s, memory_bytes)?;
    let mut wasm = Vec::new();
    // The parent has measured it.
    input.take(memory_bytes).read_to_end(&mut wasm)?;
    let functions = functions.map(|directory| Arc::new(Functions::new(directory)));
    let mut config = config(space, functions.clone().map(|functions| functions as _))?;
    // Each thread would take address space, and processor time from other submissions.
    config.parallel_compilation(false);
    let engine = Engine::new(&config).map_err(EngineError::from)?;
    Ok(match compile(&engine, &wasm) {
        Ok(code) => {
            let new = functions.map_or_else(Vec::new, |functions| functions.take().encode());
            output.write_all(&(new.len() as u64).to_le_bytes())?;
            output.write_all(&new)?;
            output.write_all(&code)?;
            output.flush()?;
            Ok(())
        }
        Err(invalid) => Err(invalid),
    })
}

/// Reads what [`serve`] has written.
fn decode(output: &[u8]) -> Option<Compiled> {
    let (new_bytes, rest) = output.split_first_chunk()?;
    let new_bytes = usize::try_from(u64::from_le_bytes(*new_bytes)).ok()?;
    let (new, code) = rest.split_at_checked(new_bytes)?;
    Some(Compiled {
        code: code.to_vec(),
        functions: Batch::decode(new)?,
    })
}

/// The limit on the address space of this process, if there is one.
fn address_space_bytes() -> Option<u64> {
    rustix::process::getrlimit(Resource::As).current
}

/// The address space that this process takes, in bytes; 0 where nobody tells.
fn address_space_used() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|statm| statm.split(' ').next()?.parse::<u64>().ok());
    let page_bytes = rustix::param::page_size() as u64;
    pages.map_or(0, |pages| pages.saturating_mul(page_bytes))
}

fn limit_this_process(cpu_s: u64, memory_bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let limit = |resource, soft: u64, hard: u64| {
        let limit = Rlimit {
            current: Some(soft),
            maximum: Some(hard),
        };
        rustix::process::setrlimit(resource, limit)
    };
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Fsize, 0, 0)?;
    // How large this program is says nothing about the module.
    let memory_bytes = memory_bytes.saturating_add(address_space_used());
    // More than the parent may have cannot be asked for.
    let memory_bytes = address_space_bytes().map_or(memory_bytes, |bytes| bytes.min(memory_bytes));
    let limited = limit(Resource::As, memory_bytes, memory_bytes);
    // Others, such as macOS, may refuse a limit below what is mapped, which they do not tell as Linux does. Then what
    // remains are the limits of vetting and of processor time.
    if cfg!(target_os = "linux") {
        limited?;
    }
    // The soft limit's signal tells that the time ran out; the hard limit cannot be ignored.
    Ok(limit(Resource::Cpu, cpu_s, cpu_s + 1)?)
}
