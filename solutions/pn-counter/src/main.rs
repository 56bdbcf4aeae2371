//! The solution as a native node: `cargo run -p pn-counter`.

fn main() -> std::process::ExitCode {
    pn_counter::main()
}
