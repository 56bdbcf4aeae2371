//! The solution as a native node: `cargo run -p bank`.

fn main() -> std::process::ExitCode {
    bank::main()
}
