//! Compiling, and doing it in a process of its own for modules that nobody vouches for.
//!
//! Compiling is the one step that fuel cannot bound: the compiler's time and memory can
//! grow much faster than the module, and it cannot be interrupted. Vetting keeps out what
//! is known to be expensive; this bounds what is not. The process limits itself before it
//! sees the module. It is a filter, module in, machine code out: it opens no file and may
//! write none, so there is nothing that it could leave behind, whenever it is killed.
//!
//! What the process says is machine code that will run, so it is this very program again,
//! spoken to through pipes that nobody else has.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};
use wasmtime::{Engine, Module};

use super::limits::{CompileLimits, ModuleLimits};
use super::sandbox::config;
use host_protocol::text::{excerpt, one_line};

/// The hidden command of this program that compiles what comes in on stdin.
pub const COMMAND: &str = "compile";

/// The exit code that says that the module is at fault; stderr says how.
pub const INVALID: u8 = 3;

/// How the standard library begins its last words when there is no memory.
const NO_MEMORY: &str = "memory allocation of ";

/// What a process that ends in an error may say.
const STDERR_BYTES_MAX: u64 = 4096;

/// How much of the validator's words, in characters, a problem shows.
const CAUSE_SHOWN_MAX: usize = 300;

/// Why there is no machine code.
#[derive(Debug)]
pub(super) enum CompileError {
    /// The module is invalid, or compiling it takes too much.
    Module(String),
    /// It is our fault, or the machine's.
    Internal(String),
}

/// Compiles `wasm` here and now.
pub(super) fn compile(engine: &Engine, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
    engine
        .precompile_module(wasm)
        // The validator says it more clearly than the compiler, and as `inspect` does.
        .map_err(|error| Module::validate(engine, wasm).err().unwrap_or(error))
        .map_err(|error| CompileError::Module(invalid(&error)))
}

/// What is wrong with a module that does not compile, on one line: the validator quotes the
/// module's own names.
pub(super) fn invalid(error: &wasmtime::Error) -> String {
    let cause = error.root_cause().to_string();
    let shown = excerpt(&cause, CAUSE_SHOWN_MAX);
    format!("the module is invalid: {}", one_line(&shown))
}

/// Compiles each module in a process of its own.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    limits: CompileLimits,
}

impl Compiler {
    /// Compiles with this program, which must be `host`.
    ///
    /// # Errors
    /// When the system does not say where the program is.
    pub fn new(limits: CompileLimits) -> io::Result<Self> {
        // On Linux this is the program that runs even if its file has been replaced.
        let this = PathBuf::from("/proc/self/exe");
        let program = match cfg!(target_os = "linux") && this.exists() {
            true => this,
            false => std::env::current_exe()?,
        };
        Ok(Self::with_program(program, limits))
    }

    /// Compiles with the `host` binary `program`, of the same build.
    #[must_use]
    pub fn with_program(program: PathBuf, limits: CompileLimits) -> Self {
        Compiler { program, limits }
    }

