//! The solution as a native node: `cargo run -p unique-ids`.

fn main() -> std::process::ExitCode {
    unique_ids::main()
}
