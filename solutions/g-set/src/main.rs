//! The solution as a native node: `cargo run -p g-set`.

fn main() -> std::process::ExitCode {
    g_set::main()
}
