//! The solution as a native node: `cargo run -p leader`.

fn main() -> std::process::ExitCode {
    leader::main()
}
