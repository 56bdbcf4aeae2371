//! The solution as a native node: `cargo run -p queue`.

fn main() -> std::process::ExitCode {
    queue::main()
}
