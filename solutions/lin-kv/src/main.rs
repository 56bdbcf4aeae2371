//! The solution as a native node: `cargo run -p lin-kv`.

fn main() -> std::process::ExitCode {
    lin_kv::main()
}
