//! The solution as a native node: `cargo run -p txn-rw-register`.

fn main() -> std::process::ExitCode {
    txn_rw_register::main()
}
