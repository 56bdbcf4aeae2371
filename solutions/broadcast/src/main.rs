//! The solution as a native node: `cargo run -p broadcast`.

fn main() -> std::process::ExitCode {
    broadcast::main()
}
