//! The node without WebAssembly, for a debugger: it reads messages from stdin, a line each.

fn main() -> std::process::ExitCode {
    {{crate}}::main()
}
