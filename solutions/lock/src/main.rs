//! The solution as a native node: `cargo run -p lock`.

fn main() -> std::process::ExitCode {
    lock::main()
}
