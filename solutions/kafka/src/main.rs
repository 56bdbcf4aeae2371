//! The solution as a native node: `cargo run -p kafka`.

fn main() -> std::process::ExitCode {
    kafka::main()
}
