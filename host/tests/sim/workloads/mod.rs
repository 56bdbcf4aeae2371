//! Workloads in modules: `host sim -w FILE.wasm` and all that takes it too.

mod broken;
mod languages;
mod ours;
mod twin;
