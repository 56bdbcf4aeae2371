//! The solution as a native node: `cargo run -p echo`.

fn main() -> std::process::ExitCode {
    echo::main()
}
