//! The disk of a live node: what is kept, where, and what is said when it cannot be.

mod kept;
mod kills;
