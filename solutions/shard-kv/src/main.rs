//! The solution as a native node: `cargo run -p shard-kv`.

fn main() -> std::process::ExitCode {
    shard_kv::main()
}
