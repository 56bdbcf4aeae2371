//! The solution as a native node: `cargo run -p kv-sessions`.

fn main() -> std::process::ExitCode {
    kv_sessions::main()
}