    /// The machine code of `wasm`.
    pub(super) fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        let broken = |what: &str, error: io::Error| {
            CompileError::Internal(format!("cannot {what} the compiler's process: {error}"))
        };
        let mut child = self.start().map_err(|error| broken("start", error))?;
        let said = child
            .converse(wasm, &self.limits)
            .map_err(|error| broken("talk to", error))?;
        self.verdict(said)
    }

    fn start(&self) -> io::Result<Process> {
        let CompileLimits {
            cpu_s,
            memory_bytes,
            ..
        } = self.limits;
        let child = Command::new(&self.program)
            .arg(COMMAND)
            .args(["--cpu-s", &cpu_s.to_string()])
            .args(["--memory-bytes", &memory_bytes.to_string()])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Process(child))
    }

    fn verdict(&self, said: Said) -> Result<Vec<u8>, CompileError> {
        let limits = &self.limits;
        let stderr = String::from_utf8_lossy(&said.stderr);
        let stderr = one_line(stderr.trim());
        if said.hung {
            return Err(CompileError::Internal(format!(
                "compiling was not done after {} s, although it had processor time left; is \
                 this machine overloaded?",
                limits.wall.as_secs()
            )));
        }
        let too_much = |what: fmt::Arguments<'_>| {
            Err(CompileError::Module(format!(
                "compiling it takes more than {what}; make it smaller, above all its largest \
                 functions"
            )))
        };
        let signal = said.status.signal().and_then(Signal::from_named_raw);
        match (said.status.code(), signal) {
            (Some(0), _) => Ok(said.stdout),
            (Some(code), _) if code == i32::from(INVALID) => {
                Err(CompileError::Module(stderr.into_owned()))
            }
            (_, Some(Signal::XCPU)) => {
                too_much(format_args!("{} s of processor time", limits.cpu_s))
            }
            (_, Some(Signal::ABORT)) if stderr.starts_with(NO_MEMORY) => {
                too_much(format_args!("{} MiB of memory", limits.memory_bytes >> 20))
            }
            _ => Err(CompileError::Internal(format!(
                "the compiler's process ended with {}: {}",
                said.status,
                excerpt(&stderr, 400)
            ))),
        }
    }
}

/// A process that ends with its owner.
struct Process(Child);

/// All that came of it.
struct Said {
    status: ExitStatus,
    hung: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Process {
    /// Hands it the module and hears it out, but not for longer than `limits.wall`.
    fn converse(&mut self, wasm: &[u8], limits: &CompileLimits) -> io::Result<Said> {
        let pid = Pid::from_child(&self.0);
        let (ended, waiting) = mpsc::channel::<()>();
        let wall = limits.wall;
        thread::scope(|scope| {
            let watchdog = scope.spawn(move || {
                let hung = waiting.recv_timeout(wall) == Err(RecvTimeoutError::Timeout);
                if hung {
                    // It has not been waited for yet, so the id is still its own.
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                }
                hung
            });
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            let heard = self.hear(wasm, limits, &mut stdout, &mut stderr);
            if heard.is_err() {
                let _ = self.0.kill();
            }
            let over = rustix::process::waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            );
            drop(ended);
            let hung = watchdog.join().unwrap_or(false);
            heard?;
            over?;
            Ok(Said {
                status: self.0.wait()?,
                hung,
                stdout,
                stderr,
            })
        })
    }

    /// The process reads all of its input before it writes, and says little on stderr, so
    /// one pipe after the other is enough.
    fn hear(
        &mut self,
        wasm: &[u8],
        limits: &CompileLimits,
        stdout: &mut Vec<u8>,
        stderr: &mut Vec<u8>,
    ) -> io::Result<()> {
        if let Some(mut stdin) = self.0.stdin.take() {
            match stdin.write_all(wasm) {
                // It has ended, and its status says why.
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
        // Both do nothing if it has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The other side: limits this process, and turns the module on `input` into machine code
/// on `output`.
///
/// # Errors
/// What is wrong with the module, in the inner result; in the outer one, why this process
/// cannot do its work.
pub fn serve(
    cpu_s: u64,
    memory_bytes: u64,
    input: impl Read,
    mut output: impl Write,
) -> wasmtime::Result<Result<(), String>> {
    limit_this_process(cpu_s, memory_bytes)?;
    let mut wasm = Vec::new();
    let most = ModuleLimits::default().module_bytes;
    input.take(most).read_to_end(&mut wasm)?;
    let mut config = config();
    // Threads would each take address space, and processor time of other submissions.
    config.parallel_compilation(false);
    let engine = Engine::new(&config)?;
    Ok(match compile(&engine, &wasm) {
        Ok(code) => {
            output.write_all(&code)?;
            output.flush()?;
            Ok(())
        }
        Err(CompileError::Module(problem) | CompileError::Internal(problem)) => Err(problem),
    })
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
    limit(Resource::As, memory_bytes, memory_bytes)?;
    // The first limit tells by its signal that it was the time; the second cannot be missed.
    Ok(limit(Resource::Cpu, cpu_s, cpu_s + 1)?)
}
