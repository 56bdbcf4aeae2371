//! Workloads in modules: `host sim -w FILE.wasm` and all that takes it too.

mod broken;
mod counter;
mod ours;
mod twin;
