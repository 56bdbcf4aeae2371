//! The solution as a native node: `cargo run -p g-counter`.

fn main() -> std::process::ExitCode {
    g_counter::main()
}
