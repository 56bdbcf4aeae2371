//! A small schedule for tests.

/// Its file, with these lists behind the options.
pub(super) fn small(lists: &str) -> String {
    format!("{HEAD}{lists}")
}

const HEAD: &str = r#"{
  "version": 1,
  "workload": "broadcast",
  "seed": 1,
  "node_count": 2,
  "first_node": 1,
  "concurrency": 2,
  "time_limit_ns": 2000000,
  "latency_ms": 0,
  "latency_dist": "constant",
  "hop_ns": 0,
  "network": "ideal",
  "topology": "line",
  "checks": "strict",
  "consistency_models": [
    "serializable"
  ],
  "guest_args": [],
"#;
