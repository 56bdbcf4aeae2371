//! The keys of tables that are not options.

/// The keys of a `[[challenge]]` that are not options.
pub(super) const CHALLENGE_KEYS: [&str; 10] = [
    "id", "title", "module", "points", "optional", "hidden", "seeds", "below", "args", "world",
];

/// The keys of a `[[challenge.world]]` that are not options.
pub(super) const WORLD_KEYS: [&str; 5] = ["name", "why", "seeds", "below", "explore"];
