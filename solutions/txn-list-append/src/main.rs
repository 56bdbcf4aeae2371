//! The solution as a native node: `cargo run -p txn-list-append`.

fn main() -> std::process::ExitCode {
    txn_list_append::main()
}
