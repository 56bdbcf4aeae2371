//! The solution as a native node: `cargo run -p membership`.

fn main() -> std::process::ExitCode {
    membership::main()
}
