//! A result as text: the verdict, what is wrong in words, latencies, counts, and Maelstrom's
//! closing line.

mod kafka;
mod linear;
mod parts;
mod problems;
mod result;
mod transactions;

pub use linear::render_linearizable;
pub use parts::closing_line;
pub use result::{render_problems, render_text};
